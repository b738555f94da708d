/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "albumfolder.h"

#include <string.h>

/* "CD" or "disc" as a word of its own, and a number that is no year */
#define DISC "^(.*?)[\\W_]*(?<![[:alpha:]])(?:cd|dis[ck])[\\W_]*\\d{1,2}(?!\\d)"

char *
album_strip_disc (const char *name)
{
  static GRegex *disc;
  g_autoptr (GMatchInfo) match = NULL;

  /* names are any bytes */
  if (g_once_init_enter (&disc))
    g_once_init_leave (
        &disc, g_regex_new (DISC, G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL));
  return g_regex_match (disc, name, 0, &match) ? g_match_info_fetch (match, 1)
                                               : NULL;
}

char *
album_track_folder_new (const char *name)
{
  g_autofree char *path = strstr (name, "://")
      ? g_strdup (name)
      : g_canonicalize_filename (name, NULL);

  return g_path_get_dirname (path);
}

char *
album_folder_new (const char *folder)
{
  g_autofree char *name = g_path_get_basename (folder);
  g_autofree char *album = album_strip_disc (name);
  g_autofree char *parent = g_path_get_dirname (folder);

  if (!album)
    return g_strdup (folder);
  return *album ? g_build_filename (parent, album, NULL)
                : g_steal_pointer (&parent);
}

gboolean
album_folder_has (const char *album, const char *folder)
{
  g_autofree char *at = g_strdup (folder);

  if (g_str_equal (album, folder))
    return TRUE;
  /* the discs are in the album or beside it, so that their names are longer */
  while (strlen (at) > strlen (album)) {
    g_autofree char *of = album_folder_new (at);
    char *parent;

    if (g_str_equal (of, album))
      return TRUE;
    parent = g_path_get_dirname (at);
    g_free (at);
    at = parent;
  }
  return FALSE;
}
