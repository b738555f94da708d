/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "historyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* What SQLite's header says of the file: "gnrh", and the schema's version. */
#define APPLICATION_ID 0x676e7268
#define SCHEMA_VERSION 1
/* The header is 25 big-endian words of 32 bits
 * (https://www.sqlite.org/fileformat.html, section 1.3). */
#define HEADER_WORDS 25
#define HEADER_USER_VERSION 15
#define HEADER_APPLICATION_ID 17
#define STRING(number) G_STRINGIFY (number)

/* while it is opened, for another process that makes it, or restores it */
#define OPEN_TIMEOUT_MS 5000

/* The monitor gives the ids: see make_id() in history.c. */
static const char schema[] = //
    "CREATE TABLE stations (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, start INTEGER NOT NULL,"
    " end INTEGER NOT NULL);"
    "CREATE TABLE titles (id INTEGER PRIMARY KEY,"
    " station TEXT NOT NULL REFERENCES stations (id),"
    " run INTEGER NOT NULL REFERENCES runs (id),"
    " start INTEGER NOT NULL, end INTEGER NOT NULL, ended TEXT NOT NULL,"
    " continues INTEGER NOT NULL, seconds REAL NOT NULL,"
    " title TEXT, artist TEXT, stream_title TEXT,"
    " genre TEXT, confidence REAL, probabilities TEXT, tags TEXT,"
    " music REAL NOT NULL, speech REAL NOT NULL, silence REAL NOT NULL,"
    " model TEXT);"
    "CREATE INDEX titles_by_station ON titles (station, start);"
    "CREATE INDEX titles_by_start ON titles (start);"
    "CREATE TABLE states (id INTEGER PRIMARY KEY,"
    " station TEXT NOT NULL REFERENCES stations (id),"
    " run INTEGER NOT NULL REFERENCES runs (id),"
    " time INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT);"
    "CREATE INDEX states_by_station ON states (station, time);"
    "CREATE INDEX states_by_time ON states (time);"
    "PRAGMA application_id = " STRING (
        APPLICATION_ID) ";"
                        "PRAGMA user_version = " STRING (SCHEMA_VERSION) ";";

gboolean
history_file_set_error (
    const char *path, sqlite3 *db, const char *failed, GError **error)
{
  g_set_error (error, G_IO_ERROR,
      (sqlite3_errcode (db) & 0xff) == SQLITE_BUSY ? G_IO_ERROR_BUSY
                                                   : G_IO_ERROR_FAILED,
      "The history %s cannot be %s: %s.", path, failed, sqlite3_errmsg (db));
  return FALSE;
}

static gboolean
check_identity (
    const char *path, guint32 application_id, guint32 version, GError **error)
{
  if (application_id != APPLICATION_ID || version < 1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s is a database of another program, not a history of genreclassify.",
        path);
    return FALSE;
  }
  if (version > SCHEMA_VERSION) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "%s is a history of a later version of genreclassify: format %u, where "
        "this version knows %u.",
        path, version, SCHEMA_VERSION);
    return FALSE;
  }
  return TRUE;
}

static gboolean
set_file_error (const char *path, int saved, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
      "The history %s cannot be opened: %s.", path, g_strerror (saved));
  return FALSE;
}

/* Reads the file's first bytes before SQLite opens it: on opening, SQLite may write
 * to a file beside which another program has left a journal. */
static gboolean
check_file (const char *path, gboolean create, gboolean *is_new, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  guint32 header[HEADER_WORDS] = { 0 };
  struct stat status;
  gssize n;

  *is_new = create && fd < 0 && errno == ENOENT;
  if (fd < 0)
    return *is_new || set_file_error (path, errno, error);
  n = fstat (fd, &status) == 0 && S_ISREG (status.st_mode)
      ? read (fd, header, sizeof header)
      : -1;
  close (fd);
  *is_new = create && n == 0;
  if (*is_new)
    return TRUE;
  if (n < (gssize) sizeof header ||
      memcmp (header, "SQLite format 3", 16) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s is not a history of genreclassify.", path);
    return FALSE;
  }
  return check_identity (path, GUINT32_FROM_BE (header[HEADER_APPLICATION_ID]),
      GUINT32_FROM_BE (header[HEADER_USER_VERSION]), error);
}

static gboolean
get_number (sqlite3 *db, const char *sql, int *number)
{
  sqlite3_stmt *statement = NULL;
  gboolean ok = sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) ==
          SQLITE_OK &&
      sqlite3_step (statement) == SQLITE_ROW;

  if (ok)
    *number = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  return ok;
}

/* If two processes do it, the second one finds the tables. */
static gboolean
make_schema (sqlite3 *db)
{
  int n = 0;

  return sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
      get_number (db, "SELECT count(*) FROM sqlite_schema", &n) &&
      (n > 0 || sqlite3_exec (db, schema, NULL, NULL, NULL) == SQLITE_OK) &&
      sqlite3_exec (db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* In WAL mode with "normal" a commit needs no fsync: it outlives the process, and a
 * power cut loses the last records but damages nothing.  If another process changes the
 * mode at the same time, SQLite fails at once instead of waiting. */
static gboolean
set_mode (sqlite3 *db)
{
  static const char sql[] = "PRAGMA journal_mode = WAL;"
                            "PRAGMA synchronous = NORMAL;"
                            "PRAGMA journal_size_limit = 16777216";
  guint tries = OPEN_TIMEOUT_MS / 10;

  while (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    if ((sqlite3_errcode (db) & 0xff) != SQLITE_BUSY || tries-- == 0)
      return FALSE;
    g_usleep (10000);
  }
  return TRUE;
}

static gboolean
prepare (const char *path, sqlite3 *db, gboolean create, gboolean is_new,
    GError **error)
{
  int application_id, version;

  sqlite3_extended_result_codes (db, TRUE);
  sqlite3_busy_timeout (db, OPEN_TIMEOUT_MS);
  if ((is_new && !make_schema (db)) ||
      !get_number (db, "PRAGMA application_id", &application_id) ||
      !get_number (db, "PRAGMA user_version", &version))
    return history_file_set_error (path, db, "opened", error);
  /* once more, as a journal may hold a newer header than the file */
  if (!check_identity (path, application_id, version, error))
    return FALSE;
  if (create && sqlite3_db_readonly (db, "main") == 1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY,
        "The history %s cannot be written to.", path);
    return FALSE;
  }
  return !create || set_mode (db) ||
      history_file_set_error (path, db, "opened", error);
}

static sqlite3 *
open_database (const char *name, const char *path, int flags, gboolean create,
    gboolean is_new, GError **error)
{
  sqlite3 *db = NULL;

  if (sqlite3_open_v2 (name, &db, flags, NULL) != SQLITE_OK)
    history_file_set_error (path, db, "opened", error);
  else if (prepare (path, db, create, is_new, error))
    return db;
  sqlite3_close (db);
  return NULL;
}

/* From a medium, or in a folder, that cannot be written to, SQLite reads such a
 * database only if it is told that nobody else writes; what is not in the file itself
 * is then not read. */
static sqlite3 *
open_immutable (const char *path)
{
  g_autofree char *journal = g_strconcat (path, "-wal", NULL);
  g_autofree char *uri = NULL, *name = NULL;

  if (g_file_test (journal, G_FILE_TEST_EXISTS) ||
      !(uri = g_filename_to_uri (path, NULL, NULL)))
    return NULL;
  name = g_strconcat (uri, "?immutable=1", NULL);
  return open_database (
      name, path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, FALSE, FALSE, NULL);
}

sqlite3 *
history_file_open (const char *path, gboolean create, GError **error)
{
  g_autoptr (GError) fault = NULL;
  gboolean is_new;
  sqlite3 *db;

  if (!check_file (path, create, &is_new, error))
    return NULL;
  db = open_database (path, path,
      SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), create, is_new,
      &fault);
  if (!db && !create)
    db = open_immutable (path);
  if (!db)
    g_propagate_error (error, g_steal_pointer (&fault));
  return db;
}
