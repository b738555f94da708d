/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <cerrno>

#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tbytevector.h>
#include <tiostream.h>

/* TagLib's streams do not report that the disk is full; this one does. */
class FileStream : public TagLib::IOStream {
public:
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
  readBlock (unsigned long length) override
  {
    /* TagLib seeks from the end of files that are shorter */
    if (place < 0 || place >= size)
      return TagLib::ByteVector ();

    length = MIN (length, (unsigned long) (size - place));
    TagLib::ByteVector data ((unsigned int) length, 0);
    unsigned int got = read_at (data.data (), data.size (), place);

    data.resize (got);
    place += got;
    return data;
  }

  void
  writeBlock (const TagLib::ByteVector &data) override
  {
    write_at (data.data (), data.size (), place);
    place += data.size ();
  }

  void
  insert (const TagLib::ByteVector &data, unsigned long start,
      unsigned long replace) override
  {
    move (start + replace, start + data.size ());
    write_at (data.data (), data.size (), (long) start);
    place = (long) start + data.size ();
  }

  void
  removeBlock (unsigned long start, unsigned long length) override
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
  seek (long offset, Position from) override
  {
    place = offset + (from == Current ? place : from == End ? size : 0);
  }

  long
  tell () const override
  {
    return place;
  }

  long
  length () override
  {
    return size;
  }

  void
  truncate (long length) override
  {
    if (ftruncate (fd, length) < 0)
      fail ();
    else
      size = length;
  }

  bool
  check (GError **error) const
  {
    if (failure)
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
          "Its tags cannot be read or written: %s.", g_strerror (failure));
    return !failure;
  }

private:
  void
  fail ()
  {
    if (!failure)
      failure = errno;
  }

  unsigned int
  read_at (char *data, unsigned int length, long offset)
  {
    unsigned int done = 0;

    while (done < length) {
      ssize_t n = pread (fd, data + done, length - done, offset + done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        fail ();
      if (n <= 0)
        break;
      done += (unsigned int) n;
    }
    return done;
  }

  void
  write_at (const char *data, unsigned int length, long offset)
  {
    unsigned int done = 0;

    while (done < length && !failure) {
      ssize_t n = pwrite (fd, data + done, length - done, offset + done);

      if (n < 0 && errno != EINTR)
        fail ();
      else if (n > 0)
        done += (unsigned int) n;
    }
    size = MAX (size, offset + (long) done);
  }

  /* Moves the end of the file, what is from @from on, to @to. */
  void
  move (unsigned long from, unsigned long to)
  {
    const unsigned long block = 1 << 20;
    unsigned long left = from < (unsigned long) size ? size - from : 0;
    unsigned long total = left;
    g_autofree char *buffer = from == to ? NULL : (char *) g_malloc (block);

    while (buffer && left > 0 && !failure) {
      unsigned long n = MIN (left, block);
      /* so that nothing is overwritten before it is read */
      unsigned long offset = to > from ? left - n : total - left;

      read_at (buffer, (unsigned int) n, (long) (from + offset));
      write_at (buffer, (unsigned int) n, (long) (to + offset));
      left -= n;
    }
    if (to < from && !failure)
      truncate ((long) (to + total));
  }

  int fd, failure = 0;
  long place = 0, size;
};
