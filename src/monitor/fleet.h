/* SPDX-License-Identifier: GPL-2.0-or-later */

/* All stations: connects them when their time has come, gives each its events, and follows
 * the list when that changes. */

#pragma once

#include "decoders.h"
#include "station.h"

typedef struct _Fleet Fleet;

typedef struct
{
  /* a record of any station */
  void (*on_record) (const Record *record, gpointer user_data);
  /* it is no more in the list, and all of it is logged */
  void (*on_removed) (const char *station, gpointer user_data);
  /* there is no going on: a sentence */
  void (*on_failed) (const char *reason, gpointer user_data);
  gpointer user_data;
} FleetCallbacks;

/* @settings: but for on_record and user_data
 * @options: must live as long */
Fleet *fleet_new (const StationSettings *settings,
    const DecodersOptions *options, const FleetCallbacks *callbacks);
void fleet_free (Fleet *fleet);

/* Follows another list, as stationlist_read() gives it; takes it.  Stations with the same
 * URI play on. */
void fleet_set_list (Fleet *fleet, GPtrArray *list);
/* Does what is due; to be called some times a second. */
void fleet_tick (Fleet *fleet);
/* Ends all stations. */
void fleet_stop (Fleet *fleet);
/* Logs what is under way of those that have not ended. */
void fleet_give_up (Fleet *fleet);
/* Nothing is listened to any more, nor will be. */
gboolean fleet_is_done (const Fleet *fleet);

/* Whether there is a recording that could not be played to its end. */
gboolean fleet_has_failed (const Fleet *fleet);

/* Adds a StationView for each, in the list's order. */
void fleet_get_views (const Fleet *fleet, GArray *views);
guint fleet_get_n_processes (const Fleet *fleet);
guint64 fleet_get_n_crashes (const Fleet *fleet);
