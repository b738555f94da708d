/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/filename.h"
#include "genre/genre.h"
#include "progress.h"

#define BAR_WIDTH 40
#define DEFAULT_TOP 3
/* columns that one more genre takes in the text, such as "   (classical 12 %)" */
#define GENRE_WIDTH 22
/* so many of the model's tags are shown */
#define MAX_TAGS 8
#define LABEL_WIDTH 10 /* at least: silence has no labels */

struct _Report
{
  const ReportOptions *options;
  Progress *progress;
  const char *charset;
  gboolean utf8;
  gboolean may_share_terminal; /* stdout with the progress */
  GString *text;               /* that was not printed yet */
  FILE *errors;                /* of errors_path, or NULL */
  FILE *failures; /* "name: reason" lines, to be shown at the end */
  guint64 n[N_OUTCOMES], written;
  guint64 kept;      /* were classified, and had no need of being written */
  guint64 unwritten; /* were classified, but writing them was skipped */
  gboolean broken;   /* stdout takes no more */
  gboolean cut_off;  /* because nobody reads it */
};

Report *
report_new (const ReportOptions *options, GError **error)
{
  g_autoptr (Report) report = g_new0 (Report, 1);
  struct stat output;

  report->options = options;
  report->utf8 = g_get_charset (&report->charset);
  report->text = g_string_new (NULL);
  /* a file, as a library may have more failures than fit in memory */
  report->failures = tmpfile ();
  if (!report->failures) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "A temporary file cannot be made: %s.", g_strerror (errno));
    return NULL;
  }
  if (options->errors_path &&
      !(report->errors = fopen (options->errors_path, "we"))) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s cannot be written: %s.", options->errors_path, g_strerror (errno));
    return NULL;
  }
  /* a pipe may end in something that prints there */
  report->may_share_terminal = fstat (STDOUT_FILENO, &output) < 0 ||
      !S_ISREG (output.st_mode);
  if (!options->quiet)
    report->progress = progress_new (-1);
  return g_steal_pointer (&report);
}

void
report_free (Report *report)
{
  if (!report)
    return;
  g_clear_pointer (&report->progress, progress_free);
  if (report->errors)
    fclose (report->errors);
  if (report->failures)
    fclose (report->failures);
  g_string_free (report->text, TRUE);
  g_free (report);
}

static void
hide_progress (Report *report)
{
  if (report->progress)
    progress_hide (report->progress);
}

/* Columns that a terminal takes for it. */
static guint
get_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);

    width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
  }
  return width;
}

/* Columns of the longest label, and at least @width. */
static guint
get_label_width (char *const *labels, guint width)
{
  for (guint i = 0; labels && labels[i]; i++)
    width = MAX (width, get_width (labels[i]));
  return width;
}

static void
print_padded (const Report *report, const char *text, guint width)
{
  const guint length = get_width (text);

  g_string_append_printf (report->text, "%s%*s", text,
      (int) (width > length ? width - length : 0), "");
}

/* "  metal  95 %  ██████▌" for each of the best */
static void
print_bars (const Report *report, const Result *result)
{
  static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊",
    "▉" };
  guint n = g_strv_length (result->labels);
  guint width = get_label_width (result->labels, 0);
  guint n_shown = report->options->top ? MIN ((guint) report->options->top, n)
                                       : n;
  g_autofree guint *order = g_new (guint, n);

  result_rank (result->probabilities, n, order, n_shown);
  for (guint rank = 0; rank < n_shown; rank++) {
    double p = result->probabilities[order[rank]];
    guint length = lrint (p * BAR_WIDTH * 8);

    g_string_append (report->text, "  ");
    print_padded (report, result->labels[order[rank]], width);
    g_string_append_printf (report->text, "  %3.0f %%  ", 100 * p);
    for (guint i = 0; i < (report->utf8 ? length : length + 4) / 8; i++)
      g_string_append_printf (report->text, report->utf8 ? "█" : "#");
    g_string_append_printf (
        report->text, "%s\n", report->utf8 ? eighths[length % 8] : "");
  }
}

/* "metal        95 %   (rock 3 %, blues 1 %)" and, if it is not NULL, @name, always
 * in the same column.  @music: how probable it is that it is music */
static void
print_genres (const Report *report, char *const *labels,
    const double *probabilities, double music, const char *name)
{
  guint top = report->options->top ? (guint) report->options->top : DEFAULT_TOP;
  guint n = labels ? g_strv_length ((char **) labels) : 0;
  guint n_shown = MIN (top, n);
  guint width = get_label_width (labels, LABEL_WIDTH);
  g_autofree guint *order = g_new (guint, MAX (n_shown, 1));
  g_autoptr (GString) others = g_string_new (NULL);

  if (!result_filter_music (probabilities, music)) {
    print_padded (
        report, result_name_nothing (probabilities), width + strlen (" 100 %"));
    if (probabilities && top > 1)
      g_string_printf (others, "   (music %.0f %%)", 100 * music);
  } else {
    result_rank (probabilities, n, order, n_shown);
    print_padded (report, labels[order[0]], width);
    g_string_append_printf (
        report->text, " %3.0f %%", 100 * probabilities[order[0]]);
    for (guint rank = 1; rank < n_shown; rank++)
      g_string_append_printf (others, "%s%s %.0f %%", rank == 1 ? "   (" : ", ",
          labels[order[rank]], 100 * probabilities[order[rank]]);
    if (n_shown > 1)
      g_string_append_c (others, ')');
  }
  if (name) {
    print_padded (
        report, others->str, (GENRE_WIDTH + width - LABEL_WIDTH) * (top - 1));
    g_string_append_printf (report->text, "   %s\n", name);
  } else
    g_string_append_printf (report->text, "%s\n", others->str);
}

static void
print_time (const Report *report, guint64 time)
{
  guint64 tenths = (time + GENRE_SECOND / 20) / (GENRE_SECOND / 10);

  g_string_append_printf (report->text, "%3" G_GUINT64_FORMAT ":%02u.%u",
      tenths / 600, (guint) (tenths / 10 % 60), (guint) (tenths % 10));
}

static void
print_segments (const Report *report, const Result *result)
{
  for (guint i = 0; i < result->segments->len; i++) {
    const ResultSegment *segment = &g_array_index (
        result->segments, ResultSegment, i);

    g_string_append_printf (report->text, "  ");
    print_time (report, segment->start);
    g_string_append_printf (report->text, " - ");
    print_time (report, segment->start + segment->duration);
    g_string_append_printf (report->text, "    ");
    print_genres (
        report, result->labels, segment->probabilities, segment->music, NULL);
  }
}

/* "  tags  guitar 81 %, acoustic 64 %": the likeliest ones. */
static void
print_tags (const Report *report, const Result *result)
{
  guint n = result->tags ? g_strv_length (result->tag_labels) : 0;
  guint order[MAX_TAGS], n_shown = 0;

  if (!report->options->tags_of_model)
    return;
  result_rank (result->tags, n, order, MIN (n, MAX_TAGS));
  while (n_shown < MIN (n, MAX_TAGS) &&
      result->tags[order[n_shown]] >= RESULT_LEAST_TAG)
    n_shown++;
  g_string_append (report->text, "  tags  ");
  for (guint i = 0; i < n_shown; i++)
    g_string_append_printf (report->text, "%s%s %.0f %%", i > 0 ? ", " : "",
        result->tag_labels[order[i]], 100 * result->tags[order[i]]);
  g_string_append (report->text, n_shown > 0 ? "\n" : "none\n");
}

static void
print_text (const Report *report, const Result *result)
{
  g_autofree char *name = filename_display (result->name);

  if (!report->options->single) {
    print_genres (
        report, result->labels, result->probabilities, result->music, name);
    if (report->options->segments)
      print_segments (report, result);
    print_tags (report, result);
    return;
  }
  g_string_append_printf (report->text, "%s\n", name);
  if (report->options->segments) {
    print_segments (report, result);
    g_string_append_printf (report->text, "\n");
  }
  if (result_get_best (result) >= 0)
    print_bars (report, result);
  else if (result->probabilities)
    g_string_append_printf (report->text,
        "  not music, but speech or noise (music %.0f %%)\n",
        100 * result->music);
  else
    g_string_append (report->text, "  silent\n");
  print_tags (report, result);
}

/* The album's answer, after the last of its tracks. */
static void
print_group (const Report *report, const Result *result)
{
  const ResultGroup *group = result->group;
  g_autofree char *name = NULL, *words = NULL;

  if (!group || !group->is_last || !group->probabilities || group->n_tracks < 2)
    return;
  name = filename_display (group->name);
  words = g_strdup_printf ("album \"%s\", %u tracks", name, group->n_tracks);
  print_genres (report, result->labels, group->probabilities, 1, words);
}

/* "  wrote Rock, was Pop" */
static void
print_change (const Report *report, const Outcome *outcome)
{
  const TagChange *change = &outcome->change;

  if (!outcome->has_change || (outcome->write_error && !outcome->write_skipped))
    return;
  if (outcome->write_skipped) {
    g_autofree char *reason = filename_display (outcome->write_error);

    g_string_append_printf (report->text, "    not written: %s\n", reason);
    return;
  }
  if (change->written) {
    g_autofree char *new_genre = filename_display (change->new_genre);

    g_string_append_printf (report->text, "    %s %s",
        report->options->tags->dry_run ? "would write" : "wrote", new_genre);
    if (change->old_genre) {
      g_autofree char *old_genre = filename_display (change->old_genre);

      g_string_append_printf (report->text, ", was %s", old_genre);
    }
  } else {
    g_string_append (report->text, "    not written");
  }
  if (change->note)
    g_string_append_printf (report->text, ": %s", change->note);
  g_string_append_c (report->text, '\n');
}

static void
note_failure (Report *report, const Outcome *outcome)
{
  const Result *result = outcome->result;
  g_autofree char *name = filename_display (result->name);
  g_autofree char *reason = filename_display (
      result->error ? result->error : outcome->write_error);

  fprintf (report->failures, "genreclassify: %s: %s%s\n", name,
      result->error ? "" : "Its tags were not written: ", reason);
  if (report->errors) {
    g_autofree char *json = outcome_to_json (outcome, 0);

    fprintf (report->errors, "%s\n", json);
    fflush (report->errors);
  }
}

/* @sentence: why the file, or writing it, was skipped */
static void
note_skipped (Report *report, const Result *result, const char *sentence)
{
  g_autofree char *name = filename_display (result->name);
  g_autofree char *reason = filename_display (sentence);

  if (!report->options->verbose)
    return;
  hide_progress (report);
  fprintf (stderr, "genreclassify: %s: skipped: %s\n", name, reason);
}

/* The song is classified nevertheless. */
static void
note_truncated (Report *report, const Result *result)
{
  g_autofree char *name = filename_display (result->name);
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_printf (line, "genreclassify: %s: It is cut off", name);
  if (result->declared_duration)
    g_string_append_printf (line, ": %.0f s of about %.0f s are there",
        (double) result->duration / GENRE_SECOND,
        (double) result->declared_duration / GENRE_SECOND);
  fprintf (report->failures, "%s.\n", line->str);
}

/* FALSE if stdout cannot be written, which g_print() would not report.  JSON is UTF-8
 * in every locale, and names in it are to be the very ones that were given. */
static gboolean
print (Report *report)
{
  g_autofree char *local = report->utf8 || report->options->json
      ? NULL
      : g_convert_with_fallback (report->text->str, -1, report->charset,
            "UTF-8", "?", NULL, NULL, NULL);

  if (report->broken)
    return FALSE;
  if (report->text->len > 0 && report->may_share_terminal)
    hide_progress (report);
  if (fputs (local ? local : report->text->str, stdout) < 0 ||
      fflush (stdout) < 0) {
    report->broken = TRUE;
    report->cut_off = errno == EPIPE;
    if (!report->cut_off)
      fprintf (stderr, "genreclassify: The output cannot be written: %s.\n",
          g_strerror (errno));
  }
  g_string_truncate (report->text, 0);
  return !report->broken;
}

ResultParts
report_get_parts (const ReportOptions *options)
{
  return (options->segments ? RESULT_SEGMENTS : 0) |
      (options->embedding ? RESULT_EMBEDDING : 0) |
      (options->tags_of_model ? RESULT_TAGS : 0);
}

gboolean
report_add (const Outcome *outcome, gint64 total, gpointer user_data)
{
  Report *report = user_data;
  const Result *result = outcome->result;
  const OutcomeKind kind = outcome_get_kind (outcome);
  gboolean ok;

  report->n[kind]++;
  if (kind == OUTCOME_SKIPPED)
    note_skipped (report, result, result->error);
  else if (kind == OUTCOME_FAILED)
    note_failure (report, outcome);
  if (result->is_truncated && !result->error && !outcome->write_error)
    note_truncated (report, result);
  if (report->options->json) {
    g_autofree char *json = outcome_to_json (
        outcome, report_get_parts (report->options));

    g_string_append_printf (report->text, "%s\n", json);
  } else if (!result->error && !report->options->quiet) {
    print_text (report, result);
    print_change (report, outcome);
    print_group (report, result);
  }
  if (outcome->change.written)
    report->written++;
  else if (outcome->has_change && kind == OUTCOME_CLASSIFIED &&
      !outcome->write_skipped)
    report->kept++;
  if (outcome->write_skipped) {
    report->unwritten++;
    note_skipped (report, result, outcome->write_error);
  }
  ok = print (report);
  if (report->progress) {
    progress_set_total (report->progress, total);
    progress_add (report->progress, (double) result->duration / GENRE_SECOND);
  }
  return ok;
}

static void
print_failures (FILE *failures)
{
  char buffer[4096];
  gsize n;

  rewind (failures);
  while ((n = fread (buffer, 1, sizeof buffer, failures)) > 0)
    fwrite (buffer, 1, n, stderr);
}

static void
print_summary (const Report *report)
{
  static const char *const words[N_OUTCOMES] = { "classified", "silent",
    "not music", "skipped", "failed" };
  guint64 n = 0;

  for (guint kind = 0; kind < N_OUTCOMES; kind++)
    n += report->n[kind];
  fprintf (stderr, "genreclassify: %" G_GUINT64_FORMAT " %s:", n,
      n == 1 ? "file" : "files");
  for (guint kind = 0; kind < N_OUTCOMES; kind++)
    if (report->n[kind] > 0 || kind == OUTCOME_CLASSIFIED)
      fprintf (stderr, "%s %" G_GUINT64_FORMAT " %s",
          kind == OUTCOME_CLASSIFIED ? "" : ",", report->n[kind], words[kind]);
  if (report->written)
    fprintf (stderr, "; %" G_GUINT64_FORMAT " %s", report->written,
        report->options->tags->dry_run ? "would be written" : "written");
  if (report->kept)
    fprintf (stderr, "%s %" G_GUINT64_FORMAT " left as %s",
        report->written ? "," : ";", report->kept,
        report->kept == 1 ? "it was" : "they were");
  if (report->unwritten)
    fprintf (stderr, "%s %" G_GUINT64_FORMAT " of a format that is not written",
        report->written || report->kept ? "," : ";", report->unwritten);
  fputc ('\n', stderr);
}

/* This is the only place where the name of a log that the program has chosen is
 * printed, so --quiet does not hide it. */
static void
print_log (const ReportOptions *options)
{
  g_autofree char *log = g_shell_quote (options->tags->undo_log);

  if (!options->quiet || options->log_is_own)
    fprintf (stderr, "genreclassify: --undo %s gives the former genres back.\n",
        log);
}

int
report_finish (Report *report)
{
  g_clear_pointer (&report->progress, progress_free);
  print_failures (report->failures);
  if (!report->options->single && !report->options->quiet)
    print_summary (report);
  if (report->written && !report->options->tags->dry_run)
    print_log (report->options);
  if (report->broken ||
      (report->n[OUTCOME_FAILED] > report->options->max_failures &&
          !report->options->ok_if_failed))
    return 1;
  return report->options->strict &&
          report->n[OUTCOME_SKIPPED] + report->unwritten > 0
      ? 3
      : 0;
}

gboolean
report_is_cut_off (const Report *report)
{
  return report->cut_off;
}
