/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Weights files: the parser of safetensors, the JSON in it, the list of layers,
 * and the first run of the network. */

#include "fuzz.h"
#include "genre/genre.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  /* not a copy, so that a read behind its end is seen */
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  GError *error = NULL;
  GenreModel *model = genre_model_load_bytes (bytes, "fuzz", &error);

  fuzz_check_error (model != NULL, error);
  if (model)
    genre_model_unref (model);
  return 0;
}
