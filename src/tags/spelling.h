/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How ID3v1's list spells genres.  Players know these names, so they are
 * written into all kinds of tags. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The name in ID3v1's list that is the same as @label but for case and all that
 * is not a letter or digit ("hiphop": "Hip-Hop"); @label itself if there is
 * none.  Either a static string or @label. */
const char *spelling_of_label (const char *label);

/* The same of what a model's tags call it, which are written small: what the list does
 * not have gets a capital at the beginning of each word ("Female Vocalists").  Free it. */
char *spelling_of_tag (const char *tag);

G_END_DECLS
