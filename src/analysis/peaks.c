/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "peaks.h"

#include <math.h>
#include <string.h>

#include "decoder.h"
#include "reason.h"

/* neighbours are merged when there would be more */
#define MAX_BINS 65536

typedef struct
{
  GArray *bins;    /* as in Peaks */
  double bin_rate; /* bins/s */
  guint rate;      /* Hz, of the frames that come; 0: none has come yet */
  double before;   /* bins of the frames before these */
  guint64 n;       /* frames that came at this rate */
} Gatherer;

/* What comes before the bytes of the bins. */
typedef struct
{
  double duration, length;
} Head;

/* Where the next frame begins, in bins. */
static double
get_position (const Gatherer *gatherer)
{
  return gatherer->rate == 0
      ? 0
      : gatherer->before + gatherer->n * (gatherer->bin_rate / gatherer->rate);
}

static void
set_rate (Gatherer *gatherer, guint rate)
{
  if (rate == gatherer->rate)
    return;
  if (gatherer->rate == 0)
    gatherer->bin_rate = rate;
  gatherer->before = get_position (gatherer);
  gatherer->rate = rate;
  gatherer->n = 0;
}

static void
merge_pairs (Gatherer *gatherer)
{
  float *bins = (float *) gatherer->bins->data;
  guint n = gatherer->bins->len;

  for (guint i = 0; i < n; i += 2)
    bins[i / 2] = i + 1 < n ? MAX (bins[i], bins[i + 1]) : bins[i];
  g_array_set_size (gatherer->bins, (n + 1) / 2);
  gatherer->before /= 2;
  gatherer->bin_rate /= 2;
}

/* What is not finite counts as 0, as for the spectrogram. */
static float
get_magnitude (const float *samples, gsize n)
{
  float magnitude = 0;

  for (gsize i = 0; i < n; i++) {
    float x = fabsf (samples[i]);

    if (x > magnitude && x <= G_MAXFLOAT)
      magnitude = x;
  }
  return MIN (magnitude, 1);
}

/* Adds frames that begin at @position and have @magnitude; they are counted in
 * already. */
static void
fill_bins (Gatherer *gatherer, double position, float magnitude)
{
  GArray *bins = gatherer->bins;
  guint first = (guint) position;
  guint end = MAX ((guint) ceil (get_position (gatherer)), first + 1);

  if (bins->len < end)
    g_array_set_size (bins, end);
  for (guint i = first; i < end; i++) {
    float *bin = &g_array_index (bins, float, i);

    *bin = MAX (*bin, magnitude);
  }
}

static gboolean
take_block (
    const DecoderBlock *block, gpointer user_data, GError **error G_GNUC_UNUSED)
{
  Gatherer *gatherer = user_data;
  const float *samples = block->samples;
  gsize left = block->n_frames;

  set_rate (gatherer, block->rate);
  while (left > 0) {
    double bins_per_frame = gatherer->bin_rate / gatherer->rate;
    double position = get_position (gatherer), in_bin;
    gsize n;

    if (position + bins_per_frame > MAX_BINS - 1) {
      merge_pairs (gatherer);
      continue;
    }
    in_bin = (floor (position) + 1 - position) / bins_per_frame;
    n = in_bin < left ? MAX ((gsize) in_bin, 1) : left;
    gatherer->n += n;
    fill_bins (
        gatherer, position, get_magnitude (samples, n * block->channels));
    samples += n * block->channels;
    left -= n;
  }
  return TRUE;
}

Peaks *
peaks_new (const char *name, GError **error)
{
  /* new bins are 0 */
  Gatherer gatherer = { .bins = g_array_new (FALSE, TRUE, sizeof (float)) };
  g_autoptr (Peaks) peaks = g_new0 (Peaks, 1);

  peaks->bins = gatherer.bins;
  if (!decoder_run (name, take_block, &gatherer, error))
    return NULL;
  if (peaks->bins->len == 0) {
    g_set_error (error, ANALYSIS_ERROR, REASON_TOO_SHORT,
        "It is too short for a waveform.");
    return NULL;
  }
  peaks->length = get_position (&gatherer);
  peaks->duration = peaks->length / gatherer.bin_rate;
  return g_steal_pointer (&peaks);
}

void
peaks_free (Peaks *peaks)
{
  if (!peaks)
    return;
  g_array_unref (peaks->bins);
  g_free (peaks);
}

float *
peaks_divide (const Peaks *peaks, guint n)
{
  const float *bins = (const float *) peaks->bins->data;
  float *parts = g_new0 (float, n);

  for (guint i = 0; i < n; i++) {
    guint first = (guint) floor (i * peaks->length / n);
    guint end = MIN (
        (guint) ceil ((i + 1) * peaks->length / n), peaks->bins->len);

    for (guint k = MIN (first, end - 1); k < end; k++)
      parts[i] = MAX (parts[i], bins[k]);
  }
  return parts;
}

GBytes *
peaks_to_bytes (const Peaks *peaks)
{
  const Head head = { peaks->duration, peaks->length };
  GByteArray *data = g_byte_array_new ();

  g_byte_array_append (data, (const guint8 *) &head, sizeof head);
  g_byte_array_append (data, (const guint8 *) peaks->bins->data,
      peaks->bins->len * sizeof (float));
  return g_byte_array_free_to_bytes (data);
}

static gboolean
is_valid (const Peaks *peaks)
{
  const float *bins = (const float *) peaks->bins->data;
  guint n = peaks->bins->len;

  if (!(peaks->duration > 0 && isfinite (peaks->duration)) ||
      !(peaks->length > 0 && peaks->length <= n))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!(bins[i] >= 0 && bins[i] <= 1))
      return FALSE;
  return TRUE;
}

Peaks *
peaks_from_data (gconstpointer data, gsize size)
{
  g_autoptr (Peaks) peaks = NULL;
  Head head;

  if (size <= sizeof head || (size - sizeof head) % sizeof (float) != 0 ||
      (size - sizeof head) / sizeof (float) > MAX_BINS)
    return NULL;
  memcpy (&head, data, sizeof head);
  peaks = g_new0 (Peaks, 1);
  peaks->duration = head.duration;
  peaks->length = head.length;
  peaks->bins = g_array_new (FALSE, FALSE, sizeof (float));
  g_array_append_vals (peaks->bins, (const char *) data + sizeof head,
      (size - sizeof head) / sizeof (float));
  return is_valid (peaks) ? g_steal_pointer (&peaks) : NULL;
}
