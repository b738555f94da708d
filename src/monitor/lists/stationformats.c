/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the text of a list is: M3U and PLS are read here, XML is in stationxml.c.
 *
 * Not by libtotem-plparser, which takes files only, loses every letter that is not
 * UTF-8, cuts names at a comma within quotes and knows no OPML of stations. */

#include "stationlist.h"
#include "stationlistprivate.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* What NULs are replaced with, so that the text is a string: it is dropped in names,
 * and no URI may have it. */
#define NUL_SIGN '\1'

/* A playlist of HLS has one of these.  Lists of stations have other tags that begin
 * with "#EXT-X-". */
static const char *const hls_tags[] = { "#EXT-X-TARGETDURATION",
  "#EXT-X-STREAM-INF", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-MEDIA-SEQUENCE",
  "#EXT-X-MEDIA:", NULL };

/* Lines */

static gboolean
has_prefix (const char *text, const char *prefix)
{
  return !g_ascii_strncasecmp (text, prefix, strlen (prefix));
}

char *
stationlist_decode (const char *bytes, gsize length)
{
  char *text;

  if (g_utf8_validate (bytes, length, NULL))
    return g_strndup (bytes, length);
  text = g_convert (bytes, length, "UTF-8", "WINDOWS-1252", NULL, NULL, NULL);
  /* five of its bytes mean nothing */
  if (!text)
    text = g_convert (bytes, length, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
  return text ? text : g_utf8_make_valid (bytes, length);
}

/* Takes the line at @text, without what surrounds it, and goes on to the next.  NULL
 * at the end. */
static char *
take_line (const char **text)
{
  const char *start = *text;
  gsize length = strcspn (start, "\r\n");

  if (!*start)
    return NULL;
  *text += length;
  if (**text)
    *text += g_str_has_prefix (*text, "\r\n") ? 2 : 1;
  /* also in the midst of it, where two lists were joined */
  if (length >= 3 && g_str_has_prefix (start, BYTE_ORDER_MARK)) {
    start += 3;
    length -= 3;
  }
  /* each for itself: a list that is put together of others has several encodings */
  return g_strstrip (stationlist_decode (start, length));
}

/* M3U */

/* Whether the text begins as attributes do: a key and @sign. */
static gboolean
is_attribute (const char *text, const char *sign)
{
  gsize length;

  text += strspn (text, " \t");
  length = strspn (text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_");
  return length > 0 && g_str_has_prefix (text + length, sign);
}

/* (nullable): the end of a quoted value that begins at @start: a quote that a comma or
 * another attribute follows, since some values have quotes in them. */
static const char *
find_quote (const char *start)
{
  const char *end = start;

  while ((end = strchr (end + 1, *start))) {
    const char *next = end + 1 + strspn (end + 1, " \t");

    if (!*next || *next == ',' || is_attribute (next, "="))
      break;
  }
  return end;
}

/* (nullable): the comma before the name: not one in an attribute's value. */
static const char *
find_comma (const char *text)
{
  gboolean hopeless[2] = { FALSE, FALSE }; /* no such quote ends a value */

  for (const char *p = text; *p; p++) {
    gboolean is_single = *p == '\'';
    const char *end;

    if (*p == ',')
      return p;
    if ((*p != '"' && !is_single) || p == text || !strchr ("= ", p[-1]) ||
        hopeless[is_single])
      continue;
    end = find_quote (p);
    hopeless[is_single] = !end;
    if (end)
      p = end;
  }
  return NULL;
}

/* (transfer full) (nullable): the value of an attribute of #EXTINF. */
static char *
get_attribute (const char *text, const char *key)
{
  gsize length = strlen (key);
  const char *p = text;

  for (; *p; p++) {
    const char *value = p + length, *end;

    if (!has_prefix (p, key) || (p > text && g_ascii_isalnum (p[-1])))
      continue;
    value += strspn (value, " ");
    if (*value++ != '=')
      continue;
    value += strspn (value, " ");
    end = *value == '"' || *value == '\'' ? find_quote (value) : NULL;
    if (end)
      return g_strndup (value + 1, end - value - 1);
    return g_strndup (value, strcspn (value, " ,"));
  }
  return NULL;
}

/* The name in what follows "#EXTINF:", or NULL. */
static char *
read_extinf (const char *text)
{
  static const char *const keys[] = { "tvg-name", "tvg-id", NULL };
  const char *name, *end = text;
  g_autofree char *attributes = NULL;

  name = find_comma (text);
  /* some put another comma behind the duration */
  if (name && is_attribute (name + 1, "=\""))
    name = find_comma (name + 1);
  if (name && name[1 + strspn (name + 1, " \t")])
    return g_strdup (name + 1);
  if (name)
    end = name;
  attributes = name ? g_strndup (text, end - text) : g_strdup (text);
  for (gsize i = 0; keys[i]; i++) {
    char *value = get_attribute (attributes, keys[i]);

    if (value && *value)
      return value;
    g_free (value);
  }
  if (name || strchr (text, '='))
    return NULL;
  /* no comma: a duration and a name */
  text += strspn (text, ": \t");
  text += strcspn (text, " \t");
  return g_strdup (text);
}

static void
read_m3u (StationListReader *reader, const char *text)
{
  g_autofree char *name = NULL;
  guint number = 0;

  for (char *line; (line = take_line (&text)); g_free (line)) {
    number++;
    if (has_prefix (line, "#EXTINF")) {
      g_free (name);
      name = read_extinf (line + strcspn (line, ": \t"));
    } else if (*line && *line != '#') {
      stationlist_reader_add (reader, REFERENCE_PATH, line, name, number);
      g_clear_pointer (&name, g_free);
    }
  }
}

/* PLS */

/* An entry of which the lines may be anywhere. */
typedef struct
{
  guint64 part; /* of a list that is put together of others */
  guint64 number;
  char *uri;
  char *title;
  guint line;
} PlsEntry;

static void
pls_entry_free (PlsEntry *entry)
{
  g_free (entry->uri);
  g_free (entry->title);
  g_free (entry);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const PlsEntry *first = *(PlsEntry *const *) a;
  const PlsEntry *second = *(PlsEntry *const *) b;

  if (first->part != second->part)
    return first->part < second->part ? -1 : 1;
  return (first->number > second->number) - (first->number < second->number);
}

/* (nullable): the value of a line such as "File12=value"; its number in @number. */
static const char *
get_pls_value (const char *line, const char *key, guint64 *number)
{
  char *end;

  if (!has_prefix (line, key))
    return NULL;
  line += strlen (key);
  if (!g_ascii_isdigit (*line))
    return NULL;
  *number = g_ascii_strtoull (line, &end, 10);
  end += strspn (end, " \t");
  return *end == '=' ? end + 1 : NULL;
}

/* The entries of a part, found by their numbers. */
typedef struct
{
  GPtrArray *entries; /* PlsEntry, of all parts */
  GHashTable *part;   /* number -> PlsEntry */
  guint64 n_parts;
} PlsReader;

static PlsEntry *
get_pls_entry (PlsReader *pls, guint64 number)
{
  PlsEntry *entry = g_hash_table_lookup (pls->part, &number);

  if (entry)
    return entry;
  entry = g_new0 (PlsEntry, 1);
  entry->part = pls->n_parts;
  entry->number = number;
  g_ptr_array_add (pls->entries, entry);
  g_hash_table_insert (pls->part, &entry->number, entry);
  return entry;
}

static void
begin_part (PlsReader *pls)
{
  g_hash_table_remove_all (pls->part);
  pls->n_parts++;
}

static void
take_pls_line (PlsReader *pls, const char *line, guint line_number)
{
  guint64 number;
  const char *value;
  PlsEntry *entry;

  if (has_prefix (line, "[playlist]")) {
    begin_part (pls);
  } else if ((value = get_pls_value (line, "File", &number))) {
    entry = get_pls_entry (pls, number);
    /* numbers that begin again */
    if (entry->uri) {
      begin_part (pls);
      entry = get_pls_entry (pls, number);
    }
    entry->uri = g_strdup (value);
    entry->line = line_number;
  } else if ((value = get_pls_value (line, "Title", &number))) {
    entry = get_pls_entry (pls, number);
    if (!entry->title)
      entry->title = g_strdup (value);
  }
}

static void
read_pls (StationListReader *reader, const char *text)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (
      (GDestroyNotify) pls_entry_free);
  g_autoptr (GHashTable) part = g_hash_table_new (g_int64_hash, g_int64_equal);
  PlsReader pls = { entries, part, 0 };
  guint number = 0;

  for (char *line; (line = take_line (&text)); g_free (line))
    take_pls_line (&pls, line, ++number);
  g_ptr_array_sort (entries, compare);
  for (guint i = 0; i < entries->len; i++) {
    const PlsEntry *entry = entries->pdata[i];

    if (entry->uri && entry->uri[strspn (entry->uri, " \t")])
      stationlist_reader_add (
          reader, REFERENCE_PATH, entry->uri, entry->title, entry->line);
  }
}

/* Which of them it is */

typedef enum
{
  FORMAT_EMPTY,
  FORMAT_M3U, /* or a plain list, which is the same without a header */
  FORMAT_PLS,
  FORMAT_XML,
  FORMAT_HTML,
  FORMAT_HLS
} Format;

/* Whether the text is a page, as servers give instead of a list. */
static gboolean
is_html (const char *text)
{
  g_autofree char *start = g_ascii_strdown (text, strnlen (text, 2048));

  return strstr (start, "<!doctype html") || strstr (start, "<html");
}

static gboolean
is_hls (const char *line)
{
  for (gsize i = 0; hls_tags[i]; i++)
    if (has_prefix (line, hls_tags[i]))
      return TRUE;
  return FALSE;
}

/* Finds out the format, and whether it has a header. */
static Format
recognise (const char *text, gboolean *has_header)
{
  Format format = FORMAT_EMPTY;
  guint64 number;

  for (char *line; (line = take_line (&text)); g_free (line)) {
    if (format == FORMAT_EMPTY && *line == '<')
      format = FORMAT_XML;
    else if (format == FORMAT_EMPTY &&
        (has_prefix (line, "[playlist]") ||
            get_pls_value (line, "File", &number)))
      format = FORMAT_PLS;
    else if (is_hls (line))
      format = FORMAT_HLS;
    else if (has_prefix (line, "#EXTM3U") || has_prefix (line, "#EXTINF"))
      *has_header = TRUE;
    if (format > FORMAT_M3U) {
      g_free (line);
      *has_header = TRUE;
      break;
    }
    if (*line && *line != '#')
      format = FORMAT_M3U;
  }
  return format;
}

/* Copies the data as a string of bytes, in UTF-8 if it was in UTF-16.  NULL with
 * @error set. */
static char *
copy (const char *data, gsize *size, const char **encoding, GError **error)
{
  char *text = NULL;

  if (*size >= 2 &&
      (!memcmp (data, "\xff\xfe", 2) || !memcmp (data, "\xfe\xff", 2))) {
    text = g_convert (data, *size, "UTF-8", "UTF-16", NULL, size, NULL);
    *encoding = "UTF-8";
    if (!text) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "It begins as UTF-16 does, but is none");
      return NULL;
    }
  } else {
    text = g_malloc (*size + 1);
    if (*size > 0)
      memcpy (text, data, *size);
    text[*size] = '\0';
  }
  for (char *nul; (nul = memchr (text, '\0', *size));)
    *nul = NUL_SIGN;
  if (g_str_has_prefix (text, BYTE_ORDER_MARK)) {
    *size -= strlen (BYTE_ORDER_MARK);
    memmove (text, text + strlen (BYTE_ORDER_MARK), *size + 1);
  }
  return text;
}

static gboolean
is_binary (const char *text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl (*text) && !strchr ("\t\n\v\f\r\x1a", *text))
      return TRUE;
  return FALSE;
}

static gboolean
set_invalid (GError **error, const char *why)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
  return FALSE;
}

static gboolean
read_text (StationListReader *reader, const char *text, gsize size,
    const char *encoding, GError **error)
{
  Format format = recognise (text, &reader->has_header);

  if (format == FORMAT_XML && is_html (text))
    format = FORMAT_HTML;
  if (!reader->has_header && is_binary (text))
    return set_invalid (error, "It is binary data, not a list of stations");
  switch (format) {
    case FORMAT_EMPTY:
      return set_invalid (error, "It has no station: it is empty");
    case FORMAT_HTML:
      return set_invalid (error, "It is a web page, not a list of stations");
    case FORMAT_HLS:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          "It is an HLS playlist: one station, and not a list of some");
      return FALSE;
    case FORMAT_XML:
      return stationlist_read_xml (reader, text, size, encoding, error);
    case FORMAT_PLS:
      read_pls (reader, text);
      return TRUE;
    case FORMAT_M3U:
      read_m3u (reader, text);
      return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

/* Says what was left out beyond the warnings, and whether anything is left.  FALSE
 * with @error set. */
static gboolean
conclude (const StationListReader *reader, GError **error)
{
  if (reader->entries->len == 0) {
    if (reader->n_skipped == 0)
      return set_invalid (error, "It has no station");
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It has no station; %s", reader->first_skipped);
    return FALSE;
  }
  if (reader->warnings && reader->n_skipped > MAX_WARNINGS)
    g_ptr_array_add (reader->warnings,
        g_strdup_printf (
            "%u more entries are left out", reader->n_skipped - MAX_WARNINGS));
  return TRUE;
}

GPtrArray *
stationlist_parse (const char *data, gsize size, const char *base,
    GPtrArray *warnings, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (
      (GDestroyNotify) station_entry_free);
  StationListReader reader = {
    .entries = entries, .warnings = warnings, .base = base
  };
  const char *encoding = NULL;
  g_autofree char *text = copy (data, &size, &encoding, error);
  gboolean done;

  if (!text)
    return NULL;
  reader.is_remote = base && !has_prefix (base, "file:");
  done = read_text (&reader, text, size, encoding, error) &&
      conclude (&reader, error);
  g_free (reader.first_skipped);
  return done ? g_steal_pointer (&entries) : NULL;
}
