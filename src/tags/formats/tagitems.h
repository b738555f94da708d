/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A tag taken apart into its fields: ID3v2's frames, Vorbis comments, APE's items
 * and the like.  Each stays the bytes that it is in the tag, so that a tag can be
 * put together again of the same bytes and another genre. */

#pragma once

#include "tagstate.h"

G_BEGIN_DECLS

/* The name of the field that says who found the genre. */
#define TAG_CLASSIFIER "GENRECLASSIFY"

/* Far more than any program writes. */
#define TAG_MAX_ITEMS 65536
#define TAG_MAX_GENRES 256

typedef struct
{
  char *name; /* for people: "frame TIT2", "field ARTIST" */
  GBytes *raw;
} TagItem;

typedef struct
{
  GPtrArray *kept;   /* TagItem: all fields but ours, in their order */
  GPtrArray *fields; /* TagField: ours, the genre's and the classifier's */
  GPtrArray *genres; /* char *, UTF-8: what these say, up to TAG_MAX_GENRES */
  gboolean has_more_genres;
  char *classifier;  /* or NULL */
  gconstpointer tag; /* what a TagEncode of this kind of tag may need to know; its
                        owner sets it */
} TagItems;

TagItems *tag_items_new (void);
void tag_items_free (TagItems *items);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TagItems, tag_items_free)

/* Adds a field that is not ours after those that are there.  @name: (transfer
 * full); @raw: (transfer full) */
void tag_items_add_kept (TagItems *items, char *name, GBytes *raw);
/* Adds a field that says a genre, or the classifier.  @raw: (transfer full) */
void tag_items_add_field (TagItems *items, gboolean is_classifier, GBytes *raw);
/* Notes a genre that such a field says, unless it is blank.  What is not UTF-8 is
 * taken for Latin-1.  @length: in bytes, or -1 for a string that ends with 0 */
void tag_items_add_genre (TagItems *items, const char *text, gssize length);
/* TRUE if the tag has as many fields as can be read. */
gboolean tag_items_is_full (const TagItems *items);
/* Notes what the classifier's field says. */
void
tag_items_set_classifier (TagItems *items, const char *text, gssize length);

/* The tag's first field of the genre, or of the classifier; NULL without any. */
const TagField *
tag_items_find_field (const TagItems *items, gboolean is_classifier);

/* Adds to @raws (GBytes) the fields that say these genres, of which there is at
 * least one; or, if that is not NULL, the classifier. */
typedef void (*TagEncode) (const TagItems *items, char **genres,
    const char *classifier, GPtrArray *raws);

/* The fields (TagField) that the tag is to have of the genre and the classifier:
 * those of @wanted if these are known, else the old ones as far as they say the
 * same, else new ones in the place of the old ones or at the tag's end.  (transfer
 * full) */
GPtrArray *tag_items_get_fields (const TagItems *items, TagKind kind,
    const TagState *wanted, TagEncode encode);

/* All fields in their order, with @fields (TagField) as ours. */
GByteArray *tag_items_join (const TagItems *items, GPtrArray *fields);

/* What the tag says, to be freed with g_strfreev(). */
char **tag_items_get_genres (const TagItems *items);

/* Makes @state say what the tag says. */
void tag_items_to_state (const TagItems *items, TagKind kind, TagState *state);

G_END_DECLS
