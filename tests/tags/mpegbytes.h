/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MPEG audio, as far as tags look into it. */

#pragma once

#include <glib.h>

#define FRAME_SIZE 417 /* layer III, 128 kbit/s, 44100 Hz */

/* Appends frames of silence. */
static inline void
append_frames (GByteArray *data, guint n)
{
  guint8 frame[FRAME_SIZE] = { 0xff, 0xfb, 0x90, 0x00, 0x01 };

  for (guint i = 0; i < n; i++)
    g_byte_array_append (data, frame, sizeof frame);
}
