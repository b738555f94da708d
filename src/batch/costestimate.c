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
  gboolean is_music;
} endings[] = {
  /* the compact disc: 44.1 kHz, 16 bits, stereo */
  { "wav", 1411, TRUE },
  { "aif", 1411, TRUE },
  { "aifc", 1411, TRUE },
  { "aiff", 1411, TRUE },
  { "au", 1411, TRUE },
  { "caf", 1411, TRUE },
  /* the same without loss, which leaves about 0.65 of it */
  { "alac", 900, TRUE },
  { "ape", 850, TRUE },
  { "flac", 900, TRUE },
  { "shn", 950, TRUE },
  { "tta", 900, TRUE },
  { "wv", 900, TRUE },
  /* one bit at 2.8 MHz, stereo */
  { "dff", 5645, TRUE },
  { "dsf", 5645, TRUE },
  /* what shops sell and encoders take unless told otherwise */
  { "aac", 192, TRUE },
  { "ac3", 384, TRUE },
  { "m4a", 256, TRUE },
  { "mka", 256, TRUE },
  { "mp2", 256, TRUE },
  { "mp3", 224, TRUE },
  { "mpc", 180, TRUE },
  { "oga", 160, TRUE },
  { "ogg", 160, TRUE },
  { "opus", 128, TRUE },
  { "wma", 160, TRUE },
  /* speech */
  { "amr", 12, TRUE },
  { "m4b", 64, TRUE },
  { "spx", 24, TRUE },
  /* the picture takes most of it */
  { "avi", 1500, FALSE },
  { "mkv", 4000, FALSE },
  { "mp4", 2000, FALSE },
  { "webm", 1500, FALSE },
  /* what lies beside music */
  { "bmp", 0, FALSE },
  { "cue", 0, FALSE },
  { "db", 0, FALSE },
  { "gif", 0, FALSE },
  { "htm", 0, FALSE },
  { "html", 0, FALSE },
  { "ini", 0, FALSE },
  { "jpeg", 0, FALSE },
  { "jpg", 0, FALSE },
  { "json", 0, FALSE },
  { "log", 0, FALSE },
  { "lrc", 0, FALSE },
  { "m3u", 0, FALSE },
  { "m3u8", 0, FALSE },
  { "md5", 0, FALSE },
  { "nfo", 0, FALSE },
  { "pdf", 0, FALSE },
  { "png", 0, FALSE },
  { "sfv", 0, FALSE },
  { "txt", 0, FALSE },
  { "webp", 0, FALSE },
  { "xml", 0, FALSE },
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

gboolean
cost_is_music_name (const char *name)
{
  int ending = find_ending (name);

  return ending >= 0 && endings[ending].is_music;
}

guint32
cost_get_weight (double seconds)
{
  double all = (seconds < 0 ? COST_OF_UNKNOWN : seconds) + COST_OF_OPENING;

  return all < G_MAXUINT32 / COST_UNITS ? (guint32) lround (all * COST_UNITS)
                                        : G_MAXUINT32;
}
