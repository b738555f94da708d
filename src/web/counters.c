/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "counters.h"

#include "process/processmetrics.h"

/* upper bounds of the histogram, s */
static const double bounds[] = { 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120,
  300 };

typedef struct
{
  guint64 counts[G_N_ELEMENTS (bounds)]; /* of each bucket alone */
  guint64 n;
  double sum;
} Histogram;

struct _Counters
{
  gint64 start;         /* µs since 1970 */
  GHashTable *requests; /* labels -> guint64 * */
  GHashTable *errors;   /* labels -> guint64 * */
  GHashTable *times;    /* label of the route -> Histogram *, of requests */
  Histogram analyses;
  double audio;
};

Counters *
counters_new (void)
{
  Counters *counters = g_new0 (Counters, 1);

  counters->start = g_get_real_time ();
  counters->times = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  counters->requests = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  counters->errors = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  return counters;
}

void
counters_free (Counters *counters)
{
  if (!counters)
    return;
  g_hash_table_unref (counters->requests);
  g_hash_table_unref (counters->errors);
  g_hash_table_unref (counters->times);
  g_free (counters);
}

/* Takes @labels. */
static void
count (GHashTable *table, char *labels)
{
  guint64 *n = g_hash_table_lookup (table, labels);

  if (n) {
    g_free (labels);
  } else {
    n = g_new0 (guint64, 1);
    g_hash_table_insert (table, labels, n);
  }
  ++*n;
}

static void
add_to_histogram (Histogram *histogram, double seconds)
{
  guint bucket = 0;

  while (bucket < G_N_ELEMENTS (bounds) && seconds > bounds[bucket])
    bucket++;
  if (bucket < G_N_ELEMENTS (bounds))
    histogram->counts[bucket]++;
  histogram->n++;
  histogram->sum += seconds;
}

void
counters_add_request (
    Counters *counters, const char *route, guint status, double seconds)
{
  g_autofree char *label = g_strdup_printf ("route=\"%s\"", route);
  Histogram *times = g_hash_table_lookup (counters->times, label);

  count (
      counters->requests, g_strdup_printf ("%s,status=\"%u\"", label, status));
  if (!times) {
    times = g_new0 (Histogram, 1);
    g_hash_table_insert (counters->times, g_steal_pointer (&label), times);
  }
  add_to_histogram (times, seconds);
}

void
counters_add_error (Counters *counters, const char *code)
{
  count (counters->errors, g_strdup_printf ("code=\"%s\"", code));
}

void
counters_add_analysis (Counters *counters, double audio, double seconds)
{
  add_to_histogram (&counters->analyses, seconds);
  counters->audio += audio;
}

static void
append_head (
    GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text,
      "# HELP genreclassify_%s %s\n# TYPE genreclassify_%s %s\n", name, help,
      name, type);
}

static void
append_value (GString *text, const char *name, const char *labels, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "genreclassify_%s%s%s%s %s\n", name,
      labels ? "{" : "", labels ? labels : "", labels ? "}" : "",
      g_ascii_formatd (digits, sizeof digits, "%.15g", value));
}

static void
append_counters (
    GString *text, const char *name, const char *help, GHashTable *table)
{
  g_autoptr (GList) keys = g_list_sort (
      g_hash_table_get_keys (table), (GCompareFunc) g_strcmp0);

  append_head (text, name, "counter", help);
  for (GList *i = keys; i; i = i->next)
    append_value (
        text, name, i->data, *(guint64 *) g_hash_table_lookup (table, i->data));
}

static void
append_single (GString *text, const char *name, const char *type,
    const char *help, double value)
{
  append_head (text, name, type, help);
  append_value (text, name, NULL, value);
}

/* @labels: "" or such as "route=\"/\"". */
static void
append_histogram (GString *text, const char *name, const char *labels,
    const Histogram *histogram)
{
  g_autofree char *bucket = g_strconcat (name, "_bucket", NULL),
                  *sum_name = g_strconcat (name, "_sum", NULL),
                  *count_name = g_strconcat (name, "_count", NULL);
  const char *comma = *labels ? "," : "", *own = *labels ? labels : NULL;
  guint64 sum = 0;

  for (guint i = 0; i <= G_N_ELEMENTS (bounds); i++) {
    char digits[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";
    g_autofree char *all = NULL;

    if (i < G_N_ELEMENTS (bounds)) {
      g_ascii_formatd (digits, sizeof digits, "%g", bounds[i]);
      sum += histogram->counts[i];
    } else {
      sum = histogram->n;
    }
    all = g_strdup_printf ("%s%sle=\"%s\"", labels, comma, digits);
    append_value (text, bucket, all, sum);
  }
  append_value (text, sum_name, own, histogram->sum);
  append_value (text, count_name, own, histogram->n);
}

static void
append_histograms (GString *text, const Counters *counters)
{
  g_autoptr (GList) keys = g_list_sort (
      g_hash_table_get_keys (counters->times), (GCompareFunc) g_strcmp0);

  append_head (text, "request_seconds", "histogram",
      "Time from a client's connection to the end of its answer.");
  for (GList *i = keys; i; i = i->next)
    append_histogram (text, "request_seconds", i->data,
        g_hash_table_lookup (counters->times, i->data));
  append_head (text, "analysis_seconds", "histogram",
      "Time that a file took to be decoded and classified.");
  append_histogram (text, "analysis_seconds", "", &counters->analyses);
}

char *
counters_to_text (Counters *counters, const CountersGauges *gauges)
{
  GString *text = g_string_new (NULL);

  append_counters (text, "requests_total", "Requests that were answered.",
      counters->requests);
  append_counters (
      text, "errors_total", "Answers that were an error.", counters->errors);
  append_single (text, "audio_seconds_total", "counter",
      "Audio that was classified.", counters->audio);
  append_histograms (text, counters);
  append_single (text, "queue_length", "gauge", "Files that wait for a worker.",
      gauges->waiting);
  append_single (text, "workers_running", "gauge",
      "Files that are in a worker.", gauges->running);
  append_single (text, "connections", "gauge", "Clients.", gauges->connections);
  append_single (text, "kept_uploads", "gauge",
      "Uploads that are kept for more requests.", gauges->kept);
  append_single (text, "kept_uploads_bytes", "gauge",
      "What these have of the disk.", gauges->kept_size);
  append_head (text, "build_info", "gauge", "The version of the program.");
  append_value (text, "build_info", "version=\"" VERSION "\"", 1);
  process_metrics_append (text, counters->start);
  return g_string_free (text, FALSE);
}
