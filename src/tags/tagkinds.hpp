/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What each kind of tag says of the genre, and what it is to say, by TagLib. */

#pragma once

#include <apetag.h>
#include <flacpicture.h>
#include <id3v1tag.h>
#include <id3v2framefactory.h>
#include <id3v2tag.h>
#include <mp4tag.h>
#include <xiphcomment.h>

#include "rawfile.hpp"
#include "tagfile.h"

namespace ID3v2 = TagLib::ID3v2;
using TagLib::ByteVector;
using PictureList = TagLib::List<TagLib::FLAC::Picture *>;

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
    bool known = header->version () > 2
        ? header->frameID () == "TCON" || header->frameID () == "TXXX"
        : ID3v2::FrameFactory::updateFrame (header);

    loses |= header->version () <= 2 && !known;
    header->setTagAlterPreservation (false);
    /* that of a known one, or of one with a bad name, may be freed soon */
    if (!known && is_name (header->frameID ()))
      unknown.append (header);
    return known;
  }

private:
  static bool
  is_name (const ByteVector &name)
  {
    for (char c : name) {
      if (!g_ascii_isupper (c) && !g_ascii_isdigit (c))
        return false;
    }
    return true;
  }

  mutable TagLib::List<Frame::Header *> unknown;
};

/* TRUE if there are only zeros from @start on. */
bool is_zero (const ByteVector &data, unsigned int start);

/* Lets INFO texts be bytes, as nobody knows what they are.  To be called before
 * reading and writing. */
void keep_info_bytes ();

/* Reading: what each kind of tag says is added to @state; if there is none, @tag
 * may be NULL. */

ID3v2::Version id3v2_version (const ID3v2::Tag *tag);
void read_id3v2 (const ID3v2::Tag *tag, TagState *state);
/* FALSE if TagLib has not read all of it: it stops at the first frame that is not
 * as it should be, and would drop the rest.  @raw begins at the tag. */
bool understands_id3v2 (const ID3v2::Tag *tag, const ByteVector &raw);
/* TRUE if it says what ID3v1 says and no more, as one that was made of that. */
bool repeats_id3v1 (const ID3v2::Tag *tag, const TagLib::ID3v1::Tag *id3v1);

/* @pictures: those that FLAC has beside it */
void read_xiph (TagLib::Ogg::XiphComment *tag, const PictureList &pictures,
    TagState *state);
/* FALSE if there are comments that TagLib has not understood, and would drop, or
 * pictures in an old form, which it would rewrite.  @raw begins at the vendor. */
bool
understands_xiph (const TagLib::Ogg::XiphComment *tag, const ByteVector &raw);

void read_ape (TagLib::APE::Tag *tag, TagState *state);
/* FALSE if TagLib has not read all of its items. */
bool understands_ape (TagLib::APE::Tag *tag);

void read_id3v1 (const TagLib::ID3v1::Tag *tag, TagState *state);

/* @data: the content of the LIST chunk */
void read_info (const ByteVector &data, TagState *state);
/* FALSE if there are fields that TagLib would drop: damaged or empty ones, or all
 * but one of the same name. */
bool understands_info (const ByteVector &data);

/* The items as they lie in the file, as TagLib does not say when it drops one. */
void read_mp4 (PlainFile &file, TagLib::MP4::Tag *tag, TagState *state);

/* Writing: makes the tag say what is in @state; nothing, if that has no genres. */

void set_id3v2 (ID3v2::Tag *tag, const TagState *state);
void set_xiph (TagLib::Ogg::XiphComment *tag, const TagState *state);
void set_ape (TagLib::APE::Tag *tag, const TagState *state);
/* The first genre is what ID3v1 can say. */
void set_id3v1 (TagLib::ID3v1::Tag *tag, const TagState *state);
void set_mp4 (TagLib::MP4::Tag *tag, const TagState *state);
/* The new content of the LIST chunk; empty if nothing is left in it. */
ByteVector set_info (const ByteVector &data, const TagState *state);
