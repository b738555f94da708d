/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A picture of an evaluation: the confusion matrix, the reliability diagram and a
 * ROC curve for each genre. */

#pragma once

#include "metrics.h"

/* Writes it to @path as plot_write() does.  @labels [n_labels]; @model is its name
 * and version.  FALSE with @error set. */
gboolean evaluation_plot_write (const char *path, const Metrics *metrics,
    const MetricsInput *input, const char *const *labels, const char *model,
    GError **error);
