/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Genres are spelled as ID3v1's list has them, so that what the command writes
 * is what the element sends as a tag. */

#include "tags/spelling.h"

#include <gst/tag/tag.h>

/* of GTZAN, on which the models are trained */
static const char *const labels[] = { "blues", "classical", "country", "disco",
  "hiphop", "jazz", "metal", "pop", "reggae", "rock" };

/* GStreamer's name for @label. */
static const char *
get_expected (const char *label)
{
  for (guint i = 0; i < gst_tag_id3_genre_count (); i++) {
    const char *genre = gst_tag_id3_genre_get (i);
    g_auto (GStrv) parts = g_strsplit (genre, "-", -1);
    g_autofree char *letters = g_strjoinv ("", parts);

    if (!g_ascii_strcasecmp (letters, label))
      return genre;
  }
  g_assert_not_reached ();
}

static void
test_labels (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    g_assert_cmpstr (
        spelling_of_label (labels[i]), ==, get_expected (labels[i]));
  g_assert_cmpstr (spelling_of_label ("hiphop"), ==, "Hip-Hop");
  g_assert_cmpstr (spelling_of_label ("chamber_music"), ==, "Chamber Music");
}

static void
test_unknown (void)
{
  const char *label = "no genre";

  g_assert_true (spelling_of_label (label) == label);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spelling/labels", test_labels);
  g_test_add_func ("/spelling/unknown", test_unknown);
  return g_test_run ();
}
