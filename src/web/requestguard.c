/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "requestguard.h"

#include <string.h>

#include "chunkfilter.h"
#include "requesthead.h"
#include "weberror.h"

/* bytes that are read from the socket at once */
#define BLOCK (16 << 10)

typedef enum
{
  GUARD_HEAD,
  GUARD_LENGTH, /* in a body whose length is known */
  GUARD_CHUNKS, /* in a chunked body */
  GUARD_DONE,   /* the request is complete */
  GUARD_REFUSED /* the client is answered; what else it sends is dropped */
} GuardState;

G_DECLARE_FINAL_TYPE (GuardInput, guard_input, GUARD, INPUT, GInputStream)
G_DECLARE_FINAL_TYPE (RequestGuard, request_guard, REQUEST, GUARD, GIOStream)

struct _GuardInput
{
  GInputStream parent;
  GPollableInputStream *base;
  RequestGuardFunc refuse; /* NULL: the guard is gone */
  gpointer user_data;
  GuardState state;
  gboolean is_head;   /* the request is a HEAD request, as far as is known */
  GByteArray *head;   /* what has come in of it; NULL after it */
  gsize n_seen;       /* bytes of it that were looked at */
  GByteArray *ready;  /* what libsoup is to read */
  gsize n_taken;      /* bytes of it that it has read */
  guint64 left;       /* of the body, GUARD_LENGTH */
  guint64 droppable;  /* GUARD_REFUSED: bytes that the client may still send */
  ChunkFilter chunks; /* GUARD_CHUNKS */
};

struct _RequestGuard
{
  GIOStream parent;
  GIOStream *base;
  GuardInput *input;
};

static void guard_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GuardInput, guard_input, G_TYPE_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (
        G_TYPE_POLLABLE_INPUT_STREAM, guard_input_pollable_init))
G_DEFINE_FINAL_TYPE (RequestGuard, request_guard, G_TYPE_IO_STREAM)

/* What comes in */

/* Lets nothing more through. */
static void
drop (GuardInput *input, guint64 size)
{
  input->state = GUARD_REFUSED;
  input->droppable = size;
  g_byte_array_set_size (input->ready, 0);
  input->n_taken = 0;
}

static void
refuse (GuardInput *input, const GError *reason, gboolean is_end)
{
  drop (input, G_MAXUINT64); /* the connection has a time limit */
  if (input->refuse)
    input->refuse (reason, is_end, input->user_data);
}

/* Bytes of the body; what follows it is of no request that will be read. */
static gboolean
push_body (GuardInput *input, const char *data, gsize size, GError **error)
{
  if (input->state == GUARD_CHUNKS) {
    if (!chunk_filter_push (&input->chunks, data, size, input->ready, error))
      return FALSE;
    if (chunk_filter_is_done (&input->chunks))
      input->state = GUARD_DONE;
  } else {
    gsize n = MIN (size, input->left);

    g_byte_array_append (input->ready, (const guint8 *) data, (guint) n);
    input->left -= n;
    if (input->left == 0)
      input->state = GUARD_DONE;
  }
  return TRUE;
}

static gboolean
push_head (GuardInput *input, const char *data, gsize size, GError **error)
{
  const char *text;
  RequestHead head;
  gssize end;
  gboolean ok;

  g_byte_array_append (input->head, (const guint8 *) data, (guint) size);
  text = (const char *) input->head->data;
  size = input->head->len;
  input->is_head = request_head_is_head (text, size);
  end = request_head_find_end (text, size, &input->n_seen, error);
  if (end <= 0)
    return end == 0;
  if (!request_head_parse (text, end, &head, error))
    return FALSE;
  g_byte_array_append (
      input->ready, (const guint8 *) head.text, (guint) strlen (head.text));
  g_free (head.text);
  input->left = head.length;
  input->state = head.is_chunked ? GUARD_CHUNKS : GUARD_LENGTH;
  ok = push_body (input, text + end, size - end, error);
  g_clear_pointer (&input->head, g_byte_array_unref);
  return ok;
}

/* Reads once from the socket; the result is that of a read. */
static gssize
fill (GuardInput *input, GError **error)
{
  char block[BLOCK];
  gsize size = input->state == GUARD_HEAD
      ? MIN (sizeof block, REQUEST_HEAD_MAX - input->head->len)
      : sizeof block;
  gssize n = g_pollable_input_stream_read_nonblocking (
      input->base, block, size, NULL, error);
  g_autoptr (GError) reason = NULL;

  if (n <= 0)
    return n;
  if (input->state == GUARD_REFUSED) {
    if ((guint64) n > input->droppable) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
          "A refused request goes on and on.");
      return -1;
    }
    input->droppable -= (guint64) n;
    return n;
  }
  if (!(input->state == GUARD_HEAD ? push_head (input, block, n, &reason)
                                   : push_body (input, block, n, &reason)))
    refuse (input, reason, FALSE);
  return n;
}

/* The client's side is closed.  The result is that of a read. */
static gssize
end (GuardInput *input, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (input->state == GUARD_HEAD && input->head->len == 0)
    return 0;
  g_set_error_literal (&reason, REQUEST_ERROR, WEB_ERROR_BAD_REQUEST,
      "The request ended before it was complete.");
  if (input->state != GUARD_REFUSED)
    refuse (input, reason, TRUE);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, reason->message);
  return -1;
}

/* The stream that libsoup reads */

static gssize
take_ready (GuardInput *input, void *buffer, gsize size)
{
  gsize n = MIN (size, input->ready->len - input->n_taken);

  memcpy (buffer, input->ready->data + input->n_taken, n);
  input->n_taken += n;
  if (input->n_taken == input->ready->len) {
    g_byte_array_set_size (input->ready, 0);
    input->n_taken = 0;
  }
  return n;
}

static gssize
guard_input_read_nonblocking (
    GPollableInputStream *stream, void *buffer, gsize size, GError **error)
{
  GuardInput *input = GUARD_INPUT (stream);

  while (input->ready->len == 0 && input->state != GUARD_DONE) {
    gssize n = fill (input, error);

    if (n < 0)
      return -1;
    if (n == 0)
      return end (input, error);
    if (input->state == GUARD_REFUSED) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
          "The rest of a refused request is dropped.");
      return -1;
    }
  }
  return input->ready->len > 0 ? take_ready (input, buffer, size) : 0;
}

/* Whether a read does not depend on the socket. */
static gboolean
is_ready (GuardInput *input)
{
  return input->ready->len > 0 || input->state == GUARD_DONE;
}

static gboolean
guard_input_is_readable (GPollableInputStream *stream)
{
  GuardInput *input = GUARD_INPUT (stream);

  return is_ready (input) || g_pollable_input_stream_is_readable (input->base);
}

static GSource *
guard_input_create_source (
    GPollableInputStream *stream, GCancellable *cancellable)
{
  GuardInput *input = GUARD_INPUT (stream);
  g_autoptr (GSource) child = is_ready (input)
      ? g_timeout_source_new (0)
      : g_pollable_input_stream_create_source (input->base, NULL);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static gssize
guard_input_read (GInputStream *stream G_GNUC_UNUSED,
    void *buffer G_GNUC_UNUSED, gsize size G_GNUC_UNUSED,
    GCancellable *cancellable G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "A request is read without waiting only.");
  return -1;
}

static void
guard_input_finalize (GObject *object)
{
  GuardInput *input = GUARD_INPUT (object);

  g_object_unref (input->base);
  g_clear_pointer (&input->head, g_byte_array_unref);
  g_byte_array_unref (input->ready);
  G_OBJECT_CLASS (guard_input_parent_class)->finalize (object);
}

static void
guard_input_init (GuardInput *input)
{
  input->head = g_byte_array_new ();
  input->ready = g_byte_array_new ();
}

static void
guard_input_class_init (GuardInputClass *class)
{
  G_OBJECT_CLASS (class)->finalize = guard_input_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = guard_input_read;
}

static void
guard_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = guard_input_is_readable;
  iface->create_source = guard_input_create_source;
  iface->read_nonblocking = guard_input_read_nonblocking;
}

/* Both directions */

static GInputStream *
request_guard_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (REQUEST_GUARD (stream)->input);
}

static GOutputStream *
request_guard_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (REQUEST_GUARD (stream)->base);
}

static gboolean
request_guard_close (
    GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (REQUEST_GUARD (stream)->base, cancellable, error);
}

static void
request_guard_dispose (GObject *object)
{
  REQUEST_GUARD (object)->input->refuse = NULL;
  G_OBJECT_CLASS (request_guard_parent_class)->dispose (object);
}

static void
request_guard_finalize (GObject *object)
{
  RequestGuard *guard = REQUEST_GUARD (object);

  g_object_unref (guard->input);
  g_object_unref (guard->base);
  G_OBJECT_CLASS (request_guard_parent_class)->finalize (object);
}

static void
request_guard_init (RequestGuard *guard)
{
  guard->input = g_object_new (guard_input_get_type (), NULL);
}

static void
request_guard_class_init (RequestGuardClass *class)
{
  G_OBJECT_CLASS (class)->dispose = request_guard_dispose;
  G_OBJECT_CLASS (class)->finalize = request_guard_finalize;
  G_IO_STREAM_CLASS (class)->get_input_stream = request_guard_get_input_stream;
  G_IO_STREAM_CLASS (class)->get_output_stream =
      request_guard_get_output_stream;
  G_IO_STREAM_CLASS (class)->close_fn = request_guard_close;
}

GIOStream *
request_guard_new (GIOStream *base, RequestGuardFunc func, gpointer user_data)
{
  RequestGuard *guard = g_object_new (request_guard_get_type (), NULL);

  guard->base = g_object_ref (base);
  guard->input->base = G_POLLABLE_INPUT_STREAM (
      g_object_ref (g_io_stream_get_input_stream (base)));
  guard->input->refuse = func;
  guard->input->user_data = user_data;
  return G_IO_STREAM (guard);
}

void
request_guard_drop (GIOStream *guard, guint64 size)
{
  drop (REQUEST_GUARD (guard)->input, size);
}

gboolean
request_guard_is_head (GIOStream *guard)
{
  return REQUEST_GUARD (guard)->input->is_head;
}
