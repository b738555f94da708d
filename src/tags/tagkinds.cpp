/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagkinds.hpp"

#include <string>

#include <apefooter.h>
#include <id3v1genres.h>
#include <id3v2header.h>
#include <id3v2synchdata.h>
#include <infotag.h>
#include <mp4atom.h>
#include <tbytevectorstream.h>
#include <textidentificationframe.h>

#include "framefactory.hpp"

using TagLib::String;
using TagLib::StringList;

#define CLASSIFIER "GENRECLASSIFY"
#define MP4_GENRE "\251gen"
#define MP4_CLASSIFIER "----:com.apple.iTunes:" CLASSIFIER

namespace {

/* Takes INFO texts as bytes, one in each character, because their encoding is
 * not known. */
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

/* A checksum of all that a tag says beside the genre and the classifier.  The
 * order does not matter. */
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

  /* NULL if nothing was added: a tag without anything else may be removed. */
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

} /* namespace */

/* Leaves out blank values. */
static char **
to_strv (const StringList &list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (const String &value : list) {
    if (!value.stripWhiteSpace ().isEmpty ())
      g_strv_builder_add (builder, value.to8Bit (true).c_str ());
  }
  return g_strv_builder_end (builder);
}

static StringList
to_list (char **values)
{
  StringList list;

  for (; values && *values; values++)
    list.append (String (*values, String::UTF8));
  return list;
}

bool
is_zero (const ByteVector &data, unsigned int start)
{
  while (start < data.size () && !data[start])
    start++;
  return start >= data.size ();
}

/* Reading */

ID3v2::Version
id3v2_version (const ID3v2::Tag *tag)
{
  return tag->header ()->majorVersion () == 3 ? ID3v2::v3 : ID3v2::v4;
}

void
read_id3v2 (const ID3v2::Tag *tag, TagState *state)
{
  Digest rest;
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
      /* without the header, which is another one in 2.2 */
      rest.add (String (frame->frameID ()), frame->render ().mid (10));
    }
  }
  state->genres[TAG_ID3V2] = to_strv (genres);
  state->rest_digest[TAG_ID3V2] = rest.finish ();
}

bool
understands_id3v2 (const ID3v2::Tag *tag, const ByteVector &raw)
{
  /* Not @tag's own header: TagLib adds the size of a second tag that
   * follows. */
  ID3v2::Header header (raw.mid (0, 10));
  ByteVector frames = raw.mid (10, header.tagSize ());
  const unsigned int frame_header = header.majorVersion () < 3 ? 6 : 10;
  unsigned int end = 0;

  if (!raw.startsWith ("ID3") || raw.size () < header.completeTagSize () ||
      (raw[6] | raw[7] | raw[8] | raw[9]) & 0x80 || header.extendedHeader () ||
      raw.containsAt ("ID3", header.completeTagSize ()))
    return false;
  if (header.majorVersion () < 4 && header.unsynchronisation ())
    frames = ID3v2::SynchData::decode (frames);
  for (const ID3v2::Frame *frame : tag->frameList ())
    end += frame_header + frame->size ();
  return is_zero (frames, end);
}

bool
repeats_id3v1 (const ID3v2::Tag *tag, const TagLib::ID3v1::Tag *id3v1)
{
  FrameFactory factory;
  ID3v2::Tag made;
  TagState a = TagState (), b = TagState ();

  TagLib::Tag::duplicate (id3v1, &made, false);
  TagLib::ByteVectorStream stream (made.render (id3v2_version (tag)));
  PlainFile file (&stream);
  ID3v2::Tag copy (&file, 0, &factory);
  read_id3v2 (tag, &a);
  read_id3v2 (&copy, &b);
  bool same = !g_strcmp0 (a.rest_digest[TAG_ID3V2], b.rest_digest[TAG_ID3V2]);
  tag_state_clear (&a);
  tag_state_clear (&b);
  return same;
}

void
read_xiph (
    TagLib::Ogg::XiphComment *tag, const PictureList &pictures, TagState *state)
{
  Digest rest;

  if (!tag)
    return;
  state->genres[TAG_XIPH] = to_strv (
      tag->contains ("GENRE") ? tag->fieldListMap ()["GENRE"] : StringList ());
  if (tag->contains (CLASSIFIER))
    state->classifier[TAG_XIPH] = g_strdup (
        tag->fieldListMap ()[CLASSIFIER].toString ("; ").toCString (true));
  for (const auto &field : tag->fieldListMap ()) {
    if (field.first != "GENRE" && field.first != CLASSIFIER)
      rest.add (field.first, field.second);
  }
  for (const auto &picture : tag->pictureList ())
    rest.add ("picture", picture->render ());
  for (TagLib::FLAC::Picture *picture : pictures)
    rest.add ("block", picture->render ());
  rest.add ("vendor", StringList (tag->vendorID ()));
  state->rest_digest[TAG_XIPH] = rest.finish ();
}

bool
understands_xiph (const TagLib::Ogg::XiphComment *tag, const ByteVector &raw)
{
  unsigned int vendor = raw.size () >= 4 ? raw.toUInt (0, false) : 0;

  return raw.size () >= 8 && vendor <= raw.size () - 8 &&
      raw.toUInt (4 + vendor, false) == tag->fieldCount () &&
      raw.find ("COVERART=") < 0;
}

void
read_ape (TagLib::APE::Tag *tag, TagState *state)
{
  Digest rest;

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
      rest.add (item.second.render ());
  }
  state->rest_digest[TAG_APE] = rest.finish ();
}

bool
understands_ape (TagLib::APE::Tag *tag)
{
  return !tag || tag->footer ()->itemCount () == tag->itemListMap ().size ();
}

void
read_id3v1 (const TagLib::ID3v1::Tag *tag, TagState *state)
{
  Digest rest;

  if (!tag)
    return;
  state->genres[TAG_ID3V1] = to_strv (StringList (tag->genre ()));
  rest.add (tag->render ().mid (0, 127));
  state->rest_digest[TAG_ID3V1] = rest.finish ();
}

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
  Digest rest;
  std::string bytes = tag.fieldText ("IGNR").to8Bit ();
  bool is_utf8 = g_utf8_validate (bytes.c_str (), -1, NULL);

  state->genres[TAG_INFO] = to_strv (
      StringList (String (bytes, is_utf8 ? String::UTF8 : String::Latin1)));
  for (const auto &field : tag.fieldListMap ()) {
    if (field.first != "IGNR")
      rest.add (String (field.first), StringList (field.second));
  }
  state->rest_digest[TAG_INFO] = rest.finish ();
}

static bool
is_mp4_classifier (const ByteVector &item)
{
  return item.find ("com.apple.iTunes") > 0 && item.find (CLASSIFIER) > 0;
}

void
read_mp4 (PlainFile &file, TagLib::MP4::Tag *tag, TagState *state)
{
  TagLib::MP4::Atoms atoms (&file);
  TagLib::MP4::Atom *ilst = atoms.find ("moov", "udta", "meta", "ilst");
  Digest rest;

  if (ilst) {
    for (const TagLib::MP4::Atom *atom : atom_children (ilst)) {
      ByteVector item = file.at (atom_offset (atom), atom_length (atom));
      const ByteVector &name = atom_name (atom);

      if (name != MP4_GENRE && name != "gnre" &&
          !(name == "----" && is_mp4_classifier (item)))
        rest.add (item);
    }
    state->rest_digest[TAG_MP4] = rest.finish ();
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

/* Writing */

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

ByteVector
set_info (const ByteVector &data, const TagState *state)
{
  TagLib::RIFF::Info::Tag tag (data);

  /* INFO has one genre, so several are joined; as bytes, see InfoBytes */
  tag.setFieldText ("IGNR",
      String (to_list (state->genres[TAG_INFO]).toString ("; ").to8Bit (true),
          String::Latin1));
  return tag.fieldListMap ().isEmpty () ? ByteVector () : tag.render ();
}

void
keep_info_bytes ()
{
  static InfoBytes handler;

  TagLib::RIFF::Info::Tag::setStringHandler (&handler);
}
