/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A track: the average of its segments' probabilities, by their durations. */

#include "genre.h"

#include <string.h>

struct _GenreTrack
{
  gatomicrefcount refcount;
  guint n_labels;
  double weight; /* s */
  double sums[]; /* [n_labels] */
};

G_DEFINE_BOXED_TYPE (
    GenreTrack, genre_track, genre_track_ref, genre_track_unref)

GenreTrack *
genre_track_new (guint n_labels)
{
  GenreTrack *track = g_malloc0 (sizeof *track + n_labels * sizeof (double));

  g_atomic_ref_count_init (&track->refcount);
  track->n_labels = n_labels;
  return track;
}

GenreTrack *
genre_track_ref (GenreTrack *track)
{
  g_atomic_ref_count_inc (&track->refcount);
  return track;
}

void
genre_track_unref (GenreTrack *track)
{
  if (track && g_atomic_ref_count_dec (&track->refcount))
    g_free (track);
}

void
genre_track_reset (GenreTrack *track)
{
  track->weight = 0;
  memset (track->sums, 0, track->n_labels * sizeof track->sums[0]);
}

void
genre_track_add (GenreTrack *track, const float *probabilities,
    gsize n_probabilities, guint64 duration)
{
  double weight = (double) duration / GENRE_SECOND;

  g_return_if_fail (n_probabilities == track->n_labels);
  track->weight += weight;
  for (guint i = 0; i < track->n_labels; i++)
    track->sums[i] += weight * probabilities[i];
}

float *
genre_track_get (const GenreTrack *track, gsize *n_probabilities)
{
  float *average;

  if (n_probabilities)
    *n_probabilities = track->weight > 0 ? track->n_labels : 0;
  if (!(track->weight > 0))
    return NULL;
  average = g_new (float, track->n_labels);
  for (guint i = 0; i < track->n_labels; i++)
    average[i] = track->sums[i] / track->weight;
  return average;
}
