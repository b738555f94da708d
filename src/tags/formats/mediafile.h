/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The bytes of a file; or those that it would have after some changes, of which
 * none has been made. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Changes of a file: places in it, and the bytes that they are to have. */
typedef struct _Splices Splices;

Splices *splices_new (void);
/* Puts @data (nullable; transfer full) in the place of @length bytes at @offset.
 * Several at one place are put there in the order in which they were added.
 * Places must not overlap. */
void splices_replace (
    Splices *splices, guint64 offset, guint64 length, GBytes *data);
/* Puts the @length bytes at @from, a place in the same file, where @offset is. */
void splices_insert_range (
    Splices *splices, guint64 offset, guint64 from, guint64 length);
/* By how many bytes what is at @offset moves: what is inserted at @offset itself
 * counts as before it. */
gint64 splices_get_shift (const Splices *splices, guint64 offset);
void splices_free (Splices *splices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Splices, splices_free)

typedef struct _MediaFile MediaFile;

/* @fd: open for reading; its position does not matter, and it is not closed. */
MediaFile *media_file_new (int fd);
/* The file as it would be after the changes.  Its bytes are read from @file, which
 * must stay. */
MediaFile *
media_file_new_changed (const MediaFile *file, const Splices *splices);
void media_file_free (MediaFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MediaFile, media_file_free)

/* Sets what is called after every 16 MiB that are read or written: of this file, of
 * those that are made of it by media_file_new_changed() later, and of those to which
 * media_file_share_watch() gives it. */
void media_file_set_watch (
    MediaFile *file, void (*progress) (gpointer), gpointer user_data);
void media_file_share_watch (const MediaFile *from, MediaFile *to);

guint64 media_file_get_size (const MediaFile *file);

/* Reads up to @length bytes at @offset.  Gives the number of bytes, which is less
 * only at the end of the file or after a failure: see media_file_check(). */
gsize media_file_read (
    MediaFile *file, guint64 offset, gpointer buffer, gsize length);
/* Exactly @length bytes at @offset; NULL if the file has not so many there. */
GBytes *media_file_get (MediaFile *file, guint64 offset, guint64 length);
/* TRUE if the file has exactly these bytes at @offset. */
gboolean media_file_has (
    MediaFile *file, guint64 offset, const void *bytes, gsize length);
/* FALSE with @error set, in TAGS_ERROR, if reading has failed since the file was
 * opened. */
gboolean media_file_check (const MediaFile *file, GError **error);

/* Writes all bytes to @fd, an empty file.  FALSE with @error set, in TAGS_ERROR, if
 * it failed. */
gboolean media_file_write (MediaFile *file, int fd, GError **error);

G_END_DECLS
