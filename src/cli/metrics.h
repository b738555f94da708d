/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How good answers are, by the formulas of models/evaluate.py. */

#pragma once

#include <glib.h>

/* Answers and what would have been right. */
typedef struct
{
  guint n, n_labels;
  const double *probabilities; /* [n][n_labels] */
  const guint *truth;          /* [n], a label's index each */
} MetricsInput;

typedef struct
{
  guint n; /* how many of the truths it is */
  double precision, recall, f1;
  double auc; /* NAN if there is only one kind of truth */
} LabelMetrics;

/* The answers of one tenth of the confidences. */
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
  double macro_f1; /* mean over all labels, those without any truth as well */
  double ece;      /* expected calibration error; Guo et al. 2017, equation 3 */
  LabelMetrics *labels; /* [n_labels] */
  guint *confusion;     /* [truth][prediction] */
  CalibrationBin bins[METRICS_N_BINS];
} Metrics;

/* @input has at least one answer. */
Metrics *metrics_new (const MetricsInput *input);
void metrics_free (Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Metrics, metrics_free)

typedef struct
{
  double false_positive_rate, true_positive_rate;
} RocPoint;

/* The ROC curve of @label from (0, 0) to (1, 1), of RocPoint; NULL if there is only
 * one kind of truth.  Equal scores are one step.  Free with g_array_unref(). */
GArray *metrics_make_roc (const MetricsInput *input, guint label);
