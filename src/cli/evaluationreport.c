/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "evaluationreport.h"

#include <math.h>

/* JSON */

/* NAN is written as null. */
static void
add_number (JsonBuilder *builder, const char *member, double value)
{
  json_builder_set_member_name (builder, member);
  if (isnan (value))
    json_builder_add_null_value (builder);
  else
    json_builder_add_double_value (builder, value);
}

static void
add_genres (
    JsonBuilder *builder, const Metrics *metrics, const char *const *labels)
{
  json_builder_set_member_name (builder, "per_genre");
  json_builder_begin_object (builder);
  for (guint i = 0; i < metrics->n_labels; i++) {
    const LabelMetrics *label = metrics->labels + i;

    json_builder_set_member_name (builder, labels[i]);
    json_builder_begin_object (builder);
    add_number (builder, "precision", label->precision);
    add_number (builder, "recall", label->recall);
    add_number (builder, "f1", label->f1);
    add_number (builder, "auc", label->auc);
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
}

static void
add_confusion (JsonBuilder *builder, const Metrics *metrics)
{
  guint n = metrics->n_labels;

  json_builder_set_member_name (builder, "confusion");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++) {
    json_builder_begin_array (builder);
    for (guint k = 0; k < n; k++)
      json_builder_add_int_value (builder, metrics->confusion[i * n + k]);
    json_builder_end_array (builder);
  }
  json_builder_end_array (builder);
}

char *
evaluation_format_json (const Metrics *metrics, const char *const *labels,
    const char *model, JsonArray *files)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_number (builder, "accuracy", metrics->accuracy);
  add_number (builder, "macro_f1", metrics->macro_f1);
  add_number (builder, "ece", metrics->ece);
  json_builder_set_member_name (builder, "n");
  json_builder_add_int_value (builder, metrics->n);
  add_genres (builder, metrics, labels);
  add_confusion (builder, metrics);
  json_builder_set_member_name (builder, "model");
  json_builder_add_string_value (builder, model);
  json_builder_set_member_name (builder, "files");
  json_builder_add_value (
      builder, json_node_init_array (json_node_alloc (), files));
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

/* Text */

/* Appends @text in @width characters: it is cut or filled up with spaces, which
 * are on its left if @right is set. */
static void
append_cell (GString *line, const char *text, glong width, gboolean right)
{
  g_autofree char *cut = g_utf8_substring (
      text, 0, MIN (width, g_utf8_strlen (text, -1)));
  int n_spaces = width - g_utf8_strlen (cut, -1);

  g_string_append_printf (line, "%*s%s%*s", right ? n_spaces : 0, "", cut,
      right ? 0 : n_spaces, "");
}

static void
append_share (GString *text, double share)
{
  if (isnan (share))
    g_string_append (text, "         -");
  else
    g_string_append_printf (text, " %9.3f", share);
}

static void
append_genres (GString *text, const Metrics *metrics, const char *const *labels)
{
  g_string_append (
      text, "genre         files precision    recall        F1       AUC\n");
  for (guint i = 0; i < metrics->n_labels; i++) {
    const LabelMetrics *label = metrics->labels + i;

    append_cell (text, labels[i], 12, FALSE);
    g_string_append_printf (text, " %6u", label->n);
    /* these are 0 by definition if there is no file, which tells nothing */
    append_share (text, label->n > 0 ? label->precision : NAN);
    append_share (text, label->n > 0 ? label->recall : NAN);
    append_share (text, label->n > 0 ? label->f1 : NAN);
    append_share (text, label->auc);
    g_string_append_c (text, '\n');
  }
}

/* Names the genres without files: they make macro F1 lower than the mean of the
 * table's column. */
static void
append_missing (
    GString *text, const Metrics *metrics, const char *const *labels)
{
  guint n_missing = 0;

  for (guint i = 0; i < metrics->n_labels; i++) {
    if (metrics->labels[i].n > 0)
      continue;
    g_string_append_printf (
        text, "%s%s", n_missing++ ? ", " : "No files of ", labels[i]);
  }
  if (n_missing > 0)
    g_string_append_printf (text,
        ":\nthe F1 of each is 0 in macro F1, which is over all %u genres.\n",
        metrics->n_labels);
}

static void
append_confusion (
    GString *text, const Metrics *metrics, const char *const *labels)
{
  guint n = metrics->n_labels;

  g_string_append (text, "truth \\ answer");
  for (guint i = 0; i < n; i++) {
    g_string_append_c (text, ' ');
    append_cell (text, labels[i], 5, TRUE);
  }
  for (guint i = 0; i < n; i++) {
    g_string_append_c (text, '\n');
    append_cell (text, labels[i], 14, FALSE);
    for (guint k = 0; k < n; k++) {
      guint count = metrics->confusion[i * n + k];

      g_string_append_printf (text, count ? " %5u" : "     .", count);
    }
  }
  g_string_append_c (text, '\n');
}

char *
evaluation_format_text (const Metrics *metrics, const char *const *labels,
    const char *model, guint n_not_music)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text,
      "%u %s, model %s\n"
      "accuracy %.3f, macro F1 %.3f, expected calibration error %.3f\n\n",
      metrics->n, metrics->n == 1 ? "file" : "files", model, metrics->accuracy,
      metrics->macro_f1, metrics->ece);
  append_genres (text, metrics, labels);
  append_missing (text, metrics, labels);
  g_string_append_c (text, '\n');
  append_confusion (text, metrics, labels);
  if (n_not_music > 0)
    g_string_append_printf (text,
        "\nTaken for no music, and so without a genre: %u.\n"
        "Here the genre that is the most probable one all the same is counted.\n",
        n_not_music);
  return g_string_free (text, FALSE);
}
