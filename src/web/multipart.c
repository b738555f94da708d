/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "multipart.h"

#include <string.h>

#include <gio/gio.h>
#include <libsoup/soup.h>

/* RFC 2046, section 5.1.1 */
#define MAX_BOUNDARY 70
#define MAX_HEADERS 8192

typedef enum
{
  BEFORE,  /* in the preamble, which is ignored */
  DIVIDER, /* after a boundary, in the same line */
  HEADERS, /* of a part */
  CONTENT, /* of a part */
  AFTER    /* in the epilogue, which is ignored */
} State;

struct _Multipart
{
  char *delimiter; /* the boundary with the line break before it */
  gsize delimiter_size;
  char *field;
  MultipartFunc func;
  gpointer user_data;

  State state;
  GByteArray *rest; /* bytes that are not parsed yet */
  gboolean wanted;  /* this part is the field */
  gboolean found;   /* the field */
  char *file_name;  /* of the field; or NULL */
};

Multipart *
multipart_new (const char *boundary, const char *field, MultipartFunc func,
    gpointer user_data)
{
  gsize length = strlen (boundary);
  Multipart *multipart;

  if (length == 0 || length > MAX_BOUNDARY)
    return NULL;
  multipart = g_new0 (Multipart, 1);
  multipart->delimiter = g_strconcat ("\r\n--", boundary, NULL);
  multipart->delimiter_size = strlen (multipart->delimiter);
  multipart->field = g_strdup (field);
  multipart->func = func;
  multipart->user_data = user_data;
  /* the first boundary may begin the body, without a line break before it */
  multipart->rest = g_byte_array_new ();
  g_byte_array_append (multipart->rest, (const guint8 *) "\r\n", 2);
  return multipart;
}

void
multipart_free (Multipart *multipart)
{
  if (!multipart)
    return;
  g_free (multipart->delimiter);
  g_free (multipart->field);
  g_free (multipart->file_name);
  g_byte_array_unref (multipart->rest);
  g_free (multipart);
}

static gboolean
set_invalid (GError **error, const char *why)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "The body is not multipart/form-data as RFC 7578 has it: %s", why);
  return FALSE;
}

/* Whether the headers of a part, which end with an empty line, name the
 * field. */
static gboolean
is_wanted (Multipart *multipart, const char *headers, gsize size)
{
  g_autoptr (SoupMessageHeaders)
      parsed = soup_message_headers_new (SOUP_MESSAGE_HEADERS_MULTIPART);
  g_autofree char *disposition = NULL;
  GHashTable *params = NULL;
  gboolean wanted;
  /* soup_headers_parse() skips the first line: a request has its method
   * there */
  g_autofree char *lines = g_strdup_printf (
      "part\r\n%.*s", (int) size, headers);

  if (memchr (headers, 0, size) ||
      !soup_headers_parse (lines, strlen (lines), parsed) ||
      !soup_message_headers_get_content_disposition (
          parsed, &disposition, &params))
    return FALSE;
  /* "; name=file" has no disposition */
  wanted = disposition && !g_ascii_strcasecmp (disposition, "form-data") &&
      !g_strcmp0 (g_hash_table_lookup (params, "name"), multipart->field);
  if (wanted && !multipart->file_name)
    multipart->file_name = g_strdup (g_hash_table_lookup (params, "filename"));
  g_hash_table_unref (params);
  return wanted;
}

/* What follows a boundary: spaces and a line break, or "--" after the last
 * part. */
static gboolean
parse_divider (Multipart *multipart, const char *data, gsize size, gsize *used,
    GError **error)
{
  gsize at = 0;

  while (
      at < size && at < MAX_BOUNDARY && (data[at] == ' ' || data[at] == '\t'))
    at++;
  if (size - at < 2)
    return TRUE;
  if (!memcmp (data + at, "\r\n", 2)) {
    multipart->state = HEADERS;
    /* keep the line break: then the headers of a part that has none end like
     * those of others, with two line breaks */
    *used = at;
    return TRUE;
  }
  if (at == 0 && !memcmp (data, "--", 2)) {
    multipart->state = AFTER;
    *used = 2;
    return TRUE;
  }
  return set_invalid (error, "A boundary is not at the end of its line.");
}

static gboolean
parse_headers (Multipart *multipart, const char *data, gsize size, gsize *used,
    GError **error)
{
  const char *end = memmem (data, size, "\r\n\r\n", 4);

  if (!end)
    return size <= MAX_HEADERS ||
        set_invalid (error, "A part has more than 8 KiB of headers.");
  if (end - data > MAX_HEADERS)
    return set_invalid (error, "A part has more than 8 KiB of headers.");
  multipart->wanted = end > data && is_wanted (multipart, data + 2, end - data);
  if (multipart->wanted && multipart->found)
    return set_invalid (error, "The field is in it twice.");
  multipart->found |= multipart->wanted;
  multipart->state = CONTENT;
  *used = end + 4 - data;
  return TRUE;
}

/* The content of a part, or the preamble, up to the next boundary. */
static gboolean
parse_content (Multipart *multipart, const char *data, gsize size, gsize *used,
    GError **error)
{
  const char *end = memmem (
      data, size, multipart->delimiter, multipart->delimiter_size);
  /* if there is none, the last bytes may still be the beginning of one */
  gsize n = end ? (gsize) (end - data)
                : size - MIN (size, multipart->delimiter_size - 1);

  if (n > 0 && multipart->state == CONTENT && multipart->wanted &&
      !multipart->func (data, n, multipart->user_data, error))
    return FALSE;
  *used = n;
  if (end) {
    *used += multipart->delimiter_size;
    multipart->state = DIVIDER;
  }
  return TRUE;
}

gboolean
multipart_push (
    Multipart *multipart, gconstpointer data, gsize size, GError **error)
{
  gsize at = 0, used;
  State before;

  g_byte_array_append (multipart->rest, data, size);
  do {
    const char *rest = (const char *) multipart->rest->data + at;
    gsize n = multipart->rest->len - at;
    gboolean ok = TRUE;

    used = 0;
    before = multipart->state;
    switch (multipart->state) {
      case BEFORE:
      case CONTENT:
        ok = parse_content (multipart, rest, n, &used, error);
        break;
      case DIVIDER:
        ok = parse_divider (multipart, rest, n, &used, error);
        break;
      case HEADERS:
        ok = parse_headers (multipart, rest, n, &used, error);
        break;
      case AFTER:
        used = n;
        break;
    }
    if (!ok)
      return FALSE;
    at += used;
  } while (used > 0 || multipart->state != before);
  g_byte_array_remove_range (multipart->rest, 0, at);
  return TRUE;
}

gboolean
multipart_finish (Multipart *multipart, GError **error)
{
  if (multipart->state != AFTER)
    return set_invalid (error, "It breaks off before its last boundary.");
  if (!multipart->found) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "The form has no field \"%s\".", multipart->field);
    return FALSE;
  }
  return TRUE;
}

const char *
multipart_get_file_name (const Multipart *multipart)
{
  return multipart->file_name;
}
