/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "id3genres.h"

#include <string.h>

#include <gst/tag/tag.h>

/* Those that Winamp 5.6 added at the end of the list, behind number 147. */
static const char *const later_genres[] = { "Abstract", "Art Rock", "Baroque",
  "Bhangra", "Big Beat", "Breakbeat", "Chillout", "Downtempo", "Dub", "EBM",
  "Eclectic", "Electro", "Electroclash", "Emo", "Experimental", "Garage",
  "Global", "IDM", "Illbient", "Industro-Goth", "Jam Band", "Krautrock",
  "Leftfield", "Lounge", "Math Rock", "New Romantic", "Nu-Breakz", "Post-Punk",
  "Post-Rock", "Psytrance", "Shoegaze", "Space Rock", "Trop Rock",
  "World Music", "Neoclassical", "Audiobook", "Audio Theatre",
  "Neue Deutsche Welle", "Podcast", "Indie Rock", "G-Funk", "Dubstep",
  "Garage Rock", "Psybient" };

const char *
id3_genre_get (guint number)
{
  const guint n = gst_tag_id3_genre_count ();

  if (number < n)
    return gst_tag_id3_genre_get (number);
  return number - n < G_N_ELEMENTS (later_genres) ? later_genres[number - n]
                                                  : NULL;
}

int
id3_genre_find (const char *name)
{
  const char *found;

  for (guint i = 0; (found = id3_genre_get (i)); i++) {
    if (!g_ascii_strcasecmp (found, name))
      return (int) i;
  }
  return -1;
}

/* The genre that a number, "RX" or "CR" stands for; NULL for other texts. */
static const char *
get_reference (const char *text)
{
  guint64 number;

  if (!strcmp (text, "RX"))
    return "Remix";
  if (!strcmp (text, "CR"))
    return "Cover";
  return g_ascii_string_to_unsigned (text, 10, 0, 255, &number, NULL)
      ? id3_genre_get ((guint) number)
      : NULL;
}

static gboolean
contains (GPtrArray *names, guint first, const char *name)
{
  for (guint i = first; i < names->len; i++) {
    if (!g_ascii_strcasecmp (names->pdata[i], name))
      return TRUE;
  }
  return FALSE;
}

static char *
skip_spaces (char *text)
{
  while (g_ascii_isspace (*text))
    text++;
  return text;
}

/* Parses one value.  It may be long: nothing here is quadratic. */
static void
parse_value (char *text, GPtrArray *names)
{
  const char *whole = get_reference (g_strstrip (text));
  guint first = names->len;

  while (!whole && *text == '(') {
    char *end = strchr (text, ')');
    g_autofree char *inner = end ? g_strndup (text + 1, end - text - 1) : NULL;
    const char *genre = inner ? get_reference (inner) : NULL;

    if (!genre) {
      text += text[1] == '(';
      break;
    }
    g_ptr_array_add (names, g_strdup (genre));
    text = skip_spaces (end + 1);
  }
  if (whole)
    g_ptr_array_add (names, g_strdup (whole));
  else if (*text && !contains (names, first, text))
    g_ptr_array_add (names, g_strdup (text));
}

void
id3_genre_parse (const char *text, gsize length, GPtrArray *names)
{
  const char *end = text + length;

  while (text < end) {
    const char *zero = memchr (text, '\0', (gsize) (end - text));
    gsize n = (gsize) ((zero ? zero : end) - text);
    g_autofree char *value = g_strndup (text, n);

    parse_value (value, names);
    text += n + 1;
  }
}

static gboolean
reads_as (const char *text, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  id3_genre_parse (text, strlen (text), names);
  return names->len == 1 && !strcmp (names->pdata[0], name);
}

char *
id3_genre_format (const char *name)
{
  g_autofree char *escaped = g_strconcat ("(", name, NULL);

  if (!reads_as (name, name) && reads_as (escaped, name))
    return g_steal_pointer (&escaped);
  return g_strdup (name);
}
