/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files whose bytes and chunks are looked at without TagLib's idea of them. */

#pragma once

#include <rifffile.h>
#include <tfile.h>

#include "filestream.hpp"
#include "tagfile.h"

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

  TagLib::ByteVector
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
  RiffFile (FileStream *stream, bool is_wav)
      : TagLib::RIFF::File (stream, is_wav ? LittleEndian : BigEndian)
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

  TagLib::ByteVector
  get (int i)
  {
    return chunkData ((unsigned int) i);
  }

  void
  set (TagKind kind, const TagLib::ByteVector &data)
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
