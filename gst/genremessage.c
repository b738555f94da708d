/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genremessage.h"

#include "genretag.h"

guint
genre_message_best_label (const float *probabilities, guint n_labels)
{
  guint best = 0;

  for (guint i = 1; i < n_labels; i++)
    if (probabilities[i] > probabilities[best])
      best = i;
  return best;
}

/* Label of the head "tags" to its probability. */
static void
add_tags (GstStructure *structure, const GenreModel *model, const float *tags)
{
  const char *const *labels = genre_model_get_head_labels (
      model, genre_model_find_head (model, "tags"));
  GstStructure *field = gst_structure_new_empty ("tags");

  for (guint i = 0; labels[i]; i++)
    gst_structure_set (field, labels[i], G_TYPE_DOUBLE, (double) tags[i], NULL);
  gst_structure_set (structure, "tags", GST_TYPE_STRUCTURE, field, NULL);
  gst_structure_free (field);
}

static void
add_embedding (
    GstStructure *structure, const GenreModel *model, const float *embedding)
{
  const gsize n = genre_model_get_embedding_size (model);
  GValue values = G_VALUE_INIT;

  gst_value_array_init (&values, n);
  for (gsize i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_DOUBLE);
    g_value_set_double (&value, embedding[i]);
    gst_value_array_append_and_take_value (&values, &value);
  }
  gst_structure_take_value (structure, "embedding", &values);
}

static GstStructure *
make_structure (const char *name, const char *counter, guint64 count,
    const GenreModel *model, const GenreMessage *message)
{
  guint n = genre_model_get_n_labels (model);
  g_autofree char *model_name = g_strdup_printf (
      "%s %s", genre_model_get_name (model), genre_model_get_version (model));
  GstStructure *structure = gst_structure_new (name, counter, G_TYPE_UINT64,
      count, "timestamp", G_TYPE_UINT64, message->timestamp, "stream-time",
      G_TYPE_UINT64, message->stream_time, "running-time", G_TYPE_UINT64,
      message->running_time, "duration", G_TYPE_UINT64, message->duration,
      NULL);
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
    /* nothing is known of silence: all genres are equally likely */
    g_value_set_double (
        &value, message->silent ? 1.0 / n : message->probabilities[i]);
    gst_value_array_append_and_take_value (&probabilities, &value);
  }
  if (message->has_genre) {
    guint best = genre_message_best_label (message->probabilities, n);
    const char *label = genre_model_get_label (model, best);

    confidence = message->probabilities[best];
    gst_structure_set (structure, "genre", G_TYPE_STRING, label, "genre-name",
        G_TYPE_STRING, genre_tag_spelling (label), NULL);
  }
  gst_structure_set (structure, "confidence", G_TYPE_DOUBLE, confidence, NULL);
  gst_structure_take_value (structure, "labels", &labels);
  gst_structure_take_value (structure, "probabilities", &probabilities);
  gst_structure_set (structure, "partial", G_TYPE_BOOLEAN, message->partial,
      "interim", G_TYPE_BOOLEAN, message->interim, "silent", G_TYPE_BOOLEAN,
      message->silent, "music", G_TYPE_DOUBLE, message->music, "missing",
      G_TYPE_UINT64, message->missing, "model", G_TYPE_STRING, model_name,
      NULL);
  if (message->tags)
    add_tags (structure, model, message->tags);
  if (message->embedding)
    add_embedding (structure, model, message->embedding);
  return structure;
}

GstStructure *
genre_message_segment (
    const GenreModel *model, const GenreMessage *message, guint64 segment)
{
  return make_structure ("genreclassify", "segment", segment, model, message);
}

static gboolean
copy_field (GQuark field, const GValue *value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

GstStructure *
genre_message_track (const GenreModel *model, const GenreMessage *message,
    guint64 segments, const GstStructure *song)
{
  GstStructure *structure = make_structure (
      "genreclassify-track", "segments", segments, model, message);

  gst_structure_foreach (song, copy_field, structure);
  return structure;
}
