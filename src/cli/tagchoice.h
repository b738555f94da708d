/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which genres of a result are written into the file's tags. */

#pragma once

#include "analysis/result.h"
#include "workeroptions.h"

/**
 * tag_choice_make:
 * @result: one with an answer
 * @options: how many labels, how probable they must be, whether tags follow, and the
 *     user's names
 * @classifier: (out) (nullable): the text for the field GENRECLASSIFY, if it is to
 *     be written
 *
 * Returns: (transfer full) (array zero-terminated=1): the genres as they are to be
 *     spelled, the most probable label's first, and then the tags that are at least as
 *     probable as RESULT_LEAST_TAG; none if the map leaves them out
 */
char **tag_choice_make (
    const Result *result, const WorkerOptions *options, char **classifier);
