/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "classification.h"

#include <errno.h>

#include <glib/gstdio.h>

#include "analysis/modelanswers.h"
#include "analysis/plugin.h"
#include "modelname.h"
#include "process/nothread.h"
#include "workerchild.h"

/* The model's file, and how it calls itself. */
typedef struct
{
  char *path;
  char *label;       /* "crnn 3": name and version */
  char *digest;      /* of the file, or NULL while nobody has needed it */
  char **labels;     /* the genres that it knows */
  char **tag_labels; /* and the tags, or NULL */
  gboolean has_embedding;
} ModelLabel;

static void
model_label_clear (ModelLabel *model)
{
  g_free (model->path);
  g_free (model->label);
  g_free (model->digest);
  g_strfreev (model->labels);
  g_strfreev (model->tag_labels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ModelLabel, model_label_clear)

struct _Classification
{
  const CommandOptions *options;
  PoolOptions pool;
  ModelLabel model;
  WorkerChild first; /* the pool's first process, until the pool takes it */
  Cache *cache;      /* or NULL */
  char *cache_key;
};

/* The model itself, or NULL with @error set.  (transfer full) */
static GenreModel *
find_model (const char *name, ModelLabel *found, GError **error)
{
  GenreModel *model = model_name_load (
      name, &found->path, &found->label, error);
  const char *const *tags;

  if (!model)
    return NULL;
  tags = model_get_tags (model);
  found->labels = g_strdupv ((char **) genre_model_get_labels (model));
  if (*tags)
    found->tag_labels = g_strdupv ((char **) tags);
  found->has_embedding = genre_model_get_embedding_size (model) > 0;
  return model;
}

/* Of the model's file, as the cache's key has it; NULL with @error set. */
static char *
make_digest (const char *path, GError **error)
{
  g_autofree char *weights = NULL;
  gsize length;

  return g_file_get_contents (path, &weights, &length, error)
      ? g_compute_checksum_for_data (
            G_CHECKSUM_SHA256, (const guchar *) weights, length)
      : NULL;
}

/* What takes most of the time before the first file, each in a thread: */
typedef struct
{
  const CommandOptions *options;
  ModelLabel *found;
  GError *error;
} Loading;

static gpointer
load_model (gpointer data)
{
  Loading *loading = data;

  return find_model (loading->options->model, loading->found, &loading->error);
}

static gpointer
find_digest (gpointer data)
{
  Loading *loading = data;
  g_autofree char *path = genre_model_find (loading->options->model, NULL);

  loading->found->digest = path ? make_digest (path, NULL) : NULL;
  return NULL;
}

/* GStreamer, which the first worker has then.  If that fails, the workers will tell. */
static void
start_gstreamer (const CommandOptions *options)
{
  /* all may be in the cache, and then nothing is played */
  if (options->cache)
    return;
  /* then it may load plugins itself, of which some crash or start threads */
  if (g_getenv ("GST_REGISTRY_FORK"))
    return;
  (void) plugin_init (NULL);
}

/* Finds the model, see find_model(), and for a cache its digest, while GStreamer
 * starts. */
static GenreModel *
load (const CommandOptions *options, ModelLabel *found, GError **error)
{
  Loading loading = { .options = options, .found = found };
  GThread *model_thread = g_thread_try_new (
      "model", load_model, &loading, NULL);
  GThread *digest_thread = options->cache
      ? g_thread_try_new ("digest", find_digest, &loading, NULL)
      : NULL;
  GenreModel *model;

  start_gstreamer (options);
  if (digest_thread)
    g_thread_join (digest_thread);
  model = model_thread ? g_thread_join (model_thread) : load_model (&loading);
  if (!model)
    g_propagate_error (error, loading.error);
  return model;
}

/* See classification_make_key(). */
static char *
make_key (ModelLabel *model, const AnalysisOptions *analysis, GError **error)
{
  if (!model->digest && !(model->digest = make_digest (model->path, error)))
    return NULL;
  return g_strdup_printf ("%s %s window %" G_GUINT64_FORMAT
                          " hop %" G_GUINT64_FORMAT
                          " max-duration %" G_GUINT64_FORMAT,
      model->label, model->digest, analysis->window, analysis->hop,
      analysis->max_duration);
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

static Cache *
open_cache (const CommandOptions *options, GError **error)
{
  g_autoptr (Cache) cache = options->cache_is_own
      ? cache_open_alone (options->cache, error)
      : cache_open (options->cache, error);

  return cache && cache_set_root (cache, options->cache_root, error)
      ? g_steal_pointer (&cache)
      : NULL;
}

static gboolean
check_model (
    const CommandOptions *options, const ModelLabel *model, GError **error)
{
  if (options->pool.needs_tags && !model->tag_labels) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "The model %s has no tags, which --%s.", model->label,
        options->report.tags_of_model ? "tags shows" : "write-tags writes");
    return FALSE;
  }
  if (options->report.embedding && !model->has_embedding) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "The model %s has no embedding, which --embedding adds.", model->label);
    return FALSE;
  }
  return TRUE;
}

/* The folder of a log whose name the program has made up. */
static gboolean
make_log_folder (const CommandOptions *options, GError **error)
{
  g_autofree char *folder = NULL;

  if (!options->report.log_is_own)
    return TRUE;
  folder = g_path_get_dirname (options->pool.worker.tags.undo_log);
  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
      "The folder %s, for the log of what is written, cannot be made: %s; --log "
      "names another file.",
      folder, g_strerror (errno));
  return FALSE;
}

Classification *
classification_new (const CommandOptions *options, GError **error)
{
  g_autoptr (Classification) made = g_new0 (Classification, 1);
  g_autoptr (GenreModel) model = NULL;

  no_thread_catch (2,
      "No thread can be started: the user or the group of processes may have no more "
      "(ulimit -u, TasksMax=), or there is no memory for one.",
      NULL);
  model = load (options, &made->model, error);
  made->options = options;
  made->pool = options->pool;
  if (!model || !check_model (options, &made->model, error) ||
      !make_log_folder (options, error))
    return NULL;
  /* while the model is there, and no database and no thread yet */
  worker_child_fork (&made->first);
  if (options->cache &&
      (!(made->cache = open_cache (options, error)) ||
          !(made->cache_key = make_key (
                &made->model, &made->pool.worker.analysis, error))))
    return NULL;
  warn (options, &made->model);
  made->pool.worker.analysis.model = made->model.path;
  made->pool.first = &made->first;
  made->pool.cache = made->cache;
  made->pool.cache_key = made->cache_key;
  return g_steal_pointer (&made);
}

char *
classification_make_key (const CommandOptions *options, GError **error)
{
  g_auto (ModelLabel) label = { 0 };
  g_autoptr (GenreModel) model = find_model (options->model, &label, error);

  return model && check_model (options, &label, error)
      ? make_key (&label, &options->pool.worker.analysis, error)
      : NULL;
}

const char *
classification_get_key (const Classification *classification)
{
  return classification->cache_key;
}

void
classification_free (Classification *classification)
{
  if (!classification)
    return;
  worker_child_end (&classification->first);
  model_label_clear (&classification->model);
  cache_close (classification->cache);
  g_free (classification->cache_key);
  g_free (classification);
}

gboolean
classification_finish (Classification *classification, GError **error)
{
  Cache *cache = g_steal_pointer (&classification->cache);

  classification_free (classification);
  return !cache || cache_finish (cache, error);
}

int
classification_run (Classification *classification, PoolFunc func,
    gpointer user_data, GError **error)
{
  return pool_run (&classification->options->listing, &classification->pool,
      func, user_data, error);
}
