/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "melspectrogram.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "genre/kernels/kernels.h"
#include "genre/weights/error.h"
#include "holes.h"
#include "meltables.h"
#include "samples.h"

#define MIN_POWER 1e-10f
#define FADE_MS 10 /* at each side of a hole */

struct _GenreMelSpectrogram
{
  gatomicrefcount refcount;
  const GenreKernels *kernels;

  /* what follows from the rate */
  const GenreMelTables *tables;
  float *halved;           /* [window / 2], if the rate is halved */
  float *scratch;          /* of that */
  float *frame;            /* [2 size] */
  fftwf_complex *spectrum; /* [size + 1] */
  float *power;            /* [the filterbank's size] */
  float *samples;          /* [capacity], the latest ones */
  gsize capacity;

  /* the stream */
  GenreHoles holes;
  guint64 origin;    /* ns heard: where the present rate began */
  guint64 n_samples; /* since the origin */
  guint64 n_columns;
  gint64 next; /* first sample of the next column's window, from the origin */
  gsize n_buffered;
  gint64 first; /* position of samples[0] from the origin */
  gint64 joint; /* position of the last hole from the origin */
  gboolean finished;
  guint64 end;    /* ns: the length, if finished */
  gint64 n_heard; /* samples since the origin, if finished */
};

G_DEFINE_BOXED_TYPE (GenreMelSpectrogram, genre_mel_spectrogram,
    genre_mel_spectrogram_ref, genre_mel_spectrogram_unref)

/* STFT frame of column @column of a period: one in 1293 / 387, with the offset
 * that the training data has: floor ((column + 0.5) / 387 * 1293 - 0.45). */
static guint
column_frame (guint column)
{
  return ((2 * column + 1) * 12930 - 3483) / 7740;
}

static guint64
column_time (guint64 column)
{
  guint64 frame = column_frame (column % GENRE_MEL_COLUMNS);

  return column / GENRE_MEL_COLUMNS * GENRE_MEL_PERIOD * GENRE_SECOND +
      frame * GENRE_MEL_HOP * GENRE_SECOND / GENRE_MEL_RATE;
}

guint64
genre_mel_column_at (guint64 time)
{
  guint64 period = GENRE_MEL_PERIOD * GENRE_SECOND;
  guint64 column = time / period * GENRE_MEL_COLUMNS +
      time % period * GENRE_MEL_COLUMNS / period;

  while (column > 0 && column_time (column - 1) >= time)
    column--;
  while (column_time (column) < time)
    column++;
  return column;
}

/* The position from the origin of the sample at a heard time. */
static gint64
get_position (const GenreMelSpectrogram *mel, guint64 heard)
{
  const gboolean before = heard < mel->origin;
  const guint64 distance = before ? mel->origin - heard : heard - mel->origin;
  const gint64 samples = distance / GENRE_SECOND * mel->tables->rate +
      (distance % GENRE_SECOND * mel->tables->rate + GENRE_SECOND / 2) /
          GENRE_SECOND;

  return before ? -samples : samples;
}

/* Gives the start of a window with no joint of a hole in its middle: if the one at
 * @start has, the one on the nearer side of the hole, where the samples are enough.
 * Joints click, even where they are faded, and quiet, tonal music would sound like
 * another; at the edges of a window nothing is heard of them.
 * @time: of the column, in the stream's time */
static gint64
avoid_joints (const GenreMelSpectrogram *mel, guint64 time, gint64 start)
{
  const gint64 edge = mel->tables->window / 5;
  const gint64 middle = mel->tables->window - 2 * edge;
  const gint64 from = start + edge;
  const gint64 half = middle * GENRE_SECOND / mel->tables->rate / 2; /* ns */
  const GenreHole *first = NULL, *last = NULL; /* that are in the middle */
  gint64 begin = MAX (mel->first + edge, 0);   /* of the piece before them */
  gint64 end = mel->finished ? mel->n_heard : G_MAXINT64; /* after them */
  gint64 left, right, to_left, to_right;

  for (guint i = mel->holes.holes->len; i > 0; i--) {
    const GenreHole *hole = &g_array_index (mel->holes.holes, GenreHole, i - 1);
    gint64 joint = get_position (mel, hole->heard);

    if (joint <= from) {
      begin = MAX (joint, begin);
      break;
    }
    if (joint >= from + middle) {
      end = joint;
    } else {
      first = hole;
      if (!last)
        last = hole;
    }
  }
  if (!first)
    return start;
  left = get_position (mel, first->heard) - middle;
  right = get_position (mel, last->heard);
  to_left = (gint64) (time - first->time) + half;
  to_right = (gint64) (last->time + last->duration - time) + half;
  if (left >= begin && (to_left <= to_right || right + middle > end))
    return left - edge;
  return right >= 0 && right + middle <= end ? right - edge : start;
}

/* Finds the next column's window. */
static void
find_next (GenreMelSpectrogram *mel)
{
  const guint64 time = column_time (mel->n_columns);
  /* a column that still waited when the rate changed may be of long before */
  const guint64 heard = MAX (
      genre_mel_spectrogram_heard_at (mel, time), mel->origin);

  mel->next = get_position (mel, heard) - (gint64) (mel->tables->window / 2);
  if (mel->holes.holes->len > 0)
    mel->next = avoid_joints (mel, time, mel->next);
}

static gboolean
check_rate (guint rate, GError **error)
{
  return (rate >= GENRE_MIN_RATE && rate <= GENRE_MAX_RATE) ||
      genre_refuse (error, GENRE_ERROR_ARGUMENT,
          "sample rate %u Hz, expected %d to %d", rate, GENRE_MIN_RATE,
          GENRE_MAX_RATE);
}

/* Makes what follows from the rate. */
static void
init_rate (GenreMelSpectrogram *mel, guint rate)
{
  const GenreMelTables *tables = genre_mel_tables_get (rate);

  mel->tables = tables;
  if (tables->n_halvings > 0) {
    mel->halved = g_new (float, tables->window / 2);
    mel->scratch = g_new (float, tables->window / 2 + 2 * GENRE_HALVE_MARGIN);
  }
  mel->frame = fftwf_alloc_real (2 * tables->size);
  mel->spectrum = fftwf_alloc_complex (tables->size + 1);
  mel->power = g_new0 (float, genre_filterbank_get_size (tables->filterbank));
  /* so many that what is still needed, a window or two, is seldom moved */
  mel->capacity = 8 * tables->window;
  mel->samples = g_new (float, mel->capacity);
}

static void
clear_rate (GenreMelSpectrogram *mel)
{
  genre_mel_tables_release (mel->tables);
  g_clear_pointer (&mel->halved, g_free);
  g_clear_pointer (&mel->scratch, g_free);
  fftwf_free (mel->frame);
  fftwf_free (mel->spectrum);
  g_free (mel->power);
  g_free (mel->samples);
}

/* Begins at @origin (ns heard), before which there is silence, with @n_columns that
 * are there already. */
static void
begin (GenreMelSpectrogram *mel, guint64 origin, guint64 n_columns)
{
  mel->origin = origin;
  mel->n_columns = n_columns;
  mel->n_samples = 0;
  mel->joint = -(gint64) mel->tables->rate;
  mel->finished = FALSE;
  mel->n_buffered = mel->tables->window / 2;
  mel->first = -(gint64) mel->n_buffered;
  memset (mel->samples, 0, mel->n_buffered * sizeof *mel->samples);
  find_next (mel);
}

GenreMelSpectrogram *
genre_mel_spectrogram_new (guint rate, GError **error)
{
  const GenreKernels *kernels;
  GenreMelSpectrogram *mel;

  if (!check_rate (rate, error) || !(kernels = genre_kernels_get (error)))
    return NULL;
  mel = g_new0 (GenreMelSpectrogram, 1);
  genre_holes_init (&mel->holes);
  g_atomic_ref_count_init (&mel->refcount);
  mel->kernels = kernels;
  init_rate (mel, rate);
  begin (mel, 0, 0);
  return mel;
}

GenreMelSpectrogram *
genre_mel_spectrogram_ref (GenreMelSpectrogram *mel)
{
  g_atomic_ref_count_inc (&mel->refcount);
  return mel;
}

void
genre_mel_spectrogram_unref (GenreMelSpectrogram *mel)
{
  if (!mel || !g_atomic_ref_count_dec (&mel->refcount))
    return;
  clear_rate (mel);
  genre_holes_clear (&mel->holes);
  g_free (mel);
}

void
genre_mel_spectrogram_reset (GenreMelSpectrogram *mel)
{
  genre_holes_reset (&mel->holes);
  begin (mel, 0, 0);
}

/* Length of the audio itself.  Whole seconds apart from the rest, so that nothing
 * overflows and nothing is rounded twice. */
static guint64
get_heard (const GenreMelSpectrogram *mel)
{
  const guint64 n = mel->n_samples;

  return mel->origin + n / mel->tables->rate * GENRE_SECOND +
      n % mel->tables->rate * GENRE_SECOND / mel->tables->rate;
}

/* Fades the latest @n samples, those near the last hole. */
static void
fade (GenreMelSpectrogram *mel, gsize n)
{
  const gint64 length = mel->tables->rate * FADE_MS / 1000;
  const gint64 end = mel->first + (gint64) mel->n_buffered;
  float *samples = mel->samples + mel->n_buffered;

  for (gint64 i = MAX (end - (gint64) n, mel->joint - length);
       i < MIN (end, mel->joint + length); i++) {
    gint64 distance = i < mel->joint ? mel->joint - 1 - i : i - mel->joint;

    samples[i - end] *= (distance + 0.5f) / length;
  }
}

void
genre_mel_spectrogram_skip (GenreMelSpectrogram *mel, guint64 duration)
{
  genre_holes_add (
      &mel->holes, genre_mel_spectrogram_get_length (mel), duration);
  mel->joint = mel->n_samples;
  fade (mel, mel->n_buffered);
  find_next (mel);
}

guint64
genre_mel_spectrogram_heard_at (const GenreMelSpectrogram *mel, guint64 time)
{
  return genre_holes_heard_at (&mel->holes, time);
}

void
genre_mel_spectrogram_forget (GenreMelSpectrogram *mel, guint64 time)
{
  /* the next column's window still asks for those two columns before it */
  const guint64 column = mel->n_columns > 2 ? mel->n_columns - 2 : 0;

  genre_holes_forget (&mel->holes, MIN (time, column_time (column)));
}

gboolean
genre_mel_spectrogram_set_rate (
    GenreMelSpectrogram *mel, guint rate, GError **error)
{
  if (!check_rate (rate, error))
    return FALSE;
  if (rate != mel->tables->rate) {
    guint64 heard = get_heard (mel);

    clear_rate (mel);
    init_rate (mel, rate);
    begin (mel, heard, mel->n_columns);
  }
  return TRUE;
}

static void
compute_column (
    GenreMelSpectrogram *mel, const float *samples, GenreMelColumn *column)
{
  const GenreMelTables *tables = mel->tables;
  const GenreKernels *kernels = mel->kernels;
  gsize n = tables->window >> tables->n_halvings << tables->n_halvings;
  const gsize n_samples = n;
  float energy, sum = 0;

  for (guint i = 0; i < tables->n_halvings; i++) {
    n /= 2;
    energy = kernels->halve (
        samples, tables->taps, n, mel->scratch, mel->halved);
    if (i == 0)
      sum = energy;
    samples = mel->halved;
  }
  energy = kernels->window (samples, tables->hann, n, mel->frame);
  if (tables->n_halvings == 0)
    sum = energy;
  column->mean_square = sum / n_samples;
  memset (mel->frame + n, 0, (2 * tables->size - n) * sizeof *mel->frame);
  fftwf_execute_dft (tables->plan, (fftwf_complex *) mel->frame, mel->spectrum);
  memcpy (mel->spectrum[tables->size], mel->spectrum[0], sizeof *mel->spectrum);
  kernels->real_power ((const float *) mel->spectrum, tables->size,
      tables->rotation, genre_filterbank_get_end (tables->filterbank),
      mel->power);
  kernels->filter (genre_filterbank_get_filters (tables->filterbank),
      GENRE_MEL_BANDS, mel->power, column->db);
  kernels->decibels (column->db, GENRE_MEL_BANDS, MIN_POWER);
}

/* Samples that the next column's window still needs. */
static gsize
count_needed (const GenreMelSpectrogram *mel)
{
  /* where there is a hole the end may be past already */
  return MAX (
      mel->next + (gint64) mel->tables->window - (gint64) mel->n_samples, 0);
}

/* Gives where the next samples go, and reduces their number, @n, to what the next
 * column still needs and there is room for. */
static float *
reserve (GenreMelSpectrogram *mel, gsize *n)
{
  *n = MIN (MIN (*n, count_needed (mel)), mel->tables->window);
  if (mel->n_buffered + *n > mel->capacity) {
    /* Samples before the next window are not needed any more.  But if a hole comes
     * now, that ends here, and among holes it may go back by two more. */
    const gint64 heard = mel->finished ? mel->n_heard : (gint64) mel->n_samples;
    const gint64 windows = mel->holes.holes->len > 0 ? 3 : 1;
    const gint64 keep = MIN (
        mel->next, heard - windows * (gint64) mel->tables->window);
    const gsize past = MAX (keep - mel->first, 0);

    mel->n_buffered -= past;
    mel->first += past;
    memmove (mel->samples, mel->samples + past,
        mel->n_buffered * sizeof *mel->samples);
  }
  return mel->samples + mel->n_buffered;
}

/* @n samples are there; gives whether they complete a column. */
static gboolean
commit (GenreMelSpectrogram *mel, gsize n, GenreMelColumn *column)
{
  const gboolean ready = n == count_needed (mel);

  mel->n_buffered += n;
  mel->n_samples += n;
  fade (mel, n);
  if (ready) {
    compute_column (mel, mel->samples + (mel->next - mel->first), column);
    mel->n_columns++;
    find_next (mel);
  }
  return ready;
}

static gsize
push (GenreMelSpectrogram *mel, GenreSampleFormat format, guint channels,
    const guint8 *samples, gsize n_frames, GenreMelColumn *column,
    gboolean *ready)
{
  const gsize stride = genre_sample_size (format) * channels;
  gsize done = 0;

  *ready = FALSE;
  while (done < n_frames && !*ready) {
    gsize n = n_frames - done;
    float *mono = reserve (mel, &n);

    if (samples)
      mel->kernels->downmix (
          format, channels, samples + done * stride, n, mono);
    else
      memset (mono, 0, n * sizeof *mono);
    *ready = commit (mel, n, column);
    done += n;
  }
  return done;
}

gsize
genre_mel_spectrogram_push (GenreMelSpectrogram *mel, GenreSampleFormat format,
    guint channels, gconstpointer samples, gsize n_frames,
    GenreMelColumn *column, gboolean *ready)
{
  *ready = FALSE;
  g_return_val_if_fail (channels > 0, n_frames);
  g_return_val_if_fail (!mel->finished, n_frames);
  return push (mel, format, channels, samples, n_frames, column, ready);
}

gsize
genre_mel_spectrogram_push_planar (GenreMelSpectrogram *mel,
    GenreSampleFormat format, guint channels, const gconstpointer *planes,
    gsize first, gsize n_frames, GenreMelColumn *column, gboolean *ready)
{
  gsize done = 0;

  *ready = FALSE;
  g_return_val_if_fail (!mel->finished, n_frames);
  while (done < n_frames && !*ready) {
    gsize n = n_frames - done;
    float *mono = reserve (mel, &n);

    mel->kernels->downmix_planar (
        format, channels, planes, first + done, n, mono);
    *ready = commit (mel, n, column);
    done += n;
  }
  return done;
}

gboolean
genre_mel_spectrogram_is_open (const GenreMelSpectrogram *mel, GError **error)
{
  return !mel->finished ||
      genre_refuse (error, GENRE_ERROR_ARGUMENT,
          "Samples after the end of the stream, expected none: it was finished");
}

float *
genre_mel_spectrogram_push_bytes (GenreMelSpectrogram *mel,
    GenreSampleFormat format, guint channels, const guint8 *samples, gsize size,
    gsize *n_values, GError **error)
{
  /* with room, so that there is an array even if it has no column */
  g_autoptr (GArray) values = g_array_sized_new (
      FALSE, FALSE, sizeof (float), GENRE_MEL_BANDS);
  gsize n_frames;

  *n_values = 0;
  if (!genre_mel_spectrogram_is_open (mel, error) ||
      !genre_count_frames (format, channels, size, &n_frames, error))
    return NULL;
  while (n_frames > 0) {
    GenreMelColumn column;
    gboolean ready;
    gsize taken = genre_mel_spectrogram_push (
        mel, format, channels, samples, n_frames, &column, &ready);

    samples += taken * genre_sample_size (format) * channels;
    n_frames -= taken;
    if (ready)
      g_array_append_vals (values, column.db, GENRE_MEL_BANDS);
  }
  *n_values = values->len;
  return (float *) g_array_free (g_steal_pointer (&values), FALSE);
}

gboolean
genre_mel_spectrogram_finish (GenreMelSpectrogram *mel, GenreMelColumn *column)
{
  gboolean ready = FALSE;

  if (!mel->finished) {
    mel->end = genre_mel_spectrogram_get_length (mel);
    mel->n_heard = mel->n_samples;
    mel->finished = TRUE;
    find_next (mel);
  }
  if (mel->n_columns >= genre_mel_column_at (mel->end))
    return FALSE;
  while (!ready)
    push (mel, GENRE_SAMPLE_F32, 1, NULL, mel->tables->window, column, &ready);
  return TRUE;
}

guint64
genre_mel_spectrogram_get_n_columns (const GenreMelSpectrogram *mel)
{
  return mel->n_columns;
}

guint64
genre_mel_spectrogram_get_length (const GenreMelSpectrogram *mel)
{
  return mel->finished ? mel->end : get_heard (mel) + mel->holes.missing;
}

double
genre_mel_band_at (double hz)
{
  /* the filter of band b has its peak at (b + 1) * step */
  const double step = genre_hz_to_mel (GENRE_MEL_F_MAX) / (GENRE_MEL_BANDS + 1);

  return genre_hz_to_mel (hz) / step - 1;
}
