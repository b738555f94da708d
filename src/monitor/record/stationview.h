/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a station stands at the moment: what the table and the metrics show. */

#pragma once

#include "record.h"

/* It owns nothing; what it points at is the station's, and may change with the next
 * event. */
typedef struct
{
  const char *id, *name, *uri;
  StationState state;
  gint64 since;               /* of the state, UTC, µs since 1970 */
  const char *title, *artist; /* on the air now, or NULL */
  gint64 title_start;         /* UTC, µs; 0 if nothing is on the air */
  const char *genre;          /* of what is on the air, so far; or NULL */
  double confidence;
  double music, speech, silence; /* shares of what is on the air, 0 to 1 */
  const char *reason;            /* why it was lost, while it is not connected; or NULL */

  /* since the monitor has started */
  guint64 n_titles, n_connects, n_losses;
  guint64 n_segments, n_dropped;                            /* segments */
  double music_seconds, speech_seconds, silence_seconds, audio_seconds;
  double inference_seconds;
} StationView;
