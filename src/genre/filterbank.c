/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "filterbank.h"

#include <math.h>

struct _GenreFilterbank
{
  double mel_step;
  GenreFilter *filters; /* [n_bands] */
  float *weights;       /* of all filters, one after another */
  gsize end, size;
};

/* Slaney's scale: 200/3 Hz to a mel up to 1 kHz, then 27 mel to a factor of 6.4
 */
#define LINEAR_STEP (200.0 / 3)
#define BREAK_HZ 1000.0
#define BREAK_MEL (BREAK_HZ / LINEAR_STEP)
#define LOG_STEP (log (6.4) / 27)

double
genre_hz_to_mel (double hz)
{
  return hz < BREAK_HZ ? hz / LINEAR_STEP
                       : BREAK_MEL + log (hz / BREAK_HZ) / LOG_STEP;
}

static double
mel_to_hz (double mel)
{
  return mel < BREAK_MEL ? mel * LINEAR_STEP
                         : BREAK_HZ * exp ((mel - BREAK_MEL) * LOG_STEP);
}

/* The triangle of a band, Hz */
typedef struct
{
  double low, centre, high;
} Triangle;

static Triangle
triangle_of (const GenreFilterbank *filterbank, guint band)
{
  const double step = filterbank->mel_step;

  return (Triangle){ mel_to_hz (band * step), mel_to_hz ((band + 1) * step),
    mel_to_hz ((band + 2) * step) };
}

static double
weight_at (const Triangle *triangle, double hz)
{
  const double rise = (hz - triangle->low) / (triangle->centre - triangle->low);
  const double fall = (triangle->high - hz) /
      (triangle->high - triangle->centre);

  return MAX (MIN (rise, fall), 0) * 2 / (triangle->high - triangle->low);
}

/* Finds the bins, of @n_bins, on which the triangle of a band lies. */
static void
find_bins (
    GenreFilter *filter, const Triangle *triangle, double bin_width, gsize n)
{
  gsize first = triangle->low / bin_width, last;

  while (first < n && weight_at (triangle, first * bin_width) <= 0 &&
      first * bin_width < triangle->high)
    first++;
  last = first;
  while (last < n && weight_at (triangle, last * bin_width) > 0)
    last++;
  if (last > first)
    *filter = (GenreFilter){ first, last - first, NULL };
}

GenreFilterbank *
genre_filterbank_new (
    guint n_bands, double f_max, double bin_width, gsize n_bins)
{
  GenreFilterbank *filterbank = g_new0 (GenreFilterbank, 1);
  GenreFilter *filters = g_new0 (GenreFilter, n_bands);
  gsize n_weights = 0;
  float *weights;

  g_assert (n_bands % GENRE_FILTER_GROUP == 0);
  filterbank->filters = filters;
  filterbank->mel_step = genre_hz_to_mel (f_max) / (n_bands + 1);
  for (guint band = 0; band < n_bands; band++) {
    const Triangle triangle = triangle_of (filterbank, band);

    find_bins (&filters[band], &triangle, bin_width, n_bins);
    filterbank->end = MAX (
        filterbank->end, filters[band].first_bin + filters[band].n_bins);
  }
  for (guint first = 0; first < n_bands; first += GENRE_FILTER_GROUP) {
    gsize most = 0;

    for (guint i = 0; i < GENRE_FILTER_GROUP; i++)
      most = MAX (most, filters[first + i].n_bins);
    most = (most + GENRE_FILTER_GROUP - 1) / GENRE_FILTER_GROUP *
        GENRE_FILTER_GROUP;
    for (guint i = 0; i < GENRE_FILTER_GROUP; i++) {
      filters[first + i].n_bins = most;
      filterbank->size = MAX (
          filterbank->size, filters[first + i].first_bin + most);
    }
    n_weights += GENRE_FILTER_GROUP * most;
  }
  filterbank->weights = weights = g_new (float, n_weights);
  for (guint band = 0; band < n_bands; band++) {
    const Triangle triangle = triangle_of (filterbank, band);

    filters[band].weights = weights;
    for (gsize i = 0; i < filters[band].n_bins; i++) {
      const gsize bin = filters[band].first_bin + i;

      *weights++ = bin < n_bins ? weight_at (&triangle, bin * bin_width) : 0;
    }
  }
  return filterbank;
}

void
genre_filterbank_free (GenreFilterbank *filterbank)
{
  if (!filterbank)
    return;
  g_free (filterbank->filters);
  g_free (filterbank->weights);
  g_free (filterbank);
}

gsize
genre_filterbank_get_end (const GenreFilterbank *filterbank)
{
  return filterbank->end;
}

gsize
genre_filterbank_get_size (const GenreFilterbank *filterbank)
{
  return filterbank->size;
}

const GenreFilter *
genre_filterbank_get_filters (const GenreFilterbank *filterbank)
{
  return filterbank->filters;
}
