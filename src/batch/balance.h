/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which unit of work is in which part, so that all parts take about as long. */

#pragma once

#include <glib.h>

/**
 * balance_units:
 * @weights: what each of the @n units costs
 * @n: their number
 * @n_parts: at least 1
 *
 * The heaviest unit comes first, and each into the part that has the least so far:
 * then no part has more than the mean and the lightest of its own units.  Of equal
 * parts the first is taken, and equal units in the order of @weights, so that the
 * answer is always the same.
 *
 * Returns: (transfer full): the part of each unit, from 0; free with g_free()
 */
guint32 *balance_units (const guint32 *weights, guint32 n, guint n_parts);
