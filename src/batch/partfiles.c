/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "partfiles.h"

gboolean
part_is_whole (const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_RESULTS);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}
