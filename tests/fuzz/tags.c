/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of all formats. */

#include <unistd.h>

#include "fuzz.h"
#include "tags/formats/tagfile.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = fuzz_make_file (data, size);
  static char *jazz[] = { "Jazz", NULL };
  GError *error = NULL;
  TagFile *file = tag_file_open (fd, &error);

  fuzz_check_error (file != NULL, error);
  if (file) {
    const TagState *state = tag_file_get_state (file);
    TagState wanted = { 0 };
    EditOptions options = { FALSE };
    TagFile *changed;

    for (guint kind = 0; kind < TAG_KINDS; kind++)
      if (state->is_primary[kind] || state->genres[kind])
        wanted.genres[kind] = jazz;
    error = NULL;
    changed = tag_file_change (file, &wanted, &options, &error);
    fuzz_check_error (changed != NULL, error);
    g_clear_pointer (&changed, tag_file_free);
    tag_file_free (file);
  }
  close (fd);
  return 0;
}
