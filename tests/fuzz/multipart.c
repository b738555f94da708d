/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Uploaded forms.  The first byte says into how long pieces the rest is cut, which
 * must not change what is found in it. */

#include "web/multipart.h"

#include <string.h>

#include "fuzz.h"

static gboolean
gather (gconstpointer data, gsize size, gpointer user_data,
    GError **error G_GNUC_UNUSED)
{
  g_byte_array_append (user_data, data, (guint) size);
  return TRUE;
}

/* The content of the field "file"; NULL if the form is refused. */
static GByteArray *
parse (const uint8_t *form, size_t size, size_t piece)
{
  GByteArray *found = g_byte_array_new ();
  Multipart *multipart = multipart_new ("limit", "file", gather, found);
  GError *error = NULL;
  gboolean ok = TRUE;

  for (size_t at = 0; ok && at < size; at += piece) {
    size_t n = MIN (piece, size - at);
    /* of its own, so that a read behind its end is seen */
    g_autofree uint8_t *copy = g_memdup2 (form + at, n);

    ok = multipart_push (multipart, copy, n, &error);
  }
  ok = ok && multipart_finish (multipart, &error);
  fuzz_check_error (ok, error);
  multipart_free (multipart);
  if (!ok)
    g_clear_pointer (&found, g_byte_array_unref);
  return found;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) whole = NULL, cut = NULL;

  if (size < 2)
    return 0;
  whole = parse (data + 1, size - 1, size - 1);
  cut = parse (data + 1, size - 1, (size_t) data[0] + 1);
  g_assert_true (!whole == !cut);
  if (whole)
    g_assert_cmpmem (whole->data, whole->len, cut->data, cut->len);
  return 0;
}
