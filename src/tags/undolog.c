/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "undolog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "analysis/filename.h"
#include "io.h"
#include "jsondepth.h"
#include "formats/tagserror.h"

/* The levels of objects and arrays in a line. */
#define DEPTH 6

/* How each line begins. */
static const char line_start[] = "{\"path\":";

static void
entry_free (UndoEntry *entry)
{
  g_free (entry->path);
  tag_state_clear (&entry->before);
  tag_state_clear (&entry->after);
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
      if (!names && state->is_primary[kind] == !pass && state->genres[kind] &&
          *state->genres[kind])
        names = tag_kind_get_names ((TagKind) kind, state->genres[kind]);
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

/* The fields as pairs of the position and of the bytes in Base64. */
static void
add_fields (JsonBuilder *builder, const char *key, GPtrArray *fields)
{
  json_builder_set_member_name (builder, key);
  json_builder_begin_array (builder);
  for (guint i = 0; i < fields->len; i++) {
    const TagField *field = fields->pdata[i];
    gsize size;
    const guchar *raw = g_bytes_get_data (field->raw, &size);
    g_autofree char *text = g_base64_encode (raw, size);

    json_builder_begin_array (builder);
    json_builder_add_int_value (builder, field->position);
    json_builder_add_string_value (builder, text);
    json_builder_end_array (builder);
  }
  json_builder_end_array (builder);
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
undolog_format_line (
    const char *path, const TagState *before, const TagState *after)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_path (builder, path);
  json_builder_set_member_name (builder, "time");
  json_builder_add_string_value (builder, time);
  add_genres (builder, "old", before);
  add_genres (builder, "new", after);
  json_builder_set_member_name (builder, "tags");
  json_builder_begin_object (builder);
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (!before->genres[kind] && !after->genres[kind])
      continue;
    json_builder_set_member_name (builder, tag_kind_name ((TagKind) kind));
    json_builder_begin_object (builder);
    add_strings (builder, "old", before->genres[kind]);
    add_strings (builder, "new", after->genres[kind]);
    if (before->classifier[kind] || after->classifier[kind]) {
      add_classifier (builder, "old_classifier", before->classifier[kind]);
      add_classifier (builder, "new_classifier", after->classifier[kind]);
    }
    if (before->fields[kind])
      add_fields (builder, "old_fields", before->fields[kind]);
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

/* For a log that cannot be written, with the text of errno. */
static gboolean
set_log_error (GError **error, const char *path)
{
  g_autofree char *what = NULL;
  int number = errno;

  what = g_strdup_printf ("The undo log %s cannot be written", path);
  errno = number;
  return tags_error_set_errno (error, REASON_WRITE_FAILED, what);
}

/* TRUE if the @n bytes may be the start of a log, or all that a crash has left
 * of one. */
static gboolean
is_line_start (const char *text, gsize n)
{
  return !memcmp (text, line_start, MIN (n, strlen (line_start)));
}

gboolean
undolog_check (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC);
  char head[sizeof line_start];
  struct stat st;
  ssize_t n;

  if (fd < 0) {
    g_autofree char *folder = g_path_get_dirname (path);

    return (errno == ENOENT && access (folder, W_OK | X_OK) == 0) ||
        set_log_error (error, path);
  }
  n = fstat (fd, &st) == 0 && S_ISREG (st.st_mode)
      ? read (fd, head, sizeof head)
      : -1;
  close (fd);
  if (n >= 0 && is_line_start (head, (gsize) n))
    return TRUE;
  g_set_error (error, TAGS_ERROR, REASON_WRITE_FAILED,
      "%s is not an undo log, and is left as it is; a new one is made where no "
      "file is.",
      path);
  return FALSE;
}

/* TRUE if the last line has no end, because a crash has cut it off. */
static gboolean
is_torn (int fd)
{
  off_t size = lseek (fd, 0, SEEK_END);
  char last = '\n';

  return size > 0 && pread (fd, &last, 1, size - 1) == 1 && last != '\n';
}

gboolean
undolog_append (const char *path, const char *line, GError **error)
{
  int fd = open (path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  g_autofree char *text = NULL;
  gboolean ok;

  if (fd < 0)
    return set_log_error (error, path);
  /* where files cannot be locked, one write() still appends a whole line */
  ok = flock (fd, LOCK_EX) == 0 || errno != EINTR;
  text = g_strconcat (is_torn (fd) ? "\n" : "", line, "\n", NULL);
  ok = ok && io_write_all (fd, text, strlen (text)) && fsync (fd) == 0;
  if (!ok)
    set_log_error (error, path);
  close (fd);
  return ok;
}

/* FALSE if the member is neither null nor an array of strings. */
static gboolean
parse_strings (JsonObject *object, const char *key, char ***values)
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

/* FALSE if @node is no pair of a position and bytes. */
static gboolean
parse_field (JsonNode *node, GPtrArray *fields)
{
  JsonArray *pair = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                                 : NULL;
  JsonNode *position, *text;
  gsize size;
  guchar *raw;

  if (!pair || json_array_get_length (pair) != 2)
    return FALSE;
  position = json_array_get_element (pair, 0);
  text = json_array_get_element (pair, 1);
  if (json_node_get_value_type (position) != G_TYPE_INT64 ||
      json_node_get_int (position) < 0 ||
      json_node_get_int (position) > G_MAXINT ||
      json_node_get_value_type (text) != G_TYPE_STRING)
    return FALSE;
  raw = g_base64_decode (json_node_get_string (text), &size);
  g_ptr_array_add (fields,
      tag_field_new ((guint) json_node_get_int (position), FALSE,
          g_bytes_new_take (raw, size)));
  return TRUE;
}

/* Logs of earlier versions have no fields.  FALSE if they are none. */
static gboolean
parse_fields (JsonObject *object, const char *key, GPtrArray **fields)
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array;

  if (!node)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  *fields = tag_fields_new ();
  for (guint i = 0; i < json_array_get_length (array); i++) {
    if (!parse_field (json_array_get_element (array, i), *fields))
      return FALSE;
  }
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
parse_tags (JsonObject *tags, UndoEntry *entry)
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
    if (!parse_strings (tag, "old", &entry->before.genres[kind]) ||
        !parse_strings (tag, "new", &entry->after.genres[kind]) ||
        !parse_fields (tag, "old_fields", &entry->before.fields[kind]))
      return FALSE;
    entry->before.classifier[kind] = get_string (tag, "old_classifier");
    entry->after.classifier[kind] = get_string (tag, "new_classifier");
  }
  return TRUE;
}

/* NULL if it is not a line of an undo log. */
static UndoEntry *
parse_entry (JsonNode *root)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root)
      : NULL;
  JsonNode *tags = object ? json_object_get_member (object, "tags") : NULL;
  g_autofree char *escaped = NULL;
  UndoEntry *entry;

  if (!tags || !JSON_NODE_HOLDS_OBJECT (tags))
    return NULL;
  entry = g_new0 (UndoEntry, 1);
  escaped = get_string (object, "path_bytes");
  entry->path = escaped ? g_uri_unescape_string (escaped, NULL)
                        : get_string (object, "path");
  if (entry->path && parse_tags (json_node_get_object (tags), entry))
    return entry;
  entry_free (entry);
  return NULL;
}

/* Parses a line and adds it to the changes of its file.  The lines come in the
 * order from the last to the first. */
static void
add_line (UndoLog *log, GHashTable *by_path, const char *line)
{
  g_autoptr (JsonNode) root = json_has_bounded_depth (line, DEPTH)
      ? json_from_string (line, NULL)
      : NULL;
  UndoEntry *entry = root ? parse_entry (root) : NULL;
  GPtrArray *entries;

  if (!entry) {
    if (!root && is_line_start (line, strlen (line)))
      log->n_torn++;
    else
      log->n_invalid++;
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

UndoLog *
undolog_parse (const char *data, gsize length)
{
  UndoLog *log = g_new0 (UndoLog, 1);
  g_autoptr (GHashTable) by_path = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *text = g_malloc (length + 1);
  g_auto (GStrv) lines = NULL;

  log->files = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_ptr_array_unref);
  /* a crash may leave zeros where the file was made longer */
  for (gsize i = 0; i < length; i++)
    text[i] = data[i] ? data[i] : '\n';
  text[length] = '\0';
  lines = g_strsplit (text, "\n", -1);
  for (guint i = g_strv_length (lines); i-- > 0;) {
    if (*lines[i])
      add_line (log, by_path, lines[i]);
  }
  return log;
}

UndoLog *
undolog_read (const char *path, GError **error)
{
  g_autofree char *content = NULL;
  g_autoptr (GError) failure = NULL;
  gsize length;

  if (g_file_get_contents (path, &content, &length, &failure))
    return undolog_parse (content, length);
  tags_error_set (error,
      g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)
          ? REASON_NOT_FOUND
          : REASON_UNREADABLE,
      failure->message);
  return NULL;
}

void
undolog_free (UndoLog *log)
{
  g_ptr_array_unref (log->files);
  g_free (log);
}
