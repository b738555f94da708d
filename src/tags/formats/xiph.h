/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Vorbis comments: https://xiph.org/vorbis/doc/v-comment.html */

#pragma once

#include "tagitems.h"

G_BEGIN_DECLS

typedef struct
{
  GBytes *vendor;  /* with its length */
  TagItems *items; /* the fields, each with its length */
  gsize size; /* of the comment; what follows it belongs to its container */
} XiphComment;

/* @data: (nullable): begins with the length of the vendor's name; %NULL makes an
 *     empty comment
 * @problem: (out) (transfer full): if it is not whole, a sentence says where
 * Returns: (transfer full) (nullable) */
XiphComment *xiph_comment_parse (GBytes *data, char **problem);
void xiph_comment_free (XiphComment *comment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (XiphComment, xiph_comment_free)

/* TRUE if it says nothing beside the genre and the classifier. */
gboolean xiph_comment_is_empty (const XiphComment *comment);

/* The comment with the fields of the genre and the classifier that @wanted has. */
GByteArray *
xiph_comment_render (const XiphComment *comment, const TagState *wanted);

G_END_DECLS
