/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <glib.h>

/* The MD5 of the decoded samples, in the decoder's own format, of the file
 * @path's first audio stream; NULL with @error set if it cannot be decoded. */
char *audio_sum (const char *path, GError **error);
