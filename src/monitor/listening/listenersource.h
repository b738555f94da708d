/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The first elements of a listener's pipeline: from a station's URI to raw audio.  Of
 * several audio streams the first is decoded, and nothing else. */

#pragma once

#include <gst/gst.h>

/* What a process needs to listen to a station, besides this program. */
typedef enum
{
  ACCESS_FETCHED, /* nothing: another one fetches for it */
  ACCESS_NETWORK, /* sockets of its own: RTSP */
  ACCESS_DEVICE   /* a sound card's files, and sockets */
} ListenerAccess;

typedef struct
{
  GstBin *pipeline; /* takes the elements that are made */
  GstElement *sink; /* takes the audio, at its pad "sink" */
  /* Called, from any thread, when it is found that no audio will come; with a
   * sentence. */
  void (*on_failed) (const char *reason, gpointer user_data);
  gpointer user_data;

  /* its own, 0 at first */
  GMutex lock;
  GstPad *stream;      /* the one that is decoded, or NULL */
  GstElement *decoder; /* of that stream, or NULL */
  gint64
      drained; /* µs, monotonic, when a stream ended that no other follows; 0 */
  GAsyncQueue *kept; /* GstElement, sources that must not be freed yet */
  gboolean is_fetched;
  GThread *ended_in; /* the thread in which all had been fetched, or NULL */
} ListenerSource;

/* @file: what is read instead of @uri, or -1
 * FALSE with @error (GST_CORE_ERROR) set if an element is not installed. */
gboolean listener_source_build (ListenerSource *source, const char *uri,
    int file, gboolean is_recorded, GError **error);
/* The stream that is decoded has ended.  Whether the station has, as far as is known then;
 * in the thread that brings the end. */
gboolean listener_source_take_end (ListenerSource *source);
/* Whether that has turned out later: no other stream has followed. */
gboolean listener_source_is_drained (ListenerSource *source);
/* Once the pipeline is in NULL. */
void listener_source_clear (ListenerSource *source);

/* What listens to @uri. */
ListenerAccess listener_source_get_access (const char *uri);
