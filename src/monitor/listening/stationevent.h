/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the monitor and a process that decodes stations say to each other, over a socket
 * of whole packets (SOCK_SEQPACKET): StationOrders one way, StationEvents the other.
 *
 * All are plain structures: the processes run the same program. */

#pragma once

#include <stddef.h>
#include <string.h>

#include <glib.h>

#define STATION_MAX_URI 4096
#define STATION_MAX_TEXT 512
/* probabilities of a model, of the genres and of the tags */
#define STATION_MAX_VALUES 1024

typedef enum
{
  ORDER_START, /* listen to the URI; with an open file, read that instead */
  ORDER_STOP   /* end that, and send EVENT_END */
} StationOrderKind;

typedef struct
{
  guint32 kind; /* StationOrderKind */
  guint32 station;
  guint32 is_recorded; /* to be played as fast as possible */
  char uri[STATION_MAX_URI];
} StationOrder;

typedef enum
{
  EVENT_READY, /* the process can take orders, or EVENT_END if it never will; again
                     every few seconds, as a sign of life */
  EVENT_BEGIN,    /* audio of the station has come */
  EVENT_PROGRESS, /* more audio has come */
  EVENT_TITLE,    /* another title is on the air */
  EVENT_SEGMENT, /* a segment was classified; all those of a title come before the
                     next one */
  EVENT_END      /* the station is not listened to any more */
} StationEventKind;

/* bytes of the packet of @order: the URI is most of it, and is mostly short */
static inline gsize
station_order_get_size (const StationOrder *order)
{
  return offsetof (StationOrder, uri) + strlen (order->uri) + 1;
}

/* Only the values that there are travel. */
typedef struct
{
  guint32 kind; /* StationEventKind */
  guint32 station;
  guint64 position;   /* ns of audio since the beginning */
  guint64 silent;     /* ns of them that were silent */
  guint64 silent_run; /* ns of silence that have lasted until now */

  /* EVENT_TITLE: UTF-8, or empty; EVENT_END: why, a sentence */
  char title[STATION_MAX_TEXT], artist[STATION_MAX_TEXT];

  /* EVENT_SEGMENT; @dropped and @inference since the beginning */
  guint64 duration; /* ns */
  double music;     /* probability that it is music */
  guint32 is_clean; /* EVENT_END: it had come to its end */
  guint32 is_silent;
  guint32 n_probabilities, n_tags;
  guint64 n_dropped;                /* segments that were not classified */
  double inference;                 /* s */
  float values[STATION_MAX_VALUES]; /* probabilities, then tags */
} StationEvent;

/* Copies @text into @to, [STATION_MAX_TEXT], as UTF-8, and no half letter. */
void station_event_set_text (char *to, const char *text);

/* bytes of the packet of @event */
static inline gsize
station_event_get_size (const StationEvent *event)
{
  return offsetof (StationEvent, values) +
      (event->n_probabilities + event->n_tags) * sizeof (float);
}
