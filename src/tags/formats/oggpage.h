/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The pages of Ogg: https://www.rfc-editor.org/rfc/rfc3533 */

#pragma once

#include "mediafile.h"

G_BEGIN_DECLS

#define OGG_HEADER 27 /* bytes of a page's header without its segment table */
#define OGG_SEQUENCE_AT 18 /* where the number is, and behind it the checksum */
#define OGG_MAX_SEGMENTS 255
#define OGG_MAX_MISTAKEN 1000
#define OGG_MAX_SKIPPED (1 << 26)

enum
{
  OGG_CONTINUED = 1, /* the page begins within a packet */
  OGG_BOS = 2,       /* the first page of a stream */
  OGG_EOS = 4        /* the last one */
};

typedef struct
{
  guint64 offset;
  guint64 granule;
  guint32 serial;
  guint32 sequence;
  guint32 checksum;
  guint32 size; /* with its header */
  guint8 flags;
  guint8 n_segments;
  guint8 lacing[OGG_MAX_SEGMENTS]; /* the segment table */
} OggPage;

/* Where the pages of a file are looked for. */
typedef struct
{
  MediaFile *file;
  guint64 offset;   /* of what comes next */
  guint64 end;      /* no page reaches beyond it */
  guint n_mistaken; /* places that looked like a page and are none */
  guint64 n_skipped; /* bytes that are of no page */
} OggWalk;

/* Finds the next page; FALSE if there is none, or if too many places looked like
 * one, or too many bytes are none.  Of a page that follows the one
 * before, only the header is read.  Other bytes may stand between pages; behind
 * them, what has a right checksum counts as a page. */
gboolean oggpage_next (OggWalk *walk, OggPage *page);

/* The number of bytes of the page's body. */
guint32 oggpage_get_body_size (const OggPage *page);

/* TRUE if the checksum in the page's header is that of its bytes. */
gboolean oggpage_check (MediaFile *file, const OggPage *page);

/* Writes the page's header and segment table behind what is in @data. */
void oggpage_append_header (const OggPage *page, GByteArray *data);
/* Puts its checksum into the page that is at @start of @data and goes to the end. */
void oggpage_set_checksum (GByteArray *data, guint start);

/* What the sequence number contributes to the checksum of a page of @size bytes:
 * the checksum is linear, so that without (by xor) it is the same for every number.
 * A page gets another number without being read. */
guint32 oggpage_get_share (guint32 sequence, guint32 size);

G_END_DECLS
