/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MPEG audio (MP3, MP2, MP1) and AAC in ADTS: frames that follow each other, without
 * a container.  ISO/IEC 11172-3, 13818-3 and 13818-7;
 * http://www.mp3-tech.org/programmer/frame_header.html */

#include <gst/gst.h>

#include "formats.h"
#include "plain.h"
#include "tagserror.h"

#define HEADER 7 /* bytes that are looked at of a frame's header */
#define MAX_ZEROS (1 << 20)
#define MAX_GARBAGE (1 << 16) /* before the first frame */
/* Frames that must follow each other at the beginning, or fewer if the last one
 * ends with the file; and behind garbage, of which some bytes may look like a frame:
 * in a container they are interrupted before. */
#define MIN_FRAMES 3
#define MIN_FRAMES_LATER 64
#define MIN_FRAMES_TO_END 8
/* of the free format, whose length may be that of any other frames */
#define MIN_FRAMES_FREE 8

/* What frames of one stream have in common, and their length. */
typedef struct
{
  guint32 common;
  guint length;  /* 0: of the free format */
  guint padding; /* bytes of it, which the free format adds */
} Frame;

/* FALSE if it is no header. */
typedef gboolean (*ParseHeader) (const guint8 *header, Frame *frame);

static gboolean
parse_mpeg (const guint8 *header, Frame *frame)
{
  /* in kbit/s */
  static const guint16 rates[5][16] = {
    { 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
    { 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
    { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
    { 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
    { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
  };
  static const guint samples_per_second[] = { 44100, 48000, 32000 };
  guint32 bits = GST_READ_UINT32_BE (header);
  guint version = (bits >> 19) & 3; /* 0: 2.5; 2: 2; 3: 1 */
  guint layer = 4 - ((bits >> 17) & 3);
  guint rate = (bits >> 12) & 15, sampling = (bits >> 10) & 3;
  guint table = version == 3 ? layer - 1 : layer == 1 ? 3 : 4;
  guint per_second, slot = layer == 1 ? 4 : 1;

  if ((bits >> 21) != 0x7ff || version == 1 || layer == 4 || rate == 15 ||
      sampling == 3)
    return FALSE;
  per_second = samples_per_second[sampling] >> (version == 3          ? 0
                                                       : version == 2 ? 1
                                                                      : 2);
  frame->common = bits & 0xfffe0c00;
  frame->padding = (bits >> 9) & 1 ? slot : 0;
  frame->length = (layer == 1                          ? 48
                          : layer == 3 && version != 3 ? 72
                                                       : 144) *
          1000u * rates[table][rate] / per_second / slot * slot +
      (rate > 0 ? frame->padding : 0);
  return TRUE;
}

static gboolean
parse_adts (const guint8 *header, Frame *frame)
{
  guint32 bits = GST_READ_UINT32_BE (header);

  frame->common = bits & 0xfffefdc0;
  frame->padding = 0;
  frame->length = (guint) ((header[3] & 3) << 11 | header[4] << 3 |
      header[5] >> 5);
  return (bits >> 20) == 0xfff && !((bits >> 17) & 3) &&
      ((bits >> 10) & 15) < 13 && frame->length >= HEADER;
}

static gboolean
read_frame (MediaFile *file, guint64 offset, ParseHeader parse, Frame *frame)
{
  guint8 header[HEADER];

  return media_file_read (file, offset, header, HEADER) == HEADER &&
      parse (header, frame);
}

/* The length, without padding, of frames of the free format, which do not say it:
 * the distance to the next; 0 if there is none. */
static guint
find_free_length (
    MediaFile *file, guint64 offset, ParseHeader parse, const Frame *first)
{
  guint8 data[4096];
  gsize n = media_file_read (file, offset, data, sizeof data);
  Frame frame;

  for (gsize i = 24; i + HEADER <= n; i++) {
    if (parse (data + i, &frame) && frame.common == first->common &&
        frame.length == 0)
      return (guint) i - first->padding;
  }
  return 0;
}

/* TRUE if the stream has come to its end at @offset. */
static gboolean
is_end (MediaFile *file, guint64 offset)
{
  return offset == media_file_get_size (file) ||
      media_file_has (file, offset, "TAG", 3) ||
      media_file_has (file, offset, "APETAGEX", 8) ||
      media_file_has (file, offset, "LYRICSBEGIN", 11);
}

/* TRUE if @n frames follow each other at @offset, or at least @to_end up to the
 * end. */
static gboolean
has_frames (
    MediaFile *file, guint64 offset, ParseHeader parse, guint n, guint to_end)
{
  Frame first, frame;
  guint free_length = 0;

  if (!read_frame (file, offset, parse, &first))
    return FALSE;
  if (first.length == 0) {
    free_length = find_free_length (file, offset, parse, &first);
    n = MIN_FRAMES_FREE;
  }
  for (guint i = 0; i < n; i++) {
    if (i >= to_end && is_end (file, offset))
      return TRUE;
    /* the last one may be cut off */
    if (i >= MIN_FRAMES_TO_END && offset > media_file_get_size (file))
      return TRUE;
    if (!read_frame (file, offset, parse, &frame) ||
        frame.common != first.common ||
        (frame.length == 0) != (free_length > 0))
      return FALSE;
    offset += frame.length > 0 ? frame.length : free_length + frame.padding;
  }
  return TRUE;
}

/* Containers in which such frames may be. */
static gboolean
is_container (MediaFile *file, guint64 start)
{
  static const struct
  {
    guint offset;
    const char *bytes;
    guint length;
  } magics[] = { { 0, "RIFF", 4 }, { 0, "RIFX", 4 }, { 0, "RF64", 4 },
    { 0, "riff", 4 }, { 0, "FORM", 4 }, { 0, "caff", 4 }, { 0, ".snd", 4 },
    { 0, "OggS", 4 }, { 0, "fLaC", 4 }, { 0, "FLV", 3 }, { 0, "FWS", 3 },
    { 0, ".RMF", 4 }, { 0, "ADIF", 4 }, { 0, "\x1a\x45\xdf\xa3", 4 },
    { 0, "\x30\x26\xb2\x75", 4 }, { 0, "\0\0\1", 3 }, { 0, "PK\3\4", 4 },
    { 0, "Rar!", 4 }, { 4, "ftyp", 4 }, { 4, "moov", 4 }, { 4, "mdat", 4 },
    { 4, "free", 4 }, { 4, "skip", 4 }, { 4, "wide", 4 }, { 4, "pnot", 4 } };

  for (guint i = 0; i < G_N_ELEMENTS (magics); i++) {
    if (media_file_has (
            file, start + magics[i].offset, magics[i].bytes, magics[i].length))
      return TRUE;
  }
  return FALSE;
}

/* How many zeros there are at @offset, as far as they may be in front. */
static guint64
count_zeros (MediaFile *file, guint64 offset)
{
  guint8 data[4096];
  guint64 count = 0;
  gsize n;

  while (count < MAX_ZEROS &&
      (n = media_file_read (file, offset + count, data, sizeof data)) > 0) {
    gsize i = 0;

    while (i < n && !data[i])
      i++;
    count += i;
    if (i < n)
      break;
  }
  return count;
}

static gboolean
find_frames_later (MediaFile *file, guint64 start, ParseHeader parse)
{
  guint64 offset = start + count_zeros (file, start);
  g_autofree guint8 *data = g_malloc (MAX_GARBAGE);
  gsize n = media_file_read (file, offset, data, MAX_GARBAGE);
  Frame frame;

  for (gsize i = 0; i + HEADER <= n; i++) {
    if (data[i] == 0xff && parse (data + i, &frame) && frame.length > 0 &&
        has_frames (
            file, offset + i, parse, MIN_FRAMES_LATER, MIN_FRAMES_TO_END))
      return TRUE;
  }
  return FALSE;
}

static gboolean
recognises (MediaFile *file, guint64 start, ParseHeader parse)
{
  return has_frames (file, start, parse, MIN_FRAMES, 1) ||
      (!is_container (file, start) && find_frames_later (file, start, parse));
}

static gboolean
is_mpeg (MediaFile *file, guint64 start)
{
  return recognises (file, start, parse_mpeg);
}

static gboolean
is_adts (MediaFile *file, guint64 start)
{
  return recognises (file, start, parse_adts);
}

static void
scan_mpeg (Layout *layout, guint64 start)
{
  plain_scan (layout, start, TAG_ID3V2);
}

static void
scan_adts (Layout *layout, guint64 start)
{
  const Edges *edges = plain_scan (layout, start, TAG_ID3V2);

  if (!edges_has_tag (edges))
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "AAC without a container (ADTS) has no tags of its own. An M4A file has "
        "them; so has this one as soon as another program gives it an ID3v2 tag.");
}

const TagFormat tag_format_mpeg = { "MPEG audio", is_mpeg, scan_mpeg,
  plain_edit };
const TagFormat tag_format_adts = { "AAC", is_adts, scan_adts, plain_edit };
