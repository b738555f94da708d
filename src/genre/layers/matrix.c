/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "matrix.h"

static gboolean
pack (GenreMatrix *matrix, const GenreKernels *kernels, const float *weight)
{
  const gsize size = kernels->pack_size (matrix->k, matrix->n);

  matrix->kernels = kernels;
  matrix->packed = genre_alloc_floats (
      (size + sizeof (float) - 1) / sizeof (float));
  return kernels->pack (weight, matrix->k, matrix->n, matrix->packed);
}

void
genre_matrix_init (GenreMatrix *matrix, const GenreKernels *kernels,
    const float *weight, gsize k, gsize n)
{
  *matrix = (GenreMatrix){ .k = k, .n = n };
  if (pack (matrix, kernels, weight))
    return;
  genre_matrix_clear (matrix);
  pack (matrix, kernels->exact, weight);
}

void
genre_matrix_clear (GenreMatrix *matrix)
{
  genre_free_floats (matrix->packed);
  matrix->packed = NULL;
}

void
genre_matrix_add_product (
    const GenreMatrix *matrix, const float *x, gsize rows, float *y)
{
  matrix->kernels->add_product (
      matrix->packed, x, rows, matrix->k, matrix->n, y);
}
