/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The formats whose tags are known. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

extern const TagFormat tag_format_flac;
extern const TagFormat tag_format_matroska;

/* All of them, in the order in which they are tried, and NULL. */
extern const TagFormat *const tag_formats[];

G_END_DECLS
