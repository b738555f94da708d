/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "history.h"

#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "analysis/jsontext.h"
#include "historyfile.h"

/* Records are written together, by a thread of their own: a disk that is slow for a
 * moment stops nobody. */
#define BATCH_DELAY (1 * G_TIME_SPAN_SECOND)
#define BATCH_RECORDS 1000
/* after a failure, and if nothing is to be written but that the monitor runs */
#define RETRY_DELAY (5 * G_TIME_SPAN_SECOND)
#define IDLE_DELAY (60 * G_TIME_SPAN_SECOND)
/* how long history_flush() waits for one attempt */
#define FLUSH_TIMEOUT (5 * G_TIME_SPAN_SECOND)
/* how long one attempt waits for another process that writes */
#define BUSY_TIMEOUT_MS 250
/* old records that one attempt removes, more than come in it */
#define PRUNE_RECORDS "2000"
/* what waits in memory, at most */
#define MAX_WAITING 100000
#define MAX_WAITING_BYTES (128 * 1024 * 1024)

/* A record as it is written; it owns its texts. */
typedef struct
{
  gint64 id, start, end; /* ms */
  gint64 added;          /* monotonic time, µs */
  RecordKind kind;
  StationState state;
  gboolean continues;
  double seconds, confidence, music, speech, silence;
  char *station, *name, *ended, *title, *artist, *stream_title, *genre,
      *probabilities, *tags, *model, *reason;
  gsize size;
} Row;

typedef enum
{
  SQL_BEGIN,
  SQL_COMMIT,
  SQL_RUN,
  SQL_STATION,
  SQL_TITLE,
  SQL_STATE,
  SQL_PRUNE_TITLES,
  SQL_PRUNE_STATES,
  N_SQL
} Sql;

struct _History
{
  char *path;
  guint32 counter;      /* of ids */
  gint64 keep;          /* ms; 0: for ever */
  gboolean is_recorded; /* the run is as long as its records */
  gint64 recorded_end;  /* ms: of those that are written */

  /* the writer's */
  sqlite3 *db; /* NULL while it cannot be opened again */
  sqlite3_stmt *statements[N_SQL];
  gint64 run, run_start; /* its id; ms */

  GThread *writer;
  GMutex mutex;   /* for what follows */
  GCond wake;     /* the writer has something to do */
  GCond done;     /* an attempt has ended */
  GQueue waiting; /* Row */
  guint in_hand;  /* that the writer has taken from it */
  gsize size;     /* bytes of both */
  guint64 n_lost;
  guint64 begun, finished; /* attempts */
  gint64 last_attempt;     /* monotonic time, µs */
  gboolean hurry, stop;
  GError *fault; /* of the last attempt, or NULL */
};

static const char *const sql[N_SQL] = {
  [SQL_BEGIN] = "BEGIN IMMEDIATE",
  [SQL_COMMIT] = "COMMIT",
  [SQL_RUN] = "INSERT INTO runs (id, start, end) VALUES (?1, ?2, ?3)"
              " ON CONFLICT (id) DO UPDATE SET end = max(end, excluded.end)",
  [SQL_STATION] = "INSERT INTO stations (id, name) VALUES (?1, ?2)"
                  " ON CONFLICT (id) DO UPDATE SET name = excluded.name"
                  " WHERE name <> excluded.name",
  /* when SQLite reports that a transaction has failed, it may yet be in the file */
  [SQL_TITLE] =
      "INSERT INTO titles (id, station, run, start, end, ended, seconds,"
      " title, artist, stream_title, genre, confidence, probabilities, tags,"
      " music, speech, silence, model, continues) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
      " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
      " ON CONFLICT (id) DO NOTHING",
  [SQL_STATE] = "INSERT INTO states (id, station, run, time, state, reason)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
  /* a few at a time, so that nobody waits for long */
  [SQL_PRUNE_TITLES] =
      "DELETE FROM titles WHERE id IN (SELECT id FROM titles WHERE start < ?1"
      " ORDER BY start LIMIT " PRUNE_RECORDS ")",
  [SQL_PRUNE_STATES] =
      "DELETE FROM states WHERE id IN (SELECT id FROM states WHERE time < ?1"
      " ORDER BY time LIMIT " PRUNE_RECORDS ")",
};

/* Rows */

/* An id that no other record has, of this monitor or of another one that writes to the
 * same file; ids ascend with time, so that new rows lie together.  @time: ms */
static gint64
make_id (History *history, gint64 time)
{
  guint64 high = (guint64) time & ((G_GUINT64_CONSTANT (1) << 42) - 1);

  return (gint64) (high << 20 | (history->counter++ & 0xfffff));
}

/* Another one in each process, also in one that was forked; its like in another
 * process is only met within the same millisecond. */
static guint32
make_counter (void)
{
  guint32 counter;

  if (getrandom (&counter, sizeof counter, GRND_NONBLOCK) != sizeof counter)
    counter = g_random_int () ^ (guint32) getpid ();
  return counter;
}

static gint64
to_ms (gint64 us)
{
  return us / 1000;
}

/* Rounded, so that nobody reads or stores sixteen digits; what is no number is 0. */
static double
tidy (double value, double digits)
{
  return isfinite (value) ? round (value * digits) / digits : 0;
}

/* As one JSON object, or NULL if there are none; free with g_free(). */
static char *
values_to_json (const RecordValues *values)
{
  GString *json;

  if (values->n == 0)
    return NULL;
  json = g_string_new ("{");
  for (guint i = 0; i < values->n; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    json_append_string (json, values->labels[i]);
    g_string_append_c (json, ':');
    json_append_number (json, "%.4g", tidy (values->values[i], 1e4));
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static void
add_title (Row *row, const Record *record)
{
  row->ended = g_strdup (record->ended ? record->ended : "title");
  row->continues = record->continues != FALSE;
  row->title = g_strdup (record->title);
  row->artist = g_strdup (record->artist);
  row->stream_title = g_strdup (record->stream_title);
  row->genre = g_strdup (record->genre);
  row->probabilities = values_to_json (&record->probabilities);
  row->tags = values_to_json (&record->tags);
  row->model = g_strdup (record->model);
  row->seconds = tidy (record->seconds, 1e3);
  row->confidence = tidy (record->confidence, 1e4);
  row->music = tidy (record->music, 1e4);
  row->speech = tidy (record->speech, 1e4);
  row->silence = tidy (record->silence, 1e4);
}

static void
measure_row (Row *row)
{
  const char *const texts[] = { row->station, row->name, row->ended, row->title,
    row->artist, row->stream_title, row->genre, row->probabilities, row->tags,
    row->model, row->reason };

  row->size = sizeof *row;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    /* malloc() takes at least 16 more */
    row->size += texts[i] ? strlen (texts[i]) + 16 : 0;
}

static Row *
row_new (History *history, const Record *record)
{
  Row *row = g_new0 (Row, 1);

  row->kind = record->kind;
  row->start = to_ms (record->start);
  row->end = to_ms (record->end);
  row->id = make_id (history, row->start);
  row->added = g_get_monotonic_time ();
  row->station = g_strdup (record->station);
  row->name = g_strdup (record->name ? record->name : record->station);
  row->state = record->state;
  row->reason = g_strdup (record->reason);
  if (record->kind == RECORD_TITLE)
    add_title (row, record);
  measure_row (row);
  return row;
}

static void
row_free (Row *row)
{
  g_free (row->station);
  g_free (row->name);
  g_free (row->ended);
  g_free (row->title);
  g_free (row->artist);
  g_free (row->stream_title);
  g_free (row->genre);
  g_free (row->probabilities);
  g_free (row->tags);
  g_free (row->model);
  g_free (row->reason);
  g_free (row);
}

/* The database */

static void
close_database (History *history)
{
  for (guint i = 0; i < N_SQL; i++)
    g_clear_pointer (&history->statements[i], sqlite3_finalize);
  g_clear_pointer (&history->db, sqlite3_close);
}

static gboolean
open_database (History *history, GError **error)
{
  history->db = history_file_open (history->path, TRUE, error);
  if (!history->db)
    return FALSE;
  sqlite3_busy_timeout (history->db, BUSY_TIMEOUT_MS);
  for (guint i = 0; i < N_SQL; i++)
    if (sqlite3_prepare_v3 (history->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
            &history->statements[i], NULL) != SQLITE_OK) {
      history_file_set_error (history->path, history->db, "opened", error);
      close_database (history);
      return FALSE;
    }
  return TRUE;
}

/* Somebody may have moved the file away, or deleted it: what is written to it then is
 * found by nobody. */
static gboolean
ensure_open (History *history, GError **error)
{
  int has_moved = 0;

  if (history->db)
    sqlite3_file_control (
        history->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  if (has_moved) {
    /* where it is now; closing it would not do that */
    sqlite3_wal_checkpoint_v2 (
        history->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    close_database (history);
  }
  return history->db || open_database (history, error);
}

static gboolean
step (History *history, Sql which)
{
  sqlite3_stmt *statement = history->statements[which];
  gboolean ok = sqlite3_step (statement) == SQLITE_DONE;

  /* gives the code of the failure again */
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  return ok;
}

static void
bind_text (sqlite3_stmt *statement, int column, const char *text)
{
  sqlite3_bind_text (statement, column, text, -1, SQLITE_STATIC);
}

static gboolean
write_run (History *history)
{
  sqlite3_stmt *statement = history->statements[SQL_RUN];

  sqlite3_bind_int64 (statement, 1, history->run);
  sqlite3_bind_int64 (statement, 2, history->run_start);
  sqlite3_bind_int64 (statement, 3,
      MAX (history->is_recorded ? history->recorded_end
                                : to_ms (g_get_real_time ()),
          history->run_start));
  return step (history, SQL_RUN);
}

static gboolean
write_title (History *history, const Row *row)
{
  sqlite3_stmt *statement = history->statements[SQL_TITLE];

  sqlite3_bind_int64 (statement, 1, row->id);
  bind_text (statement, 2, row->station);
  sqlite3_bind_int64 (statement, 3, history->run);
  sqlite3_bind_int64 (statement, 4, row->start);
  sqlite3_bind_int64 (statement, 5, row->end);
  bind_text (statement, 6, row->ended);
  sqlite3_bind_double (statement, 7, row->seconds);
  bind_text (statement, 8, row->title);
  bind_text (statement, 9, row->artist);
  bind_text (statement, 10, row->stream_title);
  bind_text (statement, 11, row->genre);
  if (row->genre)
    sqlite3_bind_double (statement, 12, row->confidence);
  bind_text (statement, 13, row->probabilities);
  bind_text (statement, 14, row->tags);
  sqlite3_bind_double (statement, 15, row->music);
  sqlite3_bind_double (statement, 16, row->speech);
  sqlite3_bind_double (statement, 17, row->silence);
  bind_text (statement, 18, row->model);
  sqlite3_bind_int (statement, 19, row->continues);
  return step (history, SQL_TITLE);
}

static gboolean
write_state (History *history, const Row *row)
{
  sqlite3_stmt *statement = history->statements[SQL_STATE];

  sqlite3_bind_int64 (statement, 1, row->id);
  bind_text (statement, 2, row->station);
  sqlite3_bind_int64 (statement, 3, history->run);
  sqlite3_bind_int64 (statement, 4, row->start);
  bind_text (statement, 5, station_state_to_string (row->state));
  bind_text (statement, 6, row->reason);
  return step (history, SQL_STATE);
}

static gboolean
write_row (History *history, const Row *row)
{
  sqlite3_stmt *statement = history->statements[SQL_STATION];

  bind_text (statement, 1, row->station);
  bind_text (statement, 2, row->name);
  return step (history, SQL_STATION) &&
      (row->kind == RECORD_TITLE ? write_title (history, row)
                                 : write_state (history, row));
}

/* Removes what is too old. */
static gboolean
prune (History *history)
{
  const gint64 before = to_ms (g_get_real_time ()) - history->keep;

  if (history->keep == 0)
    return TRUE;
  sqlite3_bind_int64 (history->statements[SQL_PRUNE_TITLES], 1, before);
  sqlite3_bind_int64 (history->statements[SQL_PRUNE_STATES], 1, before);
  return step (history, SQL_PRUNE_TITLES) && step (history, SQL_PRUNE_STATES);
}

/* Writes all of @rows, or none. */
static gboolean
write_rows (History *history, GPtrArray *rows, GError **error)
{
  gboolean ok;

  if (!ensure_open (history, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = rows->pdata[i];

    history->recorded_end = MAX (history->recorded_end, row->end);
  }
  ok = step (history, SQL_BEGIN) && write_run (history);
  for (guint i = 0; ok && i < rows->len; i++)
    ok = write_row (history, rows->pdata[i]);
  ok = ok && prune (history) && step (history, SQL_COMMIT);
  if (!ok)
    history_file_set_error (history->path, history->db, "written", error);
  /* some failures end the transaction, others leave it open */
  if (!ok && !sqlite3_get_autocommit (history->db))
    sqlite3_exec (history->db, "ROLLBACK", NULL, NULL, NULL);
  return ok;
}

/* The writer.  Its functions are called with the mutex locked. */

/* When the next attempt is due, monotonic time. */
static gint64
get_due (History *history)
{
  const Row *first = g_queue_peek_head (&history->waiting);

  if (history->fault)
    return history->last_attempt + RETRY_DELAY;
  return first ? first->added + BATCH_DELAY
               : history->last_attempt + IDLE_DELAY;
}

static void
wait_for_work (History *history)
{
  while (!history->stop && !history->hurry &&
      g_get_monotonic_time () < get_due (history))
    g_cond_wait_until (&history->wake, &history->mutex, get_due (history));
}

static GPtrArray *
take_rows (History *history)
{
  GPtrArray *rows = g_ptr_array_new ();

  while (rows->len < BATCH_RECORDS && history->waiting.length > 0)
    g_ptr_array_add (rows, g_queue_pop_head (&history->waiting));
  history->in_hand = rows->len;
  history->hurry = FALSE;
  history->begun++;
  return rows;
}

/* The oldest records go: what a station does now is then known at least. */
static void
limit_waiting (History *history)
{
  while (history->waiting.length > 0 &&
      (history->waiting.length + history->in_hand > MAX_WAITING ||
          history->size > MAX_WAITING_BYTES)) {
    Row *row = g_queue_pop_head (&history->waiting);

    history->size -= row->size;
    history->n_lost++;
    row_free (row);
  }
}

/* @fault: (transfer full) (nullable): of the attempt */
static void
finish_attempt (History *history, GPtrArray *rows, GError *fault)
{
  for (guint i = rows->len; i > 0; i--) {
    Row *row = rows->pdata[i - 1];

    if (fault) {
      g_queue_push_head (&history->waiting, row);
    } else {
      history->size -= row->size;
      row_free (row);
    }
  }
  g_ptr_array_unref (rows);
  history->in_hand = 0;
  limit_waiting (history);
  g_clear_error (&history->fault);
  history->fault = fault;
  history->finished++;
  history->last_attempt = g_get_monotonic_time ();
  g_cond_broadcast (&history->done);
}

static gpointer
run_writer (gpointer data)
{
  History *history = data;
  gboolean is_last = FALSE;

  g_mutex_lock (&history->mutex);
  while (!is_last) {
    GError *fault = NULL;
    GPtrArray *rows;
    gboolean stop;

    wait_for_work (history);
    stop = history->stop;
    rows = take_rows (history);
    g_mutex_unlock (&history->mutex);
    write_rows (history, rows, &fault);
    g_mutex_lock (&history->mutex);
    finish_attempt (history, rows, fault);
    is_last = stop && (fault || history->waiting.length == 0);
  }
  g_mutex_unlock (&history->mutex);
  return NULL;
}

/* The history */

History *
history_open (const char *path, GError **error)
{
  History *history = g_new0 (History, 1);

  /* SQLite has names with a meaning, such as ":memory:"; none begins with "/" */
  history->path = g_canonicalize_filename (path, NULL);
  if (!open_database (history, error)) {
    g_free (history->path);
    g_free (history);
    return NULL;
  }
  history->run_start = to_ms (g_get_real_time ());
  history->counter = make_counter ();
  history->run = make_id (history, history->run_start);
  history->last_attempt = g_get_monotonic_time ();
  g_mutex_init (&history->mutex);
  g_cond_init (&history->wake);
  g_cond_init (&history->done);
  g_queue_init (&history->waiting);
  history->writer = g_thread_new ("history", run_writer, history);
  return history;
}

void
history_set_recorded (History *history, gint64 start)
{
  history->is_recorded = TRUE;
  history->run_start = to_ms (start);
}

void
history_set_keep (History *history, guint days)
{
  history->keep = (gint64) days * 24 * 60 * 60 * 1000;
}

void
history_close (History *history)
{
  if (!history)
    return;
  g_mutex_lock (&history->mutex);
  history->stop = TRUE;
  g_cond_signal (&history->wake);
  g_mutex_unlock (&history->mutex);
  g_thread_join (history->writer);
  close_database (history);
  g_queue_clear_full (&history->waiting, (GDestroyNotify) row_free);
  g_clear_error (&history->fault);
  g_cond_clear (&history->wake);
  g_cond_clear (&history->done);
  g_mutex_clear (&history->mutex);
  g_free (history->path);
  g_free (history);
}

static gboolean
tell_fault (const History *history, GError **error)
{
  if (!history->fault)
    return TRUE;
  if (error)
    *error = g_error_copy (history->fault);
  return FALSE;
}

gboolean
history_add (History *history, const Record *record, GError **error)
{
  Row *row = row_new (history, record);
  gboolean ok;

  g_mutex_lock (&history->mutex);
  g_queue_push_tail (&history->waiting, row);
  history->size += row->size;
  limit_waiting (history);
  /* it sleeps until the first of a batch, or until the batch is full */
  if (history->waiting.length == 1)
    g_cond_signal (&history->wake);
  ok = tell_fault (history, error);
  g_mutex_unlock (&history->mutex);
  return ok;
}

/* Waits until an attempt has ended; FALSE with @error set if that takes too long, as a
 * disk may hang. */
static gboolean
wait_for_attempt (History *history, GError **error)
{
  gint64 end = g_get_monotonic_time () + FLUSH_TIMEOUT;
  guint64 finished = history->finished;

  history->hurry = TRUE;
  g_cond_signal (&history->wake);
  while (history->finished == finished)
    if (!g_cond_wait_until (&history->done, &history->mutex, end)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
          "The history %s cannot be written: its disk does not answer.",
          history->path);
      return FALSE;
    }
  return TRUE;
}

gboolean
history_flush (History *history, GError **error)
{
  gboolean ok = TRUE;
  guint64 attempt;

  g_mutex_lock (&history->mutex);
  attempt = history->begun + 1;
  while (ok && history->waiting.length + history->in_hand > 0) {
    ok = wait_for_attempt (history, error);
    /* one that had begun before may have failed for what is over now */
    if (ok && history->finished >= attempt)
      ok = tell_fault (history, error);
  }
  g_mutex_unlock (&history->mutex);
  return ok;
}

static guint64
read_locked (const History *history, gboolean lost)
{
  History *own = (History *) history;
  guint64 n;

  g_mutex_lock (&own->mutex);
  n = lost ? own->n_lost : own->waiting.length + own->in_hand;
  g_mutex_unlock (&own->mutex);
  return n;
}

guint
history_get_n_waiting (const History *history)
{
  return (guint) read_locked (history, FALSE);
}

guint64
history_get_n_lost (const History *history)
{
  return read_locked (history, TRUE);
}
