/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "id3v2text.h"

#include <string.h>

static gboolean
is_utf16 (guint encoding)
{
  return encoding == ID3V2_UTF16 || encoding == ID3V2_UTF16BE;
}

gsize
id3v2_text_get_unit (guint encoding)
{
  return is_utf16 (encoding) ? 2 : 1;
}

gsize
id3v2_text_find_end (guint encoding, const guint8 *data, gsize size)
{
  gsize unit = id3v2_text_get_unit (encoding);

  for (gsize i = 0; i + unit <= size; i += unit) {
    if (!data[i] && (unit == 1 || !data[i + 1]))
      return i;
  }
  return size;
}

/* Takes away byte order marks, of which each of several strings may have one. */
static char *
drop_marks (char *text, gsize *length)
{
  static const char mark[] = "\357\273\277";
  gsize n = 0;

  for (gsize i = 0; i < *length;) {
    if (*length - i >= 3 && !memcmp (text + i, mark, 3))
      i += 3;
    else
      text[n++] = text[i++];
  }
  text[n] = '\0';
  *length = n;
  return text;
}

static char *
decode_utf16 (guint encoding, const guint8 *data, gsize size, gboolean strict,
    gsize *length)
{
  gboolean has_mark = size >= 2 &&
      ((data[0] == 0xff && data[1] == 0xfe) ||
          (data[0] == 0xfe && data[1] == 0xff));
  /* without a mark, text that is mostly ASCII tells the order */
  gboolean is_big = has_mark ? data[0] == 0xfe : size > 0 && data[0] == 0;
  char *text;

  if (encoding == ID3V2_UTF16BE && !has_mark)
    is_big = TRUE;
  if (encoding == ID3V2_UTF16 && !has_mark && strict)
    return NULL;
  text = g_convert ((const char *) data, (gssize) (size - size % 2), "UTF-8",
      is_big ? "UTF-16BE" : "UTF-16LE", NULL, length, NULL);
  return text ? drop_marks (text, length) : NULL;
}

char *
id3v2_text_decode (guint encoding, const guint8 *data, gsize size,
    gboolean strict, gsize *length)
{
  char *text = NULL;

  if (is_utf16 (encoding))
    return decode_utf16 (encoding, data, size, strict, length);
  if (encoding == ID3V2_UTF8)
    /* unlike g_utf8_validate() takes 0 between strings */
    text = g_convert ((const char *) data, (gssize) size, "UTF-8", "UTF-8",
        NULL, length, NULL);
  if (text)
    return drop_marks (text, length);
  if (encoding != ID3V2_LATIN1 && strict)
    return NULL;
  return g_convert ((const char *) data, (gssize) size, "UTF-8", "ISO-8859-1",
      NULL, length, NULL);
}

gboolean
id3v2_text_encode (
    guint encoding, const char *text, gsize length, GByteArray *out)
{
  static const char *const names[] = { "ISO-8859-1", "UTF-16LE", "UTF-16BE",
    "UTF-8" };
  gsize n;
  g_autofree char *encoded = encoding < G_N_ELEMENTS (names)
      ? g_convert (
            text, (gssize) length, names[encoding], "UTF-8", NULL, &n, NULL)
      : NULL;

  if (!encoded)
    return FALSE;
  if (encoding == ID3V2_UTF16)
    g_byte_array_append (out, (const guint8 *) "\xff\xfe", 2);
  g_byte_array_append (out, (const guint8 *) encoded, (guint) n);
  return TRUE;
}

void
id3v2_unsynchronise (const guint8 *data, gsize size, GByteArray *out)
{
  for (gsize i = 0; i < size; i++) {
    g_byte_array_append (out, data + i, 1);
    if (data[i] == 0xff &&
        (i + 1 == size || data[i + 1] == 0 || data[i + 1] >= 0xe0))
      g_byte_array_append (out, (const guint8 *) "", 1);
  }
}

GByteArray *
id3v2_resynchronise (const guint8 *data, gsize size)
{
  GByteArray *out = g_byte_array_sized_new ((guint) size);

  for (gsize i = 0; i < size; i++) {
    g_byte_array_append (out, data + i, 1);
    if (data[i] == 0xff && i + 1 < size && data[i + 1] == 0)
      i++;
  }
  return out;
}
