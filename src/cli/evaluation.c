/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "evaluation.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "evaluationplot.h"
#include "evaluationreport.h"
#include "genre/genre.h"
#include "metrics.h"
#include "modelname.h"
#include "options.h"
#include "plot/figure.h"
#include "progress.h"
#include "sort.h"
#include "workerpool.h"

typedef struct
{
  /* options */
  gboolean json;
  int jobs;
  char *model, *plot;
  /* the model and the truth */
  char *model_path, *model_name; /* "crnn 3" */
  GPtrArray *labels;             /* the model's; NULL-terminated */
  GPtrArray *folders;            /* DIR/GENRE; NULL-terminated */
  GArray *folder_labels;         /* guint: the label of each folder */
  /* the answers */
  GArray *probabilities; /* double, [n][labels] */
  GArray *truth;         /* guint: a label's index, [n] */
  guint n_not_music;     /* of these, that have no genre */
  JsonArray *files;      /* objects: every file, also those that failed */
  gboolean failed;       /* a file could not be measured */
  Progress *progress;
} Evaluation;

static const char *
get_label (const Evaluation *evaluation, guint i)
{
  return g_ptr_array_index (evaluation->labels, i);
}

/* Before the files are played: the model and the folders */

static gboolean
load_labels (Evaluation *evaluation, GError **error)
{
  GenreModel *model = model_name_load (evaluation->model,
      &evaluation->model_path, &evaluation->model_name, error);

  if (!model)
    return FALSE;
  for (guint i = 0; i < genre_model_get_n_labels (model); i++)
    g_ptr_array_add (
        evaluation->labels, g_strdup (genre_model_get_label (model, i)));
  genre_model_unref (model);
  return TRUE;
}

static gboolean
is_empty (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);

  return dir && !g_dir_read_name (dir);
}

static gboolean
add_folder (
    Evaluation *evaluation, const char *path, const char *genre, GError **error)
{
  g_autoptr (GError) cause = NULL;
  guint label;

  if (!g_ptr_array_find_with_equal_func (
          evaluation->labels, genre, g_str_equal, &label)) {
    g_autofree char *known = g_strjoinv (
        ", ", (char **) evaluation->labels->pdata);

    return arguments_set_error (error,
        "%s: the model %s knows no genre \"%s\". It knows %s.", path,
        evaluation->model_name, genre, known);
  }
  if (is_empty (path, &cause))
    return arguments_set_error (error,
        "%s: there is no file in it, and a genre needs at least one.", path);
  if (cause)
    return arguments_set_error (error, "%s", cause->message);
  g_ptr_array_add (evaluation->folders, g_strdup (path));
  g_array_append_val (evaluation->folder_labels, label);
  return TRUE;
}

/* Gives the names in a folder, sorted, without those of hidden files. */
static GPtrArray *
list_names (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray *names;
  const char *entry;

  if (!dir)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = g_dir_read_name (dir)))
    if (*entry != '.')
      g_ptr_array_add (names, g_strdup (entry));
  g_ptr_array_sort (names, sort_compare_strings);
  return names;
}

/* Each folder in @root must be named as a label of the model; hidden folders
 * and files do not count. */
static gboolean
find_folders (Evaluation *evaluation, const char *root, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;

  if (!g_file_test (root, G_FILE_TEST_EXISTS))
    return arguments_set_error (error, "%s: There is no such folder.", root);
  if (!g_file_test (root, G_FILE_TEST_IS_DIR))
    return arguments_set_error (error, "%s: It is not a folder.", root);
  if (!(names = list_names (root, error)))
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    g_autofree char *path = g_build_filename (root, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR) &&
        !add_folder (evaluation, path, name, error))
      return FALSE;
  }
  if (evaluation->folders->len == 0)
    return arguments_set_error (error,
        "%s: There is no folder in it; expected is one for each genre, such as "
        "%s/%s.",
        root, root, get_label (evaluation, 0));
  return TRUE;
}

/* While they are played: the answers */

/* The label of the folder that the file is in. */
static guint
find_truth (const Evaluation *evaluation, const char *name)
{
  for (guint i = 0; i < evaluation->folders->len; i++) {
    const char *folder = g_ptr_array_index (evaluation->folders, i);

    if (g_str_has_prefix (name, folder) && name[strlen (folder)] == '/')
      return g_array_index (evaluation->folder_labels, guint, i);
  }
  g_return_val_if_reached (0);
}

static void
add_file (Evaluation *evaluation, const Result *result, guint truth)
{
  g_autofree char *text = result_to_json (result, 0);
  JsonNode *node = json_from_string (text, NULL);

  json_object_set_string_member (
      json_node_get_object (node), "truth", get_label (evaluation, truth));
  json_array_add_element (evaluation->files, node);
}

static void
warn_of_file (Evaluation *evaluation, const Result *result, const char *prefix,
    const char *reason)
{
  g_autofree char *printable = g_filename_display_name (result->name);

  progress_hide (evaluation->progress);
  g_printerr ("genreclassify: %s: %s%s\n", printable, prefix, reason);
}

static void
add_failure (Evaluation *evaluation, const Result *result, const char *reason)
{
  warn_of_file (evaluation, result, "", reason);
  evaluation->failed = TRUE;
}

static void
add_answer (Evaluation *evaluation, const Result *result, guint truth)
{
  guint n_labels = evaluation->labels->len;

  if (result_is_skipped (result)) {
    warn_of_file (evaluation, result, "skipped: ", result->error);
  } else if (result->error) {
    add_failure (evaluation, result, result->error);
  } else if (!result->probabilities) {
    add_failure (evaluation, result, "It is silent, and has no genre.");
  } else if (g_strv_length (result->labels) != n_labels) {
    add_failure (evaluation, result, "Its model was replaced meanwhile.");
  } else {
    /* without a genre it still has probabilities, and these are what is measured */
    if (result_get_best (result) < 0)
      evaluation->n_not_music++;
    g_array_append_vals (
        evaluation->probabilities, result->probabilities, n_labels);
    g_array_append_val (evaluation->truth, truth);
  }
}

/* A PoolFunc. */
static gboolean
take_outcome (const Outcome *outcome, gint64 total, gpointer user_data)
{
  Evaluation *evaluation = user_data;
  const Result *result = outcome->result;
  guint truth = find_truth (evaluation, result->name);

  add_answer (evaluation, result, truth);
  if (evaluation->json)
    add_file (evaluation, result, truth);
  progress_set_total (evaluation->progress, total);
  progress_add (evaluation->progress, (double) result->duration / GENRE_SECOND);
  return TRUE;
}

/* After that: the figures */

static gboolean
print_output (const char *text)
{
  if (fputs (text, stdout) >= 0 && fflush (stdout) >= 0)
    return TRUE;
  g_printerr ("genreclassify: The output cannot be written.\n");
  return FALSE;
}

/* FALSE, and a line for each, if there are genres of which nothing was
 * measured. */
static gboolean
check_genres (const Evaluation *evaluation, const Metrics *metrics)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < evaluation->folders->len; i++) {
    guint label = g_array_index (evaluation->folder_labels, guint, i);

    if (metrics->labels[label].n > 0)
      continue;
    g_printerr ("genreclassify: %s: none of its files could be measured.\n",
        (const char *) g_ptr_array_index (evaluation->folders, i));
    ok = FALSE;
  }
  return ok;
}

static gboolean
print_metrics (const Evaluation *evaluation, const Metrics *metrics)
{
  const char *const *labels = (const char *const *) evaluation->labels->pdata;
  g_autofree char *text = NULL;

  if (!evaluation->json) {
    text = evaluation_format_text (
        metrics, labels, evaluation->model_name, evaluation->n_not_music);
    return print_output (text);
  }
  text = evaluation_format_json (
      metrics, labels, evaluation->model_name, evaluation->files);
  return print_output (text) && print_output ("\n");
}

static gboolean
draw_metrics (const Evaluation *evaluation, const Metrics *metrics,
    const MetricsInput *input)
{
  const char *const *labels = (const char *const *) evaluation->labels->pdata;
  g_autoptr (GError) error = NULL;

  if (!evaluation->plot ||
      evaluation_plot_write (evaluation->plot, metrics, input, labels,
          evaluation->model_name, &error))
    return TRUE;
  g_printerr ("genreclassify: %s\n", error->message);
  return FALSE;
}

/* Measures and reports.  FALSE if a part of that could not be done. */
static gboolean
report_metrics (const Evaluation *evaluation)
{
  const MetricsInput input = { evaluation->truth->len, evaluation->labels->len,
    (const double *) evaluation->probabilities->data,
    (const guint *) evaluation->truth->data };
  g_autoptr (Metrics) metrics = NULL;
  gboolean ok;

  if (input.n == 0) {
    g_printerr ("genreclassify: None of the files could be measured.\n");
    return FALSE;
  }
  metrics = metrics_new (&input);
  ok = print_metrics (evaluation, metrics);
  ok = check_genres (evaluation, metrics) && ok;
  return draw_metrics (evaluation, metrics, &input) && ok;
}

/* Gives the exit status. */
static int
run (Evaluation *evaluation)
{
  g_autoptr (GError) error = NULL;
  ListingOptions listing = { 0 };
  PoolOptions pool = { 0 };
  int signal_number;

  listing.names = (char **) evaluation->folders->pdata;
  pool.jobs = evaluation->jobs;
  pool.timeout = OPTIONS_DEFAULT_TIMEOUT;
  pool.worker.analysis.model = evaluation->model_path;
  evaluation->progress = progress_new (-1);
  signal_number = pool_run (&listing, &pool, take_outcome, evaluation, &error);
  g_clear_pointer (&evaluation->progress, progress_free);
  if (signal_number > 0)
    return 128 + signal_number;
  if (signal_number < 0) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 2;
  }
  return report_metrics (evaluation) && !evaluation->failed ? 0 : 1;
}

/* Reads the options and prepares what they name. */
static gboolean
parse (Evaluation *evaluation, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &evaluation->json,
        "one JSON object: the figures and every file", NULL },
    { "plot", 0, 0, G_OPTION_ARG_FILENAME, &evaluation->plot,
        "draw them to an .svg or .png", "OUT" },
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &evaluation->model,
        "a model that \"models\" lists, or a weights file", "NAME|PATH" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &evaluation->jobs,
        "files at a time (as many as processors)", "N" },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry *const tables[] = { entries, NULL };
  g_autoptr (GOptionContext) context = g_option_context_new ("DIR");
  g_auto (GStrv) names = NULL;

  g_set_prgname ("genreclassify eval");
  g_option_context_set_summary (context,
      "Says how well the model tells the genres of DIR/GENRE/*: accuracy, "
      "macro F1,\ncalibration, precision, recall, F1 and AUC of each genre, and "
      "the confusions.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!(names = arguments_parse (context, tables, argc, argv, error)))
    return FALSE;
  if (g_strv_length (names) != 1)
    return arguments_set_error (error,
        "eval takes one folder, but %u were given; see "
        "genreclassify eval --help.",
        g_strv_length (names));
  return options_check_jobs (&evaluation->jobs, error) &&
      (!evaluation->plot || figure_check_path (evaluation->plot, error)) &&
      load_labels (evaluation, error) &&
      find_folders (evaluation, names[0], error);
}

static void
evaluation_clear (Evaluation *evaluation)
{
  g_free (evaluation->model);
  g_free (evaluation->plot);
  g_free (evaluation->model_path);
  g_free (evaluation->model_name);
  g_ptr_array_unref (evaluation->labels);
  g_ptr_array_unref (evaluation->folders);
  g_array_unref (evaluation->folder_labels);
  g_array_unref (evaluation->probabilities);
  g_array_unref (evaluation->truth);
  json_array_unref (evaluation->files);
}

int
evaluation_main (int argc, char **argv)
{
  Evaluation evaluation = {
    .jobs = OPTIONS_NOT_GIVEN,
    .labels = g_ptr_array_new_null_terminated (10, g_free, TRUE),
    .folders = g_ptr_array_new_null_terminated (10, g_free, TRUE),
    .folder_labels = g_array_new (FALSE, FALSE, sizeof (guint)),
    .probabilities = g_array_new (FALSE, FALSE, sizeof (double)),
    .truth = g_array_new (FALSE, FALSE, sizeof (guint)),
    .files = json_array_new (),
  };
  g_autoptr (GError) error = NULL;
  int status = 2;

  /* when a worker or the reader of stdout is gone, write() says so */
  signal (SIGPIPE, SIG_IGN);
  if (parse (&evaluation, argc, argv, &error))
    status = run (&evaluation);
  else
    g_printerr ("genreclassify: %s\n", error->message);
  evaluation_clear (&evaluation);
  return status;
}
