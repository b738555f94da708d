/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Results as the lines of a table, as RFC 4180 has it: file, genre, confidence, one
 * probability for each of some labels, duration (seconds), model, tag, error and
 * error_code.  A field is empty if its value is not known; in a name, bytes that are
 * no UTF-8 are replaced. */

#pragma once

#include "analysis/result.h"

/* @labels: of string.  Free it with g_free(); the line's end is in it. */
char *csv_make_header (GPtrArray *labels);
char *csv_make_row (const Result *result, GPtrArray *labels);
