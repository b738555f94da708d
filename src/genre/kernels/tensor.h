/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a network computes with.  Every tensor between layers is
 * [bands][frames][channels]. */

#pragma once

#include <glib.h>

typedef struct
{
  gsize channels, bands, frames;
} GenreShape;

/* Size of a max-pool's field; one output is the maximum of [bands][frames],
 * and bands and frames that do not fill a field are left out. */
typedef struct
{
  gsize bands, frames;
} GenrePool;

typedef enum
{
  GENRE_ACTIVATION_NONE,
  GENRE_ACTIVATION_ELU,
  GENRE_ACTIVATION_RELU,
} GenreActivation;
