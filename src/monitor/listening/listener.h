/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Listens to one station, in a process that decodes: from its URI to StationEvents.
 *
 *     fetchsrc ! parsebin ! a decoder ! genreclassify ! fakesink
 *
 * There is no queue between, so that a station costs one thread; segments are classified
 * in a pool of threads that all stations share. */

#pragma once

#include <gst/gst.h>

#include "stationevent.h"

typedef struct _Listener Listener;

/* What all listeners of a process have in common. */
typedef struct
{
  const char *model;
  GstTaskPool *pool;
  guint64 window; /* ns */
  guint patience; /* s without audio after which a station counts as lost */
  /* name of the element in the place of genreclassify, to measure what that costs; or
   * NULL */
  const char *instead;
  /* takes each event, from any thread; may block */
  void (*send) (const StationEvent *event);
} ListenerOptions;

/* Begins to listen.
 * @file: what is read instead of the order's URI, or -1; is closed
 * @options: must live as long as the listener */
Listener *listener_new (
    const StationOrder *order, int file, const ListenerOptions *options);
/* Ends: classifies what has come, as far as that is possible, and sends EVENT_END, if
 * that was not sent yet.  May take long, so it is for a thread that nobody waits
 * for. */
void listener_free (Listener *listener);

/* Its patience begins anew: it was the process that had stood still. */
void listener_forgive (Listener *listener);
/* Whether it has come to its end, so that it can be freed: the station has ended, or has
 * failed, or nothing came for long.  Called once a second or so. */
gboolean listener_has_ended (Listener *listener);
