/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "station.h"

#include <string.h>

/* Between two attempts at a station there are at least so many s; after each that fails
 * twice as many as before, up to the second.  Which of them it is is left to chance, so
 * that a server which comes back is not asked by all at once. */
#define MIN_DELAY 5
#define MAX_DELAY 300
/* s that a station must have played for to be asked again soon after it was lost */
#define STEADY 60
/* a crash so few s after the beginning of a station may be its fault; after so many it
 * most likely is */
#define YOUNG 30
#define MAX_CRASHES 4
/* s of segments in a row that make a station one of talk or of music */
#define MIN_RUN 20
/* s after which a title is logged although it stays: some stations name only themselves */
#define LONGEST_TITLE 3600
/* s after which a title that was cut off, and is on the air again, has begun anew */
#define LONGEST_BREAK 600
/* s of audio without a title that are worth a record */
#define SHORTEST_UNTITLED 1
/* s after which a segment is not waited for any more */
#define MAX_SEGMENT 120
/* s of audio before a station's first title that belong to it: servers name it late */
#define FIRST_TITLE 10

/* s of audio by which a station may be ahead of the time */
#define MAX_AHEAD 90

#define NS_PER_US 1000
#define NS_PER_S G_GUINT64_CONSTANT (1000000000)

/* A title on the air. */
typedef struct
{
  TitleTally *tally;
  gint64 start;           /* UTC, µs; of a recording only that counts */
  gint64 start_monotonic; /* µs */
  gboolean has_ended_another;
} OnAir;

struct _Station
{
  StationEntry *entry;
  const StationSettings *settings;

  StationState state;
  gint64 since;           /* UTC, µs; of a recording only that counts */
  gint64 since_monotonic; /* µs */
  char *reason;           /* why it is lost, or NULL */
  gint64 recorded_start;  /* of the connection, UTC, µs */
  gboolean is_stopping, is_done, has_failed;

  /* connecting; monotonic, µs */
  gint64 next_attempt, begun; /* begun: 0 if it has not */
  guint n_failures;           /* attempts in a row */
  guint n_crashes;            /* that may be its fault */

  /* of the connection */
  gint64 heard;   /* µs, monotonic: when audio came last */
  double unheard; /* s of audio, not silent, that no segment has told of */
  guint64 position, silent;    /* ns, at the last event */
  Heard run;                   /* what the last segments have in common */
  guint64 run_length;          /* ns */
  guint64 connection_dropped;  /* segments */
  double connection_inference; /* s */

  OnAir current; /* its tally is NULL if nothing is on the air */
  OnAir next; /* a title that has not stayed for long enough, or NULL as well */
  char *last_title; /* that was cut off by a loss, or NULL: "artist\ntitle" */
  gint64 last_title_end; /* µs, monotonic */

  StationView counters; /* the numbers alone */
};

Station *
station_new (StationEntry *entry, const StationSettings *settings)
{
  Station *station = g_new0 (Station, 1);

  station->entry = entry;
  station->settings = settings;
  station->state = STATE_WAITING;
  station->recorded_start = settings->recorded_start;
  station->since = g_get_real_time ();
  station->since_monotonic = g_get_monotonic_time ();
  return station;
}

static void
clear_on_air (OnAir *on_air)
{
  g_clear_pointer (&on_air->tally, title_tally_free);
}

void
station_free (Station *station)
{
  if (!station)
    return;
  clear_on_air (&station->current);
  clear_on_air (&station->next);
  station_entry_free (station->entry);
  g_free (station->reason);
  g_free (station->last_title);
  g_free (station);
}

const StationEntry *
station_get_entry (const Station *station)
{
  return station->entry;
}

/* Time */

/* UTC now, or where a recording is. */
static gint64
get_time (const Station *station)
{
  return station->settings->is_recorded
      ? station->recorded_start + (gint64) (station->position / NS_PER_US)
      : g_get_real_time ();
}

/* When @on_air began.  It is counted back from now, so that a clock that was set meanwhile
 * makes no title longer or shorter. */
static gint64
get_start (const Station *station, const OnAir *on_air)
{
  return station->settings->is_recorded ? on_air->start
                                        : g_get_real_time () -
          (g_get_monotonic_time () - on_air->start_monotonic);
}

/* When the state began, in the same way. */
static gint64
get_since (const Station *station)
{
  return station->settings->is_recorded ? station->since
                                        : g_get_real_time () -
          (g_get_monotonic_time () - station->since_monotonic);
}

/* Records */

static void
emit (Station *station, Record *record)
{
  record->station = station->entry->id;
  record->name = station->entry->name;
  station->settings->on_record (record, station->settings->user_data);
}

/* Changes the state, as of @time. */
static void
set_state (
    Station *station, StationState state, gint64 time, const char *reason)
{
  char *copy = g_strdup (reason);
  Record record = { .kind = RECORD_STATE, .state = state };

  g_free (station->reason);
  station->reason = copy;
  /* what was found out late was not before the last change */
  if (station->state >= STATE_CONNECTED)
    time = MAX (time, get_since (station));
  station->state = state;
  station->since = time;
  station->since_monotonic = g_get_monotonic_time () -
      (g_get_real_time () - time);
  if (state < STATE_CONNECTED)
    return;
  record.start = record.end = time;
  record.reason = copy;
  emit (station, &record);
}

/* Logs what is on the air, which ends at @end, and forgets it. */
static void
log_title (Station *station, OnAir *on_air, gint64 end, const char *ended)
{
  const TallyModel *model = &station->settings->model;
  g_autofree float *values = g_new (float, model->genres.n + model->tags.n);
  Record record = { .kind = RECORD_TITLE,
    .start = get_start (station, on_air),
    .end = end,
    .ended = ended };

  title_tally_fill (on_air->tally, model, &record, values);
  /* what was announced after the last audio begins not before the end of the one before */
  if (on_air->has_ended_another)
    record.end = MAX (record.start, end);
  else
    record.start = MIN (record.start, end);
  if (record.title || record.seconds >= SHORTEST_UNTITLED)
    emit (station, &record);
  if (record.title && !record.continues)
    station->counters.n_titles++;
  clear_on_air (on_air);
}

/* Titles */

static void
begin_title (Station *station, OnAir *on_air)
{
  on_air->tally = title_tally_new (&station->settings->model);
  on_air->start = get_time (station);
  on_air->start_monotonic = g_get_monotonic_time ();
  on_air->has_ended_another = on_air != &station->current;
}

/* Where audio and segments are counted now. */
static TitleTally *
get_tally (Station *station)
{
  return station->next.tally ? station->next.tally : station->current.tally;
}

/* The title that was announced has stayed. */
static void
accept_next (Station *station)
{
  gint64 end = get_start (station, &station->next);

  log_title (station, &station->current, end, "title");
  station->current = station->next;
  station->next.tally = NULL;
}

/* The title that was announced was none. */
static void
dismiss_next (Station *station)
{
  title_tally_merge (
      station->current.tally, &station->settings->model, station->next.tally);
  clear_on_air (&station->next);
}

static char *
make_key (const TitleTally *tally)
{
  return g_strdup_printf ("%s\n%s", tally->artist ? tally->artist : "",
      tally->title ? tally->title : "");
}

static void
take_title (Station *station, const char *title, const char *artist)
{
  TitleTally *current = station->current.tally;

  if (station->next.tally)
    dismiss_next (station);
  if (title_tally_is_titled (current, title, artist))
    return;
  if (!current->title && current->seconds < FIRST_TITLE) {
    g_autofree char *key = NULL;

    title_tally_set_title (current, title, artist);
    key = make_key (current);
    current->continues = g_strcmp0 (key, station->last_title) == 0 &&
        g_get_monotonic_time () - station->last_title_end <
            LONGEST_BREAK * G_TIME_SPAN_SECOND;
    g_clear_pointer (&station->last_title, g_free);
    return;
  }
  begin_title (station, &station->next);
  title_tally_set_title (station->next.tally, title, artist);
  if (station->settings->min_title == 0)
    accept_next (station);
}

/* Logs a part of what stays on the air for long. */
static void
cut_title (Station *station)
{
  TitleTally *tally = station->current.tally;
  OnAir rest;

  begin_title (station, &rest);
  rest.tally->title = g_strdup (tally->title);
  rest.tally->artist = g_strdup (tally->artist);
  rest.tally->stream_title = g_strdup (tally->stream_title);
  rest.tally->continues = tally->title != NULL;
  log_title (station, &station->current, rest.start, "interval");
  station->current = rest;
}

/* @segment: s of a segment that has just been added, so that all that was heard is, too; 0
 * if none was.  What is long is cut at the segment that ends next to its due time: between
 * two, the one that is under way would be lost. */
static void
check_titles (Station *station, double segment)
{
  const TitleTally *current = station->current.tally;
  const double late = segment > 0 ? -segment / 2 : MAX_SEGMENT;
  const double longest = current->title
      ? LONGEST_TITLE
      : (double) station->settings->every / G_USEC_PER_SEC;

  if (station->next.tally &&
      station->next.tally->seconds * G_USEC_PER_SEC >=
          station->settings->min_title)
    accept_next (station);
  else if (!station->next.tally && current->seconds >= longest + late)
    cut_title (station);
}

/* Logs all that is under way. */
static void
end_titles (Station *station, gint64 end, const char *ended)
{
  if (!station->current.tally)
    return;
  if (station->next.tally)
    accept_next (station);
  /* before it was named again, it may be lost again */
  if (station->current.tally->title) {
    g_free (station->last_title);
    station->last_title = make_key (station->current.tally);
    station->last_title_end = g_get_monotonic_time ();
  }
  log_title (station, &station->current, end, ended);
}

/* Connecting */

gint64
station_get_next_attempt (const Station *station)
{
  return station->state == STATE_WAITING || station->state == STATE_LOST
      ? station->next_attempt
      : G_MAXINT64;
}

guint
station_get_suspicion (const Station *station)
{
  return station->n_crashes;
}

gboolean
station_has_failed (const Station *station)
{
  return station->has_failed;
}

gboolean
station_is_done (const Station *station)
{
  return station->is_done;
}

void
station_connecting (Station *station)
{
  station->next_attempt = G_MAXINT64;
  station->begun = 0;
  station->position = station->silent = 0;
  station->run_length = 0;
  station->unheard = 0;
  station->connection_dropped = 0;
  station->connection_inference = 0;
  /* its last state stands until it is known what comes of it */
  if (station->state != STATE_LOST)
    set_state (station, STATE_CONNECTING, g_get_real_time (), NULL);
}

static void
plan_next_attempt (Station *station, gint64 last, gint64 now)
{
  double delay = MIN (
      MIN_DELAY * (1 << MIN (station->n_failures, 10)), MAX_DELAY);

  /* the first time it may have been a moment's trouble */
  if (station->n_failures == 0)
    delay = 1;
  delay *= g_random_double_range (0.5, 1);
  station->next_attempt = MAX (now + (gint64) (delay * G_USEC_PER_SEC),
      last + MIN_DELAY * G_TIME_SPAN_SECOND);
  station->n_failures++;
}

/* @is_clean: it had come to its end */
static void
lose (Station *station, const char *reason, gboolean is_clean, gint64 now)
{
  gboolean was_connected = station->begun != 0;
  /* when the server had been asked at the latest */
  gint64 last = was_connected ? station->begun : now;
  /* not when that was noticed */
  gint64 end = get_time (station);

  if (was_connected && !station->settings->is_recorded)
    end -= MAX (now - station->heard, 0);

  if (was_connected && now - station->begun > STEADY * G_TIME_SPAN_SECOND)
    station->n_failures = station->n_crashes = 0;
  end_titles (station, end,
      is_clean && station->settings->is_recorded ? "end" : "lost");
  /* not again for each attempt that fails for the same reason */
  if (was_connected || g_strcmp0 (reason, station->reason) != 0 ||
      station->state != STATE_LOST) {
    station->counters.n_losses += was_connected;
    set_state (station, STATE_LOST, end, reason);
  }
  station->begun = 0;
  station->recorded_start = get_time (station);
  station->position = 0;
  if (station->settings->is_recorded &&
      !(station->settings->is_resumed && was_connected)) {
    station->is_done = TRUE;
    station->has_failed = !is_clean && !station->settings->is_resumed;
    if (station->has_failed)
      g_printerr ("genreclassify: %s: %s\n", station->entry->name, reason);
    station->next_attempt = G_MAXINT64;
  } else {
    plan_next_attempt (station, last, now);
  }
}

void
station_take_crash (Station *station, gboolean had_begun, gint64 now)
{
  if (had_begun &&
      (station->begun == 0 ||
          now - station->begun < YOUNG * G_TIME_SPAN_SECOND))
    station->n_crashes++;
  /* where it is most likely another's, this one is asked again soon */
  if (station->n_crashes < MAX_CRASHES)
    station->n_failures = 0;
  lose (station, "The process that decoded it has crashed.", FALSE, now);
}

void
station_stopping (Station *station)
{
  station->is_stopping = TRUE;
}

void
station_stop (Station *station)
{
  end_titles (station, get_time (station), "stopped");
  station->is_done = TRUE;
  station->next_attempt = G_MAXINT64;
}

void
station_remove (Station *station)
{
  const gboolean was_connected = station->state >= STATE_CONNECTED &&
      station->state != STATE_LOST;

  station_stop (station);
  if (was_connected)
    set_state (station, STATE_LOST, get_time (station),
        "It is not in the list any more.");
}

void
station_rename (Station *station, StationEntry *entry)
{
  Record record = { .kind = RECORD_STATE, .state = station->state };
  const gboolean is_other = !g_str_equal (station->entry->id, entry->id);

  station_entry_free (station->entry);
  station->entry = entry;
  if (!is_other || station->state < STATE_CONNECTED)
    return;
  record.start = record.end = get_time (station);
  record.reason = station->reason;
  emit (station, &record);
}

/* Events */

static void
take_progress (Station *station, const StationEvent *event)
{
  TitleTally *tally = get_tally (station);
  double audio = ((double) event->position - station->position) / 1e9,
         silence = ((double) event->silent - station->silent) / 1e9;
  gint64 run = event->silent_run / NS_PER_US;

  tally->seconds += audio;
  tally->silence += silence;
  station->counters.audio_seconds += audio;
  station->counters.silence_seconds += silence;
  station->unheard += audio - silence;
  station->position = event->position;
  station->silent = event->silent;
  if (run >= station->settings->silence && station->state != STATE_SILENT) {
    set_state (station, STATE_SILENT, get_time (station) - run, NULL);
    station->run_length = 0;
  } else if (run == 0 && station->state == STATE_SILENT) {
    /* it will be known soon of what kind it is */
    set_state (station, STATE_CONNECTED, get_time (station), NULL);
  }
}

/* What the station is playing, from a few segments that agree. */
static void
take_run (Station *station, Heard heard, guint64 duration)
{
  StationState state = heard == HEARD_MUSIC ? STATE_MUSIC : STATE_TALK;

  if (heard != HEARD_MUSIC && heard != HEARD_SPEECH)
    return;
  if (heard != station->run)
    station->run_length = 0;
  station->run_length += duration;
  station->run = heard;
  if (station->run_length >= MIN_RUN * NS_PER_S && station->state != state &&
      station->state != STATE_SILENT)
    set_state (station, state,
        get_time (station) - (gint64) (station->run_length / NS_PER_US), NULL);
}

static void
take_segment (Station *station, const StationEvent *event)
{
  const TallyModel *model = &station->settings->model;
  const Heard heard = title_tally_hear (model, event);
  StationView *counters = &station->counters;

  title_tally_add (get_tally (station), model, event);
  counters->n_segments++;
  counters->n_dropped += event->n_dropped - station->connection_dropped;
  station->connection_dropped = event->n_dropped;
  counters->inference_seconds += event->inference -
      station->connection_inference;
  station->connection_inference = event->inference;
  if (heard != HEARD_SILENCE) {
    counters->music_seconds += heard == HEARD_MUSIC ? station->unheard : 0;
    counters->speech_seconds += heard == HEARD_SPEECH ? station->unheard : 0;
    station->unheard = 0;
  }
  take_run (station, heard, event->duration);
}

static void
begin (Station *station, gint64 now)
{
  station->begun = now;
  station->counters.n_connects++;
  set_state (station, STATE_CONNECTED, get_time (station), NULL);
  begin_title (station, &station->current);
}

/* Whether @event tells of a time that can be: the process that sends it may have been taken
 * over.  Of what is live not much more can have been heard than time has passed. */
static gboolean
is_possible (const Station *station, const StationEvent *event, gint64 now)
{
  const gint64 heard = event->position / NS_PER_US;

  if (event->kind == EVENT_SEGMENT || station->begun == 0)
    return TRUE;
  return event->position >= station->position &&
      event->silent >= station->silent &&
      (station->settings->is_recorded ||
          heard <= now - station->begun + MAX_AHEAD * G_TIME_SPAN_SECOND);
}

void
station_take_event (Station *station, const StationEvent *event, gint64 now)
{
  /* the first title may come before the first audio */
  if ((event->kind == EVENT_BEGIN || event->kind == EVENT_TITLE) &&
      station->begun == 0)
    begin (station, now);
  if (event->kind == EVENT_BEGIN || event->kind == EVENT_PROGRESS)
    station->heard = now;
  if (station->current.tally && event->kind != EVENT_SEGMENT &&
      is_possible (station, event, now))
    take_progress (station, event);
  if (event->kind == EVENT_END && station->is_stopping) {
    station_stop (station);
    return;
  }
  if (event->kind == EVENT_END) {
    /* this time it has not made anything crash */
    station->n_crashes = 0;
    lose (station, event->title, event->is_clean, now);
    return;
  }
  if (!station->current.tally)
    return;
  /* the last one may have stayed for long enough just now */
  if (event->kind == EVENT_TITLE)
    check_titles (station, 0);
  if (event->kind == EVENT_TITLE)
    take_title (station, event->title, event->artist);
  else if (event->kind == EVENT_SEGMENT)
    take_segment (station, event);
  check_titles (
      station, event->kind == EVENT_SEGMENT ? event->duration / 1e9 : 0);
}

/* The view */

void
station_get_view (const Station *station, StationView *view)
{
  const TitleTally *tally = station->current.tally;
  const TallyModel *model = &station->settings->model;
  int genre;

  *view = station->counters;
  view->id = station->entry->id;
  view->name = station->entry->name;
  view->uri = station->entry->uri;
  view->state = station->state;
  view->since = get_since (station);
  view->reason = station->reason;
  if (!tally)
    return;
  view->title = tally->title;
  view->artist = tally->artist;
  view->title_start = get_start (station, &station->current);
  genre = title_tally_get_genre (tally, model, &view->confidence);
  view->genre = genre >= 0 ? model->genres.labels[genre] : NULL;
  title_tally_get_shares (tally, &view->music, &view->speech, &view->silence);
}
