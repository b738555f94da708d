/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Results as JSON, which come from worker processes and from the cache's file.  One
 * that is accepted is the same after it was written and read again. */

#include "analysis/result.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (Result) result = NULL, again = NULL;
  g_autofree char *written = NULL, *written_again = NULL;
  GError *error = NULL;

  result = result_from_json (text, &error);
  fuzz_check_error (result != NULL, error);
  if (!result)
    return 0;
  written = result_to_json (result, RESULT_ALL);
  error = NULL;
  again = result_from_json (written, &error);
  g_assert_no_error (error);
  written_again = result_to_json (again, RESULT_ALL);
  g_assert_cmpstr (written_again, ==, written);
  return 0;
}
