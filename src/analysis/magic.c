/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "magic.h"

#include <string.h>

/* What a file of music begins with that has another ending, or none: "*" is any byte.
 * Names may begin with most of the letters, but not with what follows these. */
#define MAGIC(bytes) bytes, sizeof bytes - 1
static const struct
{
  const char *bytes;
  gsize size;
} magics[] = {
  { MAGIC ("\0***ftyp") }, /* MP4 */
  { MAGIC ("RIFF****WAVE") }, { MAGIC ("RIFF****AVI ") },
  { MAGIC ("RF64****WAVE") }, { MAGIC ("RIFX****WAVE") },
  { MAGIC ("FORM****AIF") }, { MAGIC ("OggS\0\2") },
  { MAGIC ("fLaC*\0\0\x22") }, { MAGIC ("wvpk****\x10\4") },
  { MAGIC ("caff\0\1\0\0") }, { MAGIC (".snd\0\0\0") },
  { MAGIC ("ID3\2") }, /* MP3, and others with such tags */
  { MAGIC ("ID3\3") }, { MAGIC ("ID3\4") }, { MAGIC ("MThd\0\0\0\6") },
  { MAGIC ("\x1a\x45\xdf\xa3") },                 /* Matroska, WebM */
  { MAGIC ("\x30\x26\xb2\x75\x8e\x66\xcf\x11") }, /* ASF: WMA */
};

/* Whether the @n bytes @start begin with a frame of MP3 or AAC.  Its 11 bits are also
 * those of two letters in old encodings, and the mark of UTF-16 has them; but a list
 * has no control characters beside those that end names. */
static gboolean
is_frame (const guint8 *start, gsize n)
{
  if (n < 2 || start[0] != 0xff || start[1] < 0xe0 || start[1] == 0xfe)
    return FALSE;
  for (gsize i = 2; i < n; i++)
    if (g_ascii_iscntrl (start[i]) && !memchr ("\t\n\r", start[i], 4))
      return TRUE;
  return FALSE;
}

static gboolean
has_magic (const guint8 *start, gsize n, const char *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (i >= n || (bytes[i] != '*' && (guint8) bytes[i] != start[i]))
      return FALSE;
  return TRUE;
}

gboolean
magic_is_music (const guint8 *start, gsize n)
{
  for (guint i = 0; i < G_N_ELEMENTS (magics); i++)
    if (has_magic (start, n, magics[i].bytes, magics[i].size))
      return TRUE;
  return is_frame (start, MIN (n, MAGIC_SIZE));
}
