/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A picture of an evaluation: the confusion matrix, the reliability diagram and
 * a ROC curve for each genre. */

#pragma once

#include "metrics.h"

/* Draws it to @path, which ends in .svg or .png; an older file stays until the
 * new one is whole.  @labels [n_labels]; @model: the model's name and
 * version.  FALSE with @error set. */
gboolean evaluation_plot_write (const char *path, const Metrics *metrics,
    const MetricsInput *input, const char *const *labels, const char *model,
    GError **error);
