/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes the genre into a file's tags, and changes nothing else in the file.
 * All errors are in the domain TAGS_ERROR. */

#pragma once

#include <glib.h>

#include "formats/tagfile.h"
#include "replacement.h"

/* What happens to the genres that a file has. */
typedef enum
{
  TAG_KEEP,      /* a file that has a genre is left alone */
  TAG_OVERWRITE, /* the new genre replaces them */
  TAG_APPEND     /* the new genre is added */
} TagMode;

typedef struct
{
  TagMode mode;
  gboolean id3v23; /* a new ID3v2 tag is of version 2.3; an old one keeps
                              its version */
  gboolean preserve_times; /* the file keeps its times */
  gboolean dry_run;        /* does all but the writing, and says what would be
                              done */
  const char *undo_log;    /* path, see undolog.h; NULL: no log is kept */
  /* Genres that stand for none, separated by ";"; their case does not matter.
   * NULL: TAGWRITER_PLACEHOLDERS */
  const char *placeholders;
  /* called now and then while a large file is written; or NULL */
  void (*progress) (gpointer user_data);
  gpointer user_data;
} TagOptions;

#define TAGWRITER_PLACEHOLDERS "Unknown;Other;None;Genre"

typedef struct
{
  gboolean written; /* or, in a dry run, would be */
  char *old_genre;  /* several are joined by "; "; NULL if there was none */
  char *new_genre;  /* the same, after the change */
  char *note; /* a sentence: why it was not written although nothing failed,
                       or what the user should know; or NULL */
} TagChange;

/* Frees what @change owns. */
void tag_change_clear (TagChange *change);

/* The text of the field GENRECLASSIFY for the genre as it is spelled, its
 * probability, and the model's name and version; free with g_free(). */
char *tagwriter_format_classifier (
    const char *genre, double confidence, const char *model);

/**
 * tagwriter_write:
 * @path: the file; a link is followed
 * @genres: (array zero-terminated=1): one or more genres, the most probable one
 *     first, as they are to be spelled
 * @classifier: (nullable): the text of the field GENRECLASSIFY, which is written
 *     where the format can have such a field; %NULL leaves it as it is
 * @options: how it is written
 * @change: (out caller-allocates): what was done; to be cleared with
 *     tag_change_clear()
 * @error: return location
 *
 * The changed file is written beside the file, and takes its place when it has
 * proved to be the same but for the genre.
 *
 * Returns: %FALSE with @error set if it failed; the file is then as it was
 */
gboolean tagwriter_write (const char *path, const char *const *genres,
    const char *classifier, const TagOptions *options, TagChange *change,
    GError **error);

/**
 * tagwriter_replace:
 * @replacement: the open file
 * @file: the same, scanned
 * @wanted: what its tags are to say, as for tag_file_change()
 * @options: how it is written
 * @log_line: (nullable): a line for the undo log of @options
 * @error: return location
 *
 * The part of tagwriter_write() that changes the file.
 *
 * Returns: %FALSE with @error set if it failed; the file is then as it was
 */
gboolean tagwriter_replace (Replacement *replacement, const TagFile *file,
    const TagState *wanted, const TagOptions *options, const char *log_line,
    GError **error);

/* The genre that the tags of the file @path have, several joined by "; ", as
 * tagwriter_write() names it in old_genre; NULL if it has none, or is of no format
 * whose tags are known.  @known: (out): FALSE in the latter case */
char *tagwriter_read_genre (const char *path, gboolean *known);
