/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mergereport.h"

#include <string.h>

#include "analysis/filename.h"
#include "genre/genre.h"

/* so many files of each code are named */
#define MAX_NAMES 3

/* How many files there are of a code. */
typedef struct
{
  guint64 n;
  GPtrArray *names; /* of the first ones, for people */
} Tally;

struct _MergeReport
{
  const Plan *plan;
  GHashTable *models;           /* name -> Tally */
  GHashTable *genres;           /* label -> Tally */
  GHashTable *failed, *skipped; /* code -> Tally */
  guint64 n[N_OUTCOMES], n_written;
  double seconds; /* of audio that was analysed */
};

static void
tally_free (gpointer data)
{
  Tally *tally = data;

  g_ptr_array_unref (tally->names);
  g_free (tally);
}

static GHashTable *
tallies_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, tally_free);
}

/* @name: of the file, or NULL if it need not be named */
static void
count (GHashTable *tallies, const char *key, const char *name)
{
  Tally *tally = g_hash_table_lookup (tallies, key);

  if (!tally) {
    tally = g_new0 (Tally, 1);
    tally->names = g_ptr_array_new_with_free_func (g_free);
    g_hash_table_insert (tallies, g_strdup (key), tally);
  }
  tally->n++;
  if (name && tally->names->len < MAX_NAMES)
    g_ptr_array_add (tally->names, filename_display (name));
}

MergeReport *
merge_report_new (const Plan *plan)
{
  MergeReport *report = g_new0 (MergeReport, 1);

  report->plan = plan;
  report->models = tallies_new ();
  report->genres = tallies_new ();
  report->failed = tallies_new ();
  report->skipped = tallies_new ();
  return report;
}

void
merge_report_free (MergeReport *report)
{
  g_hash_table_unref (report->models);
  g_hash_table_unref (report->genres);
  g_hash_table_unref (report->failed);
  g_hash_table_unref (report->skipped);
  g_free (report);
}

gboolean
merge_report_add (MergeReport *report, const Outcome *outcome)
{
  const Result *result = outcome->result;
  const OutcomeKind kind = outcome_get_kind (outcome);

  report->n[kind]++;
  report->seconds += (double) result->duration / GENRE_SECOND;
  if (result->model)
    count (report->models, result->model, NULL);
  if (kind == OUTCOME_CLASSIFIED)
    count (report->genres, result->labels[result_get_best (result)], NULL);
  else if (kind == OUTCOME_SKIPPED)
    count (report->skipped, reason_to_code (result->reason), NULL);
  else if (kind == OUTCOME_FAILED)
    count (report->failed,
        reason_to_code (result->error ? result->reason : outcome->write_reason),
        result->name);
  return kind == OUTCOME_FAILED;
}

void
merge_report_add_written (MergeReport *report, guint64 n)
{
  report->n_written += n;
}

/* Printing */

/* The most frequent first, and else by name. */
static gint
compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const char *first = *(const char *const *) a;
  const char *second = *(const char *const *) b;
  const Tally *x = g_hash_table_lookup (user_data, first);
  const Tally *y = g_hash_table_lookup (user_data, second);

  return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp (first, second);
}

static void
print_line (
    const MergeReport *report, GString *text, const char *word, guint64 n)
{
  g_string_append_printf (text, "  %-20s %12" G_GUINT64_FORMAT " %6.2f %%\n",
      word, n, 100.0 * n / MAX (report->plan->whole.n_files, 1));
}

static void
print_tallies (const MergeReport *report, GString *text, GHashTable *tallies)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, tallies);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (keys, key);
  g_ptr_array_sort_with_data (keys, compare, tallies);
  for (guint i = 0; i < keys->len; i++) {
    const Tally *tally = g_hash_table_lookup (tallies, keys->pdata[i]);

    print_line (report, text, keys->pdata[i], tally->n);
    for (guint k = 0; k < tally->names->len; k++)
      g_string_append_printf (
          text, "      %s\n", (const char *) tally->names->pdata[k]);
    if (tally->names->len > 0 && tally->n > tally->names->len)
      g_string_append_printf (text, "      and %" G_GUINT64_FORMAT " more\n",
          tally->n - tally->names->len);
  }
}

static void
print_models (const MergeReport *report, GString *text)
{
  g_autofree char **models = (char **) g_hash_table_get_keys_as_array (
      report->models, NULL);
  g_autofree char *joined = g_strjoinv (", ", models);

  if (*joined)
    g_string_append_printf (text, ", model %s", joined);
}

char *
merge_report_print (const MergeReport *report)
{
  const guint64 *n = report->n;
  GString *text = g_string_new (NULL);

  g_string_append_printf (text,
      "%" G_GUINT64_FORMAT " files in %u parts, %.1f hours of audio",
      report->plan->whole.n_files, report->plan->n_parts,
      report->seconds / 3600);
  print_models (report, text);
  g_string_append (text, "\n\n");
  print_tallies (report, text, report->genres);
  print_line (report, text, "silent", n[OUTCOME_SILENT]);
  print_line (report, text, "not music", n[OUTCOME_NOT_MUSIC]);
  print_line (report, text, "skipped", n[OUTCOME_SKIPPED]);
  print_line (report, text, "failed", n[OUTCOME_FAILED]);
  if (report->n_written > 0)
    print_line (report, text, "tags written", report->n_written);
  if (n[OUTCOME_SKIPPED] > 0) {
    g_string_append (text, "\nSkipped, by code:\n");
    print_tallies (report, text, report->skipped);
  }
  if (n[OUTCOME_FAILED] > 0) {
    g_string_append (text, "\nFailed, by code; failed.jsonl has all:\n");
    print_tallies (report, text, report->failed);
  }
  return g_string_free (text, FALSE);
}
