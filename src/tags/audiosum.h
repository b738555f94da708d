/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <glib.h>

/* Limits and news of decoding, which may take long or hang. */
typedef struct
{
  guint timeout; /* s without samples after which it is given up; 0: never */
  /* called a few times a second while samples come, in the caller's thread; or
   * NULL */
  void (*progress) (gpointer user_data);
  gpointer user_data;
} AudioSumWatch;

/**
 * audio_sum:
 * @path: a media file
 * @watch: limits and news of the decoding
 * @error: return location for an error of the domain TAGS_ERROR: a reason of
 *     the input or of the decoder
 *
 * Returns: (transfer full) (nullable): the MD5 of the decoded samples of the
 *     first audio stream and of their format; %NULL with @error set if it cannot
 *     be decoded
 */
char *audio_sum (const char *path, const AudioSumWatch *watch, GError **error);
