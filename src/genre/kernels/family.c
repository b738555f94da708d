/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "vector.h"

#define STRING(name) #name
#define STRING_OF(name) STRING (name)

extern const GenreKernels KERNEL (kernels);

const GenreKernels KERNEL (kernels) = {
  .name = STRING_OF (GENRE_KERNEL_FAMILY),
  .winograd = TRUE,
  .block_channels = BLOCK_VECTORS * LANES,
  .conv2d_scratch = KERNEL (conv2d_scratch),
  .conv2d = KERNEL (conv2d),
  .window = KERNEL (window),
  .power = KERNEL (power),
  .decibels = KERNEL (decibels),
  .elu = KERNEL (elu),
  .block_units = PROJECT_VECTORS * LANES,
  .project = KERNEL (project),
  .gru_gates = KERNEL (gru_gates),
  .lstm_gates = KERNEL (lstm_gates),
};
