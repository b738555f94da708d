/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The genre in a file's tags, read and written by TagLib. */

#pragma once

#include <glib.h>

#include "tagstate.h"

G_BEGIN_DECLS

/**
 * tag_file_read:
 * @fd: an open file that can be read and sought; its position does not matter.
 *     For bytes in memory, memfd_create() makes one.
 * @state: (out caller-allocates): what the tags say; to be cleared with
 *     tag_state_clear() if this returns %TRUE
 * @error: return location for an error of the domain TAGS_ERROR
 *
 * Tags that cannot be written without loss are no error here: see
 * @state->unwritable.
 *
 * Returns: %FALSE with @error set if the file cannot be read
 *     (REASON_UNREADABLE), or if its format is none of MP3, FLAC, Ogg Vorbis,
 *     Opus, MP4, WAV, AIFF, APE and WavPack (REASON_UNWRITABLE_FORMAT)
 */
gboolean tag_file_read (int fd, TagState *state, GError **error);

/**
 * tag_file_write:
 * @fd: the open file, for reading and writing
 * @state: the genres and classifiers that the tags are to have.  A kind of tag
 *     without genres (%NULL) loses those that it has, and is removed if nothing
 *     is left in it.
 * @id3v23: the version of an ID3v2 tag that is made: 2.3 or, if %FALSE, 2.4.  A
 *     tag that is there keeps its version, but 2.2 becomes 2.4.
 * @error: return location for an error of the domain TAGS_ERROR
 *
 * Returns: %FALSE with @error set if it failed; the file may then be damaged
 */
gboolean
tag_file_write (int fd, const TagState *state, gboolean id3v23, GError **error);

G_END_DECLS
