/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Signals that have broken analysers. */

#include <math.h>

#include "fixture.h"
#include "support.h"

/* Value @i of each signal. */
static double
signal_silence (GRand *rand, guint i)
{
  (void) rand;
  (void) i;
  return 0;
}

static double
signal_dc (GRand *rand, guint i)
{
  (void) rand;
  (void) i;
  return 1;
}

static double
signal_square (GRand *rand, guint i)
{
  (void) rand;
  return i / 50 % 2 ? 1 : -1;
}

static double
signal_sine (GRand *rand, guint i)
{
  (void) rand;
  return sin (2 * G_PI * i * 440 / 22050);
}

static double
signal_noise (GRand *rand, guint i)
{
  (void) i;
  return g_rand_double_range (rand, -1, 1);
}

static double
signal_click (GRand *rand, guint i)
{
  (void) rand;
  return i == 70000;
}

static double
signal_denormal (GRand *rand, guint i)
{
  (void) rand;
  return i % 2 ? 1e-40 : -1e-40;
}

static double
signal_loudest (GRand *rand, guint i)
{
  (void) rand;
  return i % 2 ? 1e9 : -1e9;
}

static double
signal_too_loud (GRand *rand, guint i)
{
  (void) rand;
  return i % 2 ? 1e38 : -1e38;
}

static double
signal_nan (GRand *rand, guint i)
{
  (void) rand;
  (void) i;
  return NAN;
}

static double
signal_infinity (GRand *rand, guint i)
{
  (void) rand;
  return i % 3 ? INFINITY : -INFINITY;
}

static double
signal_noise_with_nan (GRand *rand, guint i)
{
  return i % 1000 ? g_rand_double_range (rand, -1, 1) : NAN;
}

static const struct
{
  const char *name;
  double (*value) (GRand *rand, guint i);
  double level; /* dB; NAN: any finite one */
  gboolean counts_as_silence;
} signals[] = {
  { "silence", signal_silence, -INFINITY, TRUE },
  { "dc", signal_dc, 0, FALSE },
  { "square", signal_square, 0, FALSE },
  { "sine", signal_sine, -3.01, FALSE },
  { "noise", signal_noise, -4.77, FALSE },
  { "click", signal_click, NAN, FALSE },
  { "denormal", signal_denormal, -INFINITY, TRUE },
  { "loudest", signal_loudest, 180, FALSE },
  { "too-loud", signal_too_loud, -INFINITY, TRUE },
  { "nan", signal_nan, -INFINITY, TRUE },
  { "infinity", signal_infinity, -INFINITY, TRUE },
  { "noise-with-nan", signal_noise_with_nan, -4.77, FALSE },
};

static void
test_signal (gconstpointer data)
{
  gsize s = GPOINTER_TO_SIZE (data);
  const gsize n = 6 * 22050;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree float *f32 = g_new (float, n);
  g_autofree double *f64 = g_new (double, n);
  GenreModel *model = load_model ();
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  g_autofree float *probabilities = g_new (float, n_labels);

  for (gsize i = 0; i < n; i++)
    f32[i] = f64[i] = signals[s].value (rand, i);
  for (guint pass = 0; pass < 2; pass++) {
    g_autoptr (GError) error = NULL;
    GenreSegment *segment;
    const float *columns;
    double level;
    gsize n_values;

    genre_classifier_reset (classifier);
    genre_classifier_push (classifier,
        pass ? GENRE_SAMPLE_F64 : GENRE_SAMPLE_F32, 1,
        pass ? (gconstpointer) f64 : f32, n);
    genre_classifier_finish (classifier);
    segment = genre_classifier_take_segment (classifier);
    g_assert_nonnull (segment);

    columns = genre_segment_get_columns (segment, &n_values);
    for (gsize i = 0; i < n_values; i++)
      if (signals[s].counts_as_silence
              ? columns[i] != -100
              : !isfinite (columns[i]) || columns[i] < -100) {
        g_test_message ("value %" G_GSIZE_FORMAT " is %g dB", i, columns[i]);
        g_test_fail ();
      }

    level = genre_segment_get_level (segment);
    g_test_message ("%g dB", level);
    if (isnan (signals[s].level))
      g_assert_true (isfinite (level));
    else if (isinf (signals[s].level))
      g_assert_cmpfloat (level, <, -700);
    else /* the windows at both ends are not full */
      g_assert_cmpfloat_with_epsilon (level, signals[s].level, 0.1);

    classify (classifier, segment, probabilities, &error);
    g_assert_no_error (error);
    assert_probabilities (probabilities, n_labels);
    genre_segment_unref (segment);
  }
  genre_classifier_unref (classifier);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autofree char *name = g_strconcat ("/signals/", signals[i].name, NULL);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_signal);
  }
  return fixture_run ();
}
