/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The pages of an Ogg stream that have its comment, which is the second packet, and
 * other packets that are, or may be, on the same pages. */

#pragma once

#include "layout.h"
#include "oggpage.h"

G_BEGIN_DECLS

typedef struct _OggHeaders OggHeaders;

/* Reads the pages behind @first, the stream's first page, up to where a page ends
 * with a packet, and there are @n_packets.  NULL, and an obstacle, if there is no
 * such place, or if the pages are not in order. */
OggHeaders *ogg_headers_read (
    Layout *layout, OggWalk *walk, const OggPage *first, guint n_packets);
void ogg_headers_free (OggHeaders *headers);

/* The packets on these pages, the comment's first. */
guint ogg_headers_get_n_packets (const OggHeaders *headers);
GBytes *ogg_headers_get_packet (const OggHeaders *headers, guint i);

/* The number of the last of the pages. */
guint32 ogg_headers_get_last (const OggHeaders *headers);

/* Adds the pieces of what is between @start and the pages, and of what stays the
 * same in their headers. */
void ogg_headers_add_front (
    const OggHeaders *headers, Layout *layout, guint64 start);
/* Begins a piece with what is between the pages.  Gives where they end. */
guint64 ogg_headers_add_between (const OggHeaders *headers, Layout *layout);

/* Puts @comment in the place of the comment.  @n_more: (out): how many more pages
 * there are then, modulo 2^32.  FALSE with @error set, in TAGS_ERROR. */
gboolean ogg_headers_replace (const OggHeaders *headers, GBytes *comment,
    Splices *splices, guint32 *n_more, GError **error);

G_END_DECLS
