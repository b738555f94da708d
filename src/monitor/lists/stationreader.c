/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One entry of a list: what a list may say where a station is, and its name. */

#include "stationlistprivate.h"

#include <string.h>

#define NAME_LENGTH 128
#define QUOTE_LENGTH 80
/* bytes of what a list has, and of a station's URI: the processes that listen take
 * little more (STATION_MAX_URI) */
#define REFERENCE_LENGTH 8192
#define URI_LENGTH 4000

/* What may stay as it is in a URI; all else becomes %20 and the like. */
#define URI_CHARACTERS ":/?#[]@!$&'()*+,;=%"

#define URI_FLAGS                                                              \
  (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED)

#define BAD_SCHEME                                                             \
  "a station begins with http:, https:, icy:, rtsp:, file:, pulse:, pipewire: or alsa:"

#define TOO_LONG "it is too long"

static const char *const network_schemes[] = { "http", "https", "rtsp", "rtsps",
  "rtspt", NULL };
/* other players' names of HTTP, and what they are here */
static const char *const renamed_schemes[][2] = { { "icy:", "http:" },
  { "hls+http:", "http:" }, { "hls+https:", "https:" } };
static const char *const device_schemes[] = { "pulse", "pipewire", "alsa",
  NULL };

void
station_entry_free (StationEntry *entry)
{
  if (!entry)
    return;
  g_free (entry->uri);
  g_free (entry->name);
  g_free (entry->id);
  g_free (entry);
}

char *
station_get_scheme (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);

  return scheme && scheme[1] ? g_ascii_strdown (scheme, -1) : NULL;
}

/* Names */

/* Takes out what lies between "//" and "@" in a word: too much, if in doubt. */
static char *
drop_users (const char *text)
{
  GString *kept = g_string_new (NULL);

  while (*text) {
    gsize length = strcspn (text, " \t\r\n");
    const char *end = text + length;
    const char *mark = g_strstr_len (text, length, "//");
    const char *at = mark ? g_strrstr_len (mark, end - mark, "@") : NULL;

    if (at) {
      g_string_append_len (kept, text, mark + 2 - text);
      text = at + 1;
    }
    end += strspn (end, " \t\r\n");
    g_string_append_len (kept, text, end - text);
    text = end;
  }
  return g_string_free (kept, FALSE);
}

/* Whether a character would show as nothing, or turn the line around.  Emoji and
 * some scripts are joined by U+200C and U+200D. */
static gboolean
is_invisible (gunichar c)
{
  return g_unichar_iscntrl (c) ||
      (g_unichar_type (c) == G_UNICODE_FORMAT && c != 0x200c && c != 0x200d);
}

char *
station_clean_text (const char *text, gsize length)
{
  g_autofree char *shown = drop_users (text);
  g_autofree char *valid = g_utf8_make_valid (shown, -1);
  g_autoptr (GString) clean = g_string_new (NULL);
  gboolean space = FALSE;
  gsize n = 0;

  for (const char *p = valid; *p && n < length; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_isspace (c)) {
      space = n > 0;
      continue;
    }
    if (is_invisible (c))
      continue;
    if (space && ++n < length)
      g_string_append_c (clean, ' ');
    space = FALSE;
    if (n++ < length)
      g_string_append_unichar (clean, c);
  }
  return g_utf8_normalize (clean->str, -1, G_NORMALIZE_DEFAULT_COMPOSE);
}

/* SHOUTcast's lists begin a name with the number of listeners, which changes all the
 * time: "(#1 - 52/1000) Name". */
static const char *
skip_listeners (const char *name)
{
  const char *end;

  while (g_ascii_isspace (*name))
    name++;
  if (!g_str_has_prefix (name, "(#") || !g_ascii_isdigit (name[2]))
    return name;
  end = strchr (name, ')');
  return end ? end + 1 : name;
}

char *
station_hide_user (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, URI_FLAGS, NULL);

  /* one of a device has none */
  return parsed && g_uri_get_host (parsed)
      ? g_uri_to_string_partial (parsed, G_URI_HIDE_USERINFO)
      : drop_users (uri);
}

/* The host and the path, or the name of a file.  A query is left out: it may have a
 * password, too. */
static char *
name_uri (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, URI_FLAGS, NULL);
  g_autofree char *path = g_filename_from_uri (uri, NULL, NULL);
  g_autofree char *text = NULL, *decoded = NULL;
  gsize length;

  if (path)
    text = g_path_get_basename (path);
  else if (!parsed || !g_uri_get_host (parsed) || !*g_uri_get_host (parsed))
    text = g_strdup (uri);
  else if (g_uri_get_port (parsed) > 0)
    text = g_strdup_printf ("%s:%d%s", g_uri_get_host (parsed),
        g_uri_get_port (parsed), g_uri_get_path (parsed));
  else
    text = g_strconcat (g_uri_get_host (parsed), g_uri_get_path (parsed), NULL);
  decoded = path ? NULL : g_uri_unescape_string (text, NULL);
  if (decoded) {
    g_free (text);
    text = g_steal_pointer (&decoded);
  }
  /* "/;" is how a SHOUTcast server is told that no browser is asking */
  length = strlen (text);
  while (length > 1 && strchr ("/;", text[length - 1]))
    text[--length] = '\0';
  return station_clean_text (text, NAME_LENGTH);
}

/* URIs */

static char *
escape (const char *text)
{
  return g_uri_escape_string (text, URI_CHARACTERS, FALSE);
}

/* Kodi writes headers behind the URI: "http://host/path|User-Agent=Some". */
static void
cut_headers (char *uri)
{
  char *bar = strchr (uri, '|');

  if (bar && strchr (bar, '='))
    *bar = '\0';
}

/* The URI with its scheme in lower case, in which alone it is compared later. */
static char *
rename_scheme (const char *uri)
{
  char *renamed;

  for (gsize i = 0; i < G_N_ELEMENTS (renamed_schemes); i++) {
    gsize length = strlen (renamed_schemes[i][0]);

    if (!g_ascii_strncasecmp (uri, renamed_schemes[i][0], length))
      return g_strconcat (renamed_schemes[i][1], uri + length, NULL);
  }
  renamed = g_strdup (uri);
  for (char *p = renamed; *p && *p != ':'; p++)
    *p = g_ascii_tolower (*p);
  return renamed;
}

/* Takes a URI with a network's scheme.  NULL with @why set. */
static char *
take_network_uri (const char *text, const char **why)
{
  g_autofree char *uri = g_strdup (text), *escaped = NULL;
  g_autoptr (GUri) parsed = NULL;

  cut_headers (uri);
  escaped = escape (uri);
  parsed = g_uri_parse (escaped, URI_FLAGS, NULL);
  if (parsed && g_uri_get_host (parsed) && *g_uri_get_host (parsed))
    return g_steal_pointer (&escaped);
  *why = "it is no complete URL";
  return NULL;
}

/* Takes a URI with whatever scheme.  NULL with @why set. */
static char *
take_uri (const char *reference, gboolean is_remote, const char **why)
{
  g_autofree char *text = rename_scheme (reference);
  g_autofree char *scheme = station_get_scheme (text);
  g_autofree char *uri = NULL, *path = NULL;

  if (g_strv_contains (network_schemes, scheme))
    return take_network_uri (text, why);
  if (strcmp (scheme, "file") && !g_strv_contains (device_schemes, scheme)) {
    *why = BAD_SCHEME;
    return NULL;
  }
  if (is_remote) {
    *why =
        "a list from elsewhere cannot choose this machine's files and devices";
    return NULL;
  }
  uri = escape (text);
  path = strcmp (scheme, "file") ? NULL : g_filename_from_uri (uri, NULL, NULL);
  if (path || strcmp (scheme, "file"))
    return g_steal_pointer (&uri);
  *why = "it is no URL of a local file";
  return NULL;
}

/* A relative reference from the list's own place, or NULL.  One with a scheme, were it a
 * drive's letter, is none: GLib cannot join what it may make of that. */
static char *
resolve (const StationListReader *reader, const char *text)
{
  g_autofree char *escaped = escape (text);
  g_autofree char *scheme = g_uri_parse_scheme (escaped);

  return scheme
      ? NULL
      : g_uri_resolve_relative (reader->base, escaped, URI_FLAGS, NULL);
}

/* Takes an entry of a fetched list that is not a whole URI. */
static char *
take_remote (
    const StationListReader *reader, const char *text, const char **why)
{
  g_autofree char *uri = NULL, *scheme = NULL;

  *why = "it is no URL";
  /* what else servers give, instead of a list */
  if (!reader->has_header || strpbrk (text, "<>\"{}"))
    return NULL;
  uri = resolve (reader, text);
  scheme = uri ? station_get_scheme (uri) : NULL;
  return scheme ? take_uri (uri, TRUE, why) : NULL;
}

/* The file that a local list means. */
static char *
find_file (
    const StationListReader *reader, ReferenceKind kind, const char *text)
{
  g_autofree char *path = g_strdup (text), *list = NULL, *folder = NULL;
  g_autofree char *uri = NULL;

  list = reader->base ? g_filename_from_uri (reader->base, NULL, NULL) : NULL;
  if (kind == REFERENCE_URI && list) {
    uri = resolve (reader, text);
    g_free (path);
    path = uri ? g_filename_from_uri (uri, NULL, NULL) : NULL;
    return g_steal_pointer (&path);
  }
  /* written on Windows */
  if (!strchr (path, '/'))
    g_strdelimit (path, "\\", '/');
  if (g_path_is_absolute (path))
    return g_steal_pointer (&path);
  folder = list ? g_path_get_dirname (list) : NULL;
  return folder ? g_build_filename (folder, path, NULL) : NULL;
}

/* Takes an entry of a local list that is not a whole URI. */
static char *
take_local (const StationListReader *reader, ReferenceKind kind,
    const char *text, const char **why)
{
  g_autofree char *path = find_file (reader, kind, text);

  /* some programs write a path into XSPF */
  if (kind == REFERENCE_URI && g_path_is_absolute (text) &&
      g_file_test (text, G_FILE_TEST_EXISTS)) {
    g_free (path);
    path = g_strdup (text);
  }
  if (path && g_file_test (path, G_FILE_TEST_EXISTS))
    return g_filename_to_uri (path, NULL, NULL);
  *why = path ? "it is no URL, and there is no such file"
              : "it is no URL, and it is not known what it is relative to";
  return NULL;
}

/* Takes an entry as a URI.  NULL with @why set. */
static char *
take_reference (const StationListReader *reader, ReferenceKind kind,
    const char *text, const char **why)
{
  g_autofree char *scheme = station_get_scheme (text);

  if (strlen (text) > REFERENCE_LENGTH) {
    *why = TOO_LONG;
    return NULL;
  }
  for (const char *p = text; *p; p++)
    if (g_ascii_iscntrl (*p)) {
      *why = "it has control characters in it";
      return NULL;
    }
  if (scheme)
    return take_uri (text, reader->is_remote, why);
  return reader->is_remote ? take_remote (reader, text, why)
                           : take_local (reader, kind, text, why);
}

/* A bad entry as a warning shows it, which is not even a URI perhaps, but may have a
 * password in it. */
static char *
quote (const char *text)
{
  g_autofree char *clean = station_clean_text (text, 2 * QUOTE_LENGTH);
  const char *at = strrchr (clean, '@');
  const char *shown = at && memchr (clean, ':', at - clean) ? at + 1 : clean;

  if (g_utf8_strlen (shown, -1) > QUOTE_LENGTH) {
    g_autofree char *start = g_utf8_substring (shown, 0, QUOTE_LENGTH);

    return g_strconcat (start, "…", NULL);
  }
  return g_strdup (shown);
}

static void
skip (StationListReader *reader, const char *text, const char *why, guint line)
{
  g_autofree char *quoted = quote (text);
  g_autofree char *warning = g_strdup_printf (
      "line %u: \"%s\" is left out: %s", line, quoted, why);

  reader->n_skipped++;
  if (!reader->first_skipped)
    reader->first_skipped = g_strdup (warning);
  if (reader->warnings && reader->n_skipped <= MAX_WARNINGS)
    g_ptr_array_add (reader->warnings, g_steal_pointer (&warning));
}

/* Takes @uri, which may be NULL.  NULL with @why set. */
static StationEntry *
make_entry (char *uri, const char *name, const char **why)
{
  StationEntry *entry;

  if (!uri || strlen (uri) > URI_LENGTH) {
    if (uri)
      *why = TOO_LONG;
    g_free (uri);
    return NULL;
  }
  entry = g_new0 (StationEntry, 1);
  entry->uri = uri;
  entry->name = name ? station_clean_text (skip_listeners (name), NAME_LENGTH)
                     : NULL;
  if (!entry->name || !*entry->name) {
    g_free (entry->name);
    entry->name = name_uri (uri);
  }
  return entry;
}

/* Some write "URL # name" in a line. */
static const char *
cut_comment (char *text)
{
  g_autofree char *scheme = station_get_scheme (text);
  char *comment = scheme ? strstr (text, " #") : NULL;

  if (!comment)
    return NULL;
  *comment = '\0';
  g_strchomp (text);
  return comment + strlen (" #");
}

void
stationlist_reader_add (StationListReader *reader, ReferenceKind kind,
    const char *reference, const char *name, guint line)
{
  g_autofree char *text = g_strstrip (g_strdup (reference));
  const char *comment = cut_comment (text), *why = NULL;
  StationEntry *entry = make_entry (take_reference (reader, kind, text, &why),
      name && *name ? name : comment, &why);

  if (entry)
    g_ptr_array_add (reader->entries, entry);
  else
    skip (reader, text, why, line);
}

StationEntry *
station_entry_new_for_uri (const char *text, GError **error)
{
  g_autofree char *scheme = station_get_scheme (text), *quoted = NULL;
  const char *why = BAD_SCHEME;
  StationEntry *entry = make_entry (
      scheme ? take_uri (text, FALSE, &why) : NULL, NULL, &why);

  if (entry)
    return entry;
  quoted = quote (text);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "%s: It cannot be a station: %s", quoted, why);
  return NULL;
}
