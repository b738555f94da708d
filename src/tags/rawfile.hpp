/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The bytes and the chunks of a file, without TagLib's interpretation of
 * them. */

#pragma once

#include <rifffile.h>
#include <tfile.h>

#include "filestream.hpp"
#include "tagstate.h"

/* One of TagLib's classes of files, without tags and audio. */
template <class Base> class WithoutTags : public Base {
public:
  using Base::Base;

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
};

/* A file as bytes. */
class PlainFile : public WithoutTags<TagLib::File> {
public:
  explicit PlainFile (TagLib::IOStream *stream) : WithoutTags (stream)
  {
  }

  TagLib::ByteVector
  at (StreamOffset offset, StreamSize length)
  {
    seek (offset);
    return readBlock (length);
  }
};

/* A WAV or AIFF file as chunks.  TagLib's own classes for these formats convert
 * an ID3v2.3 tag to 2.4 when they read it, and lose the frames that 2.4 does
 * not have. */
class RiffFile : public WithoutTags<TagLib::RIFF::File> {
public:
  RiffFile (FileStream *stream, bool is_wav)
      : WithoutTags (stream, is_wav ? LittleEndian : BigEndian)
  {
  }

  /* TRUE if the chunks fill the file that the RIFF header describes, but for a
   * byte of padding. */
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

  /* The index of the first chunk from @start on that holds a tag of @kind, or
   * -1. */
  int
  find_tag (TagKind kind, unsigned int start = 0)
  {
    for (unsigned int i = start; i < chunkCount (); i++) {
      TagLib::ByteVector name = chunkName (i);

      if (kind == TAG_ID3V2 && (name == "ID3 " || name == "id3 "))
        return (int) i;
      if (kind == TAG_INFO && name == "LIST" &&
          chunkData (i).startsWith ("INFO"))
        return (int) i;
    }
    return -1;
  }

  bool
  has_two_tags (TagKind kind)
  {
    int i = find_tag (kind);

    return i >= 0 && find_tag (kind, (unsigned int) i + 1) >= 0;
  }

  StreamOffset
  offset (int i)
  {
    return chunkOffset ((unsigned int) i);
  }

  /* The content of a chunk. */
  TagLib::ByteVector
  get (int i)
  {
    return chunkData ((unsigned int) i);
  }

  /* Replaces the chunk of that tag, or adds one. */
  void
  set_tag (TagKind kind, const TagLib::ByteVector &data)
  {
    int i = find_tag (kind);

    if (i >= 0)
      setChunkData ((unsigned int) i, data);
    else
      setChunkData (
          kind == TAG_ID3V2 ? "ID3 " : "LIST", data, kind == TAG_INFO);
  }

  void
  remove_tag (TagKind kind)
  {
    int i = find_tag (kind);

    if (i >= 0)
      removeChunk ((unsigned int) i);
  }
};
