/* SPDX-License-Identifier: GPL-2.0-or-later */

/* grouping_answer(): which tracks are an album, and what all of them are. */

#include "grouping.h"

#include <string.h>

#include "albumfolder.h"

/* Where the first of several artists ends in a tag: Result joins values by "; ". */
#define GUESTS "; |[\\s(\\[]+(?:feat\\.?|ft\\.?|featuring)\\s"

/* What album artists say of a record with many artists. */
static const char *const various[] = { "various", "various artists", "va",
  "v.a.", "v/a", "various artist", "verschiedene interpreten", "verschiedene",
  "artistes divers", "varios artistas", "vari artisti", NULL };

/* Texts that differ in case only become the same; "" for NULL. */
static char *
fold (const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text ? text : ""));
  g_autofree char *valid = g_utf8_make_valid (stripped, -1);

  return g_utf8_casefold (valid, -1);
}

static char *
fold_album (const Result *result)
{
  g_autofree char *album = album_strip_disc (
      result->album ? result->album : "");

  return fold (album && *album ? album : result->album);
}

/* Without the guests of this one track. */
static char *
fold_artist (const Result *result)
{
  g_autofree char *artist = fold (result->artist);
  g_auto (GStrv) parts = g_regex_split_simple (GUESTS, artist, 0, 0);

  return g_strdup (parts[0] ? parts[0] : "");
}

static gboolean
is_various (const Result *result)
{
  g_autofree char *artist = fold (result->album_artist);

  return g_strv_contains (various, artist);
}

/* How many artists the tracks have, and how many tracks the one has who has most
 * of them, of @n_named. */
static void
count_artists (
    GPtrArray *album, guint *n_artists, guint *n_most, guint *n_named)
{
  g_autoptr (GHashTable)
      counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  *n_most = *n_named = 0;
  for (guint i = 0; i < album->len; i++) {
    g_autofree char *artist = fold_artist (album->pdata[i]);
    guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, artist)) + 1;

    if (!*artist)
      continue;
    *n_named += 1;
    *n_most = MAX (*n_most, n);
    g_hash_table_insert (
        counts, g_steal_pointer (&artist), GUINT_TO_POINTER (n));
  }
  *n_artists = g_hash_table_size (counts);
}

/* The tags say so; or there are several artists, none of them an album's, and none
 * who has more than half of the tracks. */
static gboolean
is_compilation (GPtrArray *album)
{
  guint n_artists, n_most, n_named;
  gboolean has_album_artist = FALSE;

  count_artists (album, &n_artists, &n_most, &n_named);
  for (guint i = 0; i < album->len; i++) {
    const Result *result = album->pdata[i];

    /* "The best of" one artist is often marked as a compilation */
    if (is_various (result) || (result->compilation && n_artists != 1))
      return TRUE;
    has_album_artist |= result->album_artist && *result->album_artist;
  }
  return !has_album_artist && n_artists > 1 && 2 * n_most <= n_named;
}

/* The mean of the probabilities of the tracks that are music, weighted by their
 * durations; NULL if there are none. */
static double *
get_mean (GPtrArray *album, char *const *labels)
{
  guint n = g_strv_length ((char **) labels);
  g_autofree double *mean = g_new0 (double, n);
  double weight = 0;

  for (guint t = 0; t < album->len; t++) {
    const Result *result = album->pdata[t];

    if (!result_filter_music (result->probabilities, result->music))
      continue;
    weight += result->duration;
    for (guint i = 0; i < n; i++)
      mean[i] += result->probabilities[i] * result->duration;
  }
  if (!(weight > 0))
    return NULL;
  for (guint i = 0; i < n; i++)
    mean[i] /= weight;
  return g_steal_pointer (&mean);
}

static char *
make_id (const char *folder, const char *album, const char *artist)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const char *const parts[] = { folder, album, artist };

  /* with the NULs, so that the parts do not run together */
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_checksum_update (sum, (const guchar *) parts[i], strlen (parts[i]) + 1);
  return g_strndup (g_checksum_get_string (sum), 16);
}

/* The first album artist that the tracks have. */
static const char *
get_album_artist (GPtrArray *album)
{
  for (guint i = 0; i < album->len; i++) {
    const Result *result = album->pdata[i];

    if (result->album_artist && *result->album_artist)
      return result->album_artist;
  }
  return NULL;
}

/* The labels of those tracks that have some. */
static char **
get_labels (GPtrArray *album)
{
  for (guint i = 0; i < album->len; i++) {
    const Result *result = album->pdata[i];

    if (result->probabilities)
      return result->labels;
  }
  return NULL;
}

static void
answer_album (const char *folder, GPtrArray *album)
{
  const Result *first = album->pdata[0];
  char **labels = get_labels (album);
  const char *artist = get_album_artist (album);
  g_autofree char *folder_name = g_path_get_basename (folder);
  g_autofree char *album_key = fold_album (first);
  g_autofree char *artist_key = fold (artist);
  g_autofree char *id = make_id (folder, album_key, artist_key);
  gboolean compilation = is_compilation (album);
  g_autofree double *mean = labels && !compilation ? get_mean (album, labels)
                                                   : NULL;

  for (guint i = 0; i < album->len; i++) {
    Result *result = album->pdata[i];
    ResultGroup *group = result->group = g_new0 (ResultGroup, 1);

    /* a silent track has none of its own */
    if (mean && !result->labels)
      result->labels = g_strdupv (labels);
    group->id = g_strdup (id);
    group->name = g_strdup (*album_key ? first->album : folder_name);
    group->artist = g_strdup (artist);
    group->n_tracks = album->len;
    group->is_last = i == album->len - 1;
    group->compilation = compilation;
    group->probabilities = mean
        ? g_memdup2 (mean, g_strv_length (labels) * sizeof *mean)
        : NULL;
  }
}

/* Calls answer_album() for each of the lists of results in @albums. */
static void
answer_all (const char *folder, GHashTable *albums)
{
  GHashTableIter iter;
  gpointer album;

  g_hash_table_iter_init (&iter, albums);
  while (g_hash_table_iter_next (&iter, NULL, &album))
    answer_album (folder, album);
}

/* Takes @key. */
static void
add_to (GHashTable *lists, char *key, Result *result)
{
  GPtrArray *list = g_hash_table_lookup (lists, key);

  if (list) {
    g_free (key);
  } else {
    list = g_ptr_array_new ();
    g_hash_table_insert (lists, key, list);
  }
  g_ptr_array_add (list, result);
}

static GHashTable *
lists_new (void)
{
  return g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
}

/* Tracks with one title of an album are albums of several artists if more than one
 * is named: that it is missing in some tracks is no difference. */
static void
answer_title (const char *folder, GPtrArray *tracks)
{
  g_autoptr (GHashTable) artists = lists_new ();
  guint n_named;

  for (guint i = 0; i < tracks->len; i++) {
    Result *result = tracks->pdata[i];

    add_to (artists, fold (result->album_artist), result);
  }
  n_named = g_hash_table_size (artists) -
      (g_hash_table_contains (artists, "") ? 1 : 0);
  if (n_named > 1)
    answer_all (folder, artists);
  else
    answer_album (folder, tracks);
}

void
grouping_answer (const char *folder, Result *const *results, guint n)
{
  g_autoptr (GHashTable) titles = lists_new ();
  GHashTableIter iter;
  gpointer tracks;

  for (guint i = 0; i < n; i++)
    if (!results[i]->error)
      add_to (titles, fold_album (results[i]), results[i]);
  g_hash_table_iter_init (&iter, titles);
  while (g_hash_table_iter_next (&iter, NULL, &tracks))
    answer_title (folder, tracks);
}
