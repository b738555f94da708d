/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "csv.h"

#include <string.h>

#include "analysis/filename.h"
#include "genre/genre.h"

static void
append_field (GString *line, const char *field)
{
  if (line->len > 0)
    g_string_append_c (line, ',');
  if (!field)
    return;
  if (!strpbrk (field, ",\"\r\n")) {
    g_string_append (line, field);
    return;
  }
  g_string_append_c (line, '"');
  for (; *field; field++) {
    if (*field == '"')
      g_string_append_c (line, '"');
    g_string_append_c (line, *field);
  }
  g_string_append_c (line, '"');
}

static void
append_number (GString *line, const char *format, double number)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_field (line, g_ascii_formatd (digits, sizeof digits, format, number));
}

/* The probability of each of @labels, empty if @result has none for it. */
static void
append_probabilities (GString *line, const Result *result, GPtrArray *labels)
{
  for (guint c = 0; c < labels->len; c++) {
    gboolean found = FALSE;

    for (guint i = 0; result->probabilities && result->labels[i]; i++)
      if (g_str_equal (result->labels[i], labels->pdata[c])) {
        append_number (line, "%.6g", result->probabilities[i]);
        found = TRUE;
        break;
      }
    if (!found)
      append_field (line, NULL);
  }
}

char *
csv_make_header (GPtrArray *labels)
{
  GString *line = g_string_new ("file,genre,confidence");

  for (guint c = 0; c < labels->len; c++)
    append_field (line, labels->pdata[c]);
  g_string_append (
      line, ",duration,model,tag,error,error_code,music,file_bytes\r\n");
  return g_string_free (line, FALSE);
}

char *
csv_make_row (const Result *result, GPtrArray *labels)
{
  GString *line = g_string_new (NULL);
  g_autofree char *name = g_utf8_make_valid (result->name, -1);
  g_autofree char *escaped = g_utf8_validate (result->name, -1, NULL)
      ? NULL
      : filename_escape (result->name);
  int best = result_get_best (result);

  append_field (line, name);
  append_field (line, best < 0 ? NULL : result->labels[best]);
  append_number (line, "%.6g", result_get_confidence (result));
  append_probabilities (line, result, labels);
  append_number (line, "%.15g", (double) result->duration / GENRE_SECOND);
  append_field (line, result->model);
  append_field (line, result->old_genre);
  append_field (line, result->error);
  append_field (line, reason_to_code (result->reason));
  if (result->probabilities)
    append_number (line, "%.6g", result->music);
  else
    append_field (line, NULL);
  /* the name itself, if it cannot stand above */
  append_field (line, escaped);
  g_string_append (line, "\r\n");
  return g_string_free (line, FALSE);
}
