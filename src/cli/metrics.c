/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "metrics.h"

#include <math.h>

typedef struct
{
  double score;
  gboolean positive;
} Scored;

/* The highest first. */
static int
compare_scores (gconstpointer a, gconstpointer b)
{
  double x = ((const Scored *) a)->score, y = ((const Scored *) b)->score;

  return (x < y) - (x > y);
}

/* Gives the answers [n] sorted by the label's probability, and how many of them
 * are right; free with g_free(). */
static Scored *
sort_by_score (const MetricsInput *input, guint label, guint *n_positive)
{
  Scored *scored = g_new (Scored, input->n);

  *n_positive = 0;
  for (guint i = 0; i < input->n; i++) {
    scored[i].score = input->probabilities[(gsize) i * input->n_labels + label];
    scored[i].positive = input->truth[i] == label;
    *n_positive += scored[i].positive;
  }
  qsort (scored, input->n, sizeof *scored, compare_scores);
  return scored;
}

GArray *
metrics_make_roc (const MetricsInput *input, guint label)
{
  guint n_positive, n_true = 0, n_false = 0;
  g_autofree Scored *scored = sort_by_score (input, label, &n_positive);
  RocPoint point = { 0, 0 };
  GArray *curve;

  if (n_positive == 0 || n_positive == input->n)
    return NULL;
  curve = g_array_new (FALSE, FALSE, sizeof (RocPoint));
  g_array_append_val (curve, point);
  for (guint i = 0; i < input->n; i++) {
    n_true += scored[i].positive;
    n_false += !scored[i].positive;
    if (i + 1 < input->n && scored[i + 1].score == scored[i].score)
      continue;
    point.true_positive_rate = (double) n_true / n_positive;
    point.false_positive_rate = (double) n_false / (input->n - n_positive);
    g_array_append_val (curve, point);
  }
  return curve;
}

/* The sum of trapezoids, so that equal probabilities count half, as they do by
 * mean ranks. */
static double
area_under (const MetricsInput *input, guint label)
{
  g_autoptr (GArray) curve = metrics_make_roc (input, label);
  double area = 0;

  if (!curve)
    return NAN;
  for (guint i = 1; i < curve->len; i++) {
    RocPoint a = g_array_index (curve, RocPoint, i - 1),
             b = g_array_index (curve, RocPoint, i);

    area += (b.false_positive_rate - a.false_positive_rate) *
        (a.true_positive_rate + b.true_positive_rate) / 2;
  }
  return area;
}

/* The most probable label; the first of several that are. */
static guint
get_best (const double *probabilities, guint n)
{
  guint best = 0;

  for (guint i = 1; i < n; i++)
    if (probabilities[i] > probabilities[best])
      best = i;
  return best;
}

/* Fills the confusions, the accuracy and the sums of the bins. */
static void
count_answers (Metrics *metrics, const MetricsInput *input)
{
  for (guint i = 0; i < input->n; i++) {
    const double *p = input->probabilities + (gsize) i * input->n_labels;
    guint guess = get_best (p, input->n_labels);
    gboolean right = guess == input->truth[i];
    CalibrationBin *bin = metrics->bins +
        MIN ((guint) (p[guess] * METRICS_N_BINS), METRICS_N_BINS - 1);

    metrics->confusion[input->truth[i] * input->n_labels + guess]++;
    metrics->accuracy += right / (double) input->n;
    bin->n++;
    bin->confidence += p[guess];
    bin->accuracy += right;
  }
}

static void
measure_label (Metrics *metrics, const MetricsInput *input, guint label)
{
  LabelMetrics *measured = metrics->labels + label;
  guint n = metrics->n_labels, n_predicted = 0;
  guint hits = metrics->confusion[label * n + label];

  for (guint i = 0; i < n; i++) {
    n_predicted += metrics->confusion[i * n + label];
    measured->n += metrics->confusion[label * n + i];
  }
  measured->precision = n_predicted ? (double) hits / n_predicted : 0;
  measured->recall = measured->n ? (double) hits / measured->n : 0;
  measured->f1 = n_predicted + measured->n
      ? 2.0 * hits / (n_predicted + measured->n)
      : 0;
  measured->auc = area_under (input, label);
}

/* Makes means of the bins' sums, and the calibration error of them. */
static void
measure_calibration (Metrics *metrics)
{
  for (guint i = 0; i < METRICS_N_BINS; i++) {
    CalibrationBin *bin = metrics->bins + i;

    if (bin->n == 0)
      continue;
    bin->confidence /= bin->n;
    bin->accuracy /= bin->n;
    metrics->ece += fabs (bin->confidence - bin->accuracy) * bin->n /
        metrics->n;
  }
}

Metrics *
metrics_new (const MetricsInput *input)
{
  Metrics *metrics = g_new0 (Metrics, 1);

  g_return_val_if_fail (input->n > 0 && input->n_labels > 0, metrics);
  metrics->n = input->n;
  metrics->n_labels = input->n_labels;
  metrics->labels = g_new0 (LabelMetrics, input->n_labels);
  metrics->confusion = g_new0 (guint, input->n_labels * input->n_labels);
  count_answers (metrics, input);
  measure_calibration (metrics);
  for (guint i = 0; i < input->n_labels; i++) {
    measure_label (metrics, input, i);
    metrics->macro_f1 += metrics->labels[i].f1 / input->n_labels;
  }
  return metrics;
}

void
metrics_free (Metrics *metrics)
{
  if (!metrics)
    return;
  g_free (metrics->labels);
  g_free (metrics->confusion);
  g_free (metrics);
}
