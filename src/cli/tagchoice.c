/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagchoice.h"

#include "tags/spelling.h"

/* Gives what the tags say of one label, "Rock, confidence 0.60", after @before,
 * which says the same of more probable ones. */
static char *
word_label (const char *before, const char *const *names, double probability,
    const char *model)
{
  g_autofree char *joined = g_strjoinv ("; ", (char **) names);
  g_autofree char *all = before ? g_strconcat (before, "; ", joined, NULL)
                                : g_strdup (joined);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (model)
    return tagwriter_format_classifier (all, probability, model);
  g_ascii_formatd (number, sizeof number, "%.2f", probability);
  return g_strdup_printf ("%s, confidence %s", all, number);
}

static void
add_names (GPtrArray *genres, const char *const *names)
{
  for (; *names; names++)
    g_ptr_array_add (genres, g_strdup (*names));
}

static const char *const *
get_names (
    const WorkerOptions *options, const char *label, const char *const *spelled)
{
  const char *const *names = vocabulary_lookup (options->map, label);

  return names ? names : spelled;
}

/* Adds the tags that the music has, the most probable first. */
static void
add_tags (GPtrArray *genres, const Result *result, const WorkerOptions *options)
{
  guint n = result->tags ? g_strv_length (result->tag_labels) : 0;
  g_autofree guint *order = g_new (guint, n);

  result_rank (result->tags, n, order, n);
  for (guint i = 0; i < n && result->tags[order[i]] >= RESULT_LEAST_TAG; i++) {
    const char *label = result->tag_labels[order[i]];
    g_autofree char *name = spelling_of_tag (label);
    const char *const spelled[] = { name, NULL };

    if (result_tag_is_genre (label))
      add_names (genres, get_names (options, label, spelled));
  }
}

char **
tag_choice_make (
    const Result *result, const WorkerOptions *options, char **classifier)
{
  char *const *labels = result->labels;
  const double *probabilities = result_get_answer (result);
  guint n_labels = g_strv_length ((char **) labels);
  guint n = MIN (MAX (options->write_top, 1), n_labels);
  g_autofree guint *order = g_new (guint, n);
  g_autoptr (GPtrArray) genres = g_ptr_array_new ();
  g_autofree char *words = NULL;

  *classifier = NULL;
  result_rank (probabilities, n_labels, order, n);
  for (guint rank = 0; rank < n; rank++) {
    const char *label = labels[order[rank]];
    double probability = probabilities[order[rank]];
    const char *const spelled[] = { spelling_of_label (label), NULL };
    const char *const *names = get_names (options, label, spelled);
    char *before = words;

    if (probability < options->min_confidence)
      break;
    if (!*names)
      continue;
    add_names (genres, names);
    g_free (*classifier);
    *classifier = word_label (before, names, probability, result->model);
    words = word_label (before, names, probability, NULL);
    g_free (before);
  }
  if (options->write_tags && genres->len > 0)
    add_tags (genres, result, options);
  if (!options->write_confidence)
    g_clear_pointer (classifier, g_free);
  g_ptr_array_add (genres, NULL);
  return (char **) g_ptr_array_steal (genres, NULL);
}
