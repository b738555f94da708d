/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What those who make a plan know of it besides plan.h. */

#pragma once

#include "plan.h"

#define PLAN_FILE "plan.json"

/* The sum of bytes or files, or the largest number that plan.json has: sizes of sparse
 * files may say anything. */
guint64 plan_add (guint64 a, guint64 b);

/* Makes plan->whole the sum of the parts. */
void plan_sum_up (Plan *plan);
