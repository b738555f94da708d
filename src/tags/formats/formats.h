/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The formats whose tags are known. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

extern const TagFormat tag_format_aiff;
extern const TagFormat tag_format_asf;
extern const TagFormat tag_format_flac;
extern const TagFormat tag_format_mp4;
extern const TagFormat tag_format_matroska;
extern const TagFormat tag_format_wav;
extern const TagFormat tag_format_mpeg;
extern const TagFormat tag_format_adts;
extern const TagFormat tag_format_tta;
extern const TagFormat tag_format_dsf;
extern const TagFormat tag_format_monkeys_audio;
extern const TagFormat tag_format_wavpack;
extern const TagFormat tag_format_musepack;
extern const TagFormat tag_format_tak;
extern const TagFormat tag_format_optimfrog;
extern const TagFormat tag_format_ogg;

/* All of them, in the order in which they are tried, and NULL. */
extern const TagFormat *const tag_formats[];

G_END_DECLS
