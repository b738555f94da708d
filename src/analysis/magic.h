/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What files of music begin with, whatever their names. */

#pragma once

#include <glib.h>

/* bytes of a start that are looked at */
#define MAGIC_SIZE 512

/* Whether the @n bytes @start are the start of a file of music, and certainly not that
 * of a list of names.  FALSE for music without a header, and where this cannot be
 * told. */
gboolean magic_is_music (const guint8 *start, gsize n);
