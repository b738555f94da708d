/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a process that decodes stations and the one that fetches for it say to each other.
 *
 * The one that decodes may open no socket.  It sends a FetchRequest over a socket of whole
 * packets (SOCK_SEQPACKET), and with it one end of a pair of stream sockets, into
 * which the other writes a FetchAnswer and then the body, and which it closes at the end.
 * Closing the other end gives up the request.  Every few seconds the one that fetches
 * sends a byte over the first socket, as a sign of life.
 *
 * All are plain structures: the processes run the same program. */

#pragma once

#include <glib.h>

#define FETCH_MAX_URI 4096
#define FETCH_MAX_TEXT 256

typedef struct
{
  guint64 offset; /* the first byte of the body */
  gint64 end;     /* the one behind its last, or -1 */
  guint32 is_station; /* not a piece of one: with titles, and lists are followed */
  guint32 is_live;    /* it comes no faster than it is heard */
  char uri[FETCH_MAX_URI];
} FetchRequest;

typedef struct
{
  guint32 status; /* of HTTP; 0: there was no answer */
  guint32
      metadata_interval; /* bytes between titles in the body; 0: there are none */
  char content_type[FETCH_MAX_TEXT];
  char error[FETCH_MAX_TEXT]; /* a sentence, if there is no body; else empty */
  char uri[FETCH_MAX_URI];    /* where it was found in the end, or empty */
} FetchAnswer;
