/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The life of one station, as the monitor sees it: when to connect, what its events
 * mean, and the records that come of them.  It starts and stops nothing itself. */

#pragma once

#include "monitor/listening/stationevent.h"
#include "monitor/lists/stationlist.h"
#include "monitor/record/stationview.h"
#include "titletally.h"

typedef struct _Station Station;

/* What all stations have in common. */
typedef struct
{
  TallyModel model;
  gint64 every;     /* µs: how often a station without titles is logged */
  gint64 min_title; /* µs: a title that stays for less is none */
  gint64 silence;   /* µs of it after which a station counts as silent */
  /* The stations are recordings: each is played once, and times are counted in its audio
   * from @recorded_start, UTC, µs. */
  gboolean is_recorded;
  gint64 recorded_start;
  /* one that ends is asked for more, until it cannot be reached: to try in an hour what
   * happens in a day */
  gboolean is_resumed;
  void (*on_record) (const Record *record, gpointer user_data);
  gpointer user_data;
} StationSettings;

/* @entry: (transfer full)
 * @settings: must live as long */
Station *station_new (StationEntry *entry, const StationSettings *settings);
void station_free (Station *station);

const StationEntry *station_get_entry (const Station *station);
/* The same station has another name in the list now.  By another id it is another one for
 * all who read the records: its state is logged again.  @entry: (transfer full) */
void station_rename (Station *station, StationEntry *entry);

/* Connecting.  Times are monotonic, µs. */

/* When to connect, or G_MAXINT64 if it is, or never will be again. */
gint64 station_get_next_attempt (const Station *station);
/* The attempt has been begun. */
void station_connecting (Station *station);
/* How often the process that decodes it has crashed, each time soon after the station had
 * begun: that may be its fault. */
guint station_get_suspicion (const Station *station);
/* Whether it is a recording that could not be played to its end. */
gboolean station_has_failed (const Station *station);
/* Whether it never will be listened to again. */
gboolean station_is_done (const Station *station);

void
station_take_event (Station *station, const StationEvent *event, gint64 now);
/* The process that listened to it has crashed; @had_begun: once it was ready. */
void
station_take_crash (Station *station, gboolean had_begun, gint64 now);
/* Its next end is at the user's wish. */
void station_stopping (Station *station);
/* That end has come, or does not come: logs what is under way. */
void station_stop (Station *station);
/* The same, as it was taken from the list, while others play on. */
void station_remove (Station *station);

void station_get_view (const Station *station, StationView *view);
