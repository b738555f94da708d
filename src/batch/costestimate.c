/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "costestimate.h"

#include <math.h>
#include <string.h>

/* kbit/s of what has no ending that is known: between MP3 and video */
#define OTHER_RATE 256

/* What decides is that files of one format differ less from each other than formats do:
 * a minute of WAV is as large as ten of Opus. */
static const struct
{
  const char *ending;
  guint rate; /* kbit/s; 0: it has no audio, and is found out on opening it */
} endings[] = {
  /* the compact disc: 44.1 kHz, 16 bits, stereo */
  { "wav", 1411 },
  { "aif", 1411 },
  { "aifc", 1411 },
  { "aiff", 1411 },
  { "au", 1411 },
  { "caf", 1411 },
  /* the same without loss, which leaves about 0.65 of it */
  { "alac", 900 },
  { "ape", 850 },
  { "flac", 900 },
  { "shn", 950 },
  { "tta", 900 },
  { "wv", 900 },
  /* one bit at 2.8 MHz, stereo */
  { "dff", 5645 },
  { "dsf", 5645 },
  /* what shops sell and encoders take unless told otherwise */
  { "aac", 192 },
  { "ac3", 384 },
  { "m4a", 256 },
  { "mka", 256 },
  { "mp2", 256 },
  { "mp3", 224 },
  { "mpc", 180 },
  { "oga", 160 },
  { "ogg", 160 },
  { "opus", 128 },
  { "wma", 160 },
  /* speech */
  { "amr", 12 },
  { "m4b", 64 },
  { "spx", 24 },
  /* the picture takes most of it */
  { "avi", 1500 },
  { "mkv", 4000 },
  { "mp4", 2000 },
  { "webm", 1500 },
  /* what lies beside music */
  { "bmp", 0 },
  { "cue", 0 },
  { "db", 0 },
  { "gif", 0 },
  { "htm", 0 },
  { "html", 0 },
  { "ini", 0 },
  { "jpeg", 0 },
  { "jpg", 0 },
  { "json", 0 },
  { "log", 0 },
  { "lrc", 0 },
  { "m3u", 0 },
  { "m3u8", 0 },
  { "md5", 0 },
  { "nfo", 0 },
  { "pdf", 0 },
  { "png", 0 },
  { "sfv", 0 },
  { "txt", 0 },
  { "webp", 0 },
  { "xml", 0 },
};

/* The index in endings, -1 if it is none of them. */
static int
find_ending (const char *name)
{
  const char *slash = strrchr (name, '/');
  const char *dot = strrchr (slash ? slash + 1 : name, '.');

  if (dot)
    for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
      if (g_ascii_strcasecmp (dot + 1, endings[i].ending) == 0)
        return i;
  return -1;
}

double
cost_estimate_seconds (const char *name, guint64 bytes)
{
  int ending = find_ending (name);
  guint rate = ending < 0 ? OTHER_RATE : endings[ending].rate;

  return rate == 0 ? 0 : (double) bytes / (rate * (1000 / 8.0));
}

guint32
cost_get_weight (double seconds)
{
  double all = (seconds < 0 ? COST_OF_UNKNOWN : seconds) + COST_OF_OPENING;

  return all < G_MAXUINT32 / COST_UNITS ? (guint32) lround (all * COST_UNITS)
                                        : G_MAXUINT32;
}
