/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of all formats. */

#include <unistd.h>

#include "fuzz.h"
#include "tags/tagfile.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = fuzz_make_file (data, size);
  TagState state = { 0 };
  GError *error = NULL;
  gboolean ok = tag_file_read (fd, &state, &error);

  fuzz_check_error (ok, error);
  if (ok)
    tag_state_clear (&state);
  close (fd);
  return 0;
}
