/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: predictions. */

#pragma once

#include "genrebase.h"

G_BEGIN_DECLS

/**
 * GenrePrediction:
 *
 * All that one pass of a model's network says of a segment: the values of each of its
 * heads, whether it is music, and an embedding.  It does not change.
 *
 * Since: 1.0
 */
typedef struct _GenrePrediction GenrePrediction;

#define GENRE_TYPE_PREDICTION (genre_prediction_get_type ())
GENRE_API GType genre_prediction_get_type (void) G_GNUC_CONST;

/**
 * genre_prediction_ref:
 * @prediction: a prediction
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @prediction
 *
 * Since: 1.0
 */
GENRE_API GenrePrediction *genre_prediction_ref (GenrePrediction *prediction);

/**
 * genre_prediction_unref:
 * @prediction: (transfer full) (nullable): a prediction, or %NULL
 *
 * Drops a reference; the last one frees it.
 *
 * Since: 1.0
 */
GENRE_API void genre_prediction_unref (GenrePrediction *prediction);

/**
 * genre_prediction_get_values:
 * @prediction: a prediction
 * @head: a head of the model, less than genre_model_get_n_heads()
 * @n_values: (out) (optional): number of them
 *
 * Gets what a head says.
 *
 * Returns: (transfer none) (array length=n_values): a probability for each label of
 *     the head, 0 to 1; if the labels of the head exclude each other
 *     (genre_model_is_head_exclusive()), their sum is 1
 *
 * Since: 1.0
 */
GENRE_API const float *genre_prediction_get_values (
    const GenrePrediction *prediction, guint head, gsize *n_values);

/**
 * genre_prediction_get_music:
 * @prediction: a prediction
 *
 * Tells whether the genres mean anything: in what is no music, a model that knows of
 * it finds all of them equally likely.
 *
 * Returns: probability that it is music at all, 0 to 1; 1 if the model does not know
 *     anything else
 *
 * Since: 1.0
 */
GENRE_API double genre_prediction_get_music (const GenrePrediction *prediction);

/**
 * genre_prediction_get_embedding:
 * @prediction: a prediction
 * @n_values: (out) (optional): number of them, the same for all predictions of a
 *     model
 *
 * Gets where the network puts the segment among all others: the nearer the scalar product
 * of two embeddings of a model is to 1, the more alike is what they are of.  It is made of
 * what the heads make their answers of.
 *
 * Returns: (transfer none) (array length=n_values) (nullable): a vector whose norm is
 *     1 (or 0, if the network made nothing of it); %NULL, and no values, if no layer of
 *     the network takes the frames together
 *
 * Since: 1.0
 */
GENRE_API const float *genre_prediction_get_embedding (
    const GenrePrediction *prediction, gsize *n_values);

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GenrePrediction, genre_prediction_unref)
#endif

G_END_DECLS
