/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst/gst.h>

#include "analysis/httpstamp.h"
#include "analysis/plugin.h"
#include "analysis/wire.h"
#include "genre/genre.h"
#include "outcome.h"
#include "plot/plot.h"
#include "process/nothread.h"
#include "tagchoice.h"
#include "tags/formats/tagserror.h"

/* Set while a file is being written, and by SIGTERM in that time. */
static volatile sig_atomic_t writing, end_requested;

char **
worker_get_argv (void)
{
  g_autofree char *parent = g_strdup_printf ("%d", (int) getpid ());
  const char *const argv[] = { "/proc/self/exe", WORKER_ARGUMENT, parent,
    NULL };

  return g_strdupv ((char **) argv);
}

gboolean
worker_writes_tags (const WorkerOptions *options, const Result *result)
{
  return options->write && !result->error && (!options->group || result->group);
}

gboolean
file_stamp_get (const char *path, FileStamp *stamp)
{
  struct stat info;

  if (stat (path, &info) < 0)
    return FALSE;
  *stamp = (FileStamp){ info.st_dev, info.st_ino, info.st_size,
    info.st_mtim.tv_sec * (gint64) GENRE_SECOND + info.st_mtim.tv_nsec };
  return TRUE;
}

/* Answers.  Without a parent that takes them the process ends, but not while it
 * writes a file. */

static void
send_bytes (int output, WireKind kind, gconstpointer data, gsize size)
{
  if (!wire_write (output, kind, data, size) && !writing)
    exit (1);
}

static void
send_message (int output, WireKind kind, const char *data)
{
  send_bytes (output, kind, data, strlen (data));
}

static void
send_alive (gpointer output)
{
  send_message (*(int *) output, WIRE_ALIVE, "");
}

static void
on_segment (const Result *result, guint index, gpointer output)
{
  (void) result;
  (void) index;
  send_alive (output);
}

static void
draw (Result **result, const WorkerOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  Result *failure;

  if ((*result)->error || plot_file (options->plot, *result, &error))
    return;
  message = g_strdup_printf ("Its plot cannot be drawn: %s", error->message);
  failure = result_new_error ((*result)->name, REASON_PLOT_FAILED, message);
  result_free (*result);
  *result = failure;
}

/* The path of @name, a path or a URI, or NULL if that is not on this machine. */
static char *
get_path (const char *name)
{
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  return g_filename_from_uri (name, NULL, NULL);
}

/* Whether the file is not what it was when @stamp, which may be NULL, was taken. */
static gboolean
is_changed (const char *path, const FileStamp *stamp)
{
  FileStamp now;

  return stamp &&
      (!file_stamp_get (path, &now) || now.device != stamp->device ||
          now.inode != stamp->inode || now.size != stamp->size ||
          now.mtime_ns != stamp->mtime_ns);
}

/* Writes the result's genres into the file @path.  One that was changed since it was
 * analysed may be another song now, and is not written.  But that there is nothing to
 * write is no failure: a file that is named twice was changed by this very run. */
static gboolean
write_genre (const char *path, const FileStamp *stamp, Outcome *outcome,
    const WorkerOptions *options, GError **error)
{
  TagOptions tags = options->tags;
  TagChange *change = &outcome->change;
  gboolean changed = is_changed (path, stamp);
  const Result *result = outcome->result;
  g_autofree char *classifier = NULL;
  g_auto (GStrv) genres = tag_choice_make (result, options, &classifier);

  if (!*genres) {
    change->note = g_strdup ("The genre map leaves it out.");
    return TRUE;
  }
  tags.dry_run |= changed;
  if (!tagwriter_write (
          path, (const char *const *) genres, classifier, &tags, change, error))
    return FALSE;
  if (!changed || !change->written)
    return TRUE;
  tag_change_clear (change);
  change->written = FALSE;
  return tags_error_set (error, REASON_CHANGED_MEANWHILE,
      "It has been changed meanwhile, and is left as it is now.");
}

/* With as many digits as it takes to tell the two from each other, and two at
 * least. */
static char *
explain_confidence (double confidence, double least)
{
  g_autofree char *found = NULL, *expected = NULL;

  for (int digits = 2; digits <= 17; digits++) {
    g_free (found);
    g_free (expected);
    found = g_strdup_printf ("%.*f", digits, confidence);
    expected = g_strdup_printf ("%.*f", digits, least);
    if (!g_str_equal (found, expected))
      break;
  }
  return g_strdup_printf ("The confidence, %s, is below %s.", found, expected);
}

static void
write_tags (
    Outcome *outcome, const FileStamp *stamp, const WorkerOptions *options)
{
  const Result *result = outcome->result;
  double confidence = result_get_answer_confidence (result);
  g_autofree char *path = get_path (result->name);
  g_autoptr (GError) error = NULL;

  if (!result_get_answer (result)) {
    outcome->change.note = g_strdup_printf (
        "It is %s.", result_name_nothing (result->probabilities));
  } else if (result->is_truncated && !options->force) {
    outcome->change.note = g_strdup ("It is cut off.");
    outcome->write_reason = REASON_TRUNCATED;
  } else if (confidence < options->min_confidence) {
    outcome->change.note = explain_confidence (
        confidence, options->min_confidence);
  } else if (!path) {
    outcome->write_error = g_strdup ("It is not a file of this machine.");
    outcome->write_reason = REASON_NOT_A_FILE;
  } else if (!write_genre (path, stamp, outcome, options, &error)) {
    outcome->write_error = g_strdup (error->message);
    outcome->write_reason = tags_error_get_reason (error);
  }
  /* what the file has, and still has, is told however it came that it is kept */
  if (!outcome->change.written && !outcome->change.old_genre) {
    outcome->change.old_genre = g_strdup (result->old_genre);
    outcome->change.new_genre = g_strdup (result->old_genre);
  }
}

/* The genre that a file's tags have is told as the writer of tags sees it. */
static void
read_genre (Result *result)
{
  g_autofree char *path = result->error ? NULL : get_path (result->name);
  gboolean known = FALSE;
  char *genre = path ? tagwriter_read_genre (path, &known) : NULL;

  if (known) {
    g_free (result->old_genre);
    result->old_genre = genre;
  }
}

/* Plays the file; tells if it is not the one that @stamp, which may be NULL, is of.
 * Nobody asks that of a file of this machine before it is written. */
static Result *
analyse (const char *name, const FileStamp *stamp, const WorkerOptions *options,
    int output)
{
  AnalysisOptions how = options->analysis;
  HttpStamp looked = { 0 };
  Result *found;

  if (stamp && stamp->inode == 0 && httpstamp_is_uri (name)) {
    looked = (HttpStamp){ stamp->size, stamp->mtime_ns };
    how.http_stamp = &looked;
  }
  found = analysis_run (name, &how, on_segment, &output);
  if (how.http_stamp && !looked.validator)
    send_message (output, WIRE_STAMP, "");
  return found;
}

static void
find_genre (Outcome *outcome, const FileStamp *stamp,
    const WorkerOptions *options, int output)
{
  if (!outcome->result->labels && !outcome->result->group) {
    Result *found = analyse (outcome->result->name, stamp, options, output);

    read_genre (found);
    result_free (outcome->result);
    outcome->result = found;
  }
  if (options->plot)
    draw (&outcome->result, options);
}

/* @stamp: of the file, or NULL.  FALSE if @request is none, or if the process is to
 * end. */
static gboolean
serve (const char *request, const FileStamp *stamp,
    const WorkerOptions *options, int output)
{
  Outcome outcome = { .result = result_from_json (request, NULL) };
  g_autofree char *result = NULL;

  if (!outcome.result)
    return FALSE;
  find_genre (&outcome, stamp, options, output);
  /* what lacks a thread reports another fault, or none */
  if (outcome.result->error && no_thread_is_left ())
    _exit (WORKER_NO_THREAD);
  result = result_to_json (outcome.result, options->parts);
  send_message (output, WIRE_RESULT, result);
  if (worker_writes_tags (options, outcome.result)) {
    g_autofree char *change = NULL;

    writing = TRUE;
    write_tags (&outcome, stamp, options);
    change = outcome_change_to_json (&outcome);
    send_message (output, WIRE_CHANGE, change);
    writing = FALSE;
  }
  outcome_clear (&outcome);
  return !end_requested;
}

static void
on_terminated (int signal_number)
{
  end_requested = TRUE;
  if (!writing)
    _exit (128 + signal_number);
}

/* An element that has started and is kept: it holds the weights and the memory for
 * inference, which the elements of the files then share. */
static GstElement *
keep_warm (const WorkerOptions *options)
{
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);

  if (element) {
    gst_object_ref_sink (element);
    g_object_set (element, "model", options->analysis.model, NULL);
    gst_element_set_state (element, GST_STATE_PAUSED);
  }
  return element;
}

/* Keeps stdout for the answers; what decoders print there goes to stderr. */
static int
take_stdout (void)
{
  int fd = fcntl (1, F_DUPFD_CLOEXEC, 3);

  dup2 (2, 1);
  return fd;
}

/* The signals that a terminal sends to the whole group are the parent's to deal
 * with. */
static void
prepare_signals (void)
{
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGTERM, on_terminated);
  /* when the parent is gone, write() says so */
  signal (SIGPIPE, SIG_IGN);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static gboolean
read_options (WireReader *requests, WorkerOptions *options)
{
  g_autoptr (GError) error = NULL;
  WireMessage message;

  if (wire_reader_next (requests, 0, &message) != WIRE_MESSAGE ||
      message.kind != WIRE_OPTIONS)
    return FALSE;
  if (worker_options_parse (options, message.data, &error) &&
      (!options->genre_map ||
          (options->map = vocabulary_parse (
               options->genre_map, -1, "The genre map", &error))))
    return TRUE;
  g_printerr ("genreclassify: %s\n", error->message);
  return FALSE;
}

/* FALSE if @message is no stamp. */
static gboolean
take_stamp (const WireMessage *message, FileStamp *stamp)
{
  if (message->size != sizeof *stamp)
    return FALSE;
  memcpy (stamp, message->data, sizeof *stamp);
  return TRUE;
}

/* Asks a server what its file is now.  FALSE if @message is no such question. */
static gboolean
look (const WireMessage *message, int output)
{
  char *uri;
  const guint64 timeout = g_ascii_strtoull (message->data, &uri, 10);
  HttpStamp found;
  FileStamp stamp = { 0 };

  if (timeout < 1 || timeout > WORKER_MAX_LOOK || *uri != ' ')
    return FALSE;
  if (!httpstamp_get (uri + 1, (guint) timeout, &found)) {
    send_message (output, WIRE_STAMP, "");
    return TRUE;
  }
  stamp.size = found.size;
  stamp.mtime_ns = found.validator;
  send_bytes (output, WIRE_STAMP, &stamp, sizeof stamp);
  return TRUE;
}

/* Until there are no more requests.  FALSE if they did not end in order. */
static gboolean
serve_all (WireReader *requests, const WorkerOptions *options, int output)
{
  WireMessage message;
  WireStatus status;
  FileStamp stamp;
  gboolean has_stamp = FALSE;

  while ((status = wire_reader_next (requests, 0, &message)) == WIRE_MESSAGE) {
    const FileStamp *known = has_stamp ? &stamp : NULL;
    gboolean ok = FALSE;

    has_stamp = message.kind == WIRE_STAMP;
    if (message.kind == WIRE_LOOK)
      ok = look (&message, output);
    else if (has_stamp)
      ok = take_stamp (&message, &stamp);
    else if (message.kind == WIRE_REQUEST)
      ok = serve (message.data, known, options, output);
    if (!ok)
      return FALSE;
  }
  return status == WIRE_END;
}

int
worker_run (GPid parent)
{
  g_autoptr (WireReader) requests = wire_reader_new (WORKER_MAX_MESSAGE);
  WorkerOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  GstElement *warm;
  int output;
  gboolean ok;

  /* GStreamer waits without end for a task whose thread could not be started, and nobody
   * could look after the pipeline any more */
  no_thread_catch (WORKER_NO_THREAD, NULL, &writing);
  prepare_signals ();
  if (getppid () != parent || (output = take_stdout ()) < 0)
    return 1;
  if (!read_options (requests, &options)) {
    worker_options_clear (&options);
    return 2;
  }
  options.tags.progress = send_alive;
  options.tags.user_data = &output;
  if (!plugin_init (&error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 1;
  }
  warm = keep_warm (&options);
  ok = serve_all (requests, &options, output);
  close (output);
  if (warm) {
    gst_element_set_state (warm, GST_STATE_NULL);
    gst_object_unref (warm);
  }
  worker_options_clear (&options);
  return ok ? 0 : 1;
}

int
worker_main (int argc, char **argv)
{
  return argc == 3 ? worker_run (atoi (argv[2])) : 2;
}
