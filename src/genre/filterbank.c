/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "filterbank.h"

#include <math.h>

typedef struct
{
  gsize first_bin, n_bins;
  const float *weights; /* [n_bins] */
} Filter;

struct _GenreFilterbank
{
  guint n_bands;
  Filter *filters; /* [n_bands] */
  float *weights;  /* of all filters, one after another */
  gsize end;
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

GenreFilterbank *
genre_filterbank_new (
    guint n_bands, double f_max, double bin_width, gsize n_bins)
{
  GenreFilterbank *filterbank = g_new0 (GenreFilterbank, 1);
  double step = genre_hz_to_mel (f_max) / (n_bands + 1);
  float *weights;

  filterbank->n_bands = n_bands;
  filterbank->filters = g_new0 (Filter, n_bands);
  /* a bin lies in two filters at most */
  filterbank->weights = weights = g_new (float, 2 * n_bins);

  for (guint band = 0; band < n_bands; band++) {
    Filter *filter = &filterbank->filters[band];
    double low = mel_to_hz (band * step);
    double centre = mel_to_hz ((band + 1) * step);
    double high = mel_to_hz ((band + 2) * step);

    filter->weights = weights;
    for (gsize bin = (gsize) (low / bin_width); bin < n_bins; bin++) {
      double hz = bin * bin_width;
      double weight = MIN (
          (hz - low) / (centre - low), (high - hz) / (high - centre));

      if (hz >= high)
        break;
      if (weight <= 0)
        continue;
      if (!filter->n_bins)
        filter->first_bin = bin;
      filter->n_bins++;
      *weights++ = weight * 2 / (high - low);
      filterbank->end = MAX (filterbank->end, bin + 1);
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

void
genre_filterbank_apply (
    const GenreFilterbank *filterbank, const float *power, float *bands)
{
  for (guint band = 0; band < filterbank->n_bands; band++) {
    const Filter *filter = &filterbank->filters[band];
    float sum = 0;

    for (gsize i = 0; i < filter->n_bins; i++)
      sum += filter->weights[i] * power[filter->first_bin + i];
    bands[band] = sum;
  }
}
