/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the tags of a file say of the genre. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TAG_ID3V2,
  TAG_XIPH, /* Vorbis comments: of FLAC and Ogg */
  TAG_MP4,
  TAG_APE,
  TAG_INFO, /* RIFF's list of that name: of WAV */
  TAG_ID3V1,
  TAG_ASF,
  TAG_MATROSKA
} TagKind;
#define TAG_KINDS 8

/* A field of the genre or of the classifier as the tag has it, with its name. */
typedef struct
{
  guint position; /* how many of the tag's other fields stand before it */
  gboolean is_classifier;
  GBytes *raw;
} TagField;

/* The arrays have one element for each kind of tag. */
typedef struct
{
  /* The genres as the tag has them: names, or in ID3v2 also numbers of ID3v1's
   * list.  NULL if the file has no such tag. */
  char **genres[TAG_KINDS];
  char *classifier[TAG_KINDS]; /* the field GENRECLASSIFY, or NULL */
  /* TagField: what says both, in the tag's order; NULL if it is not known.  A
   * state that is to be written is then written from the genres and the
   * classifier. */
  GPtrArray *fields[TAG_KINDS];
  /* The genre of a file that has none goes into this kind of tag. */
  gboolean is_primary[TAG_KINDS];
} TagState;

/* @raw: (transfer full) */
TagField *tag_field_new (guint position, gboolean is_classifier, GBytes *raw);
/* An empty array of TagField, which it frees. */
GPtrArray *tag_fields_new (void);

/* Frees what @state owns. */
void tag_state_clear (TagState *state);

/* The name of a kind of tag, for people and for the undo log. */
const char *tag_kind_name (TagKind kind);

/* The names of a tag's genres (nullable) in their order.  Numbers of ID3v1's
 * list in an ID3v2 tag become names.  To be freed with g_strfreev(). */
char **tag_kind_get_names (TagKind kind, char **genres);

/* The genres, at least one, as far as this kind of tag can hold them, as it spells
 * them: INFO has one text, ID3v1 one name of a list.  A name that is not in that list
 * is left out, so that none is left; but it stays, and cannot be written, where the
 * tag is @is_primary.  To be freed with g_strfreev(). */
char **
tag_kind_fit_genres (TagKind kind, gboolean is_primary, char **genres);

/* TRUE if both (nullable) are the same genres, in any order. */
gboolean tag_kind_same_genres (TagKind kind, char **a, char **b);

/* TRUE if both say the same of the genre and the classifier. */
gboolean tag_state_equal (const TagState *a, const TagState *b);
/* TRUE if the fields of @now are, byte for byte and in this order, those of @wanted
 * as far as these are known. */
gboolean tag_state_has_fields (const TagState *now, const TagState *wanted);

G_END_DECLS
