/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names of files, which are any bytes, as text. */

#pragma once

#include <glib.h>

/* Whether the ending of @name says that the file is audio, and no video.  Names of
 * hidden files say nothing: macOS writes "._song.mp3" beside "song.mp3". */
gboolean filename_is_audio (const char *name);

/* A name or a tag of a file as a terminal may show it: valid UTF-8 in one line and
 * without control characters; free with g_free(). */
char *filename_display (const char *text);

/* Bytes that are no UTF-8 as %FF, and "%" as "%25"; free with g_free().
 * g_uri_unescape_string() is the inverse. */
char *filename_escape (const char *name);
