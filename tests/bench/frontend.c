/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How long a mel column takes at each sample rate, on one core: the front end alone,
 * by the public interface of libgenre, in buffers of 1024 frames.
 *
 *   bench-frontend [--lines]
 *
 * prints a table; with --lines, for programs, first the file of the library that it
 * was loaded with, and then a line for each rate: rate, format, channels, columns of
 * a repetition, and the least and the median ns of a column, of processor time.
 *
 * The library of another build can be put in its place with LD_LIBRARY_PATH
 * (frontend.py does so), as what is called here has been the same for long. */

#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "genre/genre.h"
#include "timing.h"

#define BUFFER 1024 /* frames */
/* of sound, over and over, as a decoder's are in the cache too */
#define N_BUFFERS 16
#define SECONDS 10 /* of a repetition */
#define REPETITIONS 11
#define MAX_CHANNELS 2

typedef struct
{
  guint rate;
  GenreSampleFormat format;
  const char *format_name;
  guint channels;

  GenreMelSpectrogram *mel;
  guint64 columns;
  double ns[REPETITIONS]; /* for a column */
} Case;

#define CASE(hz, sample, n)                                                    \
  {                                                                            \
    .rate = hz, .format = GENRE_SAMPLE_##sample, .format_name = #sample,       \
    .channels = n                                                              \
  }

static Case cases[] = {
  CASE (8000, S16, 2),
  CASE (16000, S16, 2),
  CASE (22050, S16, 2),
  CASE (24000, S16, 2),
  CASE (32000, S16, 2),
  CASE (44100, S16, 2),
  CASE (44100, F32, 1),
  CASE (48000, S16, 2),
  CASE (88200, S16, 2),
  CASE (96000, S16, 2),
  CASE (192000, S16, 2),
};

static gint16 integers[N_BUFFERS * BUFFER * MAX_CHANNELS];
static float floats[N_BUFFERS * BUFFER * MAX_CHANNELS];

static double
now (void)
{
  return 1e9 * timing_now (CLOCK_PROCESS_CPUTIME_ID);
}

/* Noise, at a quarter of full scale. */
static void
make_sound (void)
{
  guint32 seed = 1;

  for (gsize i = 0; i < G_N_ELEMENTS (integers); i++) {
    seed = seed * 1664525 + 1013904223;
    integers[i] = (gint16) (seed >> 16) / 4;
    floats[i] = integers[i] / 32768.0f;
  }
}

/* Pushes seconds of sound; gives the columns that it made. */
static guint64
push (Case *one, guint seconds)
{
  const char *sound = one->format == GENRE_SAMPLE_S16 ? (const char *) integers
                                                      : (const char *) floats;
  gsize frame = one->channels *
      (one->format == GENRE_SAMPLE_S16 ? sizeof *integers : sizeof *floats);
  gsize n_buffers = ((gsize) one->rate * seconds + BUFFER - 1) / BUFFER;
  guint64 columns = 0;

  for (gsize i = 0; i < n_buffers; i++) {
    const char *buffer = sound + i % N_BUFFERS * BUFFER * frame;

    for (gsize done = 0; done < BUFFER;) {
      GenreMelColumn column;
      gboolean ready;

      done += genre_mel_spectrogram_push (one->mel, one->format, one->channels,
          buffer + done * frame, BUFFER - done, &column, &ready);
      columns += ready;
    }
  }
  return columns;
}

int
main (int argc, char **argv)
{
  gboolean lines = argc == 2 && !strcmp (argv[1], "--lines");
  g_autoptr (GError) error = NULL;
  Dl_info library;

  if (argc > 1 && !lines) {
    fprintf (stderr, "usage: %s [--lines]\n", argv[0]);
    return 2;
  }
  make_sound ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    cases[i].mel = genre_mel_spectrogram_new (cases[i].rate, &error);
    if (!cases[i].mel) {
      fprintf (stderr, "%u Hz: %s\n", cases[i].rate, error->message);
      return 1;
    }
    push (&cases[i], 2); /* it makes room for what it needs */
  }
  /* in turns, so that whatever else the machine does meets all of them */
  for (guint k = 0; k < REPETITIONS; k++)
    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
      double begin = now ();

      cases[i].columns = push (&cases[i], SECONDS);
      cases[i].ns[k] = (now () - begin) / cases[i].columns;
    }

  if (lines) {
    if (!dladdr ((void *) genre_mel_spectrogram_push, &library))
      return 1;
    printf ("%s\n", library.dli_fname);
  } else
    printf ("| Hz | | ns of a column, median | least |\n|---|---|---|---|\n");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Case *one = &cases[i];
    const double median = timing_sort (one->ns, REPETITIONS);

    if (lines)
      printf ("%u %s %u %" G_GUINT64_FORMAT " %.0f %.0f\n", one->rate,
          one->format_name, one->channels, one->columns, one->ns[0], median);
    else
      printf ("| %u | %s, %s | %.0f | %.0f |\n", one->rate, one->format_name,
          one->channels == 1 ? "mono" : "stereo", median, one->ns[0]);
    genre_mel_spectrogram_unref (one->mel);
  }
  return 0;
}
