/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a prediction is made of what a network gives. */

#pragma once

#include "genre.h"

/* With room for @n_heads heads and an embedding of @n_features; none of them has
 * values yet. */
GenrePrediction *genre_prediction_new (guint n_heads, gsize n_features);
/* The values of the head @head become a copy of @values, whose sum becomes exactly 1
 * if they exclude each other.  FALSE if they are no probabilities: finite weights can
 * still overflow. */
gboolean genre_prediction_set_values (GenrePrediction *prediction, guint head,
    const float *values, gsize n_values, gboolean exclusive);
void genre_prediction_set_music (GenrePrediction *prediction, double music);
/* @features: as many as there is room for.  FALSE if they have overflowed. */
gboolean genre_prediction_set_embedding (
    GenrePrediction *prediction, const float *features);
