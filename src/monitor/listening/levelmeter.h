/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Counts audio, and how much of it is silent. */

#pragma once

#include <gst/audio/audio.h>

typedef struct
{
  GstAudioInfo info;
  guint64 position;   /* ns of audio so far, in whole buffers */
  guint64 silent;     /* ns of it that were silent */
  guint64 silent_run; /* ns of silence that have lasted until now */
  guint64
      remainder; /* of frames, not yet counted: frames * 10^9 modulo the rate */
} LevelMeter;

/* The buffers to come are as @caps say. */
void level_meter_set_caps (LevelMeter *meter, const GstCaps *caps);
void level_meter_add (LevelMeter *meter, GstBuffer *buffer);
