/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the history says of the stations.  All that one reader gives is as it was when
 * the reader was opened, whatever a monitor writes meanwhile.  Times are UTC, µs since
 * 1970. */

#pragma once

#include "monitor/record/record.h"

typedef struct _HistoryReader HistoryReader;

typedef struct
{
  char *id, *name;
} HistoryStation;

/* A title as it was recorded. */
typedef struct
{
  gint64 start, end; /* @end is not before @start */
  char *ended;
  gboolean continues;
  double seconds;
  char *title, *artist, *stream_title; /* or NULL */
  char *genre;                         /* or NULL */
  double confidence;
  char *probabilities, *tags; /* JSON objects, or NULL */
  double music, speech, silence;
  char *model; /* or NULL */
} HistoryTitle;

/* A time in which a station was in one state: until the next one, or until the monitor
 * was stopped. */
typedef struct
{
  gint64 start, end;
  StationState state;
  char *reason; /* or NULL */
} HistoryState;

/* NULL with @error (G_IO_ERROR) set if there is no history at @path. */
HistoryReader *history_reader_open (const char *path, GError **error);
/* @reader may be NULL. */
void history_reader_close (HistoryReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HistoryReader, history_reader_close)

/* (element-type HistoryStation): all, sorted by name; NULL with @error set. */
GPtrArray *history_reader_get_stations (HistoryReader *reader, GError **error);

/* (element-type HistoryTitle): what the station played between the two times, also in
 * part, in its order; NULL with @error set. */
GPtrArray *history_reader_get_titles (HistoryReader *reader,
    const char *station, gint64 from, gint64 to, GError **error);

/* (element-type HistoryState): the same for its states, cut off at the two times. */
GPtrArray *history_reader_get_states (HistoryReader *reader,
    const char *station, gint64 from, gint64 to, GError **error);
