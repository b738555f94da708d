/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The monitor's side of the processes that decode: starts them, in pairs with those that
 * fetch for them, as many as the stations need, tells them what to listen to, and
 * hears of it. */

#pragma once

#include "monitor/listening/stationevent.h"

typedef struct _Decoders Decoders;

typedef struct
{
  const char *model;
  guint64 window;    /* ns */
  guint threads;     /* that classify in each process */
  guint per_process; /* stations */
  guint patience;    /* s without audio after which a station counts as lost */
  const char *instead; /* an element in the place of genreclassify, or NULL */
} DecodersOptions;

/* What is reported, from the main context. */
typedef struct
{
  /* Never called again for that station after EVENT_END.  The values are those that the
   * model has, or there are none. */
  void (*on_event) (const StationEvent *event, gpointer user_data);
  /* The process that listened to @station has ended by itself; so has this.  @had_begun:
   * it was ready before */
  void (*on_crash) (guint32 station, gboolean had_begun, gpointer user_data);
  /* No process could ever be started: there is no going on. */
  void (*on_failed) (const char *reason, gpointer user_data);
} DecodersCallbacks;

/* @options, @callbacks: must live as long */
Decoders *decoders_new (const DecodersOptions *options,
    const DecodersCallbacks *callbacks, gpointer user_data);
/* Kills all processes. */
void decoders_free (Decoders *decoders);

typedef enum
{
  DECODERS_STARTED,
  DECODERS_WAIT,  /* not now: to be tried again */
  DECODERS_FAILED /* no process can be started, which was said */
} DecodersStart;

/* Begins to listen to @uri for @station, which must not be listened to.
 * @file: an open file to read instead, or -1; stays the caller's
 * @suspicion: how often the process in which it was has crashed while it was young: with
 * each further time it is among fewer others, and soon alone */
DecodersStart decoders_start (Decoders *decoders, guint32 station,
    const char *uri, int file, gboolean is_recorded, guint suspicion);
/* Asks for the end: EVENT_END will come, or on_crash. */
void decoders_stop (Decoders *decoders, guint32 station);

guint decoders_get_n_processes (const Decoders *decoders);
guint64 decoders_get_n_crashes (const Decoders *decoders);
