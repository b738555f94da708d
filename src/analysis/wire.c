/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

#define READ_SIZE 65536

typedef struct
{
  guint32 kind; /* WireKind */
  guint32 size; /* bytes that follow */
} Header;

struct _WireReader
{
  gsize max_size;
  GByteArray *bytes; /* that were not given out yet, from @taken on */
  gsize taken;
  guint64 n_bytes;
  char *data; /* of the last message */
  gboolean invalid;
};

gboolean
wire_write (int fd, WireKind kind, gconstpointer data, gsize size)
{
  const Header header = { kind, (guint32) size };

  if (size > G_MAXUINT32) {
    errno = EMSGSIZE;
    return FALSE;
  }
  return io_write_all (fd, &header, sizeof header) &&
      io_write_all (fd, data, size);
}

WireReader *
wire_reader_new (gsize max_size)
{
  WireReader *reader = g_new0 (WireReader, 1);

  reader->max_size = max_size;
  reader->bytes = g_byte_array_new ();
  return reader;
}

void
wire_reader_free (WireReader *reader)
{
  if (!reader)
    return;
  g_byte_array_unref (reader->bytes);
  g_free (reader->data);
  g_free (reader);
}

void
wire_reader_push (WireReader *reader, gconstpointer data, gsize size)
{
  /* this moves little: the whole messages have been taken by then */
  if (reader->taken > 0) {
    g_byte_array_remove_range (reader->bytes, 0, (guint) reader->taken);
    reader->taken = 0;
  }
  g_byte_array_append (reader->bytes, data, (guint) size);
  reader->n_bytes += size;
}

static gsize
get_n_left (const WireReader *reader)
{
  return reader->bytes->len - reader->taken;
}

WireStatus
wire_reader_take (WireReader *reader, WireMessage *message)
{
  const guint8 *at;
  Header header;

  if (reader->invalid)
    return WIRE_INVALID;
  if (get_n_left (reader) < sizeof header)
    return WIRE_LATER;
  at = reader->bytes->data + reader->taken;
  memcpy (&header, at, sizeof header);
  reader->invalid = header.kind >= N_WIRE_KINDS ||
      header.size > reader->max_size;
  if (reader->invalid)
    return WIRE_INVALID;
  if (get_n_left (reader) - sizeof header < header.size)
    return WIRE_LATER;

  g_free (reader->data);
  reader->data = g_malloc ((gsize) header.size + 1);
  memcpy (reader->data, at + sizeof header, header.size);
  reader->data[header.size] = '\0';
  reader->taken += sizeof header + header.size;
  *message = (WireMessage){ header.kind, reader->data, header.size };
  return WIRE_MESSAGE;
}

/* One read().  WIRE_MESSAGE: there are more bytes now. */
static WireStatus
fill (WireReader *reader, int fd)
{
  guint8 buffer[READ_SIZE];
  gssize n;

  do
    n = read (fd, buffer, sizeof buffer);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    wire_reader_push (reader, buffer, (gsize) n);
    return WIRE_MESSAGE;
  }
  if (n < 0 && errno == EAGAIN)
    return WIRE_LATER;
  return n == 0 && get_n_left (reader) == 0 ? WIRE_END : WIRE_CUT;
}

WireStatus
wire_reader_next (WireReader *reader, int fd, WireMessage *message)
{
  WireStatus status;

  while ((status = wire_reader_take (reader, message)) == WIRE_LATER)
    if ((status = fill (reader, fd)) != WIRE_MESSAGE)
      break;
  return status;
}

guint64
wire_reader_get_n_bytes (const WireReader *reader)
{
  return reader->n_bytes;
}
