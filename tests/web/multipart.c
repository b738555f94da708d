/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The parser of forms: what it finds does not depend on how the body was cut
 * up, and no body is too strange for it. */

#include "web/multipart.h"

#include <string.h>

#include <glib.h>

#define BOUNDARY "limit"
#define CONTENT "a\r\n--lim\r\n--limi\n--limit\r\r\n\r\n--limi"

static const char form[] =
    "a preamble\r\n--limit \t\r\n"
    "Content-Disposition: form-data; name=\"other\"\r\n\r\nnot this"
    "\r\n--limit\r\n"
    "\r\nwithout headers"
    "\r\n--limit\r\n"
    "content-type: text/plain\r\n"
    "content-disposition: form-data; filename=x; name=file\r\n\r\n" CONTENT
    "\r\n--limit--\r\nan epilogue\r\n--limit\r\n";

static gboolean
gather (gconstpointer data, gsize size, gpointer user_data,
    GError **error G_GNUC_UNUSED)
{
  g_string_append_len (user_data, data, size);
  return TRUE;
}

/* Pushes @body in pieces; NULL if it is refused. */
static char *
parse (const char *body, gsize size, GRand *random, gsize max_piece)
{
  GString *found = g_string_new (NULL);
  Multipart *multipart = multipart_new (BOUNDARY, "file", gather, found);
  GError *error = NULL;
  gboolean ok = TRUE;

  while (ok && size > 0) {
    gsize n = 1 + g_rand_int (random) % MIN (size, max_piece);
    /* in memory of its own, so that a read past its end is found */
    g_autofree char *piece = g_memdup2 (body, n);

    ok = multipart_push (multipart, piece, n, &error);
    body += n;
    size -= n;
  }
  ok = ok && multipart_finish (multipart, &error);
  multipart_free (multipart);
  g_assert_true (ok == !error);
  g_clear_error (&error);
  return g_string_free (found, !ok);
}

static void
test_pieces (void)
{
  GRand *random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 500; i++) {
    g_autofree char *found = parse (
        form, strlen (form), random, i < 2 ? 1 + i : 1 + i % 40);

    g_assert_cmpstr (found, ==, CONTENT);
  }
  g_rand_free (random);
}

static void
test_broken (void)
{
  GRand *random = g_rand_new_with_seed (2);
  guint n_refused = 0;

  for (guint i = 0; i < 20000; i++) {
    gsize size = strlen (form);
    g_autofree char *body = g_memdup2 (form, size);
    g_autofree char *found = NULL;

    for (guint j = g_rand_int (random) % 4; j > 0; j--)
      body[g_rand_int (random) % size] = "\r\n-\0l"[g_rand_int (random) % 5];
    if (g_rand_int (random) % 4 == 0)
      size = g_rand_int (random) % size;
    found = parse (body, size, random, 64);
    n_refused += found == NULL;
  }
  g_rand_free (random);
  g_assert_cmpuint (n_refused, >, 2000);
  g_assert_cmpuint (n_refused, <, 18000);
}

static void
test_boundaries (void)
{
  g_autofree char *long_one = g_strnfill (71, 'x');

  g_assert_null (multipart_new ("", "file", gather, NULL));
  g_assert_null (multipart_new (long_one, "file", gather, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/multipart/pieces", test_pieces);
  g_test_add_func ("/multipart/broken", test_broken);
  g_test_add_func ("/multipart/boundaries", test_boundaries);
  return g_test_run ();
}
