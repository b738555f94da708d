/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The element's settings: what an application sets as properties, but for the
 * model.  The element keeps them under its object lock; whoever needs some of
 * them takes a copy of all, so that what is done with one buffer or segment is
 * done with settings that belong together. */

#pragma once

#include <gst/gst.h>

typedef struct
{
  guint64 window, hop, min_window; /* ns; hop 0: the window */
  guint64 interim_interval;        /* ns; 0: no interim answers */
  guint64 memory;                  /* ns; 0: the whole track */
  guint64 max_gap, min_track;      /* ns */
  gboolean post_messages, post_tags;
  gboolean post_tag_probabilities, post_embedding; /* in the messages */
  GstTagMergeMode tag_mode;
  double min_confidence;    /* 0 to 1 */
  double silence_threshold; /* dBFS, RMS */
  gboolean title_starts_track;
} GenreSettings;

/* Ids of the properties.  The element's other properties are numbered from the
 * last on. */
enum
{
  GENRE_SETTING_WINDOW = 1,
  GENRE_SETTING_HOP,
  GENRE_SETTING_MIN_WINDOW,
  GENRE_SETTING_INTERIM_INTERVAL,
  GENRE_SETTING_MEMORY,
  GENRE_SETTING_MAX_GAP,
  GENRE_SETTING_POST_MESSAGES,
  GENRE_SETTING_POST_TAGS,
  GENRE_SETTING_TAG_MODE,
  GENRE_SETTING_MIN_CONFIDENCE,
  GENRE_SETTING_SILENCE_THRESHOLD,
  GENRE_SETTING_TITLE_STARTS_TRACK,
  GENRE_SETTING_MIN_TRACK,
  GENRE_SETTING_POST_TAG_PROBABILITIES,
  GENRE_SETTING_POST_EMBEDDING,
  GENRE_N_SETTINGS
};

/* Installs the properties, with their documentation. */
void genre_settings_install (GObjectClass *klass);
/* Sets the properties' defaults. */
void genre_settings_init (GenreSettings *settings);
/* A copy of @settings, taken under the object lock of @element, whose settings
 * they are. */
GenreSettings
genre_settings_copy (const GenreSettings *settings, GstElement *element);
/* FALSE if @id is not one of the settings'. */
gboolean
genre_settings_set (GenreSettings *settings, guint id, const GValue *value);
gboolean
genre_settings_get (const GenreSettings *settings, guint id, GValue *value);
