/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "samples.h"

#include "genre/weights/error.h"

gsize
genre_sample_size (GenreSampleFormat format)
{
  switch (format) {
    case GENRE_SAMPLE_S16:
      return 2;
    case GENRE_SAMPLE_S32:
    case GENRE_SAMPLE_F32:
      return 4;
    case GENRE_SAMPLE_F64:
      return 8;
  }
  g_return_val_if_reached (0);
}

gboolean
genre_count_frames (GenreSampleFormat format, guint channels, gsize size,
    gsize *n_frames, GError **error)
{
  const gsize frame = genre_sample_size (format) * channels;

  if (frame == 0)
    return genre_refuse (
        error, GENRE_ERROR_ARGUMENT, "0 channels, expected at least 1");
  if (size % frame > 0)
    return genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "%" G_GSIZE_FORMAT
        " bytes of samples, expected whole frames of %" G_GSIZE_FORMAT,
        size, frame);
  *n_frames = size / frame;
  return TRUE;
}
