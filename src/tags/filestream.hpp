/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include <tbytevector.h>
#include <tiostream.h>

#include "taglibcompat.hpp"
#include "tagserror.h"

/* An open file for TagLib.  Unlike TagLib's own streams it reports a failure,
 * such as a full disk: see check(). */
class FileStream : public TagLib::IOStream {
public:
  /* @fd is not closed. */
  explicit FileStream (int fd) : fd (fd)
  {
    struct stat st;

    size = fstat (fd, &st) == 0 ? st.st_size : 0;
  }

  TagLib::FileName
  name () const override
  {
    return "";
  }

  TagLib::ByteVector
  readBlock (StreamSize length) override
  {
    /* TagLib seeks before the start of files that are shorter than it
     * expects */
    if (position < 0 || position >= size)
      return TagLib::ByteVector ();

    length = MIN (length, (StreamSize) (size - position));
    TagLib::ByteVector data ((unsigned int) length, 0);
    unsigned int n = read_at (data.data (), data.size (), position);

    data.resize (n);
    position += n;
    return data;
  }

  void
  writeBlock (const TagLib::ByteVector &data) override
  {
    write_at (data.data (), data.size (), position);
    position += data.size ();
  }

  void
  insert (const TagLib::ByteVector &data, InsertOffset start,
      StreamSize replace) override
  {
    move_tail ((StreamSize) start + replace, (StreamSize) start + data.size ());
    write_at (data.data (), data.size (), (StreamOffset) start);
    position = (StreamOffset) start + data.size ();
  }

  void
  removeBlock (InsertOffset start, StreamSize length) override
  {
    insert (TagLib::ByteVector (), start, length);
  }

  bool
  readOnly () const override
  {
    return false;
  }

  bool
  isOpen () const override
  {
    return true;
  }

  void
  seek (StreamOffset offset, Position from) override
  {
    position = offset + (from == Current ? position : from == End ? size : 0);
  }

  StreamOffset
  tell () const override
  {
    return position;
  }

  StreamOffset
  length () override
  {
    return size;
  }

  void
  truncate (StreamOffset length) override
  {
    if (ftruncate (fd, length) < 0)
      keep_errno (REASON_WRITE_FAILED);
    else
      size = length;
  }

  /* FALSE with @error set if anything failed since the file was opened. */
  bool
  check (GError **error) const
  {
    if (!failure)
      return true;
    errno = failure;
    return tags_error_set_errno (
        error, reason, "Its tags cannot be read or written");
  }

private:
  /* The first failure is the one that is reported. */
  void
  keep_errno (Reason failure_reason)
  {
    if (failure)
      return;
    failure = errno;
    reason = failure_reason;
  }

  unsigned int
  read_at (char *data, unsigned int length, StreamOffset offset)
  {
    unsigned int done = 0;

    while (done < length) {
      ssize_t n = pread (fd, data + done, length - done, offset + done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        keep_errno (REASON_UNREADABLE);
      if (n <= 0)
        break;
      done += (unsigned int) n;
    }
    return done;
  }

  void
  write_at (const char *data, unsigned int length, StreamOffset offset)
  {
    unsigned int done = 0;

    while (done < length && !failure) {
      ssize_t n = pwrite (fd, data + done, length - done, offset + done);

      if (n < 0 && errno != EINTR)
        keep_errno (REASON_WRITE_FAILED);
      else if (n > 0)
        done += (unsigned int) n;
    }
    size = MAX (size, offset + (StreamOffset) done);
  }

  /* Moves the end of the file, all that begins at @from, to @to. */
  void
  move_tail (StreamSize from, StreamSize to)
  {
    const StreamSize block = 1 << 20;
    StreamSize left = from < (StreamSize) size ? size - from : 0;
    StreamSize total = left;
    g_autofree char *buffer = from == to ? NULL : (char *) g_malloc (block);

    while (buffer && left > 0 && !failure) {
      StreamSize n = MIN (left, block);
      /* from the end if it moves to the right, so that nothing is overwritten
       * before it is read */
      StreamSize offset = to > from ? left - n : total - left;

      read_at (buffer, (unsigned int) n, (StreamOffset) (from + offset));
      write_at (buffer, (unsigned int) n, (StreamOffset) (to + offset));
      left -= n;
    }
    if (to < from && !failure)
      truncate ((StreamOffset) (to + total));
  }

  int fd, failure = 0; /* failure: an errno, or 0 */
  Reason reason = REASON_NONE;
  StreamOffset position = 0, size;
};
