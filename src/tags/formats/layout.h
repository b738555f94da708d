/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a file of a format is made of: its tags' fields and all else, which no
 * writing of a genre may change. */

#pragma once

#include "mediafile.h"
#include "tagitems.h"
#include "tagstate.h"

G_BEGIN_DECLS

/* A part of the file that stays the same, byte for byte, when the genre is
 * written.  Its bytes need not follow each other in the file. */
typedef struct
{
  char *name; /* for people: "ID3v2 frame TIT2", "block PICTURE", "audio" */
  GArray *extents; /* where its bytes are; see layout.c */
} Piece;

typedef struct _TagFormat TagFormat;

typedef struct
{
  MediaFile *file; /* not owned */
  const TagFormat *format;
  TagState state;
  GPtrArray *pieces; /* Piece, in the file's order */
  GError *obstacle;  /* why the genre cannot be written; NULL if it can */
  /* for a kind of which several tags have this genre, why it cannot become another
   * one: a sentence; or NULL */
  char *rivals[TAG_KINDS];
  /* what the format's own code has found in the file, for edit() */
  gpointer found;
  GDestroyNotify found_free; /* or NULL */
  gboolean is_full; /* there are more pieces, and an obstacle */
} Layout;

typedef struct
{
  gboolean id3v23; /* an ID3v2 tag that is made is of version 2.3, not 2.4 */
} EditOptions;

/* A format of files with tags.  There is one constant object for each. */
struct _TagFormat
{
  const char *name; /* "FLAC" */
  /* Recognises the format.  @start: where the file begins behind ID3v2 tags */
  gboolean (*recognises) (MediaFile *file, guint64 start);
  /* Finds the tags and the pieces of @layout->file.  What keeps the genre from
   * being written is noted with layout_set_obstacle(); the state then says what
   * could be read. */
  void (*scan) (Layout *layout, guint64 start);
  /* Adds to @splices what gives the tags the genres and classifiers, or fields, of
   * @wanted.  A tag of a kind that has no genres in @wanted (NULL, not an empty
   * array) is removed if it has no other fields; one that is not there is made.
   * Not called if there is an obstacle.  FALSE with @error set, in TAGS_ERROR. */
  gboolean (*edit) (const Layout *layout, const TagState *wanted,
      const EditOptions *options, Splices *splices, GError **error);
};

/* Begins a new piece; the name is formatted.  More than any real file has are an
 * obstacle, and are not kept. */
void
layout_add_piece (Layout *layout, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Adds bytes of the file to the piece that was begun last. */
void layout_extend (Layout *layout, guint64 offset, guint64 length);
/* Adds bytes in memory to it: those of the file in another form, such as offsets
 * that are counted from something that moves with them.  @data: (transfer full) */
void layout_extend_bytes (Layout *layout, GBytes *data);
/* Adds each kept field of a tag as a piece, named "@kind NAME", and what the tag
 * says of the genre to the state. */
void layout_add_items (Layout *layout, TagKind kind, const TagItems *items);

guint64 piece_get_size (const Piece *piece);

/* Notes why the genre cannot be written, a sentence; the first one counts. */
void layout_set_obstacle (Layout *layout, int reason, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Notes that two tags of a kind, of which only one can be changed, both have a genre:
 * it stays as it is.  That they say different genres is an obstacle.
 * @what: for a sentence, such as "ID3v2 tags"
 * @first, @second: what they say; nothing is noted if either says no genre
 * @first_offset, @second_offset: where they are in the file */
void layout_add_rivals (Layout *layout, TagKind kind, const char *what,
    const TagItems *first, guint64 first_offset, const TagItems *second,
    guint64 second_offset);

/* The proof that nothing was changed but the genre: FALSE with @error set, naming
 * the first piece that is not the same in @after, or if reading fails. */
gboolean
layout_compare (const Layout *before, const Layout *after, GError **error);

G_END_DECLS
