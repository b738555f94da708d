/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Loops go over neighbouring bands, and the transposition by squares, so that the
 * compiler can use vectors. */

#include "standardise.h"

#include <math.h>
#include <string.h>

#include "genre.h"

#define SQUARE 4 /* columns and bands transposed at a time */
#define PART 16  /* columns that are added up as floats */

static float
find_max (const float *columns, gsize n_columns)
{
  float max[GENRE_MEL_BANDS], result = -INFINITY;

  for (gsize band = 0; band < GENRE_MEL_BANDS; band++)
    max[band] = -INFINITY;
  for (gsize c = 0; c < n_columns; c++, columns += GENRE_MEL_BANDS)
    for (gsize band = 0; band < GENRE_MEL_BANDS; band++)
      max[band] = columns[band] > max[band] ? columns[band] : max[band];
  for (gsize band = 0; band < GENRE_MEL_BANDS; band++)
    result = MAX (result, max[band]);
  return result;
}

/* Adds up what a part of the columns has above @floor_db, relative to @max so that
 * the squares stay small. */
static void
add_part (const float *columns, gsize n_columns, float floor_db, float max,
    double *sum, double *square)
{
  float sums[GENRE_MEL_BANDS] = { 0 }, squares[GENRE_MEL_BANDS] = { 0 };

  for (gsize c = 0; c < n_columns; c++, columns += GENRE_MEL_BANDS)
    for (gsize band = 0; band < GENRE_MEL_BANDS; band++) {
      float x = MAX (columns[band], floor_db) - max;

      sums[band] += x;
      squares[band] += x * x;
    }
  for (gsize band = 0; band < GENRE_MEL_BANDS; band++) {
    *sum += sums[band];
    *square += squares[band];
  }
}

void
genre_standardise (const float *columns, gsize n_columns, float *input)
{
  const float max = find_max (columns, n_columns);
  const float floor_db = max - GENRE_MEL_TOP_DB;
  const gsize n = n_columns * GENRE_MEL_BANDS;
  double sum = 0, square = 0, mean;
  float scale, offset;
  gsize c = 0;

  for (gsize first = 0; first < n_columns; first += PART)
    add_part (columns + first * GENRE_MEL_BANDS, MIN (PART, n_columns - first),
        floor_db, max, &sum, &square);
  mean = sum / n;
  scale = 1 / (sqrt (MAX (square / n - mean * mean, 0)) + 1e-5);
  offset = mean + max;

  for (; c + SQUARE <= n_columns; c += SQUARE)
    for (gsize band = 0; band < GENRE_MEL_BANDS; band += SQUARE) {
      const float *from = columns + c * GENRE_MEL_BANDS + band;
      float turned[SQUARE][SQUARE];

      for (gsize i = 0; i < SQUARE; i++)
        for (gsize j = 0; j < SQUARE; j++)
          turned[j][i] =
              (MAX (from[i * GENRE_MEL_BANDS + j], floor_db) - offset) * scale;
      for (gsize j = 0; j < SQUARE; j++)
        memcpy (
            input + (band + j) * n_columns + c, turned[j], sizeof turned[j]);
    }
  for (; c < n_columns; c++)
    for (gsize band = 0; band < GENRE_MEL_BANDS; band++)
      input[band * n_columns + c] =
          (MAX (columns[c * GENRE_MEL_BANDS + band], floor_db) - offset) *
          scale;
}
