/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Weights files: the parser of safetensors, the JSON in it, the list of layers,
 * and the first run of the network. */

#include <unistd.h>

#include "fuzz.h"
#include "genre/genre.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = fuzz_make_file (data, size);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  GError *error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  fuzz_check_error (model != NULL, error);
  if (model)
    genre_model_unref (model);
  close (fd);
  return 0;
}
