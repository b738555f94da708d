/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The outcome of one file: its result, and what was written into its tags. */

#pragma once

#include "analysis/result.h"
#include "tags/tagwriter.h"

typedef struct
{
  Result *result;
  gboolean has_change; /* whether to write the genre was considered */
  TagChange change;
  char *write_error;      /* a sentence: why it could not be written, or NULL */
  Reason write_reason;    /* the same as a code */
  gboolean write_skipped; /* that is no failure; see reason_may_skip() */
} Outcome;

void outcome_clear (Outcome *outcome);

/* What has become of a file, of which each is counted once. */
typedef enum
{
  OUTCOME_CLASSIFIED,
  OUTCOME_SILENT,
  OUTCOME_NOT_MUSIC,
  OUTCOME_SKIPPED,
  OUTCOME_FAILED, /* it, or writing its tags */
  N_OUTCOMES
} OutcomeKind;

OutcomeKind outcome_get_kind (const Outcome *outcome);

/* The change as a JSON object in one line:
 *
 *   written  boolean: the genre was written or, in a dry run, would be
 *   old      string or null: the genre before, several values joined by "; "
 *   new      string or null: the genre now, or as it would be
 *   note     string or null: why it was not written, or what is to be known of it
 *   error    string or null: a sentence that says why it could not be written
 *   error_code, retryable and skipped  of that error, as in result_to_json() */
char *outcome_change_to_json (const Outcome *outcome);

/* The inverse; FALSE if @json is not such an object. */
gboolean outcome_take_change (Outcome *outcome, const char *json);

/* result_to_json() with another member "write", the change, if there is one. */
char *outcome_to_json (const Outcome *outcome, ResultParts parts);
