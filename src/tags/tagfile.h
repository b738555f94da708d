/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The genre in a file's tags, by TagLib. */

#pragma once

#include <glib.h>

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

/* What a file's tags say. */
typedef struct
{
  /* The genres as the tag has them: names, or in ID3v2 numbers of ID3v1's list.
   * NULL: the file has no such tag. */
  char **genres[TAG_KINDS];
  char *classifier[TAG_KINDS]; /* the field GENRECLASSIFY, or NULL */
  char *others[TAG_KINDS];     /* a digest of everything else, or NULL */
  gboolean is_home[TAG_KINDS]; /* where readers of the format look for it */
  const char *obstacle;        /* why they cannot be written: what TagLib would
                                  lose in doing so; or NULL */
} TagState;

void tag_state_clear (TagState *state);
const char *tag_kind_name (TagKind kind);

/* Reads the tags of the open file @fd.  FALSE with @error (GENRE_ERROR_FORMAT or
 * an errno's) set if the format is none of MP3, FLAC, Ogg Vorbis, Opus, MP4, WAV,
 * AIFF, APE and WavPack. */
gboolean tag_file_read (int fd, TagState *state, GError **error);

/* Makes the tags of the open file @fd say what is in @state: the genres and the
 * classifier.  A tag without genres in @state (NULL) loses those that it has, and
 * is removed if nothing is left in it.  One that is not there yet is made, in
 * ID3v2.3 if @id3v23, otherwise in 2.4, whereas what is there keeps its version
 * (2.2 becomes 2.4).  FALSE with @error set: the file is then broken. */
gboolean
tag_file_write (int fd, const TagState *state, gboolean id3v23, GError **error);

G_END_DECLS
