/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The average of a track. */

#include <string.h>

#include "fixture.h"
#include "support.h"

static gboolean
get_average (const GenreTrack *track, float *average)
{
  gsize n;
  g_autofree float *probabilities = genre_track_get (track, &n);

  g_assert_cmpuint (n, ==, probabilities ? 3 : 0);
  if (probabilities)
    memcpy (average, probabilities, 3 * sizeof *average);
  return probabilities != NULL;
}

static void
test_track (void)
{
  const float first[] = { 0.5f, 0.25f, 0.25f }, second[] = { 0, 1, 0 };
  float average[3] = { 9, 9, 9 };
  GenreTrack *track = genre_track_new (3);

  g_assert_false (get_average (track, average));

  genre_track_add (track, first, 3, 30 * SECOND);
  g_assert_true (get_average (track, average));
  g_assert_cmpmem (average, sizeof average, first, sizeof first);

  /* weighted by duration: 30 s and 10 s */
  genre_track_add (track, second, 3, 10 * SECOND);
  g_assert_true (get_average (track, average));
  g_assert_cmpfloat_with_epsilon (average[0], 0.375, 1e-6);
  g_assert_cmpfloat_with_epsilon (average[1], 0.4375, 1e-6);
  g_assert_cmpfloat_with_epsilon (average[2], 0.1875, 1e-6);

  /* what has no duration has no weight */
  genre_track_add (track, second, 3, 0);
  g_assert_true (get_average (track, average));
  g_assert_cmpfloat_with_epsilon (average[0], 0.375, 1e-6);

  genre_track_reset (track);
  g_assert_false (get_average (track, average));
  genre_track_add (track, second, 3, 0);
  g_assert_false (get_average (track, average));
  for (guint i = 0; i < 100000; i++)
    genre_track_add (track, i % 2 ? first : second, 3, 30 * SECOND);
  g_assert_true (get_average (track, average));
  g_assert_cmpfloat_with_epsilon (average[0], 0.25, 1e-6);
  assert_probabilities (average, 3);
  genre_track_unref (track);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/track/average", test_track);
  return fixture_run ();
}
