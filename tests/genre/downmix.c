/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sample formats, and the mix of channels to one. */

#include <math.h>
#include <string.h>

#include "fixture.h"
#include "support.h"

/* The values of the columns of one segment each differ by no more than
 * @tolerance, dB. */
static void
assert_close (GByteArray *a, GByteArray *b, float tolerance)
{
  /* what take_all puts before the columns */
  const gsize skip = 2 * sizeof (guint64) + sizeof (gboolean) + sizeof (double);

  g_assert_cmpuint (a->len, ==, b->len);
  for (gsize i = skip; i + 4 <= MIN (a->len, b->len); i += 4) {
    float x, y;

    memcpy (&x, a->data + i, 4);
    memcpy (&y, b->data + i, 4);
    if (!(fabsf (x - y) <= tolerance)) {
      g_test_message ("%g and %g dB", x, y);
      g_test_fail ();
    }
  }
}

typedef struct
{
  GenreSampleFormat format;
  gsize size;
} Format;

static const Format formats[] = {
  { GENRE_SAMPLE_S16, 2 },
  { GENRE_SAMPLE_S32, 4 },
  { GENRE_SAMPLE_F32, 4 },
  { GENRE_SAMPLE_F64, 8 },
};

static void
store (const Format *format, void *samples, gsize i, gint16 value)
{
  switch (format->format) {
    case GENRE_SAMPLE_S16:
      ((gint16 *) samples)[i] = value;
      break;
    case GENRE_SAMPLE_S32:
      ((gint32 *) samples)[i] = value * 65536;
      break;
    case GENRE_SAMPLE_F32:
      ((float *) samples)[i] = value / 32768.0f;
      break;
    case GENRE_SAMPLE_F64:
      ((double *) samples)[i] = value / 32768.0;
      break;
  }
}

#define FRAMES (4 * 8000 + 5)

/* Analyses @noise [FRAMES][channels] in that format. */
static GByteArray *
analyse (
    const Format *format, guint channels, gboolean planar, const gint16 *noise)
{
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 8000, 4 * SECOND, 0, SECOND);
  g_autofree guint8 *samples = g_malloc (FRAMES * channels * format->size);
  g_autofree gconstpointer *planes = g_new (gconstpointer, channels);
  GByteArray *result;

  for (gsize i = 0; i < FRAMES; i++)
    for (guint c = 0; c < channels; c++)
      store (format, samples, planar ? c * FRAMES + i : i * channels + c,
          noise[i * channels + c]);
  for (guint c = 0; c < channels; c++)
    planes[c] = samples + c * FRAMES * format->size;
  if (planar)
    genre_classifier_push_planar (
        classifier, format->format, channels, planes, FRAMES);
  else
    genre_classifier_push (
        classifier, format->format, channels, samples, FRAMES);
  genre_classifier_finish (classifier);
  result = take_all (classifier);
  genre_classifier_unref (classifier);
  return result;
}

static void
test_formats (void)
{
  for (guint channels = 1; channels <= 6; channels++) {
    g_autofree gint16 *noise = make_noise (FRAMES * channels, channels);
    g_autoptr (GByteArray)
        expected = analyse (&formats[0], channels, FALSE, noise);

    for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
      g_autoptr (GByteArray)
          interleaved = analyse (&formats[i], channels, FALSE, noise);
      g_autoptr (GByteArray)
          planar = analyse (&formats[i], channels, TRUE, noise);

      /* one and two channels are added and halved without rounding */
      if (channels <= 2)
        assert_same (interleaved, expected);
      assert_close (interleaved, expected, 1e-3f);
      assert_close (planar, expected, 1e-3f);
    }
  }
}

/* It is the mean of the channels that is analysed. */
static void
test_downmix (void)
{
  g_autofree gint16 *mono = make_noise (FRAMES, 1);
  g_autofree gint16 *same = g_new (gint16, 2 * FRAMES);
  g_autofree gint16 *opposite = g_new (gint16, 2 * FRAMES);
  g_autofree gint16 *silence = g_new0 (gint16, FRAMES);
  g_autofree gint16 *left = g_new0 (gint16, 2 * FRAMES);
  g_autofree gint16 *half = g_new (gint16, FRAMES);
  g_autoptr (GByteArray) of_mono = NULL, of_same = NULL, of_opposite = NULL;
  g_autoptr (GByteArray) of_silence = NULL, of_left = NULL, of_half = NULL;

  for (gsize i = 0; i < FRAMES; i++) {
    mono[i] &= ~1; /* even: can be halved and negated */
    mono[i] = MAX (mono[i], -32766);
    same[2 * i] = same[2 * i + 1] = mono[i];
    opposite[2 * i] = mono[i];
    opposite[2 * i + 1] = -mono[i];
    left[2 * i] = mono[i];
    half[i] = mono[i] / 2;
  }
  of_mono = analyse (&formats[0], 1, FALSE, mono);
  of_same = analyse (&formats[0], 2, FALSE, same);
  of_opposite = analyse (&formats[0], 2, FALSE, opposite);
  of_silence = analyse (&formats[0], 1, FALSE, silence);
  of_left = analyse (&formats[0], 2, FALSE, left);
  of_half = analyse (&formats[0], 1, FALSE, half);
  assert_same (of_same, of_mono);
  assert_same (of_opposite, of_silence);
  assert_same (of_left, of_half);
}

/* No samples at all are silence, for as long as they are said to last. */
static void
test_null_is_silence (void)
{
  g_autofree gint16 *silence = g_new0 (gint16, FRAMES);
  g_autoptr (GByteArray) expected = analyse (&formats[0], 1, FALSE, silence);
  g_autoptr (GByteArray) result = NULL;
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 8000, 4 * SECOND, 0, SECOND);

  genre_classifier_push (classifier, GENRE_SAMPLE_F64, 7, NULL, FRAMES);
  genre_classifier_finish (classifier);
  result = take_all (classifier);
  assert_same (result, expected);
  genre_classifier_unref (classifier);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/downmix/formats", test_formats);
  g_test_add_func ("/downmix/channels", test_downmix);
  g_test_add_func ("/downmix/null-is-silence", test_null_is_silence);
  return fixture_run ();
}
