/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How processes of this program talk through pipes: the command and the service
 * with the workers that decode.
 *
 * A message is {guint32 kind; guint32 size;}, in the machine's byte order, and
 * @size bytes.  The bytes of a Result and of a change are JSON, those of the options
 * and of the self-test a GVariant; all of it is private to one version of the program. */

#pragma once

#include <glib.h>

typedef enum
{
  /* to a worker */
  WIRE_OPTIONS, /* first, once: what to do with every file; cli/worker.c */
  WIRE_LOOK,    /* a URI: what does its server say of the file? cli/worker.h */
  WIRE_STAMP,   /* a FileStamp, before a request or from a worker; the same */
  WIRE_REQUEST, /* a Result as JSON, which has the file's name */

  /* from a worker */
  WIRE_ALIVE,    /* no bytes: there is progress with the file */
  WIRE_SEGMENT,  /* a Result as JSON, with one more segment and no others */
  WIRE_RESULT,   /* the Result as JSON, with the genre or an error */
  WIRE_CHANGE,   /* JSON of outcome_change_to_json(): what became of the tags */
  WIRE_IMAGE,    /* a PNG file */
  WIRE_WAVEFORM, /* peaks_to_bytes() of peaks.h */
  WIRE_SELF_TEST, /* a GVariant: what the sandbox's self-test has found, see
                     SANDBOX_ATTEMPTS_TYPE in web/sandbox.h */

  N_WIRE_KINDS
} WireKind;

typedef struct
{
  WireKind kind;
  const char
      *data; /* [size], and a NUL that is not counted; until the next call
                       with the reader */
  gsize size;
} WireMessage;

/**
 * wire_write:
 * @fd: a pipe or socket whose writes block; SIGPIPE is ignored
 * @data: (nullable): @size bytes, fewer than 4 GiB
 *
 * Returns: %FALSE with errno set if not all of it could be written
 */
gboolean wire_write (int fd, WireKind kind, gconstpointer data, gsize size);

/* Gathers the bytes of messages until they are whole.  The bytes may come from a
 * process that was taken over by a file, so the sizes in them are not trusted. */
typedef struct _WireReader WireReader;

typedef enum
{
  WIRE_MESSAGE, /* there is a message */
  WIRE_LATER,   /* the next is not whole, and there is nothing to read now */
  WIRE_END,     /* the other end was closed after a whole message */
  WIRE_CUT,     /* it was closed within a message, or read() has failed */
  WIRE_INVALID  /* a size over the limit or an unknown kind: not our worker */
} WireStatus;

/* @max_size: bytes that a message may have, without its header. */
WireReader *wire_reader_new (gsize max_size);
void wire_reader_free (WireReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WireReader, wire_reader_free)

/**
 * wire_reader_next:
 * @fd: non-blocking, and then %WIRE_LATER is possible; or blocking, and then this
 *     waits for a whole message
 * @message: (out): valid after %WIRE_MESSAGE only
 *
 * Gives the next message, and reads from @fd only if none is complete.  One read
 * may bring several messages, so call it until it gives something else than
 * %WIRE_MESSAGE.
 *
 * Returns: the status; after the last three nothing more can be read
 */
WireStatus wire_reader_next (WireReader *reader, int fd, WireMessage *message);

/* The two halves of wire_reader_next(), for bytes that come from elsewhere. */
void wire_reader_push (WireReader *reader, gconstpointer data, gsize size);
/* Returns WIRE_MESSAGE, WIRE_LATER or WIRE_INVALID. */
WireStatus wire_reader_take (WireReader *reader, WireMessage *message);

/* How many bytes were pushed or read in all, headers included. */
guint64 wire_reader_get_n_bytes (const WireReader *reader);
