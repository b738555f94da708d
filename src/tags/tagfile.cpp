/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagfile.h"

#include <apefile.h>
#include <flacfile.h>
#include <mp4atom.h>
#include <mp4file.h>
#include <mpegfile.h>
#include <opusfile.h>
#include <vorbisfile.h>
#include <wavpackfile.h>

#include "framefactory.hpp"
#include "tagkinds.hpp"
#include "tagserror.h"

namespace {

const Unwritable malformed = { REASON_MALFORMED_TAGS,
  "Its tags are damaged or of a kind that cannot be kept." };
const Unwritable flac_with_id3v2 = { REASON_UNWRITABLE_FORMAT,
  "It is FLAC with an ID3v2 tag in front, which cannot be kept." };
const Unwritable fragmented_mp4 = { REASON_UNWRITABLE_FORMAT,
  "It is a fragmented MP4, whose index cannot be kept." };
const Unwritable old_id3v2 = { REASON_TAG_WOULD_CHANGE,
  "Its ID3v2.2 tag has frames that 2.4 has not." };

enum Format
{
  MP3,
  FLAC,
  VORBIS,
  OPUS,
  MP4,
  WAV,
  AIFF,
  APE,
  WAVPACK
};

/* MP3: the genre belongs into the ID3v2 tag.  An ID3v1 or APE tag of the file
 * is written if it is to have genres. */
bool
write_mp3 (FileStream *stream, FrameFactory *factory, const TagState *state,
    bool id3v23)
{
  auto file = open_with_factory<TagLib::MPEG::File> (stream, factory);
  factory->keep_all ();
  bool is_new = !file.hasID3v2Tag (), ok = true;
  ID3v2::Version version = id3v23 ? ID3v2::v3 : ID3v2::v4;
  int tags = 0;

  if (state->genres[TAG_ID3V2] || !is_new) {
    ID3v2::Tag *tag = file.ID3v2Tag (true);

    if (!is_new)
      version = id3v2_version (tag);
    else if (file.hasID3v1Tag ())
      /* readers that find an ID3v2 tag do not look at the ID3v1 tag */
      TagLib::Tag::duplicate (file.ID3v1Tag (), tag, false);
    set_id3v2 (tag, state);
    if (!state->genres[TAG_ID3V2] && file.hasID3v1Tag () &&
        repeats_id3v1 (tag, file.ID3v1Tag ()))
      ok = file.strip (TagLib::MPEG::File::ID3v2);
    else
      tags |= TagLib::MPEG::File::ID3v2; /* save() strips an empty one */
  }
  if (state->genres[TAG_APE] && file.hasAPETag ()) {
    set_ape (file.APETag (), state);
    tags |= TagLib::MPEG::File::APE;
  }
  if (state->genres[TAG_ID3V1] && file.hasID3v1Tag ()) {
    set_id3v1 (file.ID3v1Tag (), state);
    tags |= TagLib::MPEG::File::ID3v1;
  }
  return ok &&
      (!tags ||
          file.save (tags, TagLib::MPEG::File::StripNone, version,
              TagLib::MPEG::File::DoNotDuplicate));
}

bool
write_flac (FileStream *stream, FrameFactory *factory, const TagState *state)
{
  auto file = open_with_factory<TagLib::FLAC::File> (stream, factory);

  set_xiph (file.xiphComment (true), state);
  if (state->genres[TAG_ID3V1] && file.hasID3v1Tag ())
    set_id3v1 (file.ID3v1Tag (), state);
  return file.save ();
}

template <class T>
bool
write_ogg (FileStream *stream, const TagState *state)
{
  T file (stream, false);

  set_xiph (file.tag (), state);
  return file.save ();
}

/* APE and WavPack. */
template <class T>
bool
write_ape (FileStream *stream, const TagState *state)
{
  T file (stream, false);

  /* save() strips an empty one */
  set_ape (file.APETag (true), state);
  if (state->genres[TAG_ID3V1] && file.hasID3v1Tag ())
    set_id3v1 (file.ID3v1Tag (), state);
  return file.save ();
}

bool
write_mp4 (FileStream *stream, const TagState *state)
{
  TagLib::MP4::File file (stream, false);

  set_mp4 (file.tag (), state);
  return file.save ();
}

bool
write_riff (FileStream *stream, FrameFactory *factory, Format format,
    const TagState *state, bool id3v23)
{
  RiffFile file (stream, format == WAV);
  int i = file.find_tag (TAG_ID3V2);
  ID3v2::Tag none;
  ID3v2::Tag old (&file, i < 0 ? 0 : file.offset (i), factory);
  factory->keep_all ();
  ID3v2::Tag *tag = i < 0 ? &none : &old;
  ID3v2::Version version = id3v23 ? ID3v2::v3 : ID3v2::v4;

  set_id3v2 (tag, state);
  if (tag->frameList ().isEmpty ())
    file.remove_tag (TAG_ID3V2);
  else
    file.set_tag (
        TAG_ID3V2, tag->render (i < 0 ? version : id3v2_version (tag)));
  if (format == AIFF)
    return true;
  i = file.find_tag (TAG_INFO);
  ByteVector info = set_info (
      i < 0 ? ByteVector ("INFO") : file.get (i), state);
  if (info.isEmpty ())
    file.remove_tag (TAG_INFO);
  else
    file.set_tag (TAG_INFO, info);
  return true;
}

/* Recognises the format by the first bytes. */
bool
find_format (FileStream *stream, Format *format)
{
  PlainFile file (stream);
  ByteVector head = file.at (0, 64);
  bool id3v2 = head.startsWith ("ID3");

  if (id3v2 && head.size () >= 10)
    head = file.at (ID3v2::Header (head.mid (0, 10)).completeTagSize (), 64);
  if (head.startsWith ("fLaC"))
    *format = FLAC;
  else if (head.startsWith ("MAC "))
    *format = APE;
  else if (head.startsWith ("wvpk"))
    *format = WAVPACK;
  else if (id3v2)
    *format = MP3;
  else if (head.startsWith ("OggS") && head.containsAt ("\001vorbis", 28))
    *format = VORBIS;
  else if (head.startsWith ("OggS") && head.containsAt ("OpusHead", 28))
    *format = OPUS;
  else if (head.containsAt ("ftyp", 4))
    *format = MP4;
  else if (head.startsWith ("RIFF") && head.containsAt ("WAVE", 8))
    *format = WAV;
  else if (head.startsWith ("FORM") && head.containsAt ("AIF", 8))
    *format = AIFF;
  else if (!head.startsWith ("OggS") && !head.startsWith ("RIFF") &&
      TagLib::MPEG::File::isSupported (stream))
    *format = MP3;
  else
    return false;
  return true;
}

/* Reading: each of these returns why the tags cannot be written, or NULL. */

template <class T>
const Unwritable *
read_ogg (FileStream *stream, unsigned int prefix, TagState *state)
{
  T file (stream, false);

  if (!file.isValid () ||
      !understands_xiph (file.tag (), file.packet (1).mid (prefix)))
    return &malformed;
  read_xiph (file.tag (), PictureList (), state);
  return NULL;
}

template <class T>
const Unwritable *
read_ape_file (FileStream *stream, TagState *state)
{
  T file (stream, false);

  if (!file.isValid () ||
      (file.hasAPETag () && !understands_ape (file.APETag ())))
    return &malformed;
  read_ape (file.hasAPETag () ? file.APETag () : NULL, state);
  read_id3v1 (file.hasID3v1Tag () ? file.ID3v1Tag () : NULL, state);
  return NULL;
}

/* The content of FLAC's comment block; empty if there is none. */
ByteVector
find_flac_comments (PlainFile &file)
{
  const StreamOffset start = file.find ("fLaC");
  StreamOffset offset = MAX (start, (StreamOffset) 0) + 4;
  bool last = false;

  while (!last) {
    ByteVector header = file.at (offset, 4);

    if (header.size () < 4)
      break;
    unsigned int word = header.toUInt ();
    last = word >> 31;
    if ((word >> 24 & 0x7f) == 4)
      return file.at (offset + 4, word & 0xffffff);
    offset += 4 + (StreamOffset) (word & 0xffffff);
  }
  return ByteVector ();
}

const Unwritable *
read_flac (FileStream *stream, FrameFactory *factory, TagState *state)
{
  auto file = open_with_factory<TagLib::FLAC::File> (stream, factory);
  PlainFile plain (stream);

  if (!file.isValid ())
    return &malformed;
  if (file.hasXiphComment ()) {
    if (!understands_xiph (file.xiphComment (), find_flac_comments (plain)))
      return &malformed;
    read_xiph (file.xiphComment (), file.pictureList (), state);
  }
  read_id3v1 (file.hasID3v1Tag () ? file.ID3v1Tag () : NULL, state);
  return file.hasID3v2Tag () ? &flac_with_id3v2 : NULL;
}

const Unwritable *
read_mp3 (FileStream *stream, FrameFactory *factory, TagState *state)
{
  auto file = open_with_factory<TagLib::MPEG::File> (stream, factory);
  PlainFile plain (stream);
  bool whole = true;

  factory->keep_all ();
  if (!file.isValid () ||
      (file.hasAPETag () && !understands_ape (file.APETag ())))
    return &malformed;
  if (file.hasID3v2Tag ()) {
    unsigned int size = ID3v2::Header (plain.at (0, 10)).completeTagSize ();

    whole = understands_id3v2 (file.ID3v2Tag (), plain.at (0, size + 10UL));
    read_id3v2 (file.ID3v2Tag (), state);
    if (file.hasID3v1Tag () &&
        repeats_id3v1 (file.ID3v2Tag (), file.ID3v1Tag ()))
      g_clear_pointer (&state->rest_digest[TAG_ID3V2], g_free);
  }
  read_ape (file.hasAPETag () ? file.APETag () : NULL, state);
  read_id3v1 (file.hasID3v1Tag () ? file.ID3v1Tag () : NULL, state);
  return whole ? NULL : &malformed;
}

const Unwritable *
read_riff (
    FileStream *stream, FrameFactory *factory, Format format, TagState *state)
{
  RiffFile file (stream, format == WAV);

  if (!file.is_whole () || file.has_two_tags (TAG_ID3V2) ||
      file.has_two_tags (TAG_INFO))
    return &malformed;
  bool whole = true;
  int i = file.find_tag (TAG_ID3V2);
  if (i >= 0) {
    ID3v2::Tag tag (&file, file.offset (i), factory);
    ByteVector raw = file.get (i);

    factory->keep_all ();
    whole = understands_id3v2 (&tag, raw) &&
        is_zero (raw, ID3v2::Header (raw.mid (0, 10)).completeTagSize ());
    read_id3v2 (&tag, state);
  }
  i = format == WAV ? file.find_tag (TAG_INFO) : -1;
  if (i >= 0) {
    whole &= understands_info (file.get (i));
    read_info (file.get (i), state);
  }
  return whole ? NULL : &malformed;
}

const Unwritable *
read_mp4_file (FileStream *stream, TagState *state)
{
  TagLib::MP4::File file (stream, false);
  PlainFile plain (stream);

  if (!file.isValid ())
    return &malformed;
  TagLib::MP4::Atoms atoms (&plain);
  read_mp4 (plain, file.tag (), state);
  for (const TagLib::MP4::Atom *atom : root_atoms (atoms)) {
    if (atom_name (atom) == "moof" || atom_name (atom) == "mfra")
      return &fragmented_mp4;
  }
  return NULL;
}

const Unwritable *
read_format (
    FileStream *stream, FrameFactory *factory, Format format, TagState *state)
{
  stream->seek (0, FileStream::Beginning);
  switch (format) {
    case MP3:
      return read_mp3 (stream, factory, state);
    case FLAC:
      return read_flac (stream, factory, state);
    case VORBIS:
      return read_ogg<TagLib::Ogg::Vorbis::File> (stream, 7, state);
    case OPUS:
      return read_ogg<TagLib::Ogg::Opus::File> (stream, 8, state);
    case MP4:
      return read_mp4_file (stream, state);
    case APE:
      return read_ape_file<TagLib::APE::File> (stream, state);
    case WAVPACK:
      return read_ape_file<TagLib::WavPack::File> (stream, state);
    default:
      return read_riff (stream, factory, format, state);
  }
}

bool
write_format (FileStream *stream, FrameFactory *factory, Format format,
    const TagState *state, bool id3v23)
{
  stream->seek (0, FileStream::Beginning);
  switch (format) {
    case MP3:
      return write_mp3 (stream, factory, state, id3v23);
    case FLAC:
      return write_flac (stream, factory, state);
    case VORBIS:
      return write_ogg<TagLib::Ogg::Vorbis::File> (stream, state);
    case OPUS:
      return write_ogg<TagLib::Ogg::Opus::File> (stream, state);
    case MP4:
      return write_mp4 (stream, state);
    case APE:
      return write_ape<TagLib::APE::File> (stream, state);
    case WAVPACK:
      return write_ape<TagLib::WavPack::File> (stream, state);
    default:
      return write_riff (stream, factory, format, state, id3v23);
  }
}

/* Of each Format: where its readers look for the genre. */
const TagKind primary_kinds[] = { TAG_ID3V2, TAG_XIPH, TAG_XIPH, TAG_XIPH,
  TAG_MP4, TAG_ID3V2, TAG_ID3V2, TAG_APE, TAG_APE };

} /* namespace */

gboolean
tag_file_read (int fd, TagState *state, GError **error)
{
  FileStream stream (fd);
  FrameFactory factory;
  Format format;

  *state = TagState ();
  keep_info_bytes ();
  if (!find_format (&stream, &format))
    return stream.check (error) &&
        tags_error_set (error, REASON_UNWRITABLE_FORMAT,
            "Its format has no tags that can be written.");
  state->unwritable = read_format (&stream, &factory, format, state);
  if (!state->unwritable && factory.loses_frames)
    state->unwritable = &old_id3v2;
  state->is_primary[primary_kinds[format]] = TRUE;
  state->is_primary[TAG_INFO] = format == WAV;
  if (stream.check (error))
    return TRUE;
  tag_state_clear (state);
  return FALSE;
}

gboolean
tag_file_write (int fd, const TagState *state, gboolean id3v23, GError **error)
{
  FileStream stream (fd);
  FrameFactory factory;
  Format format;
  bool ok;

  keep_info_bytes ();
  ok = find_format (&stream, &format) &&
      write_format (&stream, &factory, format, state, id3v23);
  if (!stream.check (error))
    return FALSE;
  return ok ||
      tags_error_set (
          error, REASON_WRITE_FAILED, "Its tags cannot be written.");
}
