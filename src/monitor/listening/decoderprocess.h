/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process that decodes stations: it takes StationOrders and sends StationEvents.  A
 * station that makes it crash costs the others of the same process a moment, and what a
 * station that takes it over can do is little: see the sandbox. */

#pragma once

#include "listenersource.h"

/* What it is started with, as arguments. */
typedef struct
{
  char *model;
  guint64 window; /* ns */
  guint threads;  /* that classify */
  guint max_stations;
  guint patience; /* see DecodersOptions */
  ListenerAccess access;
  char *instead; /* see ListenerOptions, or NULL */
} DecoderSettings;

/* the numbers of its sockets: to the monitor, and to the process that fetches for it */
#define DECODER_SOCKET 3
#define DECODER_FETCH_SOCKET 4

/* s in which it, and the process that fetches for it, must give a sign of life */
#define MAX_MUTE 15
/* s that a station may take to end before the process gives up on itself: a decoder in
 * an endless loop can be ended in no other way */
#define MAX_ENDING 15

/* Its exit statuses when it gives up by itself. */
typedef enum
{
  DECODER_EXIT_STUCK = 10, /* no station has ended for MAX_ENDING */
  DECODER_EXIT_UNHEARD, /* that which fetches gave no sign of life for MAX_MUTE */
  DECODER_EXIT_ALONE    /* that which fetches has ended */
} DecoderExit;

/* descriptors that it needs for each station, and for itself */
#define DECODER_STATION_DESCRIPTORS 8
#define DECODER_OWN_DESCRIPTORS 64

/* Runs it; returns the exit status of the process. */
int decoder_process_main (const DecoderSettings *settings);
