/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages between processes: whole whatever the pieces they come in, and refused
 * if they are not what a worker of ours sends. */

#include "analysis/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#define LIMIT 100

typedef struct
{
  guint32 kind, size;
} Header;

/* The bytes of three messages, of which one is empty. */
static GBytes *
make_stream (void)
{
  int fds[2];
  char buffer[4096];
  gssize n;

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_true (wire_write (fds[1], WIRE_ALIVE, NULL, 0));
  g_assert_true (wire_write (fds[1], WIRE_RESULT, "{\"file\":1}", 10));
  g_assert_true (wire_write (fds[1], WIRE_IMAGE, "a\0b", 3));
  n = read (fds[0], buffer, sizeof buffer);
  close (fds[0]);
  close (fds[1]);
  g_assert_cmpint (n, ==, 3 * sizeof (Header) + 13);
  return g_bytes_new (buffer, (gsize) n);
}

static void
check_message (guint i, const WireMessage *message)
{
  static const struct
  {
    WireKind kind;
    const char *data;
    gsize size;
  } expected[] = { { WIRE_ALIVE, "", 0 }, { WIRE_RESULT, "{\"file\":1}", 10 },
    { WIRE_IMAGE, "a\0b", 3 } };

  g_assert_cmpuint (i, <, G_N_ELEMENTS (expected));
  g_assert_cmpint (message->kind, ==, expected[i].kind);
  g_assert_cmpmem (
      message->data, message->size, expected[i].data, expected[i].size);
  g_assert_cmpint (message->data[message->size], ==, '\0');
}

/* In two pieces, split at each byte, the messages are the same. */
static void
test_split (void)
{
  g_autoptr (GBytes) stream = make_stream ();
  gsize size;
  const char *bytes = g_bytes_get_data (stream, &size);

  for (gsize at = 0; at <= size; at++) {
    g_autoptr (WireReader) reader = wire_reader_new (LIMIT);
    WireMessage message;
    guint n = 0;

    wire_reader_push (reader, bytes, at);
    while (wire_reader_take (reader, &message) == WIRE_MESSAGE)
      check_message (n++, &message);
    wire_reader_push (reader, bytes + at, size - at);
    while (wire_reader_take (reader, &message) == WIRE_MESSAGE)
      check_message (n++, &message);
    g_assert_cmpuint (n, ==, 3);
    g_assert_cmpint (wire_reader_take (reader, &message), ==, WIRE_LATER);
    g_assert_cmpuint (wire_reader_get_n_bytes (reader), ==, size);
  }
}

/* From a pipe, a byte at a time. */
static void
test_pipe (void)
{
  g_autoptr (GBytes) stream = make_stream ();
  g_autoptr (WireReader) reader = wire_reader_new (LIMIT);
  WireMessage message;
  WireStatus status;
  guint n = 0;
  gsize size;
  const char *bytes = g_bytes_get_data (stream, &size);
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (fds[0], TRUE, NULL));
  g_assert_cmpint (wire_reader_next (reader, fds[0], &message), ==, WIRE_LATER);
  for (gsize i = 0; i < size; i++) {
    g_assert_cmpint (write (fds[1], bytes + i, 1), ==, 1);
    while (
        (status = wire_reader_next (reader, fds[0], &message)) == WIRE_MESSAGE)
      check_message (n++, &message);
    g_assert_cmpint (status, ==, WIRE_LATER);
  }
  g_assert_cmpuint (n, ==, 3);
  close (fds[1]);
  g_assert_cmpint (wire_reader_next (reader, fds[0], &message), ==, WIRE_END);
  close (fds[0]);
}

/* A pipe that ends at each byte of the three messages: that is in order only
 * between two of them. */
static void
test_end (void)
{
  g_autoptr (GBytes) stream = make_stream ();
  gsize size;
  const char *bytes = g_bytes_get_data (stream, &size);

  for (gsize at = 0; at <= size; at++) {
    gboolean is_between = at == 0 || at == sizeof (Header) ||
        at == 2 * sizeof (Header) + 10 || at == size;
    g_autoptr (WireReader) reader = wire_reader_new (LIMIT);
    WireMessage message;
    WireStatus status;
    int fds[2];

    g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
    g_assert_cmpint (write (fds[1], bytes, at), ==, at);
    close (fds[1]);
    while (
        (status = wire_reader_next (reader, fds[0], &message)) == WIRE_MESSAGE)
      ;
    g_assert_cmpint (status, ==, is_between ? WIRE_END : WIRE_CUT);
    close (fds[0]);
  }
}

/* What is refused is refused by its header, and for good. */
static void
test_refused (void)
{
  static const struct
  {
    Header header;
    WireStatus status;
  } cases[] = {
    { { WIRE_RESULT, LIMIT }, WIRE_LATER },
    { { WIRE_RESULT, LIMIT + 1 }, WIRE_INVALID },
    { { WIRE_RESULT, G_MAXUINT32 }, WIRE_INVALID },
    { { N_WIRE_KINDS, 0 }, WIRE_INVALID },
    { { G_MAXUINT32, 0 }, WIRE_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (WireReader) reader = wire_reader_new (LIMIT);
    const Header alive = { WIRE_ALIVE, 0 };
    WireMessage message;

    wire_reader_push (reader, &cases[i].header, sizeof (Header));
    g_assert_cmpint (wire_reader_take (reader, &message), ==, cases[i].status);
    wire_reader_push (reader, &alive, sizeof alive);
    g_assert_cmpint (wire_reader_take (reader, &message), ==, cases[i].status);
  }
}

/* A reader that is gone is told by errno. */
static void
test_write (void)
{
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  close (fds[0]);
  g_assert_false (wire_write (fds[1], WIRE_ALIVE, NULL, 0));
  g_assert_cmpint (errno, ==, EPIPE);
  close (fds[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/wire/split", test_split);
  g_test_add_func ("/wire/pipe", test_pipe);
  g_test_add_func ("/wire/end", test_end);
  g_test_add_func ("/wire/refused", test_refused);
  g_test_add_func ("/wire/write", test_write);
  return g_test_run ();
}
