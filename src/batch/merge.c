/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "merge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "analysis/filename.h"
#include "cli/cache.h"
#include "mergereport.h"
#include "partfiles.h"
#include "partlock.h"
#include "tags/undolog.h"

#define UNFINISHED ".tmp"

/* A file that is being made, or read, in the plan's folder. */
typedef struct
{
  char *path, *unfinished;
  FILE *file;
} Output;

typedef struct
{
  const Plan *plan;
  Output results, failed;
  MergeReport *report;
} Merge;

/* Files */

static gboolean
output_open (Output *output, const Plan *plan, const char *name, GError **error)
{
  output->path = g_build_filename (plan->folder, name, NULL);
  output->unfinished = g_strconcat (output->path, UNFINISHED, NULL);
  output->file = fopen (output->unfinished, "we");
  return output->file ||
      part_set_error (error, output->unfinished, "written", errno);
}

/* All of it is on the disk. */
static gboolean
output_close (Output *output, GError **error)
{
  gboolean ok = fflush (output->file) == 0 &&
      fsync (fileno (output->file)) == 0;
  int fault = errno;

  ok = fclose (output->file) == 0 && ok;
  output->file = NULL;
  return ok || part_set_error (error, output->unfinished, "written", fault);
}

static gboolean
output_publish (const Output *output, GError **error)
{
  return rename (output->unfinished, output->path) == 0 ||
      part_set_error (error, output->path, "written", errno);
}

static void
output_clear (Output *output)
{
  if (output->file)
    fclose (output->file);
  g_free (output->path);
  g_free (output->unfinished);
}

static FILE *
open_input (const char *path, GError **error)
{
  FILE *file = fopen (path, "re");

  if (!file)
    part_set_error (error, path, "read", errno);
  return file;
}

/* Results */

/* The outcome that a line tells of; FALSE if it tells of none. */
static gboolean
parse_outcome (Outcome *outcome, const char *line)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *change = NULL;
  JsonObject *object;

  *outcome = (Outcome){ .result = result_from_json (line, NULL) };
  if (!outcome->result)
    return FALSE;
  if (!strstr (line, "\"write\":{"))
    return TRUE;
  node = json_from_string (line, NULL);
  object = json_node_get_object (node);
  if (!json_object_has_member (object, "write"))
    return TRUE;
  change = json_to_string (json_object_get_member (object, "write"), FALSE);
  if (!outcome_take_change (outcome, change))
    return FALSE;
  /* a part's files are all found in a list */
  outcome->write_skipped = reason_may_skip (outcome->write_reason, TRUE);
  return TRUE;
}

/* @found: the name of a result, or NULL if there is none; @expected: that of the list, or
 * NULL if it has no more */
static gboolean
set_mismatch (Merge *merge, guint part, guint64 line, const char *found,
    const char *expected, GError **error)
{
  g_autofree char *path = plan_make_path (
      merge->plan, "parts", part, PART_RESULTS);
  g_autofree char *is = filename_display (found ? found : "no result");
  g_autofree char *ought = expected
      ? filename_display (expected)
      : g_strdup ("no more, as the list has ended");

  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "%s, line %" G_GUINT64_FORMAT
      ": expected is %s, but there is %s.  If that "
      "file is removed, the part is done again.",
      path, line, ought, is);
  return FALSE;
}

/* @line: of the results, or NULL; @name: of the list, or NULL. */
static gboolean
take_line (Merge *merge, guint part, guint64 number, const char *line,
    const char *name, GError **error)
{
  Outcome outcome = { 0 };
  gboolean ok = FALSE, has_failed;

  if (!line || !parse_outcome (&outcome, line)) {
    set_mismatch (merge, part, number, line ? "no result" : NULL, name, error);
  } else if (!name || strcmp (outcome.result->name, name) != 0) {
    set_mismatch (merge, part, number, outcome.result->name, name, error);
  } else {
    has_failed = merge_report_add (merge->report, &outcome);
    ok = fputs (line, merge->results.file) >= 0 ||
        part_set_error (error, merge->results.unfinished, "written", errno);
    if (ok && has_failed)
      ok = fputs (line, merge->failed.file) >= 0 ||
          part_set_error (error, merge->failed.unfinished, "written", errno);
  }
  outcome_clear (&outcome);
  return ok;
}

/* A list of which names are missing would find that none is. */
static gboolean
check_number (const Merge *merge, guint part, guint64 n_names, GError **error)
{
  g_autofree char *path = plan_make_path (merge->plan, "lists", part, "");
  const guint64 expected = merge->plan->parts[part].n_files;

  if (n_names == expected)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "%s has %" G_GUINT64_FORMAT " names, but the plan has %" G_GUINT64_FORMAT
      " for this part: the list is no more what it was.",
      path, n_names, expected);
  return FALSE;
}

static gboolean
take_lines (Merge *merge, guint part, FILE *results, FILE *list, GError **error)
{
  char *line = NULL, *name = NULL;
  gsize line_size = 0, name_size = 0;
  guint64 n = 0;
  gboolean ok = TRUE;

  while (ok) {
    gboolean has_line = getline (&line, &line_size, results) >= 0;
    gboolean has_name = getdelim (&name, &name_size, '\0', list) >= 0;

    if (!has_line && !has_name)
      break;
    ok = take_line (merge, part, ++n, has_line ? line : NULL,
        has_name ? name : NULL, error);
  }
  free (line);
  free (name);
  return ok && check_number (merge, part, n, error);
}

/* Results tell only what the last attempt at a part has written. */
static void
count_written (Merge *merge, guint part)
{
  g_autofree char *path = plan_make_path (
      merge->plan, "logs", part, PART_UNDO_LOG);
  g_autoptr (UndoLog) log = undolog_read (path, NULL);

  if (log)
    merge_report_add_written (merge->report, log->files->len);
}

static gboolean
take_part (Merge *merge, guint part, GError **error)
{
  g_autofree char *path = plan_make_path (
      merge->plan, "parts", part, PART_RESULTS);
  g_autofree char *list_path = plan_make_path (merge->plan, "lists", part, "");
  FILE *results = open_input (path, error);
  FILE *list = results ? open_input (list_path, error) : NULL;
  gboolean ok = list && take_lines (merge, part, results, list, error);

  if (ok && (ferror (results) || ferror (list)))
    ok = part_set_error (
        error, ferror (results) ? path : list_path, "read", EIO);
  if (results)
    fclose (results);
  if (list)
    fclose (list);
  count_written (merge, part);
  return ok;
}

/* Caches */

static gboolean
fill_cache (const Plan *plan, const char *path, GError **error)
{
  g_autoptr (Cache) cache = cache_open_alone (path, error);

  if (!cache)
    return FALSE;
  for (guint i = 0; i < plan->n_parts; i++) {
    g_autofree char *other = plan_make_path (plan, "parts", i, PART_CACHE);

    if (!g_file_test (other, G_FILE_TEST_EXISTS)) {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
          "%s, the cache of part %u, is not there; --no-cache does without.",
          other, i);
      return FALSE;
    }
    if (!cache_merge (cache, other, error))
      return FALSE;
  }
  return cache_finish (g_steal_pointer (&cache), error);
}

static gboolean
make_cache (const Plan *plan, GError **error)
{
  g_autofree char *path = g_build_filename (plan->folder, "cache.db", NULL);
  g_autofree char *unfinished = g_strconcat (path, UNFINISHED, NULL);
  g_autofree char *journal = g_strconcat (unfinished, "-wal", NULL);

  (void) unlink (unfinished);
  (void) unlink (journal);
  if (!fill_cache (plan, unfinished, error))
    return FALSE;
  return rename (unfinished, path) == 0 ||
      part_set_error (error, path, "written", errno);
}

/* All */

static gboolean
check_parts (const Plan *plan, GError **error)
{
  guint n_missing = 0, first = 0;

  for (guint i = plan->n_parts; i-- > 0;) {
    if (!part_is_whole (plan, i)) {
      n_missing++;
      first = i;
    }
  }
  if (n_missing == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "%u of %u parts are not whole, such as part %u; \"genreclassify batch "
      "status\" tells how they stand, and \"batch run\" or \"batch slurm --resume\" does "
      "what is missing.",
      n_missing, plan->n_parts, first);
  return FALSE;
}

static gboolean
publish_all (Merge *merge, const char *report, GError **error)
{
  g_autofree char *path = g_build_filename (
      merge->plan->folder, "report.txt", NULL);

  return output_close (&merge->results, error) &&
      output_close (&merge->failed, error) &&
      output_publish (&merge->failed, error) &&
      g_file_set_contents (path, report, -1, error) &&
      output_publish (&merge->results, error);
}

/* Gives the report, or NULL with @error set. */
static char *
merge_all (Merge *merge, gboolean with_cache, GError **error)
{
  const Plan *plan = merge->plan;
  g_autofree char *text = NULL;
  gboolean ok = output_open (&merge->results, plan, "results.jsonl", error) &&
      output_open (&merge->failed, plan, "failed.jsonl", error);

  for (guint i = 0; ok && i < plan->n_parts; i++)
    ok = take_part (merge, i, error);
  ok = ok && (!with_cache || make_cache (plan, error));
  if (ok) {
    text = merge_report_print (merge->report);
    ok = publish_all (merge, text, error);
  }
  if (!ok) {
    (void) unlink (merge->results.unfinished);
    if (merge->failed.unfinished)
      (void) unlink (merge->failed.unfinished);
  }
  return ok ? g_steal_pointer (&text) : NULL;
}

char *
merge_run (const Plan *plan, gboolean with_cache, GError **error)
{
  Merge merge = { .plan = plan };
  char *text;
  int lock;

  if (!check_parts (plan, error))
    return NULL;
  lock = plan_lock (plan);
  merge.report = merge_report_new (plan);
  text = merge_all (&merge, with_cache, error);
  output_clear (&merge.results);
  output_clear (&merge.failed);
  merge_report_free (merge.report);
  if (lock >= 0)
    close (lock);
  return text;
}
