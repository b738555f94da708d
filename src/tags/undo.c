/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "undo.h"

#include <signal.h>
#include <unistd.h>

#include "analysis/filename.h"
#include "formats/tagfile.h"
#include "formats/tagserror.h"
#include "tagwriter.h"
#include "undolog.h"

/* The signal that came, or 0.  The file that is being written is then the last
 * one. */
static volatile sig_atomic_t signal_number;

/* Follows the changes of a file back from what its tags say now.  Returns the
 * oldest that can be undone, or NULL if none of them led to what the tags say.
 * @is_old: set to TRUE if the tags are as they were before one of the
 * changes */
static const UndoEntry *
find_target (GPtrArray *entries, const TagState *now, gboolean *is_old)
{
  const UndoEntry *target = NULL;

  *is_old = FALSE;
  for (guint i = 0; i < entries->len; i++) {
    const UndoEntry *entry = entries->pdata[i];

    if (tag_state_equal (target ? &target->before : now, &entry->after))
      target = entry;
    *is_old |= tag_state_equal (now, &entry->before);
  }
  return target;
}

static char *
display_genres (const TagState *state)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (state->genres[kind] && *state->genres[kind]) {
      g_auto (GStrv)
          names = tag_kind_get_names ((TagKind) kind, state->genres[kind]);
      g_autofree char *text = g_strjoinv ("; ", names);

      return filename_display (text);
    }
  }
  return g_strdup ("no genre");
}

/* Gives the file what it had before @target, and says so. */
static gboolean
restore (Replacement *replacement, const TagFile *file, const UndoEntry *target,
    const char *from, gboolean dry_run, GError **error)
{
  g_autofree char *name = filename_display (replacement->path);
  g_autofree char *to = display_genres (&target->before);
  TagOptions options = { .dry_run = dry_run };

  if (!tagwriter_replace (
          replacement, file, &target->before, &options, NULL, error))
    return FALSE;
  g_print ("%s: %s -> %s\n", name, from, to);
  return TRUE;
}

static gboolean
undo_file (Replacement *replacement, GPtrArray *entries, gboolean dry_run,
    GError **error)
{
  g_autofree char *name = filename_display (replacement->path), *from = NULL;
  g_autoptr (TagFile) file = NULL;
  const UndoEntry *target;
  gboolean is_old;

  if (!dry_run)
    replacement_remove_leftover (replacement);
  file = tag_file_open (replacement->source, error);
  if (!file)
    return FALSE;
  target = find_target (entries, tag_file_get_state (file), &is_old);
  from = display_genres (tag_file_get_state (file));
  if (target)
    return restore (replacement, file, target, from, dry_run, error);
  if (is_old) {
    g_print ("%s: is as it was (%s)\n", name, from);
    return TRUE;
  }
  g_set_error (error, TAGS_ERROR, REASON_CHANGED_MEANWHILE,
      "It has another genre by now (%s), which is kept.", from);
  return FALSE;
}

/* The file that is being written is finished; a second signal ends the process
 * at once. */
static void
on_signal (int number)
{
  if (signal_number)
    _exit (128 + number);
  signal_number = number;
}

/* NULL, after a message, if the file cannot be read or is no log. */
static UndoLog *
open_log (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UndoLog) log = undolog_read (path, &error);

  if (!log) {
    g_printerr ("genreclassify: %s\n", error->message);
    return NULL;
  }
  if (log->files->len == 0) {
    g_printerr (
        "genreclassify: %s is not an undo log: no line of it can be undone.\n",
        path);
    return NULL;
  }
  if (log->n_invalid > 0)
    g_printerr ("genreclassify: %s: Lines that are not an undo log's: %u.\n",
        path, log->n_invalid);
  if (log->n_torn > 0)
    g_printerr (
        "genreclassify: %s: Lines that a crash cut off, before anything was "
        "written: %u.\n",
        path, log->n_torn);
  return g_steal_pointer (&log);
}

/* @entries: the changes of one file.  FALSE, after a message, if it failed. */
static gboolean
undo_entries (GPtrArray *entries, gboolean dry_run)
{
  const UndoEntry *newest = entries->pdata[0];
  g_autoptr (GError) error = NULL;
  Replacement replacement;
  gboolean ok = replacement_open (&replacement, newest->path, &error);

  if (ok) {
    ok = undo_file (&replacement, entries, dry_run, &error);
    replacement_clear (&replacement);
  }
  if (!ok) {
    g_autofree char *name = filename_display (newest->path);

    g_printerr ("genreclassify: %s: %s\n", name, error->message);
  }
  return ok;
}

int
undo_run (const char *path, gboolean dry_run)
{
  g_autoptr (UndoLog) log = open_log (path);
  guint n_failed = 0;

  if (!log)
    return 2;
  signal (SIGINT, on_signal);
  signal (SIGTERM, on_signal);
  signal (SIGHUP, on_signal);
  for (guint i = 0; i < log->files->len && !signal_number; i++) {
    if (!undo_entries (log->files->pdata[i], dry_run))
      n_failed++;
  }
  if (signal_number)
    return 128 + signal_number;
  return n_failed > 0 || log->n_invalid > 0 ? 1 : 0;
}
