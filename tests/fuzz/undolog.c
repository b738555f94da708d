/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Undo logs, which lie where anybody may have edited them.  An entry that is
 * accepted is the same after it was written and read again. */

#include "tags/undolog.h"

#include <string.h>

#include "fuzz.h"

static void
check_entry (const UndoEntry *entry)
{
  g_autofree char *line = undolog_format_line (
      entry->path, &entry->before, &entry->after);
  g_autoptr (UndoLog) log = undolog_parse (line, strlen (line));
  const GPtrArray *entries;
  const UndoEntry *again;

  g_assert_cmpuint (log->files->len, ==, 1);
  entries = g_ptr_array_index (log->files, 0);
  again = g_ptr_array_index (entries, 0);
  g_assert_cmpstr (again->path, ==, entry->path);
  g_assert_true (tag_state_equal (&again->before, &entry->before));
  g_assert_true (tag_state_equal (&again->after, &entry->after));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (UndoLog) log = undolog_parse ((const char *) data, size);

  for (guint i = 0; i < log->files->len; i++) {
    const GPtrArray *entries = g_ptr_array_index (log->files, i);

    for (guint j = 0; j < entries->len; j++)
      check_entry (g_ptr_array_index (entries, j));
  }
  return 0;
}
