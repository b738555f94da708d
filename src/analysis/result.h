/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is known of one file: its genres, or why there are none.  As JSON it is what
 * the command prints, what the cache keeps and what the processes send each
 * other. */

#pragma once

#include <glib.h>

#include "reason.h"

typedef struct
{
  guint64 start, duration; /* ns */
  gboolean silent;
  double music;          /* how probable it is that it is music; 0 if silent */
  double *probabilities; /* [labels]; NULL if silent */
} ResultSegment;

/* The album that a track is of, and the answer for all of its tracks. */
typedef struct
{
  char *id;         /* the same for the tracks of an album, and for no others */
  char *name;       /* its title, or its folder's name */
  char *artist;     /* the album's artist as its tags name him, or NULL */
  guint n_tracks;   /* that have a result */
  gboolean is_last; /* it is the last one of these; not in JSON */
  gboolean compilation; /* of many artists, so that there is no one answer */
  /* [labels of the result]: the mean of the tracks that are music; NULL if it is a
   * compilation or none is */
  double *probabilities;
} ResultGroup;

typedef struct
{
  char *name;       /* path or URI, as it was given or found */
  char *model;      /* "crnn 3"; NULL if nothing was analysed */
  char **labels;    /* NULL-terminated, the model's order; NULL if nothing was
                            classified, or only silence */
  guint64 duration; /* ns of audio that was analysed */
  guint64 missing;  /* ns of it for which there was no sample */
  gboolean is_truncated;     /* the file ends before its container says so */
  guint64 declared_duration; /* ns, about, if it is truncated; 0 if not known */
  double music;              /* how probable it is that it is music, 0 to 1 */
  double *
      probabilities; /* [labels] of the whole track; NULL if it is all silent */
  GArray *segments;  /* ResultSegment; empty if they are not known */
  /* [n_embedding], of length 1: what sounds alike has a scalar product near 1; NULL if
   * it is not known, or all is silent */
  float *embedding;
  guint n_embedding;
  /* what the model's head "tags" says, each for itself; NULL-terminated, and
   * [tag_labels]; both NULL if it has none, or all is silent */
  char **tag_labels;
  double *tags;
  char *old_genre; /* the genre tag that the file has, or NULL */
  char *artist, *album, *album_artist; /* what other tags say, or NULL */
  gboolean compilation;                /* they say that it is of one */
  gboolean has_tags; /* these are known; not so in caches of earlier versions */
  ResultGroup *group; /* the album, if it was asked for and is known, or NULL */
  char *error;        /* a sentence: why there is no result, or NULL */
  Reason reason;      /* the same as a code; REASON_NONE without an error */
  gboolean
      may_skip; /* the error is no failure: the file was found in a folder or
                        a list; see reason_may_skip() */
} Result;

/* An empty result of the file @name; its @music is 1. */
Result *result_new (const char *name);
/* The result of a file that could not be classified; @sentence tells people
 * why. */
Result *
result_new_error (const char *name, Reason reason, const char *sentence);
/* Whether there is an error that is no failure. */
gboolean result_is_skipped (const Result *result);
void result_free (Result *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Result, result_free)

/* @probabilities, of a file or a segment, if they tell a genre: NULL if they are NULL,
 * as those of silence are, or if music is too improbable. */
const double *result_filter_music (const double *probabilities, double music);
/* Why result_filter_music() gave NULL, in a word for people: "silent" or "not
 * music". */
const char *result_name_nothing (const double *probabilities);

/* Index of the most probable label, or -1 if it is silent or not music. */
int result_get_best (const Result *result);
double
result_get_confidence (const Result *result); /* 0 without such a label */

/* What counts for the file's tags: the probabilities of its album if there are some,
 * and its own otherwise; NULL if there are none that tell a genre. */
const double *result_get_answer (const Result *result);
/* The highest of these, 0 if there are none. */
double result_get_answer_confidence (const Result *result);

/* The least probability of a tag that is shown, or written. */
#define RESULT_LEAST_TAG 0.5

/* Whether a model's tag can stand where a genre does: "speech" and "noise" say that it
 * is no music, though ID3 has a genre of the former name. */
gboolean result_tag_is_genre (const char *tag);

/* Fills @order, [n], with the indices of the @n most probable labels, n at most
 * the number of labels, the most probable first. */
void result_rank (
    const double *probabilities, guint n_labels, guint *order, guint n);

/* What of a result is only told if it is asked for. */
typedef enum
{
  RESULT_SEGMENTS = 1 << 0,
  RESULT_EMBEDDING = 1 << 1,
  RESULT_TAGS = 1 << 2,
  RESULT_ALL = RESULT_SEGMENTS | RESULT_EMBEDDING | RESULT_TAGS
} ResultParts;

/* One JSON object in one line, without the line's end; free with g_free().  The
 * keys, which are always there:
 *
 *   file           string: path or URI; bytes that are no UTF-8 are replaced
 *   model          string or null: name and version
 *   genre          string or null: the most probable label; null if silent or not
 *                  music
 *   confidence     number: its probability; 0 without a genre
 *   silent         boolean: there is audio, but all of it is silent
 *   music          number: how probable it is that it is music, and not speech or
 *                  noise; below 0.5 there is no genre; 0 if silent
 *   duration       number: seconds of audio that were analysed
 *   missing        number: seconds of it for which nothing was decoded, as the file
 *                  is damaged there
 *   truncated      boolean: the file is cut off: it ends before its container says
 *                  that it does
 *   declared_duration  number or null: about how many seconds it would have if it
 *                  were not truncated
 *   probabilities  object of number, one for each label in the model's order, or
 *                  null
 *   tag            string or null: the genre that the file has as a tag
 *   artist, album, album_artist  string or null: what other tags say
 *   compilation    boolean: they say that it is of one
 *   error          string or null: a sentence that says why there is no genre
 *   error_code     string or null: the same as one of the codes of reason.c, such
 *                  as "too-short"
 *   retryable      boolean: the error may be gone if the file is tried again
 *   skipped        boolean: result_is_skipped(): there is an error, but no
 *                  failure: a picture, say, or a song that is too short, which was
 *                  found in a folder or a list
 *
 * and, if @parts has them,
 *
 *   segments       array of objects: start, duration (seconds), genre,
 *                  confidence, silent, music and probabilities, as above
 *   embedding      array of number, or null if it is not known
 *   tags           object of number, the probability of each tag in the model's
 *                  order, or null if it is not known
 *
 * If albums were asked for and there is no error, there is also
 *
 *   group          object: id, name, artist, tracks, compilation, and the album's
 *                  genre, confidence and probabilities, as above
 *
 * If the name is no UTF-8, there is also
 *
 *   file_bytes     string: the name with such bytes as %FF, and "%" as "%25" */
char *result_to_json (const Result *result, ResultParts parts);

/* The same without what depends on the file itself (file, tag, error), and always
 * with segments, and the model's tags, if it has some; and one of the segments. */
char *result_answer_to_json (const Result *result);
char *result_segment_to_json (const Result *result, guint index);

/* Its "model", "duration" and "embedding" alone. */
char *result_embedding_to_json (const Result *result);

/* The inverse of result_to_json(); NULL with @error (ANALYSIS_ERROR) set if @json is
 * not such an object.  "error_code", "truncated", "music" (then it is music), "missing",
 * "embedding", "tags" and the file's tags but the genre may be missing, as they are in caches of earlier
 * versions, and "retryable" is not read. */
Result *result_from_json (const char *json, GError **error);
