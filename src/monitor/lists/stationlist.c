/* SPDX-License-Identifier: GPL-2.0-or-later */

/* All the lists and stations that the command names, as one list. */

#include "stationlist.h"

#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#include "stationlistprivate.h"

#define FETCH_SECONDS 20

#define ID_LENGTH 64
#define HASH_LENGTH 8

/* Reading */

gboolean
stationlist_is_named (const char *name, gboolean is_uri)
{
  static const char *const suffixes[] = { ".m3u", ".pls", ".xspf", ".opml",
    ".m3u8" };
  g_autofree char *path = g_strndup (
      name, is_uri ? strcspn (name, "?#") : strlen (name));
  gsize length = strlen (path);

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes) - (is_uri ? 1 : 0); i++) {
    gsize n = strlen (suffixes[i]);

    if (length > n && !g_ascii_strcasecmp (path + length - n, suffixes[i]))
      return TRUE;
  }
  return FALSE;
}

gboolean
stationlist_is_type (const char *content_type)
{
  static const char *const types[] = { "audio/x-scpls", "audio/scpls",
    "application/pls+xml", "audio/x-mpegurl", "audio/mpegurl",
    "application/x-mpegurl", "application/xspf+xml", NULL };
  g_autofree char *lower = g_ascii_strdown (content_type, -1);

  return g_strv_contains (types, lower);
}

/* NULL with @error set. */
static GBytes *
read_stream (GInputStream *stream, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  gsize n = 0;

  /* one byte more shows that it is longer */
  g_byte_array_set_size (all, LIST_LIMIT + 1);
  if (!g_input_stream_read_all (stream, all->data, all->len, &n, NULL, error))
    return NULL;
  if (n > LIST_LIMIT) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It is longer than %d bytes, so it is no list of stations", LIST_LIMIT);
    return NULL;
  }
  g_byte_array_set_size (all, n);
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

/* NULL with @error set. */
static GBytes *
read_file (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);

  return stream ? read_stream (G_INPUT_STREAM (stream), error) : NULL;
}

/* Where relative entries of what is read from a pipe begin. */
static char *
get_folder_base (void)
{
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *path = g_build_filename (folder, "-", NULL);

  return g_filename_to_uri (path, NULL, NULL);
}

static char *
get_file_base (const char *path)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);

  return g_filename_to_uri (absolute, NULL, NULL);
}

/* Reads the list that an argument names, with the URI that it is at. */
static GBytes *
read_named (const char *name, const char *scheme, char **base, GError **error)
{
  g_autofree char *path = NULL;

  if (!strcmp (name, "-")) {
    g_autoptr (GInputStream)
        stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);

    *base = get_folder_base ();
    return read_stream (stream, error);
  }
  if (scheme && strcmp (scheme, "file"))
    return stationlist_fetch (name, LIST_LIMIT, FETCH_SECONDS, base, error);
  path = scheme ? g_filename_from_uri (name, NULL, error) : g_strdup (name);
  if (!path)
    return NULL;
  *base = get_file_base (path);
  return read_file (path, error);
}

/* Stations */

/* All that is read; the sets' keys are the entries' own. */
typedef struct
{
  GPtrArray *entries;
  GPtrArray *warnings; /* or NULL */
  GHashTable *uris;
} Stations;

/* Takes the entry, unless it is there. */
static void
take_entry (Stations *stations, StationEntry *entry)
{
  if (g_hash_table_contains (stations->uris, entry->uri)) {
    station_entry_free (entry);
    return;
  }
  g_hash_table_add (stations->uris, entry->uri);
  g_ptr_array_add (stations->entries, entry);
}

/* Adds the URI of a station.  FALSE with @error set. */
static gboolean
add_station (Stations *stations, const char *uri, GError **error)
{
  StationEntry *entry = station_entry_new_for_uri (uri, error);

  if (entry)
    take_entry (stations, entry);
  return entry != NULL;
}

static void
take_warnings (Stations *stations, const char *shown, GPtrArray *warnings)
{
  if (!stations->warnings)
    return;
  for (guint i = 0; i < warnings->len; i++)
    g_ptr_array_add (stations->warnings,
        g_strdup_printf ("%s: %s", shown, (char *) warnings->pdata[i]));
}

/* Adds the stations of a list.  FALSE with @error set, which does not name it. */
static gboolean
add_list (Stations *stations, const char *name, const char *scheme,
    const char *shown, GError **error)
{
  g_autofree char *base = NULL;
  g_autoptr (GBytes) bytes = read_named (name, scheme, &base, error);
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) fault = NULL;
  const char *data;
  gsize size;

  if (!bytes)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  entries = stationlist_parse (data, size, base, warnings, &fault);
  take_warnings (stations, shown, warnings);
  if (!entries && scheme &&
      g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return add_station (stations, name, error);
  if (!entries) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return FALSE;
  }
  g_ptr_array_set_free_func (entries, NULL);
  for (guint i = 0; i < entries->len; i++)
    take_entry (stations, entries->pdata[i]);
  return TRUE;
}

/* Adds what an argument names.  FALSE with @error set. */
static gboolean
add_named (Stations *stations, const char *name, GError **error)
{
  /* "Radio: all.m3u" has the form of a URI, but is a file if there is one */
  g_autofree char *scheme = g_file_test (name, G_FILE_TEST_EXISTS)
      ? NULL
      : station_get_scheme (name);
  g_autofree char *shown = NULL;

  if (scheme &&
      !(stationlist_is_named (name, TRUE) &&
          (!strcmp (scheme, "file") || !strcmp (scheme, "http") ||
              !strcmp (scheme, "https"))))
    return add_station (stations, name, error);
  shown = !strcmp (name, "-") ? g_strdup ("standard input")
      : scheme                ? station_hide_user (name)
                              : g_filename_display_name (name);
  if (add_list (stations, name, scheme, shown, error))
    return TRUE;
  g_prefix_error (error, "%s: ", shown);
  return FALSE;
}

/* Ids */

/* (transfer full): the name in the characters of an id, which is empty if there are
 * none.  Whether it tells less than the name is in @is_poor. */
static char *
make_slug (const char *name, gboolean *is_poor)
{
  /* with no locale: it shall be the same everywhere */
  g_autofree char *ascii = g_str_to_ascii (name, "C");
  GString *slug = g_string_new (NULL);
  gsize n_lost = 0, length;

  for (const char *p = ascii; *p; p++) {
    n_lost += *p == '?';
    if (g_ascii_isalnum (*p) || (slug->len > 0 && strchr ("._", *p)))
      g_string_append_c (slug, g_ascii_tolower (*p));
    else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
      g_string_append_c (slug, '-');
  }
  for (; *name; name++)
    n_lost -= *name == '?';
  *is_poor = n_lost > 0 || slug->len > ID_LENGTH;
  length = MIN (slug->len, *is_poor ? ID_LENGTH - HASH_LENGTH - 1 : ID_LENGTH);
  while (length > 0 && strchr ("-._", slug->str[length - 1]))
    length--;
  g_string_truncate (slug, length);
  *is_poor |= length == 0;
  return g_string_free (slug, FALSE);
}

/* (transfer full): an id of a station whose name is not enough.  Stations that differ
 * in user and password alone are numbered: @counts has how far, by the id of the first,
 * and all ids. */
static char *
make_hashed_id (const char *slug, const char *uri, GHashTable *counts)
{
  g_autofree char *shown = station_hide_user (uri);
  g_autofree char *hash = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, shown, -1);
  g_autofree char *first = NULL;
  char *id;
  guint n;

  if (!*slug)
    slug = "station";
  first = g_strdup_printf (
      "%.*s-%.*s", ID_LENGTH - HASH_LENGTH - 1, slug, HASH_LENGTH, hash);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, first));
  id = n == 0 ? g_strdup (first) : NULL;
  while (!id || g_hash_table_contains (counts, id)) {
    g_free (id);
    id = g_strdup_printf ("%.40s-%.*s-%u", slug, HASH_LENGTH, hash, ++n);
  }
  g_hash_table_insert (
      counts, g_steal_pointer (&first), GUINT_TO_POINTER (MAX (n, 1)));
  g_hash_table_insert (counts, g_strdup (id), GUINT_TO_POINTER (1));
  return id;
}

/* Gives every station its id. */
static void
make_ids (GPtrArray *entries)
{
  g_autoptr (GPtrArray) slugs = g_ptr_array_new_with_free_func (g_free);
  /* how many stations have a slug; and see make_hashed_id() */
  g_autoptr (GHashTable)
      counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < entries->len; i++) {
    StationEntry *entry = entries->pdata[i];
    gboolean is_poor;
    char *slug = make_slug (entry->name, &is_poor);
    guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, slug)) + 1;

    g_ptr_array_add (slugs, slug);
    if (is_poor)
      continue;
    entry->id = g_strdup (slug);
    g_hash_table_insert (counts, g_strdup (slug), GUINT_TO_POINTER (n));
  }
  for (guint i = 0; i < entries->len; i++) {
    StationEntry *entry = entries->pdata[i];
    const char *slug = slugs->pdata[i];

    if (entry->id && GPOINTER_TO_UINT (g_hash_table_lookup (counts, slug)) == 1)
      continue;
    g_free (entry->id);
    entry->id = make_hashed_id (slug, entry->uri, counts);
  }
}

GPtrArray *
stationlist_read (const char *const *names, GPtrArray *warnings, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (
      (GDestroyNotify) station_entry_free);
  g_autoptr (GHashTable) uris = g_hash_table_new (g_str_hash, g_str_equal);
  Stations stations = { entries, warnings, uris };

  for (; *names; names++)
    if (!add_named (&stations, *names, error))
      return NULL;
  make_ids (entries);
  return g_steal_pointer (&entries);
}
