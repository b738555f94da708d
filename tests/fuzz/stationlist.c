/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of stations, as a server in the place of a station may send them. */

#include "monitor/lists/stationlist.h"

#include <string.h>

#include "fuzz.h"

/* What is made of an entry goes into records, topics and messages. */
static void
check_entry (const StationEntry *entry)
{
  g_assert_true (entry->uri && *entry->uri);
  g_assert_true (g_utf8_validate (entry->uri, -1, NULL));
  g_assert_true (entry->name && *entry->name);
  g_assert_true (g_utf8_validate (entry->name, -1, NULL));
  for (const char *p = entry->name; *p; p = g_utf8_next_char (p))
    g_assert_true (!g_unichar_iscntrl (g_utf8_get_char (p)));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  /* of its own, so that a read behind its end is seen */
  g_autofree char *copy = g_memdup2 (data, size);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  GError *error = NULL;
  GPtrArray *entries = stationlist_parse (
      copy ? copy : "", size, "http://localhost/list", warnings, &error);

  fuzz_check_error (entries != NULL, error);
  for (guint i = 0; i < warnings->len; i++)
    g_assert_true (g_utf8_validate (g_ptr_array_index (warnings, i), -1, NULL));
  for (guint i = 0; entries && i < entries->len; i++) {
    const StationEntry *entry = g_ptr_array_index (entries, i);

    check_entry (entry);
    /* of a server's list no file and no device comes */
    g_assert_true (!g_str_has_prefix (entry->uri, "file:"));
    g_assert_true (!g_str_has_prefix (entry->uri, "pulse:"));
    g_assert_true (!g_str_has_prefix (entry->uri, "alsa:"));
  }
  g_clear_pointer (&entries, g_ptr_array_unref);
  return 0;
}
