/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the tests of classifiers share: models, samples, and checks of segments. */

#pragma once

#include "genre/genre.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define SECOND GENRE_SECOND
#define MAX_LABELS 1024 /* that a model can have */

/* The model that ships. */
GenreModel *load_model (void);
/* A model of few weights, for the tests that do not depend on the answers; it
 * accepts any window. */
GenreModel *load_small_model (void);
/* A classifier that holds the only reference to @model. */
GenreClassifier *new_classifier (GenreModel *model, guint rate, guint64 window,
    guint64 hop, guint64 min_window);

/* @n samples of noise in full scale; g_free() it. */
gint16 *make_noise (gsize n, guint32 seed);
/* genre_classifier_classify() and _predict() into @probabilities, [n_labels]. */
gboolean classify (GenreClassifier *classifier, const GenreSegment *segment,
    float *probabilities, GError **error);
gboolean predict (GenreClassifier *classifier, const float *columns,
    gsize n_columns, float *probabilities, GError **error);
/* Resets @classifier and takes the first segment of 6 s of low-pass filtered
 * noise at 22050 Hz. */
GenreSegment *make_segment (GenreClassifier *classifier, guint32 seed);
/* Takes all the segments, and returns what they hold as bytes: of each start,
 * duration, partial, level and columns. */
GByteArray *take_all (GenreClassifier *classifier);

void assert_same (GByteArray *a, GByteArray *b);
/* Frees @segment. */
void assert_segment (
    GenreSegment *segment, guint64 start, guint64 duration, gboolean partial);
/* The @n values are probabilities, and their sum is 1. */
void assert_probabilities (const float *probabilities, guint n);
/* @result is FALSE, and @error is GENRE_ERROR_ARGUMENT and has @word in its
 * message; frees the error. */
void assert_argument_error (gboolean result, GError *error, const char *word);
