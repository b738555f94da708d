/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a prediction is made of what a network gives. */

#pragma once

#include "genre.h"

/* With room for @n_heads heads and an embedding of @embedding_size; none of them has
 * values yet. */
GenrePrediction *genre_prediction_new (guint n_heads, gsize embedding_size);
/* The values of the head @head become a copy of @values, whose sum becomes exactly 1
 * if they exclude each other.  FALSE if they are no probabilities: finite weights can
 * still overflow. */
gboolean genre_prediction_set_values (GenrePrediction *prediction, guint head,
    const float *values, gsize n_values, gboolean exclusive);
void genre_prediction_set_music (GenrePrediction *prediction, double music);
/* @embedding: as many values as there is room for, of any length as a vector.  FALSE if
 * they have overflowed. */
gboolean genre_prediction_set_embedding (
    GenrePrediction *prediction, const float *embedding);
