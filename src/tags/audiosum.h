/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <glib.h>

/* How decoding is watched, as it may take long or stand still. */
typedef struct
{
  guint timeout; /* s without samples after which it is given up; 0: never */
  /* told a few times a second that samples come, in the caller's thread; or NULL */
  void (*progress) (gpointer user_data);
  gpointer user_data;
} AudioSumWatch;

/* The MD5 of the decoded samples, in the decoder's own format, of the file
 * @path's first audio stream; NULL with @error set if it cannot be decoded. */
char *audio_sum (const char *path, const AudioSumWatch *watch, GError **error);
