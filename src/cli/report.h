/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the command prints. */

#pragma once

#include "workerpool.h"

typedef struct
{
  gboolean
      single;    /* one file: a bar for each genre, not a line for each file */
  gboolean json; /* JSON Lines */
  gboolean segments;      /* each segment is named */
  gboolean tags_of_model; /* what the model's head "tags" says */
  gboolean embedding;     /* the JSON has it */
  gboolean quiet;         /* only failures are printed */
  gboolean verbose;       /* skipped files are named */
  int top;                /* genres to name; 0: as many as suit */
  const TagOptions
      *tags;             /* how the genre is written: a dry run, the undo log */
  gboolean log_is_own;   /* the log's name was made up by the program */
  gboolean strict;       /* skipped files have an exit status of their own */
  guint64 max_failures;  /* so many make the exit status no other one */
  gboolean ok_if_failed; /* none do */
  const char *errors_path; /* where failures go as JSON Lines, or NULL */
} ReportOptions;

/* What the JSON of a result has beside what it always has. */
ResultParts report_get_parts (const ReportOptions *options);

typedef struct _Report Report;

/* NULL with @error set if the file of errors cannot be made. */
Report *report_new (const ReportOptions *options, GError **error);

/* Prints one outcome: a PoolFunc.  FALSE if stdout does not take it. */
gboolean report_add (const Outcome *outcome, gint64 total, gpointer report);

/* Prints on stderr what failed, and a summary.  Gives the exit status: 1 if
 * something failed, and otherwise, if "strict", 3 if something was skipped. */
int report_finish (Report *report);

/* Whether nobody reads stdout any more. */
gboolean report_is_cut_off (const Report *report);
void report_free (Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)
