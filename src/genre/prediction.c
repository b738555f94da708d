/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What one pass of a network says of a segment. */

#include "prediction.h"

#include <math.h>

typedef struct
{
  float *values;
  gsize n;
} Values;

struct _GenrePrediction
{
  gatomicrefcount refcount;
  double music;
  Values embedding;
  guint n_heads;
  Values heads[]; /* [n_heads] */
};

G_DEFINE_BOXED_TYPE (GenrePrediction, genre_prediction, genre_prediction_ref,
    genre_prediction_unref)

GenrePrediction *
genre_prediction_new (guint n_heads, gsize embedding_size)
{
  GenrePrediction *prediction = g_malloc0 (
      sizeof *prediction + n_heads * sizeof (Values));

  g_atomic_ref_count_init (&prediction->refcount);
  prediction->music = 1;
  prediction->n_heads = n_heads;
  prediction->embedding.n = embedding_size;
  if (embedding_size > 0)
    prediction->embedding.values = g_new0 (float, embedding_size);
  return prediction;
}

GenrePrediction *
genre_prediction_ref (GenrePrediction *prediction)
{
  g_atomic_ref_count_inc (&prediction->refcount);
  return prediction;
}

void
genre_prediction_unref (GenrePrediction *prediction)
{
  if (!prediction || !g_atomic_ref_count_dec (&prediction->refcount))
    return;
  for (guint i = 0; i < prediction->n_heads; i++)
    g_free (prediction->heads[i].values);
  g_free (prediction->embedding.values);
  g_free (prediction);
}

gboolean
genre_prediction_set_values (GenrePrediction *prediction, guint head,
    const float *values, gsize n_values, gboolean exclusive)
{
  Values *to = &prediction->heads[head];
  double sum = 0;

  for (gsize i = 0; i < n_values; i++) {
    if (!(values[i] >= 0 && values[i] <= 1.001F))
      return FALSE;
    sum += values[i];
  }
  if (exclusive && !(fabs (sum - 1) < 1e-3))
    return FALSE;
  g_free (to->values);
  to->values = g_new (float, n_values);
  to->n = n_values;
  for (gsize i = 0; i < n_values; i++)
    to->values[i] = exclusive ? values[i] / sum : MIN (values[i], 1);
  return TRUE;
}

void
genre_prediction_set_music (GenrePrediction *prediction, double music)
{
  prediction->music = CLAMP (music, 0, 1);
}

gboolean
genre_prediction_set_embedding (
    GenrePrediction *prediction, const float *embedding)
{
  Values *to = &prediction->embedding;
  double square = 0, scale;

  for (gsize i = 0; i < to->n; i++)
    square += (double) embedding[i] * embedding[i];
  if (!isfinite (square))
    return FALSE;
  /* values that are all 0 have no direction, and stay what they are */
  scale = square > 0 ? 1 / sqrt (square) : 0;
  for (gsize i = 0; i < to->n; i++)
    to->values[i] = embedding[i] * scale;
  return TRUE;
}

static const float *
get_values (const Values *values, gsize *n_values)
{
  if (n_values)
    *n_values = values->n;
  return values->values;
}

const float *
genre_prediction_get_values (
    const GenrePrediction *prediction, guint head, gsize *n_values)
{
  if (n_values)
    *n_values = 0;
  g_return_val_if_fail (head < prediction->n_heads, NULL);
  return get_values (&prediction->heads[head], n_values);
}

double
genre_prediction_get_music (const GenrePrediction *prediction)
{
  return prediction->music;
}

const float *
genre_prediction_get_embedding (
    const GenrePrediction *prediction, gsize *n_values)
{
  return get_values (&prediction->embedding, n_values);
}
