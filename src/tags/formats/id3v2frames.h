/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The frames of ID3v2 tags, as they are stored. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How a tag stores its frames. */
typedef struct
{
  guint version; /* 2, 3 or 4: of ID3v2.x */
  gboolean unsynchronised;
  /* The sizes of 2.4 are plain numbers, as in 2.3: an error of some programs. */
  gboolean plain_sizes;
  /* The sizes of an unsynchronised tag of 2.2 or 2.3 count what was put in by that:
   * an error too; in 2.4 that is right. */
  gboolean sizes_as_stored;
} Id3v2Coding;

typedef enum
{
  ID3V2_OTHER,
  ID3V2_GENRE,    /* TCON */
  ID3V2_USER_TEXT /* TXXX */
} Id3v2Sort;

typedef struct
{
  char id[5];
  Id3v2Sort sort;
  guint flags; /* how the content is stored; see the specifications */
  gsize start, content, end; /* where it, and what follows its header, begins */
} Id3v2Frame;

/* Numbers of four bytes with 7 bits in each. */
guint32 id3v2_read_synchsafe (const guint8 *bytes);
void id3v2_write_synchsafe (guint8 *bytes, guint32 number);
/* TRUE if none of the four bytes has an eighth bit. */
gboolean id3v2_is_synchsafe (const guint8 *bytes);

/* Copies to @id what is at @position if it is a frame's name, as far as such names
 * are known to be. */
gboolean id3v2_frame_has_id (const guint8 *data, gsize position, gsize end,
    const Id3v2Coding *coding, char *id);
/* Finds the frame at @position of @data.  FALSE if it is none that ends before
 * @end. */
gboolean id3v2_frame_find (const guint8 *data, gsize position, gsize end,
    const Id3v2Coding *coding, Id3v2Frame *frame);

/* What the frame says, without its header, decoded.  NULL if it is encrypted, if its
 * compression is damaged, or if it is far larger than a genre's. */
GByteArray *id3v2_frame_get_payload (
    const guint8 *data, const Id3v2Frame *frame, const Id3v2Coding *coding);

/* A whole new frame of this content. */
GBytes *id3v2_frame_new (
    Id3v2Sort sort, const GByteArray *payload, const Id3v2Coding *coding);

G_END_DECLS
