/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A day of a station: its records, and how the time was spent. */

#pragma once

#include "day.h"
#include "historyreader.h"

typedef struct
{
  const Day *day;
  char *station, *name; /* its id; for people */
  gint64 until;         /* the day's end, or now: what follows is not known */
  GPtrArray *titles; /* HistoryTitle; those at its ends reach out of the day */
  GPtrArray *states; /* HistoryState */
  GPtrArray
      *labels; /* (element-type utf8): of the genres, in the model's order */
} DayRecords;

/* How a time was spent, in seconds. */
typedef struct
{
  gint64 start, end; /* UTC, µs */
  double heard;      /* audio, of these kinds and of noise */
  double music, speech, silence;
  double lost; /* not connected */
  double
      unknown; /* neither: nobody listened, or what was heard is not recorded yet */
  guint n_titles; /* that began in it */
  double *genres; /* [labels]: music of the titles with that genre */
} DaySpan;

/* A title, or an artist, and how often it was played. */
typedef struct
{
  const char *title,
      *artist; /* one of them may be NULL; owned by the records */
  guint n;
  double seconds;
} DayPlay;

/* NULL with @error set. */
DayRecords *day_records_new (HistoryReader *reader, const char *station,
    const char *name, const Day *day, gint64 now, GError **error);
void day_records_free (DayRecords *records);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DayRecords, day_records_free)

/* Index of the genre in the labels, or -1 if it is NULL. */
int day_records_find_label (const DayRecords *records, const char *genre);

/* Measures from @start to @end; free with day_span_free(). */
DaySpan *
day_records_measure (const DayRecords *records, gint64 start, gint64 end);
/* (element-type DaySpan): spans that begin at each full hour. */
GPtrArray *day_records_measure_hours (const DayRecords *records);
void day_span_free (DaySpan *span);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DaySpan, day_span_free)

/* (element-type DayPlay): the most played titles, or artists, first.  A title that an
 * interval or a short loss of the stream cut in two was played once. */
GPtrArray *
day_records_count_plays (const DayRecords *records, gboolean artists);
