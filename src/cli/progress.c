/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress.h"

#include <math.h>
#include <stdio.h>
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
  gint64 n_files, n_done;
  gint64 drawn; /* when the line was drawn last, µs */
  /* since the line was drawn: files, s of audio */
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
  progress->drawn = g_get_monotonic_time ();
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

/* "[#####---------------]  123 of 500 files, 0.15 h of audio/s, 4:05 left" */
static char *
make_line (const Progress *progress)
{
  GString *line = g_string_new (NULL);
  double rate = progress->time > 0 ? progress->files / progress->time : 0;

  if (progress->n_files > 0) {
    int n = (int) (BAR_WIDTH *
        MIN (1.0, (double) progress->n_done / progress->n_files));

    g_string_append_c (line, '[');
    for (int i = 0; i < BAR_WIDTH; i++)
      g_string_append_c (line, i < n ? '#' : '-');
    g_string_append_printf (line,
        "] %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " files",
        progress->n_done, progress->n_files);
  } else {
    g_string_append_printf (
        line, "%" G_GINT64_FORMAT " files", progress->n_done);
  }
  if (progress->audio > 0)
    g_string_append_printf (
        line, ", %.2g h of audio/s", progress->audio / progress->time / 3600);
  if (rate > 0 && progress->n_files > progress->n_done) {
    g_string_append (line, ", ");
    append_time (line, (progress->n_files - progress->n_done) / rate);
    g_string_append (line, " left");
  }
  return g_string_free (line, FALSE);
}

/* Columns of the terminal that the line may take: one that is wider could not
 * be wiped.  The last column stays free, or the cursor would go to the next
 * line. */
static int
get_width (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
    return 79;
  return size.ws_col - 1;
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
  g_autofree char *line = NULL;

  progress->n_done++;
  progress->new_files++;
  progress->new_audio += audio_seconds;
  if (!progress->enabled)
    return;
  now = g_get_monotonic_time ();
  if (now - progress->drawn < REDRAW_INTERVAL)
    return;
  update_rates (progress, (now - progress->drawn) / (double) G_USEC_PER_SEC);
  progress->drawn = now;
  line = make_line (progress);
  fprintf (stderr, "\r%.*s\033[K", get_width (), line);
  fflush (stderr);
  progress->visible = TRUE;
}

void
progress_hide (Progress *progress)
{
  if (!progress->visible)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  progress->visible = FALSE;
}

void
progress_free (Progress *progress)
{
  if (!progress)
    return;
  progress_hide (progress);
  g_free (progress);
}
