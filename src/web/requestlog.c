/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "requestlog.h"

#include <string.h>
#include <unistd.h>

#include "io.h"

/* bytes of a path or a name that are logged */
#define MAX_TEXT 500

struct _RequestLog
{
  RequestLogFormat format;
  gboolean with_names;
};

int
request_log_parse_format (const char *name)
{
  static const char *const names[] = { "json", "text", "none", NULL };

  for (int i = 0; names[i]; i++)
    if (!strcmp (name, names[i]))
      return i;
  return -1;
}

/* The time of the day, RFC 3339 with ms. */
static char *
get_time (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *seconds = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf (
      "%s.%03dZ", seconds, g_date_time_get_microsecond (now) / 1000);
}

/* @text, shortened, as UTF-8. */
static char *
clean (const char *text)
{
  g_autofree char *part = g_strndup (text, MAX_TEXT);

  return g_utf8_make_valid (part, -1);
}

/* JSON.  Written by hand: JSON-GLib prints 0.001 with 17 digits. */

/* Appends the member @name, and a comma if it is not the first. */
static void
append_name (GString *line, const char *name)
{
  g_string_append_printf (line, "%s\"%s\":", line->len > 1 ? "," : "", name);
}

static void
add_string (GString *line, const char *name, const char *text)
{
  g_autofree char *value = text ? clean (text) : NULL;

  append_name (line, name);
  if (!value) {
    g_string_append (line, "null");
    return;
  }
  g_string_append_c (line, '"');
  for (const char *at = value; *at; at++)
    if (*at == '"' || *at == '\\')
      g_string_append_printf (line, "\\%c", *at);
    else if ((guchar) *at < 0x20 || *at == 0x7f)
      g_string_append_printf (line, "\\u%04x", (guchar) *at);
    else if ((guchar) *at == 0xc2 && (guchar) at[1] < 0xa0)
      /* U+0080 to U+009F: some terminals obey them */
      g_string_append_printf (line, "\\u%04x", (guchar) * ++at);
    else
      g_string_append_c (line, *at);
  g_string_append_c (line, '"');
}

static void
add_int (GString *line, const char *name, guint64 value)
{
  append_name (line, name);
  g_string_append_printf (line, "%" G_GUINT64_FORMAT, value);
}

static void
add_seconds (GString *line, const char *name, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_name (line, name);
  g_string_append (line,
      value < 0 ? "null"
                : g_ascii_formatd (digits, sizeof digits, "%.6f", value));
}

static GString *
begin_object (void)
{
  GString *line = g_string_new ("{");
  g_autofree char *time = get_time ();

  add_string (line, "time", time);
  return line;
}

/* Takes @line. */
static char *
end_object (GString *line)
{
  g_string_append (line, "}\n");
  return g_string_free (line, FALSE);
}

static char *
to_json (const RequestLog *log, const RequestLogEntry *entry)
{
  GString *object = begin_object ();

  add_string (object, "id", entry->id);
  add_string (object, "client", entry->client);
  add_string (object, "method", entry->method);
  add_string (object, "path", entry->path);
  add_int (object, "status", entry->status);
  add_int (object, "bytes_in", entry->bytes_in);
  add_int (object, "bytes_out", entry->bytes_out);
  add_seconds (object, "waiting", entry->waiting);
  add_seconds (object, "working", entry->working);
  add_seconds (object, "total", entry->total);
  add_string (object, "model", entry->model);
  add_string (object, "error", entry->error);
  if (log->with_names)
    add_string (object, "file", entry->file);
  return end_object (object);
}

/* What the program says otherwise, "genreclassify: MESSAGE\n". */
static void
print_json (const char *text)
{
  GString *object = begin_object ();
  g_autofree char *message = g_strdup (text);
  g_autofree char *line = NULL;

  add_string (object, "message", g_strchomp (message));
  line = end_object (object);
  io_write_all (STDERR_FILENO, line, strlen (line));
}

/* Text */

/* @text without what would look like more fields or lines. */
static void
append_text (GString *line, const char *name, const char *text)
{
  g_autofree char *value = clean (text ? text : "-");

  g_string_append_printf (line, "%s%s", line->len > 0 ? " " : "", name);
  for (const char *at = value; *at; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (c == ' ' || c == '"' || c == '\\' || !g_unichar_isprint (c))
      g_string_append_printf (line, "\\u%04x", c);
    else
      g_string_append_unichar (line, c);
  }
}

static void
append_seconds (GString *line, const char *name, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_text (line, name,
      value < 0 ? NULL
                : g_ascii_formatd (digits, sizeof digits, "%.6f", value));
}

static char *
to_text (const RequestLog *log, const RequestLogEntry *entry)
{
  GString *line = g_string_new (NULL);
  g_autofree char *time = get_time ();

  append_text (line, "", time);
  append_text (line, "", entry->client);
  append_text (line, "", entry->method);
  append_text (line, "", entry->path);
  g_string_append_printf (line,
      " %u in=%" G_GUINT64_FORMAT " out=%" G_GUINT64_FORMAT, entry->status,
      entry->bytes_in, entry->bytes_out);
  append_seconds (line, "waiting=", entry->waiting);
  append_seconds (line, "working=", entry->working);
  append_seconds (line, "total=", entry->total);
  append_text (line, "model=", entry->model);
  append_text (line, "error=", entry->error);
  if (log->with_names)
    append_text (line, "file=", entry->file);
  append_text (line, "id=", entry->id);
  g_string_append_c (line, '\n');
  return g_string_free (line, FALSE);
}

/* The log */

RequestLog *
request_log_new (RequestLogFormat format, gboolean with_names)
{
  RequestLog *log = g_new0 (RequestLog, 1);

  log->format = format;
  log->with_names = with_names;
  return log;
}

void
request_log_begin (RequestLog *log)
{
  if (log->format == REQUEST_LOG_JSON)
    g_set_printerr_handler (print_json);
}

void
request_log_free (RequestLog *log)
{
  if (!log)
    return;
  g_set_printerr_handler (NULL);
  g_free (log);
}

void
request_log_write (RequestLog *log, const RequestLogEntry *entry)
{
  g_autofree char *line = NULL;

  if (log->format == REQUEST_LOG_NONE)
    return;
  line = log->format == REQUEST_LOG_JSON ? to_json (log, entry)
                                         : to_text (log, entry);
  /* where nobody reads it, nothing can be done about it */
  io_write_all (STDERR_FILENO, line, strlen (line));
}

char *
request_log_make_path (
    const char *path, const char *query, const char *const *keys)
{
  GString *result = g_string_new (path);
  g_auto (GStrv) pairs = g_strsplit (query ? query : "", "&", -1);

  for (guint i = 0; pairs[i]; i++) {
    char *value = strchr (pairs[i], '=');
    g_autofree char *key = value ? g_strndup (pairs[i], value - pairs[i])
                                 : g_strdup ("");

    g_string_append_c (result, i > 0 ? '&' : '?');
    g_string_append (result, g_strv_contains (keys, key) ? pairs[i] : "...");
  }
  return g_string_free (result, FALSE);
}
