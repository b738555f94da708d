/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "chunkfilter.h"

#include <string.h>

#include "requesthead.h"
#include "weberror.h"

/* hexadecimal digits of a chunk's size; so many fit a gint64 */
#define MAX_DIGITS 15
/* bytes of an extension, or of the trailer */
#define MAX_EXTRA 4096
/* bytes of all extensions: they are not counted as a part of the body */
#define MAX_EXTRAS (64 << 10)

static gboolean
set_bad (GError **error, const char *text)
{
  g_set_error_literal (error, REQUEST_ERROR, WEB_ERROR_BAD_REQUEST, text);
  return FALSE;
}

static void
append (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

/* A byte of the line with a chunk's size. */
static gboolean
push_size (ChunkFilter *filter, char c, GError **error)
{
  if (filter->state == CHUNK_SIZE && g_ascii_isxdigit (c) &&
      filter->n_digits < MAX_DIGITS) {
    filter->left = filter->left * 16 + g_ascii_xdigit_value (c);
    filter->n_digits++;
    return TRUE;
  }
  if (filter->n_digits > 0 && c == '\r') {
    filter->state = CHUNK_SIZE_LF;
    return TRUE;
  }
  if (filter->state == CHUNK_SIZE &&
      !(filter->n_digits > 0 && (c == ';' || c == ' ' || c == '\t')))
    return set_bad (error, "The size of a chunk is not a hexadecimal number.");
  filter->state = CHUNK_EXTENSION;
  if (request_is_control (c) || ++filter->n_extra > MAX_EXTRA ||
      ++filter->n_extras > MAX_EXTRAS)
    return set_bad (error, "The extension of a chunk is not valid, or long.");
  return TRUE;
}

/* A byte of the line feed that ends the size. */
static void
end_size (ChunkFilter *filter, GByteArray *out)
{
  g_autofree char *line = g_strdup_printf (
      "%" G_GINT64_MODIFIER "x\r\n", filter->left);

  if (filter->left > 0)
    append (out, line);
  filter->state = filter->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
  filter->n_digits = filter->n_extra = 0;
}

static gboolean
push_trailer (ChunkFilter *filter, char c, GError **error)
{
  gboolean ok = ++filter->n_extra <= MAX_EXTRA;

  switch (filter->state) {
    case CHUNK_TRAILER:
      if (c == '\r') {
        filter->state = CHUNK_END_LF;
        return TRUE;
      }
      filter->state = CHUNK_TRAILER_NAME;
      ok = ok && request_is_token (&c, 1);
      break;
    case CHUNK_TRAILER_NAME:
      if (c == ':')
        filter->state = CHUNK_TRAILER_VALUE;
      else
        ok = ok && request_is_token (&c, 1);
      break;
    default: /* CHUNK_TRAILER_VALUE */
      if (c == '\r') {
        filter->state = CHUNK_TRAILER_LF;
        return TRUE;
      }
      ok = ok && !request_is_control (c);
  }
  return ok ||
      set_bad (error, "The trailer of the body is not valid, or long.");
}

/* A byte of the framing. */
static gboolean
push_byte (ChunkFilter *filter, char c, GByteArray *out, GError **error)
{
  const char expected = filter->state == CHUNK_DATA_CR ? '\r' : '\n';

  if (filter->state <= CHUNK_EXTENSION)
    return push_size (filter, c, error);
  if (filter->state >= CHUNK_TRAILER && filter->state <= CHUNK_TRAILER_VALUE)
    return push_trailer (filter, c, error);
  if (c != expected)
    return set_bad (error, "A chunk is not of the size that it tells.");
  switch (filter->state) {
    case CHUNK_SIZE_LF:
      end_size (filter, out);
      break;
    case CHUNK_DATA_CR:
      filter->state = CHUNK_DATA_LF;
      break;
    case CHUNK_DATA_LF:
      append (out, "\r\n");
      filter->state = CHUNK_SIZE;
      break;
    case CHUNK_TRAILER_LF:
      filter->state = CHUNK_TRAILER;
      break;
    default: /* CHUNK_END_LF */
      append (out, "0\r\n\r\n");
      filter->state = CHUNK_DONE;
  }
  return TRUE;
}

gboolean
chunk_filter_push (ChunkFilter *filter, const char *data, gsize size,
    GByteArray *out, GError **error)
{
  while (size > 0 && filter->state != CHUNK_DONE) {
    gsize n = 1;

    if (filter->state == CHUNK_DATA) {
      n = MIN (size, filter->left);
      g_byte_array_append (out, (const guint8 *) data, (guint) n);
      filter->left -= n;
      if (filter->left == 0)
        filter->state = CHUNK_DATA_CR;
    } else if (!push_byte (filter, *data, out, error)) {
      return FALSE;
    }
    data += n;
    size -= n;
  }
  return TRUE;
}

gboolean
chunk_filter_is_done (const ChunkFilter *filter)
{
  return filter->state == CHUNK_DONE;
}
