/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Requests as the service's guard lets them through.  The first byte says into how
 * long pieces the rest is cut, which must not change what libsoup gets. */

#include "web/requesthead.h"

#include <string.h>

#include "fuzz.h"
#include "web/chunkfilter.h"

/* The body, [size], as libsoup gets it; NULL if it is refused. */
static GByteArray *
filter (const char *body, size_t size, size_t piece)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  ChunkFilter chunks = { 0 };

  for (size_t at = 0; at < size; at += piece) {
    size_t n = MIN (piece, size - at);
    /* of its own, so that a read behind its end is seen */
    g_autofree char *copy = g_memdup2 (body + at, n);
    GError *error = NULL;
    gboolean ok = chunk_filter_push (&chunks, copy, n, out, &error);

    fuzz_check_error (ok, error);
    if (!ok)
      return NULL;
  }
  return g_steal_pointer (&out);
}

static void
check_body (const char *body, size_t size, size_t piece)
{
  g_autoptr (GByteArray) whole = filter (body, size, MAX (size, 1)),
                         cut = filter (body, size, piece);

  g_assert_true (!whole == !cut);
  if (whole)
    g_assert_cmpmem (whole->data, whole->len, cut->data, cut->len);
}

/* What libsoup gets is a head that passes again, and then stays as it is. */
static void
check_head (const RequestHead *head)
{
  g_autofree char *text = NULL;
  RequestHead again;
  gsize seen = 0;
  gssize size = strlen (head->text);

  if (size > REQUEST_HEAD_MAX)
    return;
  g_assert_cmpint (
      request_head_find_end (head->text, size, &seen, NULL), ==, size);
  g_assert_true (request_head_parse (head->text, size, &again, NULL));
  text = again.text;
  g_assert_cmpstr (text, ==, head->text);
  g_assert_cmpint (again.is_chunked, ==, head->is_chunked);
  g_assert_cmpuint (again.length, ==, head->length);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  size_t piece = size > 0 ? (size_t) data[0] + 1 : 1;
  gssize cut = 0, whole;
  gsize seen = 0;
  GError *error = NULL;
  RequestHead head;

  if (size < 2 || size > REQUEST_HEAD_MAX)
    return 0;
  g_autofree char *copy = g_memdup2 (data + 1, --size);

  for (size_t at = piece; cut == 0; at += piece) {
    cut = request_head_find_end (copy, MIN (at, size), &seen, NULL);
    if (at >= size)
      break;
  }
  seen = 0;
  whole = request_head_find_end (copy, size, &seen, &error);
  fuzz_check_error (whole >= 0, error);
  g_assert_cmpint (cut, ==, whole);
  if (whole <= 0)
    return 0;
  error = NULL;
  if (request_head_parse (copy, whole, &head, &error)) {
    check_head (&head);
    if (head.is_chunked)
      check_body (copy + whole, size - whole, piece);
    g_free (head.text);
  } else {
    fuzz_check_error (FALSE, error);
  }
  return 0;
}
