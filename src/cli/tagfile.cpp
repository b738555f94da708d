/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagfile.h"

#include <string>

#include <apefile.h>
#include <apefooter.h>
#include <apetag.h>
#include <flacfile.h>
#include <id3v1genres.h>
#include <id3v1tag.h>
#include <id3v2framefactory.h>
#include <id3v2header.h>
#include <id3v2synchdata.h>
#include <id3v2tag.h>
#include <infotag.h>
#include <mp4atom.h>
#include <mp4file.h>
#include <mpegfile.h>
#include <opusfile.h>
#include <rifffile.h>
#include <tbytevectorstream.h>
#include <textidentificationframe.h>
#include <vorbisfile.h>
#include <wavpackfile.h>
#include <xiphcomment.h>

#include "filestream.h"
#include "genre.h"

using TagLib::ByteVector;
using TagLib::String;
using TagLib::StringList;
namespace ID3v2 = TagLib::ID3v2;

#define CLASSIFIER "GENRECLASSIFY"
#define MP4_GENRE "\251gen"
#define MP4_CLASSIFIER "----:com.apple.iTunes:" CLASSIFIER

namespace {

const char DAMAGED[] = "Its tags are damaged or of a kind that cannot be kept.";

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

bool
refuse (GError **error, const char *why)
{
  g_set_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT, "%s", why);
  return false;
}

/* A file of which only the bytes are of interest. */
class PlainFile : public TagLib::File {
public:
  explicit PlainFile (TagLib::IOStream *stream) : TagLib::File (stream)
  {
  }

  TagLib::Tag *
  tag () const override
  {
    return NULL;
  }

  TagLib::AudioProperties *
  audioProperties () const override
  {
    return NULL;
  }

  bool
  save () override
  {
    return false;
  }

  ByteVector
  at (long offset, unsigned long length)
  {
    seek (offset);
    return readBlock (length);
  }
};

/* The chunks of WAV and AIFF.  TagLib's own classes for these convert an ID3v2.3
 * tag to 2.4 when they read it, and lose what 2.4 does not have. */
class RiffFile : public TagLib::RIFF::File {
public:
  RiffFile (FileStream *stream, Format format)
      : TagLib::RIFF::File (stream, format == WAV ? LittleEndian : BigEndian)
  {
  }

  TagLib::Tag *
  tag () const override
  {
    return NULL;
  }

  TagLib::AudioProperties *
  audioProperties () const override
  {
    return NULL;
  }

  bool
  save () override
  {
    return false;
  }

  /* TRUE if the chunks fill the file. */
  bool
  is_whole ()
  {
    unsigned int n = chunkCount ();
    unsigned long end = n > 0
        ? (unsigned long) chunkOffset (n - 1) + chunkDataSize (n - 1)
        : 0;

    return n > 0 && riffSize () + 8UL <= (unsigned long) length () &&
        end <= riffSize () + 8UL && riffSize () + 8UL - end <= 1;
  }

  /* Index of the tag's chunk from @start on, or -1. */
  int
  find (TagKind kind, unsigned int start = 0)
  {
    for (unsigned int i = start; i < chunkCount (); i++) {
      ByteVector name = chunkName (i);

      if (kind == TAG_ID3V2 && (name == "ID3 " || name == "id3 "))
        return (int) i;
      if (kind == TAG_INFO && name == "LIST" &&
          chunkData (i).startsWith ("INFO"))
        return (int) i;
    }
    return -1;
  }

  bool
  has_two (TagKind kind)
  {
    int i = find (kind);

    return i >= 0 && find (kind, (unsigned int) i + 1) >= 0;
  }

  long
  offset (int i)
  {
    return chunkOffset ((unsigned int) i);
  }

  ByteVector
  get (int i)
  {
    return chunkData ((unsigned int) i);
  }

  void
  set (TagKind kind, const ByteVector &data)
  {
    int i = find (kind);

    if (i >= 0)
      setChunkData ((unsigned int) i, data);
    else
      setChunkData (
          kind == TAG_ID3V2 ? "ID3 " : "LIST", data, kind == TAG_INFO);
  }

  void
  remove (TagKind kind)
  {
    int i = find (kind);

    if (i >= 0)
      removeChunk ((unsigned int) i);
  }
};

/* The name of a protected type. */
class Frame : public ID3v2::Frame {
public:
  using Header = ID3v2::Frame::Header;
};

/* Takes the frames as they are but for those that are ours, where TagLib's factory
 * makes those of 2.3 ones of 2.4 and drops some; only those of 2.2 have to become
 * others. */
class FrameFactory : public ID3v2::FrameFactory {
public:
  mutable bool loses = false;

  /* To be called when a tag has been read: TagLib drops frames that it does not
   * know in writing if they are so marked, as it does itself. */
  void
  keep_all ()
  {
    for (Frame::Header *header : unknown)
      header->setTagAlterPreservation (false);
    unknown.clear ();
  }

protected:
  bool
  updateFrame (Frame::Header *header) const override
  {
    bool ours = header->frameID () == "TCON" || header->frameID () == "TXXX";

    unknown.append (header);
    if (header->version () > 2)
      return ours;

    bool known = ID3v2::FrameFactory::updateFrame (header);

    loses |= !known;
    return known;
  }

private:
  mutable TagLib::List<Frame::Header *> unknown;
};

/* The bytes of an INFO text are nobody knows what: they are kept. */
class InfoBytes : public TagLib::RIFF::Info::StringHandler {
public:
  String
  parse (const ByteVector &data) const override
  {
    return String (data, String::Latin1);
  }

  ByteVector
  render (const String &text) const override
  {
    return text.data (String::Latin1);
  }
};

char **
to_strv (const StringList &list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (const String &value : list) {
    if (!value.stripWhiteSpace ().isEmpty ())
      g_strv_builder_add (builder, value.to8Bit (true).c_str ());
  }
  return g_strv_builder_end (builder);
}

StringList
to_list (char **values)
{
  StringList list;

  for (; values && *values; values++)
    list.append (String (*values, String::UTF8));
  return list;
}

/* TRUE if there is nothing from @start on. */
bool
is_zero (const ByteVector &data, unsigned int start)
{
  while (start < data.size () && !data[start])
    start++;
  return start >= data.size ();
}

/* Everything that is not ours, in any order. */
class Digest {
public:
  void
  add (const ByteVector &data)
  {
    g_autofree char *sum = g_compute_checksum_for_data (
        G_CHECKSUM_SHA256, (const guchar *) data.data (), data.size ());

    sums.append (String (sum));
  }

  void
  add (const String &name, const ByteVector &data)
  {
    add (name.data (String::UTF8) + ByteVector ("=") + data);
  }

  void
  add (const String &name, const StringList &values)
  {
    add (name, values.toString ("\n").data (String::UTF8));
  }

  /* NULL if there is nothing: a tag without it may as well not be there. */
  char *
  finish ()
  {
    std::string all;
    TagLib::Map<String, int> sorted;

    if (sums.isEmpty ())
      return NULL;
    for (const String &sum : sums)
      sorted[sum]++;
    for (const auto &entry : sorted)
      all += entry.first.to8Bit () + std::to_string (entry.second);
    return g_compute_checksum_for_string (
        G_CHECKSUM_SHA256, all.c_str (), (gssize) all.size ());
  }

private:
  StringList sums;
};

/* Reading: what each kind of tag says. */

ID3v2::Version
id3v2_version (const ID3v2::Tag *tag)
{
  return tag->header ()->majorVersion () == 3 ? ID3v2::v3 : ID3v2::v4;
}

void
read_id3v2 (const ID3v2::Tag *tag, TagState *state)
{
  Digest others;
  StringList genres;

  if (!tag)
    return;
  for (ID3v2::Frame *frame : tag->frameList ()) {
    auto text = dynamic_cast<ID3v2::TextIdentificationFrame *> (frame);
    auto user = dynamic_cast<ID3v2::UserTextIdentificationFrame *> (frame);

    if (text && frame->frameID () == "TCON") {
      for (const String &value : text->fieldList ())
        genres.append (value);
    } else if (user && user->description ().upper () == CLASSIFIER) {
      g_free (state->classifier[TAG_ID3V2]);
      state->classifier[TAG_ID3V2] = g_strdup (
          user->fieldList ().back ().to8Bit (true).c_str ());
    } else {
      /* without the header: its size is written otherwise in 2.2 */
      others.add (String (frame->frameID ()), frame->render ().mid (10));
    }
  }
  state->genres[TAG_ID3V2] = to_strv (genres);
  state->others[TAG_ID3V2] = others.finish ();
}

/* FALSE if TagLib has not read all of it: it stops at the first frame that is not
 * as it should be, and would drop the rest.  @raw begins at the tag. */
bool
understands_id3v2 (const ID3v2::Tag *tag, const ByteVector &raw)
{
  /* not the tag's own, to which TagLib adds another tag that follows */
  ID3v2::Header header (raw.mid (0, 10));
  ByteVector frames = raw.mid (10, header.tagSize ());
  unsigned int end = 0;

  if (!raw.startsWith ("ID3") || raw.size () < header.completeTagSize () ||
      (raw[6] | raw[7] | raw[8] | raw[9]) & 0x80 || header.extendedHeader () ||
      raw.containsAt ("ID3", header.completeTagSize ()))
    return false;
  if (header.majorVersion () < 4 && header.unsynchronisation ())
    frames = ID3v2::SynchData::decode (frames);
  for (const ID3v2::Frame *frame : tag->frameList ())
    end += Frame::headerSize (header.majorVersion ()) + frame->size ();
  return is_zero (frames, end);
}

/* TRUE if it says what ID3v1 says and no more: write_mp3() has made it of that. */
bool
repeats_id3v1 (const ID3v2::Tag *tag, const TagLib::ID3v1::Tag *id3v1,
    const FrameFactory *factory)
{
  ID3v2::Tag made;
  TagState a = TagState (), b = TagState ();

  TagLib::Tag::duplicate (id3v1, &made, false);
  TagLib::ByteVectorStream stream (made.render (id3v2_version (tag)));
  PlainFile file (&stream);
  ID3v2::Tag copy (&file, 0, factory);
  read_id3v2 (tag, &a);
  read_id3v2 (&copy, &b);
  bool same = !g_strcmp0 (a.others[TAG_ID3V2], b.others[TAG_ID3V2]);
  tag_state_clear (&a);
  tag_state_clear (&b);
  return same;
}

void
read_xiph (TagLib::Ogg::XiphComment *tag, TagState *state)
{
  Digest others;

  if (!tag)
    return;
  state->genres[TAG_XIPH] = to_strv (
      tag->contains ("GENRE") ? tag->fieldListMap ()["GENRE"] : StringList ());
  if (tag->contains (CLASSIFIER))
    state->classifier[TAG_XIPH] = g_strdup (
        tag->fieldListMap ()[CLASSIFIER].toString ("; ").toCString (true));
  for (const auto &field : tag->fieldListMap ()) {
    if (field.first != "GENRE" && field.first != CLASSIFIER)
      others.add (field.first, field.second);
  }
  for (const auto &picture : tag->pictureList ())
    others.add ("picture", picture->render ());
  others.add ("vendor", StringList (tag->vendorID ()));
  state->others[TAG_XIPH] = others.finish ();
}

/* FALSE if there are comments that TagLib has not understood, and would drop, or
 * pictures in an old form, which it would rewrite.  @raw begins at the vendor. */
bool
understands_xiph (const TagLib::Ogg::XiphComment *tag, const ByteVector &raw)
{
  unsigned int vendor = raw.size () >= 4 ? raw.toUInt (0, false) : 0;

  return raw.size () >= 8 && vendor <= raw.size () - 8 &&
      raw.toUInt (4 + vendor, false) == tag->fieldCount () &&
      raw.find ("COVERART=") < 0;
}

/* The comments' block of FLAC; empty if there is none. */
ByteVector
find_flac_comments (PlainFile &file)
{
  long offset = MAX (file.find ("fLaC"), 0) + 4;
  bool last = false;

  while (!last) {
    ByteVector header = file.at (offset, 4);

    if (header.size () < 4)
      break;
    unsigned int word = header.toUInt ();
    last = word >> 31;
    if ((word >> 24 & 0x7f) == 4)
      return file.at (offset + 4, word & 0xffffff);
    offset += 4 + (long) (word & 0xffffff);
  }
  return ByteVector ();
}

void
read_ape (TagLib::APE::Tag *tag, TagState *state)
{
  Digest others;

  if (!tag)
    return;
  state->genres[TAG_APE] = to_strv (tag->itemListMap ().contains ("GENRE")
          ? tag->itemListMap ()["GENRE"].values ()
          : StringList ());
  for (const auto &item : tag->itemListMap ()) {
    if (item.first == CLASSIFIER)
      state->classifier[TAG_APE] = g_strdup (
          item.second.toString ().toCString (true));
    else if (item.first != "GENRE")
      others.add (item.second.render ());
  }
  state->others[TAG_APE] = others.finish ();
}

void
read_id3v1 (const TagLib::ID3v1::Tag *tag, TagState *state)
{
  Digest others;

  if (!tag)
    return;
  state->genres[TAG_ID3V1] = to_strv (StringList (tag->genre ()));
  others.add (tag->render ().mid (0, 127));
  state->others[TAG_ID3V1] = others.finish ();
}

/* FALSE if there are fields that TagLib would drop: damaged or empty ones, or all
 * but one of the same name. */
bool
understands_info (const ByteVector &data)
{
  TagLib::RIFF::Info::Tag tag (data);
  unsigned int n = 0, size;

  for (unsigned int i = 4; i + 8 <= data.size (); i += 8 + size + size % 2) {
    size = data.toUInt (i + 4, false);
    if (size > data.size () - i - 8 ||
        (is_zero (data.mid (i + 8, size), 0) && !data.containsAt ("IGNR", i)))
      return false;
    n++;
  }
  return n == tag.fieldListMap ().size ();
}

void
read_info (const ByteVector &data, TagState *state)
{
  TagLib::RIFF::Info::Tag tag (data);
  Digest others;
  std::string bytes = tag.fieldText ("IGNR").to8Bit ();
  bool is_utf8 = g_utf8_validate (bytes.c_str (), -1, NULL);

  state->genres[TAG_INFO] = to_strv (
      StringList (String (bytes, is_utf8 ? String::UTF8 : String::Latin1)));
  for (const auto &field : tag.fieldListMap ()) {
    if (field.first != "IGNR")
      others.add (String (field.first), StringList (field.second));
  }
  state->others[TAG_INFO] = others.finish ();
}

bool
is_mp4_classifier (const ByteVector &item)
{
  return item.find ("com.apple.iTunes") > 0 && item.find (CLASSIFIER) > 0;
}

/* The items as they lie in the file, as TagLib does not say when it drops one. */
void
read_mp4 (PlainFile &file, TagLib::MP4::Tag *tag, TagState *state)
{
  TagLib::MP4::Atoms atoms (&file);
  TagLib::MP4::Atom *ilst = atoms.find ("moov", "udta", "meta", "ilst");
  Digest others;

  if (ilst) {
    for (const TagLib::MP4::Atom *atom : ilst->children) {
      ByteVector item = file.at (atom->offset, (unsigned long) atom->length);

      if (atom->name != MP4_GENRE && atom->name != "gnre" &&
          !(atom->name == "----" && is_mp4_classifier (item)))
        others.add (item);
    }
    state->others[TAG_MP4] = others.finish ();
    state->genres[TAG_MP4] = to_strv (tag->contains (MP4_GENRE)
            ? tag->item (MP4_GENRE).toStringList ()
            : StringList ());
    if (tag->contains (MP4_CLASSIFIER))
      state->classifier[TAG_MP4] = g_strdup (tag->item (MP4_CLASSIFIER)
                                                 .toStringList ()
                                                 .toString ("; ")
                                                 .toCString (true));
  }
}

/* Writing: what each kind of tag is to say. */

void
set_id3v2 (ID3v2::Tag *tag, const TagState *state)
{
  const char *classifier = state->classifier[TAG_ID3V2];
  StringList genres = to_list (state->genres[TAG_ID3V2]);
  ID3v2::UserTextIdentificationFrame *user =
      ID3v2::UserTextIdentificationFrame::find (tag, CLASSIFIER);

  if (genres.isEmpty ()) {
    tag->removeFrames ("TCON");
  } else {
    ID3v2::FrameList frames = tag->frameList ("TCON");
    auto text = frames.isEmpty ()
        ? NULL
        : dynamic_cast<ID3v2::TextIdentificationFrame *> (frames.front ());

    if (!text || frames.size () > 1) {
      tag->removeFrames ("TCON");
      text = new ID3v2::TextIdentificationFrame ("TCON", String::UTF8);
      tag->addFrame (text);
    }
    text->setText (genres);
  }
  if (user && !classifier) {
    tag->removeFrame (user);
  } else if (classifier) {
    if (!user) {
      user = new ID3v2::UserTextIdentificationFrame (String::UTF8);
      user->setDescription (CLASSIFIER);
      tag->addFrame (user);
    }
    user->setText (String (classifier, String::UTF8));
  }
}

void
set_xiph (TagLib::Ogg::XiphComment *tag, const TagState *state)
{
  const char *classifier = state->classifier[TAG_XIPH];

  tag->removeFields ("GENRE");
  for (const String &genre : to_list (state->genres[TAG_XIPH]))
    tag->addField ("GENRE", genre, false);
  tag->removeFields (CLASSIFIER);
  if (classifier)
    tag->addField (CLASSIFIER, String (classifier, String::UTF8));
}

void
set_ape (TagLib::APE::Tag *tag, const TagState *state)
{
  const char *classifier = state->classifier[TAG_APE];
  StringList genres = to_list (state->genres[TAG_APE]);

  if (genres.isEmpty ())
    tag->removeItem ("GENRE");
  else
    tag->setItem ("GENRE", TagLib::APE::Item ("Genre", genres));
  if (classifier)
    tag->addValue (CLASSIFIER, String (classifier, String::UTF8));
  else
    tag->removeItem (CLASSIFIER);
}

/* The first one is what ID3v1 can say. */
void
set_id3v1 (TagLib::ID3v1::Tag *tag, const TagState *state)
{
  char **genres = state->genres[TAG_ID3V1];

  tag->setGenreNumber (*genres ? (unsigned int) TagLib::ID3v1::genreIndex (
                                     String (*genres, String::UTF8))
                               : 255);
}

void
set_mp4 (TagLib::MP4::Tag *tag, const TagState *state)
{
  const char *classifier = state->classifier[TAG_MP4];
  StringList genres = to_list (state->genres[TAG_MP4]);

  if (genres.isEmpty ())
    tag->removeItem (MP4_GENRE);
  else
    tag->setItem (MP4_GENRE, genres);
  if (classifier)
    tag->setItem (
        MP4_CLASSIFIER, StringList (String (classifier, String::UTF8)));
  else
    tag->removeItem (MP4_CLASSIFIER);
}

/* MP3: the genre is in the ID3v2 tag.  An ID3v1 or APE tag follows if it has one
 * too. */
bool
write_mp3 (FileStream *stream, FrameFactory *factory, const TagState *state,
    bool id3v23)
{
  TagLib::MPEG::File file (stream, factory, false);
  factory->keep_all ();
  bool is_new = !file.hasID3v2Tag (), ok = true;
  ID3v2::Version version = id3v23 ? ID3v2::v3 : ID3v2::v4;
  int tags = 0;

  if (state->genres[TAG_ID3V2] || !is_new) {
    ID3v2::Tag *tag = file.ID3v2Tag (true);

    if (!is_new)
      version = id3v2_version (tag);
    else if (file.hasID3v1Tag ())
      /* readers that find an ID3v2 tag do not look for another */
      TagLib::Tag::duplicate (file.ID3v1Tag (), tag, false);
    set_id3v2 (tag, state);
    if (!state->genres[TAG_ID3V2] && file.hasID3v1Tag () &&
        repeats_id3v1 (tag, file.ID3v1Tag (), factory))
      ok = file.strip (TagLib::MPEG::File::ID3v2);
    else
      tags |= TagLib::MPEG::File::ID3v2; /* which strips an empty one */
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
  TagLib::FLAC::File file (stream, factory, false);

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

  /* to save strips an empty one */
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
  RiffFile file (stream, format);
  int i = file.find (TAG_ID3V2);
  ID3v2::Tag none;
  ID3v2::Tag old (&file, i < 0 ? 0 : file.offset (i), factory);
  factory->keep_all ();
  ID3v2::Tag *tag = i < 0 ? &none : &old;
  ID3v2::Version version = id3v23 ? ID3v2::v3 : ID3v2::v4;

  set_id3v2 (tag, state);
  if (tag->frameList ().isEmpty ())
    file.remove (TAG_ID3V2);
  else
    file.set (TAG_ID3V2, tag->render (i < 0 ? version : id3v2_version (tag)));
  if (format == AIFF)
    return true;
  i = file.find (TAG_INFO);
  TagLib::RIFF::Info::Tag info (i < 0 ? ByteVector ("INFO") : file.get (i));
  /* it has one genre, so several are joined; as bytes, see InfoBytes */
  info.setFieldText ("IGNR",
      String (to_list (state->genres[TAG_INFO]).toString ("; ").to8Bit (true),
          String::Latin1));
  if (info.fieldListMap ().isEmpty ())
    file.remove (TAG_INFO);
  else
    file.set (TAG_INFO, info.render ());
  return true;
}

bool
tell_format (FileStream *stream, Format *format)
{
  PlainFile file (stream);
  ByteVector head = file.at (0, 64);
  bool id3v2 = head.startsWith ("ID3");

  if (id3v2 && head.size () >= 10)
    head = file.at (
        (long) ID3v2::Header (head.mid (0, 10)).completeTagSize (), 64);
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

bool
understands_ape (TagLib::APE::Tag *tag)
{
  return !tag || tag->footer ()->itemCount () == tag->itemListMap ().size ();
}

/* Each of these returns the obstacle to writing, or NULL. */

template <class T>
const char *
read_ogg (FileStream *stream, unsigned int prefix, TagState *state)
{
  T file (stream, false);

  if (!file.isValid () ||
      !understands_xiph (file.tag (), file.packet (1).mid (prefix)))
    return DAMAGED;
  read_xiph (file.tag (), state);
  return NULL;
}

template <class T>
const char *
read_ape_file (FileStream *stream, TagState *state)
{
  T file (stream, false);

  if (!file.isValid () ||
      (file.hasAPETag () && !understands_ape (file.APETag ())))
    return DAMAGED;
  read_ape (file.hasAPETag () ? file.APETag () : NULL, state);
  read_id3v1 (file.hasID3v1Tag () ? file.ID3v1Tag () : NULL, state);
  return NULL;
}

const char *
read_flac (FileStream *stream, FrameFactory *factory, TagState *state)
{
  TagLib::FLAC::File file (stream, factory, false);
  PlainFile plain (stream);
  Digest pictures;

  if (!file.isValid ())
    return DAMAGED;
  if (file.hasXiphComment ()) {
    if (!understands_xiph (file.xiphComment (), find_flac_comments (plain)))
      return DAMAGED;
    read_xiph (file.xiphComment (), state);
    pictures.add (ByteVector (state->others[TAG_XIPH]));
    for (TagLib::FLAC::Picture *picture : file.pictureList ())
      pictures.add (picture->render ());
    g_free (state->others[TAG_XIPH]);
    state->others[TAG_XIPH] = pictures.finish ();
  }
  read_id3v1 (file.hasID3v1Tag () ? file.ID3v1Tag () : NULL, state);
  return file.hasID3v2Tag ()
      ? "It is FLAC with an ID3v2 tag in front, which cannot be kept."
      : NULL;
}

const char *
read_mp3 (FileStream *stream, FrameFactory *factory, TagState *state)
{
  TagLib::MPEG::File file (stream, factory, false);
  PlainFile plain (stream);
  bool whole = true;

  factory->keep_all ();
  if (!file.isValid () ||
      (file.hasAPETag () && !understands_ape (file.APETag ())))
    return DAMAGED;
  if (file.hasID3v2Tag ()) {
    unsigned int size = ID3v2::Header (plain.at (0, 10)).completeTagSize ();

    whole = understands_id3v2 (file.ID3v2Tag (), plain.at (0, size + 10UL));
    read_id3v2 (file.ID3v2Tag (), state);
    if (file.hasID3v1Tag () &&
        repeats_id3v1 (file.ID3v2Tag (), file.ID3v1Tag (), factory))
      g_clear_pointer (&state->others[TAG_ID3V2], g_free);
  }
  read_ape (file.hasAPETag () ? file.APETag () : NULL, state);
  read_id3v1 (file.hasID3v1Tag () ? file.ID3v1Tag () : NULL, state);
  return whole ? NULL : DAMAGED;
}

const char *
read_riff (
    FileStream *stream, FrameFactory *factory, Format format, TagState *state)
{
  RiffFile file (stream, format);

  if (!file.is_whole () || file.has_two (TAG_ID3V2) || file.has_two (TAG_INFO))
    return DAMAGED;
  bool whole = true;
  int i = file.find (TAG_ID3V2);
  if (i >= 0) {
    ID3v2::Tag tag (&file, file.offset (i), factory);
    ByteVector raw = file.get (i);

    factory->keep_all ();
    whole = understands_id3v2 (&tag, raw) &&
        is_zero (raw, ID3v2::Header (raw.mid (0, 10)).completeTagSize ());
    read_id3v2 (&tag, state);
  }
  i = format == WAV ? file.find (TAG_INFO) : -1;
  if (i >= 0) {
    whole &= understands_info (file.get (i));
    read_info (file.get (i), state);
  }
  return whole ? NULL : DAMAGED;
}

const char *
read_mp4_file (FileStream *stream, TagState *state)
{
  TagLib::MP4::File file (stream, false);
  PlainFile plain (stream);

  if (!file.isValid ())
    return DAMAGED;
  TagLib::MP4::Atoms atoms (&plain);
  read_mp4 (plain, file.tag (), state);
  for (TagLib::MP4::Atom *atom : atoms.atoms) {
    if (atom->name == "moof" || atom->name == "mfra")
      return "It is a fragmented MP4, whose index cannot be kept.";
  }
  return NULL;
}

const char *
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

const TagKind homes[] = { TAG_ID3V2, TAG_XIPH, TAG_XIPH, TAG_XIPH, TAG_MP4,
  TAG_ID3V2, TAG_ID3V2, TAG_APE, TAG_APE };

void
keep_info_bytes ()
{
  static InfoBytes handler;

  TagLib::RIFF::Info::Tag::setStringHandler (&handler);
}

} /* namespace */

const char *
tag_kind_name (TagKind kind)
{
  static const char *const names[TAG_KINDS] = { "ID3v2", "Vorbis comment",
    "MP4", "APE", "INFO", "ID3v1" };

  return names[kind];
}

void
tag_state_clear (TagState *state)
{
  for (int kind = 0; kind < TAG_KINDS; kind++) {
    g_clear_pointer (&state->genres[kind], g_strfreev);
    g_clear_pointer (&state->classifier[kind], g_free);
    g_clear_pointer (&state->others[kind], g_free);
  }
}

gboolean
tag_file_read (int fd, TagState *state, GError **error)
{
  FileStream stream (fd);
  FrameFactory factory;
  Format format;

  *state = TagState ();
  keep_info_bytes ();
  if (!tell_format (&stream, &format))
    return refuse (error, "Its format has no tags that can be written.");
  state->obstacle = read_format (&stream, &factory, format, state);
  if (!state->obstacle && factory.loses)
    state->obstacle = "Its ID3v2.2 tag has frames that 2.4 has not.";
  state->is_home[homes[format]] = TRUE;
  state->is_home[TAG_INFO] = format == WAV;
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
  ok = tell_format (&stream, &format) &&
      write_format (&stream, &factory, format, state, id3v23);
  return stream.check (error) &&
      (ok || refuse (error, "Its tags cannot be written."));
}
