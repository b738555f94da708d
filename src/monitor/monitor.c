/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "monitor.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib-unix.h>

#include "analysis/modelanswers.h"
#include "monitor/listening/decoderprocess.h"
#include "fleet.h"
#include "monitor/outputs/exporter.h"
#include "monitoroptions.h"
#include "outputs.h"
#include "monitor/history/reportcommand.h"
#include "monitor/table/table.h"

/* ms between two looks at what is due, and between two frames of the table */
#define TICK 250
#define FRAME 500
/* ms after which another signal does not mean the same wish to end, but haste */
#define AGAIN 500
/* s that the stations have to end in */
#define LAST_WORDS 6

enum
{
  STATUS_OK = 0,
  STATUS_FAILED = 1,
  STATUS_USAGE = 2
};

typedef struct
{
  const MonitorOptions *options;
  GMainLoop *loop;
  GenreModel *model;
  char *model_name; /* "crnn 5" */
  Outputs *outputs;
  Fleet *fleet;
  Exporter *exporter; /* or NULL */
  Table *table;       /* or NULL */
  double start_time;
  char *failure;       /* why it cannot go on, or NULL */
  gboolean is_reading; /* the list, again */
  gint64 stopping; /* µs, monotonic, when it was asked to end; 0: not yet */
  int status;
} Monitor;

/* The end */

static void
stop (Monitor *monitor, int status)
{
  monitor->status = MAX (monitor->status, status);
  if (monitor->stopping) {
    /* some send a signal to the process and to its group */
    if (g_get_monotonic_time () - monitor->stopping > AGAIN * 1000)
      g_main_loop_quit (monitor->loop);
    return;
  }
  monitor->stopping = g_get_monotonic_time ();
  if (monitor->table)
    table_show_message (
        monitor->table, "It ends: what is under way is logged.");
  fleet_stop (monitor->fleet);
}

static gboolean
on_terminate (gpointer user_data)
{
  stop (user_data, STATUS_OK);
  return G_SOURCE_CONTINUE;
}

/* Records */

static void
on_record (const Record *record, gpointer user_data)
{
  Monitor *monitor = user_data;

  outputs_add (monitor->outputs, record);
}

static void
on_removed (const char *station, gpointer user_data)
{
  Monitor *monitor = user_data;

  outputs_remove_station (monitor->outputs, station);
}

static void
on_failed (const char *reason, gpointer user_data)
{
  Monitor *monitor = user_data;

  /* said when there is no table any more */
  g_free (monitor->failure);
  monitor->failure = g_strdup (reason);
  stop (monitor, STATUS_FAILED);
  g_main_loop_quit (monitor->loop);
}

/* The list */

static void
print_warnings (GPtrArray *warnings)
{
  for (guint i = 0; i < warnings->len; i++)
    g_printerr (
        "genreclassify: %s\n", (const char *) g_ptr_array_index (warnings, i));
}

/* FALSE with @error set if there is no such list; the stations then stay as they are. */
static gboolean
read_list (Monitor *monitor, GError **error)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *list = stationlist_read (
      (const char *const *) monitor->options->lists, warnings, error);

  print_warnings (warnings);
  if (!list)
    return FALSE;
  fleet_set_list (monitor->fleet, list);
  return TRUE;
}

/* In a thread of its own, as a server may take its time. */
static void
read_list_again (
    GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func (g_free);
  GError *error = NULL;
  GPtrArray *list = stationlist_read (data, warnings, &error);

  (void) source;
  (void) cancellable;
  g_object_set_data_full (G_OBJECT (task), "warnings", warnings,
      (GDestroyNotify) g_ptr_array_unref);
  if (list)
    g_task_return_pointer (task, list, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
on_list_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Monitor *monitor = user_data;
  g_autoptr (GError) error = NULL;
  GPtrArray *list = g_task_propagate_pointer (G_TASK (result), &error);

  (void) source;
  monitor->is_reading = FALSE;
  print_warnings (g_object_get_data (G_OBJECT (result), "warnings"));
  if (!list) {
    g_printerr (
        "genreclassify: %s; the stations stay as they are\n", error->message);
    return;
  }
  if (monitor->stopping) {
    g_ptr_array_unref (list);
    return;
  }
  g_printerr (
      "genreclassify: The list was read again: %u stations.\n", list->len);
  fleet_set_list (monitor->fleet, list);
}

static gboolean
on_hangup (gpointer user_data)
{
  Monitor *monitor = user_data;
  g_autoptr (GTask) task = NULL;

  outputs_reopen (monitor->outputs);
  if (monitor->stopping || monitor->is_reading)
    return G_SOURCE_CONTINUE;
  if (g_strv_contains ((const char *const *) monitor->options->lists, "-")) {
    g_printerr ("genreclassify: A list on stdin cannot be read again. The "
                "stations stay as they are.\n");
    return G_SOURCE_CONTINUE;
  }
  monitor->is_reading = TRUE;
  task = g_task_new (NULL, NULL, on_list_read, monitor);
  g_task_set_task_data (
      task, g_strdupv (monitor->options->lists), (GDestroyNotify) g_strfreev);
  g_task_run_in_thread (task, read_list_again);
  return G_SOURCE_CONTINUE;
}

/* What is due */

static gboolean
on_tick (gpointer user_data)
{
  Monitor *monitor = user_data;

  fleet_tick (monitor->fleet);
  if (outputs_are_cut_off (monitor->outputs) && !monitor->stopping)
    stop (monitor, 128 + SIGPIPE);
  if (fleet_is_done (monitor->fleet) ||
      (monitor->stopping &&
          g_get_monotonic_time () - monitor->stopping >
              LAST_WORDS * G_TIME_SPAN_SECOND))
    g_main_loop_quit (monitor->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_second (gpointer user_data)
{
  Monitor *monitor = user_data;

  outputs_flush (monitor->outputs);
  return G_SOURCE_CONTINUE;
}

/* Showing */

static void
fill_figures (GArray *views, MonitorFigures *figures, gpointer user_data)
{
  Monitor *monitor = user_data;

  fleet_get_views (monitor->fleet, views);
  figures->start_time = monitor->start_time;
  figures->n_processes = fleet_get_n_processes (monitor->fleet);
  figures->n_crashes = fleet_get_n_crashes (monitor->fleet);
  outputs_get_figures (monitor->outputs, figures);
}

static gboolean
draw (gpointer user_data)
{
  Monitor *monitor = user_data;
  g_autoptr (GArray) views = g_array_new (FALSE, FALSE, sizeof (StationView));

  fleet_get_views (monitor->fleet, views);
  table_draw (monitor->table, (const StationView *) views->data, views->len,
      g_get_real_time ());
  return G_SOURCE_CONTINUE;
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer user_data)
{
  Monitor *monitor = user_data;

  (void) fd;
  (void) condition;
  if (!table_handle_input (monitor->table)) {
    stop (monitor, STATUS_OK);
    return G_SOURCE_REMOVE;
  }
  draw (monitor);
  return G_SOURCE_CONTINUE;
}

/* the one that there is; GLib's function that prints gets no user data */
static Table *shown_table;

/* What is printed while there is a table goes into its last line. */
static void
print_in_table (const char *text)
{
  g_autofree char *line = g_strchomp (g_strdup (text));

  table_show_message (shown_table, line);
}

static void
show_table (Monitor *monitor)
{
  shown_table = monitor->table;
  g_set_printerr_handler (print_in_table);
  g_timeout_add (FRAME, draw, monitor);
  g_unix_fd_add (
      table_get_fd (monitor->table), G_IO_IN | G_IO_HUP, on_input, monitor);
}

static void
hide_table (Monitor *monitor)
{
  if (!monitor->table)
    return;
  g_set_printerr_handler (NULL);
  g_clear_pointer (&monitor->table, table_free);
}

/* Starting */

/* Raises the limit on open files as far as it goes, and gives each of the processes so
 * many stations as it can have files for.  FALSE with @error set if that is none. */
static gboolean
raise_limit (DecodersOptions *options, GError **error)
{
  struct rlimit limit;
  guint64 possible;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return TRUE;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  possible = MAX (limit.rlim_max, DECODER_OWN_DESCRIPTORS) -
      DECODER_OWN_DESCRIPTORS;
  possible /= DECODER_STATION_DESCRIPTORS;
  if (possible >= options->per_process)
    return TRUE;
  if (possible == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "A process may have only %" G_GUINT64_FORMAT
        " open files: raise the limit (ulimit -Hn) to %u at least.",
        (guint64) limit.rlim_max,
        DECODER_OWN_DESCRIPTORS + DECODER_STATION_DESCRIPTORS);
    return FALSE;
  }
  g_printerr (
      "genreclassify: A process may have only %" G_GUINT64_FORMAT
      " open files, so each decodes up to %u stations; with a higher limit "
      "(ulimit -Hn) there would be fewer processes.\n",
      (guint64) limit.rlim_max, (guint) possible);
  options->per_process = possible;
  return TRUE;
}

static RecordValues
get_labels (const char *const *labels)
{
  return (RecordValues){ g_strv_length ((char **) labels), labels, NULL };
}

static gboolean
load_model (Monitor *monitor, TallyModel *model, GError **error)
{
  monitor->model = genre_model_load (monitor->options->decoders.model, error);
  if (!monitor->model)
    return FALSE;
  monitor->model_name = g_strdup_printf ("%s %s",
      genre_model_get_name (monitor->model),
      genre_model_get_version (monitor->model));
  model->name = monitor->model_name;
  model->genres = get_labels (genre_model_get_labels (monitor->model));
  model->tags = get_labels (model_get_tags (monitor->model));
  model->speech = -1;
  for (guint i = 0; i < model->tags.n; i++)
    if (g_str_equal (model->tags.labels[i], "speech"))
      model->speech = i;
  if (model->genres.n + model->tags.n <= STATION_MAX_VALUES)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "The model %s has %u genres and tags; the monitor takes up to %u.",
      model->name, model->genres.n + model->tags.n, STATION_MAX_VALUES);
  return FALSE;
}

static gboolean
start (Monitor *monitor, GError **error)
{
  const MonitorOptions *options = monitor->options;
  const FleetCallbacks callbacks = { on_record, on_removed, on_failed,
    monitor };
  StationSettings settings = { .every = options->every,
    .min_title = options->min_title,
    .silence = options->silence,
    .is_recorded = options->is_recorded,
    .recorded_start = options->recorded_start,
    .is_resumed = options->is_resumed };

  if (!load_model (monitor, &settings.model, error))
    return FALSE;
  monitor->fleet = fleet_new (&settings, &options->decoders, &callbacks);
  if (!read_list (monitor, error))
    return FALSE;
  if (!options->no_table && isatty (STDOUT_FILENO))
    monitor->table = table_new (STDOUT_FILENO);
  monitor->outputs = outputs_new (options, !monitor->table, error);
  if (!monitor->outputs)
    return FALSE;
  if (options->listen &&
      !(monitor->exporter = exporter_new (
            options->listen, fill_figures, monitor, error)))
    return FALSE;
  return TRUE;
}

static void
run (Monitor *monitor)
{
  g_unix_signal_add (SIGINT, on_terminate, monitor);
  g_unix_signal_add (SIGTERM, on_terminate, monitor);
  g_unix_signal_add (SIGHUP, on_hangup, monitor);
  g_timeout_add (TICK, on_tick, monitor);
  g_timeout_add_seconds (1, on_second, monitor);
  if (monitor->table)
    show_table (monitor);
  g_main_loop_run (monitor->loop);
  fleet_give_up (monitor->fleet);
  if (fleet_has_failed (monitor->fleet))
    monitor->status = MAX (monitor->status, STATUS_FAILED);
  hide_table (monitor);
  if (monitor->failure)
    g_printerr ("genreclassify: %s\n", monitor->failure);
}

static void
clear (Monitor *monitor)
{
  hide_table (monitor);
  exporter_free (monitor->exporter);
  fleet_free (monitor->fleet);
  if (!outputs_free (monitor->outputs))
    monitor->status = MAX (monitor->status, STATUS_FAILED);
  if (monitor->model)
    genre_model_unref (monitor->model);
  g_free (monitor->model_name);
  g_free (monitor->failure);
  g_main_loop_unref (monitor->loop);
}

int
monitor_main (int argc, char **argv)
{
  Monitor monitor = { .start_time = g_get_real_time () / 1e6 };
  MonitorOptions *options;
  g_autoptr (GError) error = NULL;

  if (argc > 1 && g_str_equal (argv[1], "report"))
    return reportcommand_main (argc - 1, argv + 1);
  /* a reader or a broker that is gone, or a limit of a file's size, is told by write() */
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  options = monitor_options_new (argc, argv, &error);
  if (!options) {
    g_printerr ("genreclassify: %s\n", error->message);
    return STATUS_USAGE;
  }
  monitor.options = options;
  monitor.loop = g_main_loop_new (NULL, FALSE);
  if (raise_limit (&options->decoders, &error) && start (&monitor, &error))
    run (&monitor);
  else
    monitor.status = STATUS_USAGE;
  clear (&monitor);
  monitor_options_free (options);
  if (error)
    g_printerr ("genreclassify: %s\n", error->message);
  return monitor.status;
}
