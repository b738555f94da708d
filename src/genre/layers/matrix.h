/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A matrix of weights, packed as the kernels want it. */

#pragma once

#include "layer.h"

typedef struct
{
  const GenreKernels *kernels; /* which have packed it */
  gsize k, n;
  gpointer packed;
} GenreMatrix;

/* Packs @weight [n][k]: as @kernels do, if these numbers are in the range of what
 * they keep, or else as their exact ones. */
void genre_matrix_init (GenreMatrix *matrix, const GenreKernels *kernels,
    const float *weight, gsize k, gsize n);
void genre_matrix_clear (GenreMatrix *matrix);
/* y [rows][n] += x [rows][k] W^T; each row is the same as it is alone */
void genre_matrix_add_product (
    const GenreMatrix *matrix, const float *x, gsize rows, float *y);
