/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The atoms (boxes) of MP4 and QuickTime:
 * https://developer.apple.com/documentation/quicktime-file-format
 * https://mpeggroup.github.io/FileFormatConformance/ */

#pragma once

#include "mediafile.h"

G_BEGIN_DECLS

/* An atom's type of its name, four characters. */
#define MP4_TYPE(a, b, c, d)                                                   \
  ((guint32) (a) << 24 | (guint32) (b) << 16 | (guint32) (c) << 8 |            \
      (guint32) (d))

#define MP4_HEADER 8 /* bytes of an atom's header that has a size of 32 bits */

typedef struct
{
  guint64 offset;
  guint64 size; /* with its header */
  guint32 type;
  guint8 header;   /* bytes: 8, or 16 with a size of 64 bits */
  gboolean to_end; /* its size is not told: it goes to the file's end */
} Mp4Atom;

/* Where atoms are, one behind the other. */
typedef struct
{
  MediaFile *file;
  guint64 offset; /* of the next one */
  guint64 end;
  gboolean is_top; /* the last one may go to the file's end */
} Mp4Walk;

/* Reads the next atom.  FALSE if there is none, or none that is whole: the walk's
 * offset is then not its end. */
gboolean mp4_next (Mp4Walk *walk, Mp4Atom *atom);

/* A walk through the atom's contents behind the first @skip bytes. */
Mp4Walk mp4_enter (MediaFile *file, const Mp4Atom *atom, guint64 skip);

/* The first atom of this type in the contents, behind @skip bytes. */
gboolean mp4_find (MediaFile *file, const Mp4Atom *parent, guint64 skip,
    guint32 type, Mp4Atom *atom);

/* Where the atoms in @parent end, behind its first @skip bytes. */
guint64 mp4_find_end (MediaFile *file, const Mp4Atom *parent, guint64 skip);

/* How many bytes of a "meta" atom stand before its atoms: 4, or none in
 * QuickTime's style. */
guint64 mp4_get_meta_skip (MediaFile *file, const Mp4Atom *meta);

guint64 mp4_get_end (const Mp4Atom *atom);

/* Its name for people.  To be freed with g_free(). */
char *mp4_type_to_name (guint32 type);

/* Where the atom's size is, and in how many bytes. */
guint64 mp4_get_size_offset (const Mp4Atom *atom);
guint mp4_get_size_width (const Mp4Atom *atom);
/* Makes the atom longer by @change.  FALSE with @error set, in TAGS_ERROR, if its
 * size cannot say that. */
gboolean mp4_resize (
    const Mp4Atom *atom, gint64 change, Splices *splices, GError **error);

/* Adds an atom with @length bytes of contents to @data. */
void
mp4_append (GByteArray *data, guint32 type, const void *contents, gsize length);

G_END_DECLS
