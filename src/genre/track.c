/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A track: the average of its segments' probabilities, by their durations. */

#include "genre.h"

#include <string.h>

struct _GenreTrack
{
  guint n_labels;
  double weight; /* s */
  double sums[]; /* [n_labels] */
};

GenreTrack *
genre_track_new (guint n_labels)
{
  GenreTrack *track = g_malloc0 (sizeof *track + n_labels * sizeof (double));

  track->n_labels = n_labels;
  return track;
}

void
genre_track_free (GenreTrack *track)
{
  g_free (track);
}

void
genre_track_reset (GenreTrack *track)
{
  track->weight = 0;
  memset (track->sums, 0, track->n_labels * sizeof track->sums[0]);
}

void
genre_track_add (
    GenreTrack *track, const float *probabilities, guint64 duration)
{
  double weight = duration / 1e9;

  track->weight += weight;
  for (guint i = 0; i < track->n_labels; i++)
    track->sums[i] += weight * probabilities[i];
}

gboolean
genre_track_get (const GenreTrack *track, float *probabilities)
{
  for (guint i = 0; i < track->n_labels; i++)
    probabilities[i] = track->weight > 0 ? track->sums[i] / track->weight : 0;
  return track->weight > 0;
}
