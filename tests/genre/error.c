/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The error domain. */

#include "genre/genre.h"

/* Logs show the name, and bindings find the domain by it. */
static void
test_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (GENRE_ERROR), ==, "genre-error-quark");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/domain", test_domain);
  return g_test_run ();
}
