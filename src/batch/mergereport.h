/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the results of a batch come to, in words. */

#pragma once

#include "cli/outcome.h"
#include "plan.h"

typedef struct _MergeReport MergeReport;

MergeReport *merge_report_new (const Plan *plan);
void merge_report_free (MergeReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MergeReport, merge_report_free)

/* Counts one file.  Gives whether it has failed. */
gboolean merge_report_add (MergeReport *report, const Outcome *outcome);

/* Counts @n files into which tags were written: their results only tell what the last
 * attempt at the part has done. */
void merge_report_add_written (MergeReport *report, guint64 n);

/* The text; free with g_free(). */
char *merge_report_print (const MergeReport *report);
