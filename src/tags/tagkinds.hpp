/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The genre in each kind of tag: how it is read from TagLib's objects and set
 * in them. */

#pragma once

#include <apetag.h>
#include <flacpicture.h>
#include <id3v1tag.h>
#include <id3v2tag.h>
#include <mp4tag.h>
#include <xiphcomment.h>

#include "rawfile.hpp"
#include "tagstate.h"

namespace ID3v2 = TagLib::ID3v2;
using TagLib::ByteVector;
using PictureList = TagLib::List<TagLib::FLAC::Picture *>;

/* TRUE if all bytes from @start on are 0. */
bool is_zero (const ByteVector &data, unsigned int start);

/* Makes TagLib take INFO texts as bytes, because their encoding is not known.
 * To be called before reading and writing. */
void keep_info_bytes ();

/* Reading.  read_KIND() adds to @state what the tag says; @tag may be NULL if
 * the file has none.  understands_KIND() is FALSE if TagLib has not read all of
 * the tag: what it has not read would be lost in writing. */

/* The version in which the tag is to be written: 2.3 if it is that, or 2.4. */
ID3v2::Version id3v2_version (const ID3v2::Tag *tag);
void read_id3v2 (const ID3v2::Tag *tag, TagState *state);
/* TagLib stops at the first frame that is invalid.  @raw: the file from the
 * tag's first byte on. */
bool understands_id3v2 (const ID3v2::Tag *tag, const ByteVector &raw);
/* TRUE if @tag says the same as @id3v1 and no more, as a tag does that was made
 * from it. */
bool repeats_id3v1 (const ID3v2::Tag *tag, const TagLib::ID3v1::Tag *id3v1);

/* @pictures: those that FLAC has outside of the comment */
void read_xiph (TagLib::Ogg::XiphComment *tag, const PictureList &pictures,
    TagState *state);
/* Also FALSE if there are pictures in an old form, which TagLib would convert.
 * @raw: the comment from the length of the vendor's name on. */
bool
understands_xiph (const TagLib::Ogg::XiphComment *tag, const ByteVector &raw);

void read_ape (TagLib::APE::Tag *tag, TagState *state);
bool understands_ape (TagLib::APE::Tag *tag);

void read_id3v1 (const TagLib::ID3v1::Tag *tag, TagState *state);

/* @data: the content of the LIST chunk */
void read_info (const ByteVector &data, TagState *state);
/* TagLib drops fields that are damaged or empty, and all but one of the same
 * name. */
bool understands_info (const ByteVector &data);

/* Digests the items as they are in @file, because @tag does not say when TagLib
 * has dropped one. */
void read_mp4 (PlainFile &file, TagLib::MP4::Tag *tag, TagState *state);

/* Writing.  set_KIND() gives the tag the genres and the classifier of @state;
 * if @state has no genres, those of the tag are removed. */

void set_id3v2 (ID3v2::Tag *tag, const TagState *state);
void set_xiph (TagLib::Ogg::XiphComment *tag, const TagState *state);
void set_ape (TagLib::APE::Tag *tag, const TagState *state);
/* Sets only the first genre, as ID3v1 has only one. */
void set_id3v1 (TagLib::ID3v1::Tag *tag, const TagState *state);
void set_mp4 (TagLib::MP4::Tag *tag, const TagState *state);
/* Returns the new content of the LIST chunk @data; it is empty if nothing is
 * left in the tag. */
ByteVector set_info (const ByteVector &data, const TagState *state);
