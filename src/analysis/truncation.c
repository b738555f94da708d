/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "truncation.h"

#include <string.h>

/* Bytes, and ns, by which a whole file may seem to be too short: writers miscount a
 * frame, a padding byte or the encoder's delay. */
#define SLACK_BYTES 4096
#define SLACK_TIME (GST_SECOND / 2)
/* a size like this in 32 bits stands for one that was not known */
#define UNKNOWN_SIZE 0x7fff0000u
/* chunks that are looked at */
#define MAX_CHUNKS 100000

typedef struct
{
  GstPad *pad;
  guint64 size;    /* of the file */
  guint64 start;   /* of what follows an ID3v2 tag */
  guint64 decoded; /* ns, or 0 */
} File;

/* Fills @bytes, [n], or returns FALSE. */
static gboolean
read_at (const File *file, guint64 offset, void *bytes, guint n)
{
  g_autoptr (GstBuffer) buffer = NULL;

  return offset + n <= file->size &&
      gst_pad_get_range (file->pad, offset, n, &buffer) == GST_FLOW_OK &&
      gst_buffer_extract (buffer, 0, bytes, n) == n;
}

static double
compare_sizes (const File *file, guint64 declared)
{
  if (declared <= file->size + SLACK_BYTES)
    return 1;
  return (double) file->size / declared;
}

static double
compare_samples (const File *file, guint64 declared, guint rate)
{
  guint64 duration = rate ? gst_util_uint64_scale (declared, GST_SECOND, rate)
                          : 0;

  if (file->decoded == 0 || duration <= file->decoded + SLACK_TIME)
    return 1;
  return (double) file->decoded / duration;
}

/* What a chunk's header says. */
typedef struct
{
  guint64 size;      /* with the header; 0: not known */
  gboolean is_audio; /* or contains audio */
} Chunk;

/* Goes from chunk to chunk up to the end of the file, and sees whether one with audio
 * passes that.  Behind the last one there may be rubbish, which does not count. */
static double
walk (const File *file, guint64 offset, Chunk (*parse) (const guint8 *header))
{
  guint8 bytes[24];

  for (guint i = 0;
       i < MAX_CHUNKS && read_at (file, offset, bytes, sizeof bytes); i++) {
    Chunk chunk = parse (bytes);

    if (chunk.size < 8 || chunk.size > G_MAXINT64)
      break;
    if (offset + chunk.size > file->size)
      return chunk.is_audio ? compare_sizes (file, offset + chunk.size) : 1;
    offset += chunk.size;
  }
  return 1;
}

/* Containers of chunks */

static Chunk
make_chunk (guint32 size, gboolean is_audio)
{
  /* audio without a size is left where that could not be filled in */
  if (size >= UNKNOWN_SIZE || (is_audio && size == 0))
    return (Chunk){ 0, is_audio };
  return (Chunk){ 8 + (guint64) size + size % 2, is_audio };
}

static Chunk
parse_riff_chunk (const guint8 *chunk)
{
  /* AVI has its audio in a list */
  return make_chunk (GST_READ_UINT32_LE (chunk + 4),
      !memcmp (chunk, "data", 4) ||
          (!memcmp (chunk, "LIST", 4) && !memcmp (chunk + 8, "movi", 4)));
}

/* In RF64 the size of "data" is 2^32 - 1, and the chunk "ds64" has the real ones. */
static double
check_riff (const File *file, const guint8 *head)
{
  if (!memcmp (head, "RF64", 4) && !memcmp (head + 12, "ds64", 4)) {
    guint64 size = GST_READ_UINT64_LE (head + 20);

    return size < G_MAXINT64 ? compare_sizes (file, file->start + 8 + size) : 1;
  }
  return walk (file, file->start + 12, parse_riff_chunk);
}

static Chunk
parse_aiff_chunk (const guint8 *chunk)
{
  return make_chunk (
      GST_READ_UINT32_BE (chunk + 4), !memcmp (chunk, "SSND", 4));
}

static double
check_aiff (const File *file, const guint8 *head)
{
  (void) head;
  return walk (file, file->start + 12, parse_aiff_chunk);
}

static Chunk
parse_w64_chunk (const guint8 *chunk)
{
  guint64 size = GST_READ_UINT64_LE (chunk + 16);

  return (Chunk){ size > G_MAXINT64 ? 0 : (size + 7) / 8 * 8,
    !memcmp (chunk, "data", 4) };
}

static double
check_w64 (const File *file, const guint8 *head)
{
  (void) head;
  return walk (file, file->start + 40, parse_w64_chunk);
}

static Chunk
parse_atom (const guint8 *atom)
{
  guint32 size = GST_READ_UINT32_BE (atom);

  return (Chunk){ size == 1 ? GST_READ_UINT64_BE (atom + 8) : size,
    !memcmp (atom + 4, "mdat", 4) || !memcmp (atom + 4, "moof", 4) };
}

static double
check_mp4 (const File *file, const guint8 *head)
{
  (void) head;
  return walk (file, file->start, parse_atom);
}

static Chunk
parse_asf_object (const guint8 *object)
{
  return (Chunk){ GST_READ_UINT64_LE (object + 16),
    !memcmp (object, "\x36\x26\xb2\x75\x8e\x66\xcf\x11", 8) };
}

static double
check_asf (const File *file, const guint8 *head)
{
  (void) head;
  return walk (file, file->start, parse_asf_object);
}

/* Containers with a size in their header */

static double
check_au (const File *file, const guint8 *head)
{
  guint32 offset = GST_READ_UINT32_BE (head + 4);
  guint32 size = GST_READ_UINT32_BE (head + 8);

  if (size >= UNKNOWN_SIZE)
    return 1;
  return compare_sizes (file, file->start + (guint64) offset + size);
}

static double
check_dsf (const File *file, const guint8 *head)
{
  guint64 size = GST_READ_UINT64_LE (head + 12);

  return size < G_MAXINT64 ? compare_sizes (file, file->start + size) : 1;
}

/* From version 3980 on, its descriptor has the sizes of all parts. */
static double
check_ape (const File *file, const guint8 *head)
{
  guint64 size = 0;

  if (GST_READ_UINT16_LE (head + 4) < 3980)
    return 1;
  for (guint i = 8; i <= 32; i += 4)
    size += (guint64) GST_READ_UINT32_LE (head + i) << (i == 28 ? 32 : 0);
  return compare_sizes (file, file->start + size);
}

/* The number of bytes of EBML's numbers that begin with @byte; 9 if it is none. */
static guint
get_ebml_length (guint8 byte)
{
  guint n = 1;

  for (; n <= 8 && !(byte & (0x80 >> (n - 1))); n++)
    ;
  return n;
}

/* The header of EBML, and the segment, which is all the rest. */
static double
check_matroska (const File *file, const guint8 *head)
{
  guint64 offset = file->start + 4, size = 0, ones = 0;
  guint8 bytes[12];
  guint n;

  (void) head;
  for (gboolean in_segment = FALSE;; in_segment = TRUE) {
    guint skip = in_segment ? 4 : 0;

    if (!read_at (file, offset, bytes, sizeof bytes) ||
        (n = get_ebml_length (bytes[skip])) > 8 || skip + n > sizeof bytes ||
        (in_segment && memcmp (bytes, "\x18\x53\x80\x67", 4)))
      return 1;
    size = bytes[skip] & (0xff >> n);
    for (guint i = 1; i < n; i++)
      size = size << 8 | bytes[skip + i];
    ones = (G_GUINT64_CONSTANT (1) << 7 * n) - 1;
    offset += skip + n + size;
    if (in_segment)
      break;
  }
  /* all ones are a size that is not known */
  return size == ones ? 1 : compare_sizes (file, offset);
}

/* Formats that count samples */

static double
check_flac (const File *file, const guint8 *head)
{
  guint rate = GST_READ_UINT24_BE (head + 18) >> 4;
  guint64 samples = GST_READ_UINT64_BE (head + 18) &
      G_GUINT64_CONSTANT (0xfffffffff);

  return compare_samples (file, samples, rate);
}

static double
check_wavpack (const File *file, const guint8 *head)
{
  static const guint rates[] = { 6000, 8000, 9600, 11025, 12000, 16000, 22050,
    24000, 32000, 44100, 48000, 64000, 88200, 96000, 192000, 0 };
  guint32 samples = GST_READ_UINT32_LE (head + 12),
          flags = GST_READ_UINT32_LE (head + 24);

  /* DSD counts otherwise */
  if (samples == G_MAXUINT32 || flags & 0x80000000)
    return 1;
  return compare_samples (file, samples, rates[flags >> 23 & 15]);
}

static const guint8 *
find_mp3_table (const guint8 *frame, gboolean is_mpeg1)
{
  gboolean is_mono = frame[3] >> 6 == 3;
  const guint8 *xing = frame + 4 +
      (is_mpeg1 ? (is_mono ? 17 : 32) : (is_mono ? 9 : 17));

  if ((!memcmp (xing, "Xing", 4) || !memcmp (xing, "Info", 4)) && xing[7] & 1)
    return xing + 8;
  return !memcmp (frame + 36, "VBRI", 4) ? frame + 36 + 14 : NULL;
}

/* The first frame may have a table, which tells the number of frames. */
static double
check_mp3 (const File *file, const guint8 *head)
{
  static const guint rates[] = { 44100, 48000, 32000, 0 };
  guint version = head[1] >> 3 & 3; /* 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5 */
  guint rate = rates[head[2] >> 2 & 3] >> (version == 3          ? 0
                                                  : version == 2 ? 1
                                                                 : 2);
  const guint8 *table = find_mp3_table (head, version == 3);

  if (!table || version == 1)
    return 1;
  return compare_samples (file,
      GST_READ_UINT32_BE (table) * (version == 3 ? 1152ull : 576ull), rate);
}

static const struct
{
  guint8 offset;
  const char *magic, *mask;
  double (*check) (const File *file, const guint8 *head);
} formats[] = {
  { 0, "RIFF", NULL, check_riff },
  { 0, "RF64", NULL, check_riff },
  { 0, "FORM", NULL, check_aiff },
  { 0, "riff\x2e\x91\xcf\x11", NULL, check_w64 },
  { 4, "ftyp", NULL, check_mp4 },
  { 4, "moov", NULL, check_mp4 },
  { 4, "mdat", NULL, check_mp4 },
  { 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", NULL, check_asf },
  { 0, "\x1a\x45\xdf\xa3", NULL, check_matroska },
  { 0, ".snd", NULL, check_au },
  { 0, "DSD ", NULL, check_dsf },
  { 0, "MAC ", NULL, check_ape },
  { 0, "fLaC", NULL, check_flac },
  { 0, "wvpk", NULL, check_wavpack },
  { 0, "\xff\xe2", "\xff\xe6", check_mp3 },
};

static gboolean
has_magic (const guint8 *head, guint format)
{
  const guint8 *magic = (const guint8 *) formats[format].magic,
               *mask = (const guint8 *) formats[format].mask;

  for (guint i = 0; magic[i]; i++)
    if ((head[formats[format].offset + i] & (mask ? mask[i] : 0xff)) !=
        magic[i])
      return FALSE;
  return TRUE;
}

/* Some tags come in front of the file that they describe. */
static void
skip_id3v2 (File *file)
{
  guint8 tag[10];

  while (
      read_at (file, file->start, tag, sizeof tag) && !memcmp (tag, "ID3", 3))
    file->start += 10 + (tag[5] & 0x10 ? 10 : 0) +
        ((guint) (tag[6] & 127) << 21 | (tag[7] & 127) << 14 |
            (tag[8] & 127) << 7 | (tag[9] & 127));
}

double
truncation_find (GstElement *source, guint64 decoded)
{
  g_autoptr (GstPad) pad = source ? gst_element_get_static_pad (source, "src")
                                  : NULL;
  guint8 head[64];
  gint64 size;

  File file = { pad, 0, 0, decoded };

  /* a stream cannot be read again */
  if (!pad || GST_PAD_MODE (pad) != GST_PAD_MODE_PULL ||
      !gst_element_query_duration (source, GST_FORMAT_BYTES, &size))
    return 1;
  file.size = (guint64) size;
  skip_id3v2 (&file);
  if (!read_at (&file, file.start, head, sizeof head))
    return 1;
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (has_magic (head, i))
      return formats[i].check (&file, head);
  return 1;
}
