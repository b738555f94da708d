/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_INTERVAL (G_USEC_PER_SEC / 5)
#define BAR_WIDTH 20
/* Rates are those of about the last 30 seconds.  Files that were taken from the
 * cache in no time at the start say nothing about how long the rest takes. */
#define RATE_SECONDS 30.0

struct _Progress
{
  gboolean enabled, visible;
  gboolean hidden; /* it was visible, and is to be again */
  gint64 n_files, n_done;
  gint64 updated; /* when the rates were, µs */
  /* since then: files, s of audio */
  double new_files, new_audio;
  /* sums over the past, in which what is longer ago counts less: files, s of
   * audio, s */
  double files, audio, time;
};

Progress *
progress_new (gint64 n_files)
{
  Progress *progress = g_new0 (Progress, 1);
  const char *terminal = g_getenv ("TERM");

  progress->enabled = isatty (STDERR_FILENO) &&
      g_strcmp0 (terminal, "dumb") != 0;
  progress->n_files = n_files;
  progress->updated = g_get_monotonic_time ();
  return progress;
}

void
progress_set_total (Progress *progress, gint64 n_files)
{
  progress->n_files = n_files;
}

/* "1:02:03" or "2:03" */
static void
append_time (GString *line, double seconds)
{
  guint64 s = (guint64) (CLAMP (seconds, 0, 1e9) + 0.5);

  if (s >= 3600)
    g_string_append_printf (
        line, "%" G_GUINT64_FORMAT ":%02u", s / 3600, (guint) (s / 60 % 60));
  else
    g_string_append_printf (line, "%u", (guint) (s / 60));
  g_string_append_printf (line, ":%02u", (guint) (s % 60));
}

/* Columns of the terminal that the line may take: one that is wider could not
 * be wiped.  The last column stays free, or the cursor would go to the next
 * line. */
static gsize
get_width (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
    return 79;
  return size.ws_col - 1;
}

/* Appends @part to @line, or leaves it out if it does not fit in. */
static void
append_part (GString *line, gsize width, const char *part)
{
  if (line->len + strlen (part) <= width)
    g_string_append (line, part);
}

/* "[#####---------------] " */
static char *
make_bar (const Progress *progress)
{
  GString *bar = g_string_new ("[");
  int n = (int) (BAR_WIDTH *
      MIN (1.0, (double) progress->n_done / progress->n_files));

  for (int i = 0; i < BAR_WIDTH; i++)
    g_string_append_c (bar, i < n ? '#' : '-');
  g_string_append (bar, "] ");
  return g_string_free (bar, FALSE);
}

/* ", 4:05 left", or NULL if that cannot be told */
static char *
make_rest (const Progress *progress)
{
  double rate = progress->time > 0 ? progress->files / progress->time : 0;
  GString *rest;

  if (rate <= 0 || progress->n_files <= progress->n_done)
    return NULL;
  rest = g_string_new (", ");
  append_time (rest, (progress->n_files - progress->n_done) / rate);
  g_string_append (rest, " left");
  return g_string_free (rest, FALSE);
}

/* "[#####---------------] 123 of 500 files, 4:05 left, 0.15 h of audio/s", or as much
 * of it as fits in.  All of it is ASCII: a character is a column. */
static char *
make_line (const Progress *progress, gsize width)
{
  GString *line = g_string_new (NULL);
  g_autofree char *count = NULL, *bar = NULL, *rest = make_rest (progress);
  g_autofree char *speed = NULL;

  if (progress->n_files > 0) {
    bar = make_bar (progress);
    count = g_strdup_printf ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                             " files",
        progress->n_done, progress->n_files);
  } else {
    count = g_strdup_printf ("%" G_GINT64_FORMAT " files", progress->n_done);
  }
  if (progress->audio > 0)
    speed = g_strdup_printf (
        ", %.2g h of audio/s", progress->audio / progress->time / 3600);
  if (bar && strlen (bar) + strlen (count) <= width)
    g_string_append (line, bar);
  append_part (line, width, count);
  append_part (line, width, rest ? rest : "");
  append_part (line, width, speed ? speed : "");
  return g_string_free (line, FALSE);
}

static void
draw (Progress *progress)
{
  g_autofree char *line = make_line (progress, get_width ());

  fprintf (stderr, "\r%s\033[K", line);
  fflush (stderr);
  progress->visible = TRUE;
  progress->hidden = FALSE;
}

static void
update_rates (Progress *progress, double seconds)
{
  double keep = exp (-seconds / RATE_SECONDS);

  progress->files = keep * progress->files + progress->new_files;
  progress->audio = keep * progress->audio + progress->new_audio;
  progress->time = keep * progress->time + seconds;
  progress->new_files = progress->new_audio = 0;
}

void
progress_add (Progress *progress, double audio_seconds)
{
  gint64 now;

  progress->n_done++;
  progress->new_files++;
  progress->new_audio += audio_seconds;
  if (!progress->enabled)
    return;
  now = g_get_monotonic_time ();
  if (now - progress->updated >= REDRAW_INTERVAL) {
    update_rates (
        progress, (now - progress->updated) / (double) G_USEC_PER_SEC);
    progress->updated = now;
    draw (progress);
  } else if (progress->hidden) {
    draw (progress);
  }
}

void
progress_hide (Progress *progress)
{
  if (!progress->visible)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  progress->visible = FALSE;
  progress->hidden = TRUE;
}

void
progress_free (Progress *progress)
{
  if (!progress)
    return;
  progress_hide (progress);
  g_free (progress);
}
