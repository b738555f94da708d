/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "processmetrics.h"

#include <stdio.h>
#include <unistd.h>
#include <sys/resource.h>

static void
append (GString *text, const char *name, const char *type, const char *help,
    double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text,
      "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %s\n", name, help,
      name, type, name,
      g_ascii_formatd (digits, sizeof digits, "%.15g", value));
}

static double
get_seconds (const struct timeval *time)
{
  return (double) time->tv_sec + (double) time->tv_usec / 1e6;
}

/* Pages of memory that are in use; 0 if it is not known. */
static guint64
count_pages (void)
{
  g_autofree char *text = NULL;
  guint64 pages = 0;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) ||
      sscanf (text, "%*u %" G_GUINT64_FORMAT, &pages) != 1)
    return 0;
  return pages;
}

/* 0 if it is not known. */
static guint
count_descriptors (void)
{
  GDir *folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  if (!folder)
    return 0;
  while (g_dir_read_name (folder))
    n++;
  g_dir_close (folder);
  return n - 1; /* without the folder itself */
}

void
process_metrics_append (GString *text, gint64 start)
{
  guint64 pages = count_pages ();
  guint descriptors = count_descriptors ();
  struct rusage usage;
  struct rlimit limit;

  if (getrusage (RUSAGE_SELF, &usage) == 0)
    append (text, "cpu_seconds_total", "counter",
        "Processor time of this process, without its workers.",
        get_seconds (&usage.ru_utime) + get_seconds (&usage.ru_stime));
  if (pages > 0)
    append (text, "resident_memory_bytes", "gauge",
        "Memory of this process, without its workers.",
        (double) pages * (double) sysconf (_SC_PAGESIZE));
  if (descriptors > 0)
    append (text, "open_fds", "gauge", "Open file descriptors.", descriptors);
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    append (text, "max_fds", "gauge", "File descriptors that may be open.",
        (double) limit.rlim_cur);
  append (text, "start_time_seconds", "gauge",
      "When the program was started, since 1970.", (double) start / 1e6);
}
