/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A Result as JSON: what is read back, and what a worker that was taken over by its
 * file may not do to the process that reads it. */

#include <string.h>

#include "analysis/result.h"

static void
test_deep (void)
{
  static const char *const begins[] = { "", "{\"file\":", "/*\"*/", "'\"'" };

  for (guint i = 0; i < G_N_ELEMENTS (begins); i++) {
    g_autofree char *levels = g_strnfill (1000000, '[');
    g_autofree char *json = g_strconcat (begins[i], levels, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_null (result_from_json (json, &error));
    g_assert_nonnull (error);
  }
}

/* A name may have any number of brackets. */
static void
test_brackets (void)
{
  g_autofree char *name = g_strnfill (1000, '[');
  g_autoptr (Result) result = result_new_error (name, REASON_INTERNAL, "\\\"{");
  g_autofree char *json = result_to_json (result, TRUE);
  g_autoptr (Result) same = result_from_json (json, NULL);

  g_assert_nonnull (same);
  g_assert_cmpstr (same->name, ==, name);
  g_assert_cmpstr (same->error, ==, "\\\"{");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/result/deep", test_deep);
  g_test_add_func ("/result/brackets", test_brackets);
  return g_test_run ();
}
