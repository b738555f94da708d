/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The differences between the interfaces of TagLib 1 and TagLib 2. */

#pragma once

#include <cstddef>

#include <id3v2framefactory.h>
#include <mp4atom.h>
#include <audioproperties.h>
#include <taglib.h>
#include <tbytevector.h>
#include <tlist.h>

#if TAGLIB_MAJOR_VERSION >= 2

/* The types in the methods of TagLib::IOStream. */
using StreamOffset = TagLib::offset_t;
using StreamSize = size_t;
using InsertOffset = TagLib::offset_t;

/* Opens an MPEG or FLAC file whose ID3v2 frames are made by @factory; the
 * properties of the audio are not read. */
template <class File>
File
open_with_factory (
    TagLib::IOStream *stream, TagLib::ID3v2::FrameFactory *factory)
{
  return File (stream, false, TagLib::AudioProperties::Average, factory);
}

inline const TagLib::ByteVector &
atom_name (const TagLib::MP4::Atom *atom)
{
  return atom->name ();
}

inline StreamOffset
atom_offset (const TagLib::MP4::Atom *atom)
{
  return atom->offset ();
}

inline StreamSize
atom_length (const TagLib::MP4::Atom *atom)
{
  return static_cast<StreamSize> (atom->length ());
}

inline const TagLib::List<TagLib::MP4::Atom *> &
atom_children (const TagLib::MP4::Atom *atom)
{
  return atom->children ();
}

inline const TagLib::List<TagLib::MP4::Atom *> &
root_atoms (const TagLib::MP4::Atoms &atoms)
{
  return atoms.atoms ();
}

#else

using StreamOffset = long;
using StreamSize = unsigned long;
using InsertOffset = unsigned long;

template <class File>
File
open_with_factory (
    TagLib::IOStream *stream, TagLib::ID3v2::FrameFactory *factory)
{
  return File (stream, factory, false);
}

inline const TagLib::ByteVector &
atom_name (const TagLib::MP4::Atom *atom)
{
  return atom->name;
}

inline StreamOffset
atom_offset (const TagLib::MP4::Atom *atom)
{
  return atom->offset;
}

inline StreamSize
atom_length (const TagLib::MP4::Atom *atom)
{
  return static_cast<StreamSize> (atom->length);
}

inline const TagLib::List<TagLib::MP4::Atom *> &
atom_children (const TagLib::MP4::Atom *atom)
{
  return atom->children;
}

inline const TagLib::List<TagLib::MP4::Atom *> &
root_atoms (const TagLib::MP4::Atoms &atoms)
{
  return atoms.atoms;
}

#endif
