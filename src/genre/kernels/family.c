/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "vector.h"

extern const GenreKernels KERNEL (kernels), EXACT_KERNEL (kernels);

const GenreKernels KERNEL (kernels) = {
  .name = GENRE_KERNEL_NAME,
  .exact = &EXACT_KERNEL (kernels),
  .winograd = TRUE,
  .block_channels = BLOCK,
#if INTEGER_PRODUCTS
  .conv2d_rows = KERNEL (conv2d_rows),
  .conv2d_pack = KERNEL (conv2d_pack),
#endif
  .conv2d_scratch = KERNEL (conv2d_scratch),
  .conv2d = KERNEL (conv2d),
  .downmix = KERNEL (downmix),
  .downmix_planar = KERNEL (downmix_planar),
  .window = KERNEL (window),
  .halve = KERNEL (halve),
  .real_power = KERNEL (real_power),
  .filter = KERNEL (filter),
  .decibels = KERNEL (decibels),
  .elu = KERNEL (elu),
  .pack_size = KERNEL (pack_size),
  .pack = KERNEL (pack),
  .add_product = KERNEL (add_product),
  .gru_gates = KERNEL (gru_gates),
  .lstm_gates = KERNEL (lstm_gates),
};
