/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a worker does with every file, and the same as text for its first
 * message. */

#pragma once

#include "analysis/analysis.h"
#include "vocabulary.h"
#include "tags/tagwriter.h"

typedef struct
{
  AnalysisOptions analysis;
  ResultParts parts;     /* of the results that it sends */
  const char *plot;      /* where to draw the file's plot, or NULL */
  gboolean write;        /* the genre into the file's tags */
  gboolean group;        /* not before its album is known */
  gboolean force;        /* also into a file that is truncated */
  double min_confidence; /* a genre less probable than that is not written */
  gboolean write_confidence; /* and model and confidence beside it */
  guint write_top;           /* genres at most; 0: one */
  gboolean write_tags;       /* the model's tags as further genres */
  const char *genre_map; /* text of the user's names (vocabulary.h), or NULL */
  Vocabulary *map;       /* the same, for the worker's own use */
  TagOptions tags;       /* without "progress", which is the worker's own */
} WorkerOptions;

/* A GVariant's text of type a{sv}, the options by name; free with g_free(). */
char *worker_options_to_text (const WorkerOptions *options);

/**
 * worker_options_parse:
 * @options: all zero; keeps its value what @text does not name
 * @error: return location: G_VARIANT_PARSE_ERROR
 *
 * The inverse of worker_options_to_text().  An unknown name and a value of another
 * type are refused.
 *
 * Returns: %FALSE with @error set; worker_options_clear() is needed either way
 */
gboolean
worker_options_parse (WorkerOptions *options, const char *text, GError **error);

/* Frees the strings, if all of them are the options' own, as worker_options_parse()
 * makes them. */
void worker_options_clear (WorkerOptions *options);
