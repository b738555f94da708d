/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "command.h"

#include <signal.h>

#include <gst/gst.h>

#include "about/about.h"
#include "analysis/plugin.h"
#include "classification.h"
#include "genre/genre.h"
#include "modelname.h"
#include "options.h"
#include "report.h"
#include "tags/undo.h"

enum
{
  STATUS_OK = 0,
  STATUS_FAILED = 1, /* files */
  STATUS_USAGE = 2,  /* nothing could be begun */
  STATUS_SIGNAL = 128
};

/* Each of these does what one action asks for, and gives the exit status. */

/* What the program is made of.  FALSE if a model cannot be loaded, or with @error set. */
static gboolean
print_about (GError **error)
{
  g_auto (GStrv) names = NULL;
  g_autoptr (JsonNode) about = NULL;
  g_autofree char *text = NULL;
  JsonArray *models;
  gboolean ok = TRUE;

  if (!plugin_init (error) || !(names = genre_model_list (error)))
    return FALSE;
  models = json_array_new ();
  for (char **name = names; *name; name++) {
    g_autoptr (GError) fault = NULL;
    g_autoptr (GenreModel) model = genre_model_load (*name, &fault);

    if (model)
      about_add_model (models, *name, model);
    else
      g_printerr ("genreclassify: %s\n", fault->message);
    ok = ok && model;
  }
  if (!(about = about_new (models, error)))
    return FALSE;
  text = about_to_text (about);
  g_print ("%s", text);
  return ok;
}

static int
print_version (const CommandOptions *options, GError **error)
{
  g_autofree char *path = NULL, *label = NULL;
  GenreModel *model = model_name_load (options->model, &path, &label, error);

  g_print ("genreclassify %s\n", VERSION);
  if (!model)
    return STATUS_FAILED;
  genre_model_unref (model);
  g_print ("model %s (%s)\n", label, path);
  return !options->report.verbose || print_about (error) ? STATUS_OK
                                                         : STATUS_FAILED;
}

static int
undo (const CommandOptions *options)
{
  gst_init (NULL, NULL);
  return undo_run (options->undo, options->pool.worker.tags.dry_run);
}

static int
export_cache (const CommandOptions *options, GError **error)
{
  g_autoptr (Cache) cache = NULL;

  /* if nobody reads the output, there is nothing that needs an orderly end */
  signal (SIGPIPE, SIG_DFL);
  cache = cache_open_to_export (options->cache, error);
  return cache && cache_set_root (cache, options->cache_root, error) &&
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
  return cache && cache_set_root (cache, options->cache_root, error) &&
          cache_prune (cache, options->pool.worker.tags.dry_run,
              options->report.quiet, error)
      ? STATUS_OK
      : STATUS_USAGE;
}

static int
classify (const CommandOptions *options, GError **error)
{
  g_autoptr (Classification)
      classification = classification_new (options, error);
  g_autoptr (Report) report = NULL;
  int signal_number, status;

  if (!classification || !(report = report_new (&options->report, error)))
    return STATUS_USAGE;
  signal_number = classification_run (
      classification, report_add, report, error);
  status = report_finish (report);
  if (signal_number < 0)
    return STATUS_USAGE;
  if (signal_number > 0)
    return STATUS_SIGNAL + signal_number;
  return report_is_cut_off (report) ? STATUS_SIGNAL + SIGPIPE : status;
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
