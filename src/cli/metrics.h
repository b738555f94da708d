/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How good answers are, by the formulas of models/metrics.py. */

#pragma once

#include <glib.h>

/* Answers, and what would have been right. */
typedef struct
{
  guint n, n_labels;
  const double *probabilities; /* [n][n_labels] */
  const guint *truth;          /* [n], a label's index each */
} MetricsInput;

typedef struct
{
  guint n; /* answers whose truth it is */
  double precision, recall, f1;
  double auc; /* NAN if all truths are it, or none is */
} LabelMetrics;

/* The answers whose confidence is in one tenth of 0 to 1. */
typedef struct
{
  guint n;
  double confidence; /* mean */
  double accuracy;
} CalibrationBin;

#define METRICS_N_BINS 10

typedef struct
{
  guint n, n_labels;
  double accuracy;
  double macro_f1; /* mean over all labels, also over those without a truth */
  double ece;      /* expected calibration error; Guo et al. 2017, equation 3 */
  LabelMetrics *labels; /* [n_labels] */
  guint *confusion;     /* [truth][prediction] */
  CalibrationBin bins[METRICS_N_BINS];
} Metrics;

/* @input has at least one answer.  Free it with metrics_free(). */
Metrics *metrics_new (const MetricsInput *input);
void metrics_free (Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Metrics, metrics_free)

typedef struct
{
  double false_positive_rate, true_positive_rate;
} RocPoint;

/* The ROC curve of @label: an array of RocPoint from (0, 0) to (1, 1), in which
 * equal probabilities make one step; free it with g_array_unref().  NULL if all
 * truths are @label, or none is. */
GArray *metrics_make_roc (const MetricsInput *input, guint label);
