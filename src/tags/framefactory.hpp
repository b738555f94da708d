/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <glib.h>

#include <id3v2framefactory.h>
#include <tbytevector.h>
#include <tlist.h>

/* Makes the frames of an ID3v2 tag for TagLib.
 *
 * TagLib's own factory turns frames of ID3v2.3 into those of 2.4 and drops
 * those that 2.4 does not have.  This one leaves the bytes of all frames as
 * they are, except those that are written, TCON and TXXX.  Only the frames of
 * 2.2 have to be converted, as TagLib does not write that version. */
class FrameFactory : public TagLib::ID3v2::FrameFactory {
public:
  /* TRUE if the tag has frames of 2.2 that 2.4 does not have. */
  mutable bool loses_frames = false;

  /* To be called when a tag has been read.  TagLib marks each frame that it
   * does not know as one to be dropped in writing; this takes the marks
   * away. */
  void
  keep_all ()
  {
    for (FrameHeader *header : unknown)
      header->setTagAlterPreservation (false);
    unknown.clear ();
  }

protected:
  /* Makes the name of a protected type known here. */
  class Frame : public TagLib::ID3v2::Frame {
  public:
    using Header = TagLib::ID3v2::Frame::Header;
  };
  using FrameHeader = Frame::Header;

  /* FALSE if the frame is to be kept as bytes. */
  bool
  updateFrame (FrameHeader *header) const override
  {
    bool known = header->version () > 2
        ? header->frameID () == "TCON" || header->frameID () == "TXXX"
        : TagLib::ID3v2::FrameFactory::updateFrame (header);

    loses_frames |= header->version () <= 2 && !known;
    header->setTagAlterPreservation (false);
    /* TagLib may free the header of a known frame soon, and that of a frame
     * with an invalid name or without content */
    if (!known && is_valid_name (header->frameID ()) &&
        header->frameSize () > 0)
      unknown.append (header);
    return known;
  }

private:
  static bool
  is_valid_name (const TagLib::ByteVector &name)
  {
    for (char c : name) {
      if (!g_ascii_isupper (c) && !g_ascii_isdigit (c))
        return false;
    }
    return true;
  }

  mutable TagLib::List<FrameHeader *> unknown;
};
