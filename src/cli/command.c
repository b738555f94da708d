/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "command.h"

#include <signal.h>

#include <gst/gst.h>

#include "analysis/modelanswers.h"
#include "modelname.h"
#include "options.h"
#include "report.h"
#include "tags/undo.h"
#include "workerpool.h"

enum
{
  STATUS_OK = 0,
  STATUS_FAILED = 1, /* files */
  STATUS_USAGE = 2,  /* nothing could be begun */
  STATUS_SIGNAL = 128
};

/* The model's file, and how it calls itself. */
typedef struct
{
  char *path;
  char *label;       /* "crnn 3": name and version */
  char **labels;     /* the genres that it knows */
  char **tag_labels; /* and the tags, or NULL */
  gboolean has_embedding;
} ModelLabel;

static void
model_label_clear (ModelLabel *model)
{
  g_free (model->path);
  g_free (model->label);
  g_strfreev (model->labels);
  g_strfreev (model->tag_labels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ModelLabel, model_label_clear)

static gboolean
find_model (const char *name, ModelLabel *found, GError **error)
{
  GenreModel *model = model_name_load (
      name, &found->path, &found->label, error);
  const char *const *tags;

  if (!model)
    return FALSE;
  tags = model_get_tags (model);
  found->labels = g_strdupv ((char **) genre_model_get_labels (model));
  if (*tags)
    found->tag_labels = g_strdupv ((char **) tags);
  found->has_embedding = genre_model_get_embedding_size (model) > 0;
  genre_model_unref (model);
  return TRUE;
}

/* All that a file's result depends on, besides the file itself; free with
 * g_free(). */
static char *
make_cache_key (
    const ModelLabel *model, const AnalysisOptions *analysis, GError **error)
{
  g_autofree char *weights = NULL, *digest = NULL;
  gsize length;

  if (!g_file_get_contents (model->path, &weights, &length, error))
    return NULL;
  digest = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) weights, length);
  return g_strdup_printf ("%s %s window %" G_GUINT64_FORMAT
                          " hop %" G_GUINT64_FORMAT
                          " max-duration %" G_GUINT64_FORMAT,
      model->label, digest, analysis->window, analysis->hop,
      analysis->max_duration);
}

/* Each of these does what one action asks for, and gives the exit status. */

static int
print_version (const CommandOptions *options, GError **error)
{
  g_auto (ModelLabel) model = { 0 };
  gboolean found = find_model (options->model, &model, error);

  g_print ("genreclassify %s\n", VERSION);
  if (!found)
    return STATUS_FAILED;
  g_print ("model %s (%s)\n", model.label, model.path);
  return STATUS_OK;
}

static int
undo (const CommandOptions *options)
{
  gst_init (NULL, NULL);
  return undo_run (options->undo, options->pool.worker.tags.dry_run);
}

static gboolean
set_root (Cache *cache, const CommandOptions *options, GError **error)
{
  return !options->cache_root ||
      cache_set_root (cache, options->cache_root, error);
}

static int
export_cache (const CommandOptions *options, GError **error)
{
  g_autoptr (Cache) cache = NULL;

  /* if nobody reads the output, there is nothing that needs an orderly end */
  signal (SIGPIPE, SIG_DFL);
  cache = cache_open_to_export (options->cache, error);
  return cache && set_root (cache, options, error) &&
          cache_export (cache, options->export, error)
      ? STATUS_OK
      : STATUS_USAGE;
}

static int
prune_cache (const CommandOptions *options, GError **error)
{
  g_autoptr (Cache) cache = NULL;

  if (!g_file_test (options->cache, G_FILE_TEST_EXISTS)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "The cache %s does not exist.", options->cache);
    return STATUS_USAGE;
  }
  cache = cache_open (options->cache, error);
  return cache && set_root (cache, options, error) &&
          cache_prune (cache, options->pool.worker.tags.dry_run,
              options->report.quiet, error)
      ? STATUS_OK
      : STATUS_USAGE;
}

/* Runs the pool.  Gives the exit status. */
static int
classify_files (
    const CommandOptions *options, const PoolOptions *pool, GError **error)
{
  g_autoptr (Report) report = report_new (&options->report, error);
  int signal_number, status;

  if (!report)
    return STATUS_USAGE;
  signal_number = pool_run (&options->listing, pool, report_add, report, error);
  status = report_finish (report);
  if (signal_number < 0)
    return STATUS_USAGE;
  if (signal_number > 0)
    return STATUS_SIGNAL + signal_number;
  return report_is_cut_off (report) ? STATUS_SIGNAL + SIGPIPE : status;
}

/* All that can be written of what the model says; free with g_strfreev(). */
static char **
get_written (const ModelLabel *model, const WorkerOptions *options)
{
  GStrvBuilder *words = g_strv_builder_new ();
  char **all;

  g_strv_builder_addv (words, (const char **) model->labels);
  if (options->write_tags)
    g_strv_builder_addv (words, (const char **) model->tag_labels);
  all = g_strv_builder_end (words);
  g_strv_builder_unref (words);
  return all;
}

/* Tells of what is asked for and will not be, though nothing is wrong. */
static void
warn (const CommandOptions *options, const ModelLabel *model)
{
  const WorkerOptions *worker = &options->pool.worker;
  g_auto (GStrv) written = get_written (model, worker);
  g_autofree char *unknown = worker->map
      ? vocabulary_find_unknown (worker->map, (const char *const *) written)
      : NULL;

  if (unknown)
    g_printerr ("genreclassify: %s\n", unknown);
  if (worker->write_top > 1 && worker->min_confidence > 0.5)
    g_printerr ("genreclassify: No file will get more than one genre: of "
                "probabilities, which add up to 1, only one can be at least "
                "%g; --min-confidence sets another limit.\n",
        worker->min_confidence);
}

static int
classify (const CommandOptions *options, GError **error)
{
  g_auto (ModelLabel) model = { 0 };
  g_autoptr (Cache) cache = NULL;
  g_autofree char *cache_key = NULL;
  PoolOptions pool = options->pool;

  if (!find_model (options->model, &model, error))
    return STATUS_USAGE;
  if (options->pool.needs_tags && !model.tag_labels) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "The model %s has no tags, which --%s.", model.label,
        options->report.tags_of_model ? "tags shows" : "write-tags writes");
    return STATUS_USAGE;
  }
  if (options->report.embedding && !model.has_embedding) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "The model %s has no embedding, which --embedding adds.", model.label);
    return STATUS_USAGE;
  }
  if (options->cache &&
      (!(cache = cache_open (options->cache, error)) ||
          !set_root (cache, options, error) ||
          !(cache_key = make_cache_key (&model, &pool.worker.analysis, error))))
    return STATUS_USAGE;
  warn (options, &model);
  pool.worker.analysis.model = model.path;
  pool.cache = cache;
  pool.cache_key = cache_key;
  return classify_files (options, &pool, error);
}

static int
run (const CommandOptions *options, GError **error)
{
  switch (options->action) {
    case COMMAND_PRINT_VERSION:
      return print_version (options, error);
    case COMMAND_UNDO:
      return undo (options);
    case COMMAND_EXPORT_CACHE:
      return export_cache (options, error);
    case COMMAND_PRUNE_CACHE:
      return prune_cache (options, error);
    default:
      return classify (options, error);
  }
}

int
command_main (int argc, char **argv)
{
  g_auto (CommandOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  int status = STATUS_USAGE;

  /* when a worker or the reader of stdout is gone, write() says so */
  signal (SIGPIPE, SIG_IGN);
  if (options_parse (&options, argc, argv, &error))
    status = run (&options, &error);
  if (error)
    g_printerr ("genreclassify: %s\n", error->message);
  return status;
}
