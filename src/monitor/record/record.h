/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is logged of a station: a title that has ended, or a change of the station's
 * state.  Log, MQTT, history and table take the same record. */

#pragma once

#include <glib.h>

typedef enum
{
  RECORD_TITLE,
  RECORD_STATE
} RecordKind;

typedef enum
{
  STATE_WAITING,    /* for the next attempt to connect; never in a record */
  STATE_CONNECTING, /* never in a record */
  STATE_CONNECTED,  /* audio has come; not known yet of what kind */
  STATE_LOST,
  STATE_SILENT,
  STATE_TALK,
  STATE_MUSIC,
  N_STATES
} StationState;

/* Probabilities with their labels; @n is 0 if there are none. */
typedef struct
{
  guint n;
  const char *const *labels; /* [n] */
  const float *values;       /* [n] */
} RecordValues;

/* A record owns nothing: what it points at lives as long as the call that takes it.
 * Texts are valid UTF-8. */
typedef struct
{
  RecordKind kind;
  const char *station; /* its id */
  const char *name;    /* for people */
  gint64 start, end;   /* UTC, µs since 1970; of a change of state both are its time */

  /* RECORD_TITLE */
  const char *title, *artist; /* or NULL */
  const char *stream_title;   /* what artist and title were split from, or NULL */
  /* why it ended: "title" (another one began), "interval" (--every), "lost", "stopped",
   * or "end" (of a recording) */
  const char *ended;
  /* an earlier part of the same title was logged before: it was cut by a loss, or after an
   * hour */
  gboolean continues;
  double seconds;               /* of audio that was heard of it */
  double music, speech, silence; /* shares of these, 0 to 1; the rest is noise */
  const char *genre;            /* or NULL: there was no music, or too little */
  double confidence;            /* of the genre */
  RecordValues probabilities;   /* of the genres */
  RecordValues tags;            /* of the model's tags */
  const char *model;            /* "crnn 5", or NULL if nothing was classified */

  /* RECORD_STATE */
  StationState state;
  const char *reason; /* why it was lost, a sentence; else NULL */
} Record;

/* "connected" and the like, as in the log. */
const char *station_state_to_string (StationState state);

/* (transfer full): RFC 3339, UTC, in milliseconds: "2026-11-30T06:17:16.123Z" */
char *record_format_time (gint64 time);

/* (transfer full): the record as one JSON object, without a newline. */
char *record_to_json (const Record *record);
