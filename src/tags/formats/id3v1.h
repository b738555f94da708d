/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ID3v1 tags: https://id3.org/ID3v1.  Their genre is the last byte, a number. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

#define ID3V1_SIZE 128 /* bytes of a tag */

/* @data: a tag, ID3V1_SIZE bytes */
void id3v1_add_to_layout (GBytes *data, Layout *layout);

/* The tag with the genre that @wanted has.  NULL with @error set if the list of
 * genres lacks it. */
GBytes *id3v1_render (GBytes *data, const TagState *wanted, GError **error);

G_END_DECLS
