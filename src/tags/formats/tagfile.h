/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The genre in the tags of a file of any format: read, changed, and proved to be
 * all that was changed. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

/* An open file that was scanned. */
typedef struct _TagFile TagFile;

/**
 * tag_file_open:
 * @fd: an open file that can be read and sought; its position does not matter.
 *     It is not closed, and must stay open.  For bytes in memory, memfd_create()
 *     makes one.
 * @error: return location for an error of the domain TAGS_ERROR
 *
 * The format is recognised by the content.  Tags that cannot be written are no
 * error here: see tag_file_get_obstacle().
 *
 * Returns: (transfer full) (nullable): %NULL with @error set if the file cannot be
 *     read, or is of no format whose tags are known (REASON_UNWRITABLE_FORMAT)
 */
TagFile *tag_file_open (int fd, GError **error);
void tag_file_free (TagFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TagFile, tag_file_free)

/* Sets what is called now and then while much of the file, or of what it is changed
 * to, is read or written. */
void tag_file_set_watch (
    TagFile *file, void (*progress) (gpointer), gpointer user_data);

/* The name of the format, such as "FLAC". */
const char *tag_file_get_format (const TagFile *file);
/* What its tags say; it is the file's. */
const TagState *tag_file_get_state (const TagFile *file);
/* Why the genre cannot be written: a sentence in the domain TAGS_ERROR, which is the
 * file's; NULL if it can. */
const GError *tag_file_get_obstacle (const TagFile *file);
/* The names of the pieces that are kept, with their sizes, for debugging and tests:
 * a line for each; free with g_free(). */
char *tag_file_describe (const TagFile *file);

/**
 * tag_file_change:
 * @file: the file, which must stay
 * @wanted: what its tags are to say; the fields count if they are known, the genres
 *     and classifiers otherwise
 * @options: how
 * @error: return location for an error of the domain TAGS_ERROR
 *
 * Makes the file that it is to become, without writing anything: the bytes are
 * those of @file but for the changes.  It is proved, by reading it as any other
 * file, that it says what is wanted and that all else is the same.
 *
 * Returns: (transfer full) (nullable): %NULL with @error set if there is an
 *     obstacle, or the proof fails
 */
TagFile *tag_file_change (const TagFile *file, const TagState *wanted,
    const EditOptions *options, GError **error);

/**
 * tag_file_write:
 * @changed: what tag_file_change() gave for @before
 * @fd: an empty file, open for reading and writing
 *
 * Writes the bytes, reads them again and repeats the proof.
 *
 * Returns: %FALSE with @error set, in TAGS_ERROR, if that failed
 */
gboolean tag_file_write (
    const TagFile *before, const TagFile *changed, int fd, GError **error);

G_END_DECLS
