/* SPDX-License-Identifier: GPL-2.0-or-later */

/* That the parts of a batch take about as long, and which unit is in which. */

#include "batch/balance.h"

#include <math.h>
#include <stdlib.h>

#include "batch/costestimate.h"

#define N_FILES 100000
#define N_PARTS 100
#define MAX_RATIO 1.05

/* A radio archive: songs, and 3 % of mixes of up to two hours, which have a tenth to a
 * half of all the audio. */
static double *
make_lengths (GRand *random)
{
  double *lengths = g_new (double, N_FILES);

  for (guint i = 0; i < N_FILES; i++)
    lengths[i] = g_rand_double (random) < 0.03
        ? g_rand_double_range (random, 1800, 7200)
        : 90 + g_rand_double (random) * 150 + g_rand_double (random) * 150;
  return lengths;
}

/* The slowest part's time of the mean, if the files are divided by @weights and take as
 * long as @lengths and their opening. */
static double
get_ratio (const guint32 *weights, const double *lengths)
{
  g_autofree guint32 *parts = balance_units (weights, N_FILES, N_PARTS);
  double sums[N_PARTS] = { 0 }, all = 0, slowest = 0;

  for (guint i = 0; i < N_FILES; i++) {
    sums[parts[i]] += lengths[i] + COST_OF_OPENING;
    all += lengths[i] + COST_OF_OPENING;
  }
  for (guint i = 0; i < N_PARTS; i++)
    slowest = fmax (slowest, sums[i]);
  return slowest / (all / N_PARTS);
}

static void
test_known_lengths (void)
{
  for (guint seed = 1; seed <= 5; seed++) {
    g_autoptr (GRand) random = g_rand_new_with_seed (seed);
    g_autofree double *lengths = make_lengths (random);
    g_autofree guint32 *weights = g_new (guint32, N_FILES);
    double ratio;

    for (guint i = 0; i < N_FILES; i++)
      weights[i] = cost_get_weight (lengths[i]);
    ratio = get_ratio (weights, lengths);
    g_test_message ("slowest / mean = %.6f", ratio);
    g_assert_cmpfloat (ratio, <=, MAX_RATIO);
    /* far better: no more than the shortest song beyond the mean */
    g_assert_cmpfloat (ratio, <=, 1.001);
  }
}

/* MP3s of 128 to 320 kbit/s, of which nothing but the size is known. */
static void
test_known_sizes (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autofree double *lengths = make_lengths (random);
  g_autofree guint32 *weights = g_new (guint32, N_FILES);
  static const guint rates[] = { 128, 192, 192, 256, 320 };
  double ratio;

  for (guint i = 0; i < N_FILES; i++) {
    guint rate = rates[g_rand_int_range (random, 0, G_N_ELEMENTS (rates))];
    guint64 bytes = (guint64) (lengths[i] * rate * 125);

    weights[i] = cost_get_weight (cost_estimate_seconds ("a.mp3", bytes));
  }
  ratio = get_ratio (weights, lengths);
  g_test_message ("slowest / mean by size = %.4f", ratio);
  g_assert_cmpfloat (ratio, <=, 1.1);
}

/* What balance.h says, with no heap and no sorting by digits. */
static guint32 *
divide_slowly (const guint32 *weights, guint n, guint n_parts)
{
  g_autofree guint64 *loads = g_new0 (guint64, n_parts);
  g_autofree gboolean *taken = g_new0 (gboolean, n);
  guint32 *parts = g_new (guint32, n);

  for (guint turn = 0; turn < n; turn++) {
    guint best = n, part = 0;

    for (guint i = 0; i < n; i++)
      if (!taken[i] && (best == n || weights[i] > weights[best]))
        best = i;
    for (guint i = 1; i < n_parts; i++)
      if (loads[i] < loads[part])
        part = i;
    taken[best] = TRUE;
    loads[part] += weights[best];
    parts[best] = part;
  }
  return parts;
}

static void
test_order (void)
{
  /* few values, so that there are many ties, and all digits of a weight */
  static const guint32 limits[] = { 1, 3, 100, 70000, G_MAXINT32 };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (guint turn = 0; turn < 500; turn++) {
    guint n = g_rand_int_range (random, 1, 60);
    guint n_parts = g_rand_int_range (random, 1, 12);
    gint32 limit = (gint32) limits[turn % G_N_ELEMENTS (limits)];
    g_autofree guint32 *weights = g_new (guint32, n);
    g_autofree guint32 *parts = NULL, *expected = NULL;

    for (guint i = 0; i < n; i++)
      weights[i] = (guint32) g_rand_int_range (random, 0, limit) + 1;
    if (turn % 7 == 0)
      weights[n / 2] = G_MAXUINT32;
    parts = balance_units (weights, n, n_parts);
    expected = divide_slowly (weights, n, n_parts);
    g_assert_cmpmem (parts, n * sizeof *parts, expected, n * sizeof *expected);
  }
}

/* Each gets one unit before any gets another one. */
static void
test_no_part_is_empty (void)
{
  static const guint32 weights[] = { 1, 4000000000, 1, 4000000000, 1 };
  g_autofree guint32 *parts = balance_units (weights, 5, 5);
  guint seen = 0;

  for (guint i = 0; i < 5; i++)
    seen |= 1 << parts[i];
  g_assert_cmpuint (seen, ==, 31);
}

/* Costs */

static void
assert_seconds (const char *name, guint64 bytes, double min, double max)
{
  double seconds = cost_estimate_seconds (name, bytes);

  g_test_message ("%s: %g s", name, seconds);
  g_assert_cmpfloat (seconds, >=, min);
  g_assert_cmpfloat (seconds, <=, max);
}

static void
test_costs (void)
{
  guint64 cd = 44100 * 4 * 60;

  assert_seconds ("/a/b.wav", cd, 59, 61);
  assert_seconds ("/a/b.FLAC", cd * 6 / 10, 50, 70);
  assert_seconds ("b.mp3", 60 * 224 * 125, 59, 61);
  assert_seconds ("b.opus", 60 * 128 * 125, 50, 70);
  /* of no ending, an unknown one, one of the folder */
  assert_seconds ("b", 60 * 256 * 125, 59, 61);
  assert_seconds ("b.unknown", 60 * 256 * 125, 59, 61);
  assert_seconds ("/a.wav/b", 60 * 256 * 125, 59, 61);
  assert_seconds ("cover.JPG", 5000000, 0, 0);
  assert_seconds ("b.mp3", 0, 0, 0);
  assert_seconds ("b.amr", G_MAXUINT64, 1e15, 1e18);
}

static void
test_weights (void)
{
  g_assert_cmpuint (cost_get_weight (0), ==, COST_OF_OPENING * COST_UNITS);
  g_assert_cmpuint (
      cost_get_weight (100), ==, (COST_OF_OPENING + 100) * COST_UNITS);
  g_assert_cmpuint (cost_get_weight (-1), ==,
      (COST_OF_OPENING + COST_OF_UNKNOWN) * COST_UNITS);
  g_assert_cmpuint (cost_get_weight (1e300), ==, G_MAXUINT32);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/balance/known-lengths", test_known_lengths);
  g_test_add_func ("/balance/known-sizes", test_known_sizes);
  g_test_add_func ("/balance/order", test_order);
  g_test_add_func ("/balance/no-part-is-empty", test_no_part_is_empty);
  g_test_add_func ("/balance/costs", test_costs);
  g_test_add_func ("/balance/weights", test_weights);
  return g_test_run ();
}
