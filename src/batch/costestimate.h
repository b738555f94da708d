/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How much work a file will be, as far as that can be told before it is opened. */

#pragma once

#include <glib.h>

/* Seconds of audio that take as long as what every file takes: a pipeline is built, the
 * file is opened, its format found out and its tags are read. */
#define COST_OF_OPENING 15
/* what a file is taken for of which nothing is known: a song */
#define COST_OF_UNKNOWN 240
/* weights are numbers of these parts of a second */
#define COST_UNITS 16

/* The seconds of audio that a file of @bytes bytes is likely to have, by a bit rate
 * that is usual for its name's ending; 0 if that is none of music. */
double cost_estimate_seconds (const char *name, guint64 bytes);

/* The weight of a file, at least 1, with @seconds of audio; less than 0: unknown. */
guint32 cost_get_weight (double seconds);
