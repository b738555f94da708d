/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes the genre into a file's tags, and nothing else. */

#pragma once

#include <glib.h>

#include "audiosum.h"
#include "replacement.h"
#include "tagfile.h"

typedef enum
{
  TAG_KEEP,      /* a file that has a genre is left alone */
  TAG_OVERWRITE, /* it has this one alone */
  TAG_APPEND     /* it has this one as well */
} TagMode;

typedef struct
{
  TagMode mode;
  gboolean id3v23;           /* a new ID3v2 tag is 2.3; an old one stays what
                                it is */
  gboolean preserve_times;   /* the file's times are as before */
  gboolean write_confidence; /* also a field GENRECLASSIFY, where the format has
                                such ones */
  gboolean dry_run;          /* only says what would be done */
  const char *undo_log;      /* see undo.h; NULL: none is kept */
  AudioSumWatch watch;       /* of the comparison of the audio */
} TagOptions;

typedef struct
{
  gboolean written; /* or, in a dry run, would be */
  char *old_genre;  /* values joined by "; "; NULL if there was none */
  char *new_genre;  /* the same, of what it is now */
  char *note;       /* why it was not written, or what is to be known of it, or
                       NULL */
} TagChange;

void tag_change_clear (TagChange *change);

/**
 * tagwriter_write:
 * @path: the file; a link is followed
 * @genre: a model's label, such as "hiphop", which is written as "Hip-Hop"
 * @confidence: its probability
 * @model: name and version of the model
 * @change: (out caller-allocates): what was done; to be cleared
 * @error: return location
 *
 * The tags are changed in a copy of the file, which takes its place when its
 * decoded audio and all other tags have turned out to be the same.  The file is
 * read and decoded in this process.
 *
 * Returns: %FALSE with @error set if it failed; the file is then as it was
 */
gboolean tagwriter_write (const char *path, const char *genre,
    double confidence, const char *model, const TagOptions *options,
    TagChange *change, GError **error);

/* The parts of it that undoing needs as well. */

/* The names of a tag's genres in their order; in ID3v2, numbers of ID3v1's list
 * are spelled out. */
char **tagwriter_get_names (TagKind kind, char **genres);

/* TRUE if the tags say the same of the genre. */
gboolean tagwriter_same_state (const TagState *a, const TagState *b);

/* Replaces the file by one whose tags are as in @wanted.  @log is a line for the
 * undo log, or NULL. */
gboolean tagwriter_replace (Replacement *replacement, const TagState *old,
    const TagState *wanted, const TagOptions *options, const char *log,
    GError **error);
