/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages of worker processes.  The first byte says into how long pieces the rest
 * is cut, which must not change what is found in it. */

#include "analysis/wire.h"

#include <string.h>

#include "fuzz.h"

#define MAX_SIZE 1000 /* of a message */

/* Appends all whole messages, with the sizes before them. */
static WireStatus
take_all (WireReader *reader, GByteArray *found)
{
  WireMessage message;
  WireStatus status;

  while ((status = wire_reader_take (reader, &message)) == WIRE_MESSAGE) {
    guint32 head[] = { message.kind, (guint32) message.size };

    g_assert_cmpuint (message.kind, <, N_WIRE_KINDS);
    g_assert_cmpuint (message.size, <=, MAX_SIZE);
    g_assert_cmpint (message.data[message.size], ==, '\0');
    g_byte_array_append (found, (const guint8 *) head, sizeof head);
    g_byte_array_append (
        found, (const guint8 *) message.data, (guint) message.size);
  }
  return status;
}

static WireStatus
parse (const uint8_t *data, size_t size, size_t piece, GByteArray *found)
{
  g_autoptr (WireReader) reader = wire_reader_new (MAX_SIZE);
  WireStatus status = WIRE_LATER;

  for (size_t at = 0; status == WIRE_LATER && at < size; at += piece) {
    size_t n = MIN (piece, size - at);
    /* of its own, so that a read behind its end is seen */
    g_autofree uint8_t *copy = g_memdup2 (data + at, n);

    wire_reader_push (reader, copy, n);
    status = take_all (reader, found);
  }
  g_assert_true (status == WIRE_LATER || status == WIRE_INVALID);
  return status;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autoptr (GByteArray) cut = g_byte_array_new ();

  if (size < 2)
    return 0;
  g_assert_cmpint (parse (data + 1, size - 1, size - 1, whole), ==,
      parse (data + 1, size - 1, (size_t) data[0] + 1, cut));
  g_assert_cmpmem (whole->data, whole->len, cut->data, cut->len);
  return 0;
}
