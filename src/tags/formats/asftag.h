/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The descriptors of ASF: those of the Extended Content Description Object, and the
 * records of the Metadata Library Object, where some programs put all genres but
 * the first. */

#pragma once

#include "tagitems.h"

G_BEGIN_DECLS

typedef struct
{
  TagItems *all; /* of both, the records behind the descriptors */
  /* Either alone, for putting it together again; %NULL if it is not there.  The
   * records are those of the whole file; all others are kept. */
  TagItems *descriptors, *records;
} AsfTag;

AsfTag *asf_tag_new (void);
void asf_tag_free (AsfTag *tag);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsfTag, asf_tag_free)

/* Adds the content of the one object or the other: what follows its header.  The
 * descriptors come first, and each at most once.
 * Returns: FALSE, and @problem (transfer full) says how, if it is damaged */
gboolean asf_tag_add_descriptors (AsfTag *tag, GBytes *data, char **problem);
gboolean asf_tag_add_records (AsfTag *tag, GBytes *data, char **problem);

/* Gives the contents of both objects with the fields of the genre and the classifier
 * that @wanted has; NULL for one that there need not be.  There always are records
 * if there were.  FALSE with @error set, in TAGS_ERROR, if something is too
 * long. */
gboolean asf_tag_render (const AsfTag *tag, const TagState *wanted,
    GByteArray **descriptors, GByteArray **records, GError **error);

G_END_DECLS
