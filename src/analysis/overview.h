/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file's audio reduced to the size of a picture: the extremes of its waveform and
 * its mel spectrogram, in a bounded number of columns however long the file is. */

#pragma once

#include <glib.h>

#include "genre/genre.h"

typedef struct
{
  float min, max;            /* of the mono samples */
  float db[GENRE_MEL_BANDS]; /* mean, 10 log10 (power) */
} OverviewColumn;

typedef struct
{
  GArray *columns; /* OverviewColumn */
  double spacing;  /* s from one column to the next */
  double duration; /* s of audio */
} Overview;

/**
 * overview_new:
 * @name: a path or URI
 * @error: return location: why it cannot be decoded
 *
 * Decodes all of it.
 *
 * Returns: (transfer full) (nullable): the overview, or %NULL
 */
Overview *overview_new (const char *name, GError **error);
void overview_free (Overview *overview);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Overview, overview_free)
