/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genremessage.h"

guint
genre_answer_best (const GenreAnswer *answer, guint n_labels)
{
  guint best = 0;

  for (guint i = 1; i < n_labels; i++)
    if (answer->probabilities[i] > answer->probabilities[best])
      best = i;
  return best;
}

static GstStructure *
answer_to_structure (const char *name, const char *counter, guint64 count,
    const GenreModel *model, const GenreAnswer *answer)
{
  guint n = genre_model_get_n_labels (model);
  g_autofree char *model_name = g_strdup_printf (
      "%s %s", genre_model_get_name (model), genre_model_get_version (model));
  GstStructure *structure = gst_structure_new (name, counter, G_TYPE_UINT64,
      count, "timestamp", G_TYPE_UINT64, answer->timestamp, "stream-time",
      G_TYPE_UINT64, answer->stream_time, "running-time", G_TYPE_UINT64,
      answer->running_time, "duration", G_TYPE_UINT64, answer->duration, NULL);
  GValue labels = G_VALUE_INIT, probabilities = G_VALUE_INIT;
  double confidence = 0;

  gst_value_array_init (&labels, n);
  gst_value_array_init (&probabilities, n);
  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_STRING);
    g_value_set_string (&value, genre_model_get_label (model, i));
    gst_value_array_append_and_take_value (&labels, &value);
    g_value_init (&value, G_TYPE_DOUBLE);
    /* of silence nothing is known */
    g_value_set_double (
        &value, answer->silent ? 1.0 / n : answer->probabilities[i]);
    gst_value_array_append_and_take_value (&probabilities, &value);
  }
  if (!answer->silent) {
    guint best = genre_answer_best (answer, n);

    confidence = answer->probabilities[best];
    gst_structure_set (structure, "genre", G_TYPE_STRING,
        genre_model_get_label (model, best), NULL);
  }
  gst_structure_set (structure, "confidence", G_TYPE_DOUBLE, confidence, NULL);
  gst_structure_take_value (structure, "labels", &labels);
  gst_structure_take_value (structure, "probabilities", &probabilities);
  gst_structure_set (structure, "partial", G_TYPE_BOOLEAN, answer->partial,
      "silent", G_TYPE_BOOLEAN, answer->silent, "model", G_TYPE_STRING,
      model_name, NULL);
  return structure;
}

GstStructure *
genre_message_segment (
    const GenreModel *model, const GenreAnswer *answer, guint64 segment)
{
  return answer_to_structure (
      "genreclassify", "segment", segment, model, answer);
}

GstStructure *
genre_message_track (
    const GenreModel *model, const GenreAnswer *answer, guint64 segments)
{
  return answer_to_structure (
      "genreclassify-track", "segments", segments, model, answer);
}
