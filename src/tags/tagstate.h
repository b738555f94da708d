/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the tags of a file say of the genre. */

#pragma once

#include <glib.h>

#include "analysis/reason.h"

G_BEGIN_DECLS

typedef enum
{
  TAG_ID3V2, /* of MP3, WAV and AIFF */
  TAG_XIPH,  /* Vorbis comments: of FLAC, Ogg Vorbis and Opus */
  TAG_MP4,
  TAG_APE,  /* of APE and WavPack */
  TAG_INFO, /* RIFF's list of that name: of WAV */
  TAG_ID3V1
} TagKind;
#define TAG_KINDS 6

/* Why tags cannot be rewritten: TagLib would lose something in doing so. */
typedef struct
{
  Reason reason;
  const char *message; /* a sentence */
} Unwritable;

/* The arrays have one element for each kind of tag. */
typedef struct
{
  /* The genres as the tag has them: names, or in ID3v2 also numbers of ID3v1's
   * list.  NULL if the file has no such tag. */
  char **genres[TAG_KINDS];
  char *classifier[TAG_KINDS];  /* the field GENRECLASSIFY, or NULL */
  char *rest_digest[TAG_KINDS]; /* a checksum of everything else, or NULL */
  /* Readers of this format look for the genre in this kind of tag. */
  gboolean is_primary[TAG_KINDS];
  const Unwritable *unwritable; /* static; NULL if the tags can be written */
} TagState;

/* Frees what @state owns. */
void tag_state_clear (TagState *state);

/* The name of a kind of tag, for people and for the undo log. */
const char *tag_kind_name (TagKind kind);

/* The names of a tag's genres (nullable) in their order.  Numbers of ID3v1's
 * list in an ID3v2 tag become names.  To be freed with g_strfreev(). */
char **tag_kind_get_names (TagKind kind, char **genres);

/* TRUE if both say the same of the genre and the classifier. */
gboolean tag_state_equal (const TagState *a, const TagState *b);

G_END_DECLS
