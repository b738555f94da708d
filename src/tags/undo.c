/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "analysis/filename.h"
#include "io.h"
#include "tagwriter.h"

/* One line of the log. */
typedef struct
{
  char *path;
  TagState old, wanted;
} Entry;

/* The last come first. */
typedef struct
{
  GPtrArray *files; /* of each a GPtrArray of its entries */
  guint n_torn; /* lines that a crash cut off, before anything was written */
  guint n_bad;  /* lines of something else */
} Log;

/* How each line begins. */
static const char start[] = "{\"path\":";

/* Set by a signal: the file that is being written is the last one. */
static volatile sig_atomic_t signal_number;

static void
entry_free (Entry *entry)
{
  g_free (entry->path);
  tag_state_clear (&entry->old);
  tag_state_clear (&entry->wanted);
  g_free (entry);
}

static void
add_strings (JsonBuilder *builder, const char *key, char **values)
{
  json_builder_set_member_name (builder, key);
  if (!values) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_array (builder);
  for (; *values; values++)
    json_builder_add_string_value (builder, *values);
  json_builder_end_array (builder);
}

/* The genres of the tag that readers look at first. */
static void
add_genres (JsonBuilder *builder, const char *key, const TagState *state)
{
  static char *none[] = { NULL };
  g_auto (GStrv) names = NULL;

  for (guint pass = 0; pass < 2; pass++) {
    for (guint kind = 0; kind < TAG_KINDS; kind++) {
      if (!names && state->is_home[kind] == !pass && state->genres[kind] &&
          *state->genres[kind])
        names = tagwriter_get_names ((TagKind) kind, state->genres[kind]);
    }
  }
  add_strings (builder, key, names ? names : none);
}

static void
add_classifier (JsonBuilder *builder, const char *key, const char *value)
{
  json_builder_set_member_name (builder, key);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_path (JsonBuilder *builder, const char *path)
{
  g_autofree char *text = g_utf8_make_valid (path, -1);

  json_builder_set_member_name (builder, "path");
  json_builder_add_string_value (builder, text);
  if (!g_utf8_validate (path, -1, NULL)) {
    g_autofree char *escaped = filename_escape (path);

    json_builder_set_member_name (builder, "path_bytes");
    json_builder_add_string_value (builder, escaped);
  }
}

char *
undo_log_line (const char *path, const TagState *old, const TagState *wanted)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_path (builder, path);
  json_builder_set_member_name (builder, "time");
  json_builder_add_string_value (builder, time);
  add_genres (builder, "old", old);
  add_genres (builder, "new", wanted);
  json_builder_set_member_name (builder, "tags");
  json_builder_begin_object (builder);
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (!old->genres[kind] && !wanted->genres[kind])
      continue;
    json_builder_set_member_name (builder, tag_kind_name ((TagKind) kind));
    json_builder_begin_object (builder);
    add_strings (builder, "old", old->genres[kind]);
    add_strings (builder, "new", wanted->genres[kind]);
    if (old->classifier[kind] || wanted->classifier[kind]) {
      add_classifier (builder, "old_classifier", old->classifier[kind]);
      add_classifier (builder, "new_classifier", wanted->classifier[kind]);
    }
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static gboolean
fail (GError **error, const char *log)
{
  int failure = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
      "The undo log %s cannot be written: %s.", log, g_strerror (failure));
  return FALSE;
}

/* Whether the @n bytes may begin a log, or be what a crash has left of it. */
static gboolean
is_start (const char *text, gsize n)
{
  return !memcmp (text, start, MIN (n, strlen (start)));
}

gboolean
undo_log_check (const char *log, GError **error)
{
  int fd = open (log, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC);
  char head[sizeof start];
  struct stat st;
  ssize_t n;

  if (fd < 0) {
    g_autofree char *folder = g_path_get_dirname (log);

    return (errno == ENOENT && access (folder, W_OK | X_OK) == 0) ||
        fail (error, log);
  }
  n = fstat (fd, &st) == 0 && S_ISREG (st.st_mode)
      ? read (fd, head, sizeof head)
      : -1;
  close (fd);
  if (n >= 0 && is_start (head, (gsize) n))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s is not an undo log, and is left as it is; a new one is made where no "
      "file is.",
      log);
  return FALSE;
}

/* TRUE if the last line has no end, as a crash may have left it. */
static gboolean
is_torn (int fd)
{
  off_t size = lseek (fd, 0, SEEK_END);
  char last = '\n';

  return size > 0 && pread (fd, &last, 1, size - 1) == 1 && last != '\n';
}

gboolean
undo_log_append (const char *log, const char *line, GError **error)
{
  int fd = open (log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  g_autofree char *text = NULL;
  gboolean ok;

  if (fd < 0)
    return fail (error, log);
  ok = flock (fd, LOCK_EX) == 0;
  text = g_strconcat (is_torn (fd) ? "\n" : "", line, "\n", NULL);
  ok = ok && io_write_all (fd, text, strlen (text)) && fsync (fd) == 0;
  if (!ok)
    fail (error, log);
  close (fd);
  return ok;
}

/* FALSE if it is neither null nor an array of strings. */
static gboolean
take_strings (JsonObject *object, const char *key, char ***values)
{
  JsonNode *node = json_object_get_member (object, key);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array;

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return node != NULL;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (json_node_get_value_type (element) != G_TYPE_STRING)
      return FALSE;
    g_strv_builder_add (builder, json_node_get_string (element));
  }
  *values = g_strv_builder_end (builder);
  return TRUE;
}

static char *
get_string (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node && JSON_NODE_HOLDS_VALUE (node) &&
          json_node_get_value_type (node) == G_TYPE_STRING
      ? g_strdup (json_node_get_string (node))
      : NULL;
}

static gboolean
take_tags (JsonObject *tags, Entry *entry)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    JsonNode *node = json_object_get_member (
        tags, tag_kind_name ((TagKind) kind));
    JsonObject *tag;

    if (!node)
      continue;
    if (!JSON_NODE_HOLDS_OBJECT (node))
      return FALSE;
    tag = json_node_get_object (node);
    if (!take_strings (tag, "old", &entry->old.genres[kind]) ||
        !take_strings (tag, "new", &entry->wanted.genres[kind]))
      return FALSE;
    entry->old.classifier[kind] = get_string (tag, "old_classifier");
    entry->wanted.classifier[kind] = get_string (tag, "new_classifier");
  }
  return TRUE;
}

/* NULL if it is not a line of such a log. */
static Entry *
parse_entry (JsonNode *root)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root)
      : NULL;
  JsonNode *tags = object ? json_object_get_member (object, "tags") : NULL;
  g_autofree char *escaped = NULL;
  Entry *entry;

  if (!tags || !JSON_NODE_HOLDS_OBJECT (tags))
    return NULL;
  entry = g_new0 (Entry, 1);
  escaped = get_string (object, "path_bytes");
  entry->path = escaped ? g_uri_unescape_string (escaped, NULL)
                        : get_string (object, "path");
  if (entry->path && take_tags (json_node_get_object (tags), entry))
    return entry;
  entry_free (entry);
  return NULL;
}

static void
take_line (Log *log, GHashTable *by_path, const char *line)
{
  g_autoptr (JsonNode) root = json_from_string (line, NULL);
  Entry *entry = root ? parse_entry (root) : NULL;
  GPtrArray *entries;

  if (!entry) {
    if (!root && is_start (line, strlen (line)))
      log->n_torn++;
    else
      log->n_bad++;
    return;
  }
  entries = g_hash_table_lookup (by_path, entry->path);
  if (!entries) {
    entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
    g_hash_table_insert (by_path, entry->path, entries);
    g_ptr_array_add (log->files, entries);
  }
  g_ptr_array_add (entries, entry);
}

/* FALSE, said on stderr, if the file cannot be read or is no such log. */
static gboolean
read_log (Log *log, const char *path)
{
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) by_path = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) lines = NULL;
  gsize length;

  if (!g_file_get_contents (path, &content, &length, &error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return FALSE;
  }
  /* a crash may leave zeros where the file had been made longer */
  for (gsize i = 0; i < length; i++) {
    if (!content[i])
      content[i] = '\n';
  }
  lines = g_strsplit (content, "\n", -1);
  for (guint i = g_strv_length (lines); i-- > 0;) {
    if (*lines[i])
      take_line (log, by_path, lines[i]);
  }
  if (log->files->len == 0) {
    g_printerr (
        "genreclassify: %s is not an undo log: no line of it can be undone.\n",
        path);
    return FALSE;
  }
  if (log->n_bad > 0)
    g_printerr ("genreclassify: %s: Lines that are not an undo log's: %u.\n",
        path, log->n_bad);
  if (log->n_torn > 0)
    g_printerr (
        "genreclassify: %s: Lines that a crash cut off, before anything was "
        "written: %u.\n",
        path, log->n_torn);
  return TRUE;
}

/* Follows the lines back from what the file says now; NULL if none of them fits.
 * @is_old: it says what it did before one of them. */
static const Entry *
find_target (GPtrArray *entries, const TagState *now, gboolean *is_old)
{
  const Entry *target = NULL;

  *is_old = FALSE;
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = entries->pdata[i];

    if (tagwriter_same_state (target ? &target->old : now, &entry->wanted))
      target = entry;
    *is_old |= tagwriter_same_state (now, &entry->old);
  }
  return target;
}

static char *
display_genres (const TagState *state)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (state->genres[kind] && *state->genres[kind]) {
      g_auto (GStrv)
          names = tagwriter_get_names ((TagKind) kind, state->genres[kind]);
      g_autofree char *text = g_strjoinv ("; ", names);

      return filename_display (text);
    }
  }
  return g_strdup ("no genre");
}

static gboolean
undo_file (Replacement *replacement, GPtrArray *entries, guint timeout,
    gboolean dry_run, GError **error)
{
  g_autofree char *name = filename_display (replacement->path);
  g_autofree char *from = NULL, *to = NULL;
  TagOptions options = { .watch.timeout = timeout };
  gboolean is_old, ok;
  const Entry *target;
  TagState now;

  if (!dry_run)
    replacement_clean (replacement);
  if (!tag_file_read (replacement->source, &now, error))
    return FALSE;
  target = find_target (entries, &now, &is_old);
  from = display_genres (&now);
  if (!target && is_old) {
    ok = TRUE;
    g_print ("%s: is as it was (%s)\n", name, from);
  } else if (!target) {
    ok = FALSE;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "It has another genre by now (%s), which is kept.", from);
  } else {
    to = display_genres (&target->old);
    ok = replacement_check_writable (replacement, error) &&
        (dry_run ||
            tagwriter_replace (
                replacement, &now, &target->old, &options, NULL, error));
    if (ok)
      g_print ("%s: %s -> %s\n", name, from, to);
  }
  tag_state_clear (&now);
  return ok;
}

static void
on_signal (int number)
{
  /* the second time, at once */
  if (signal_number)
    _exit (128 + number);
  signal_number = number;
}

int
undo_run (const char *path, guint timeout, gboolean dry_run)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_ptr_array_unref);
  Log log = { .files = files };
  guint n_failed = 0;

  if (!read_log (&log, path))
    return 2;
  signal (SIGINT, on_signal);
  signal (SIGTERM, on_signal);
  signal (SIGHUP, on_signal);
  for (guint i = 0; i < files->len && !signal_number; i++) {
    GPtrArray *entries = files->pdata[i];
    const Entry *newest = entries->pdata[0];
    g_autoptr (GError) error = NULL;
    Replacement replacement;
    gboolean ok = replacement_open (&replacement, newest->path, &error);

    if (ok) {
      ok = undo_file (&replacement, entries, timeout, dry_run, &error);
      replacement_clear (&replacement);
    }
    if (!ok) {
      g_autofree char *name = filename_display (newest->path);

      g_printerr ("genreclassify: %s: %s\n", name, error->message);
      n_failed++;
    }
  }
  return signal_number ? 128 + signal_number : n_failed || log.n_bad;
}
