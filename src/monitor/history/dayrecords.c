/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "dayrecords.h"

#include <json-glib/json-glib.h>

/* a title that goes on after no longer than this, as a station was lost meanwhile, is
 * the same play of it */
#define MAX_BREAK (5 * 60 * G_USEC_PER_SEC)

/* Labels */

int
day_records_find_label (const DayRecords *records, const char *genre)
{
  for (guint i = 0; genre && i < records->labels->len; i++)
    if (g_str_equal (records->labels->pdata[i], genre))
      return (int) i;
  return -1;
}

static void
add_label (DayRecords *records, const char *label)
{
  if (day_records_find_label (records, label) < 0)
    g_ptr_array_add (records->labels, g_strdup (label));
}

/* The labels of the title's model, all of them, as their order gives them colours. */
static void
add_labels (DayRecords *records, const HistoryTitle *title)
{
  g_autoptr (JsonNode) root = title->probabilities
      ? json_from_string (title->probabilities, NULL)
      : NULL;
  g_autoptr (GList) members = NULL;

  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    return;
  members = json_object_get_members (json_node_get_object (root));
  for (const GList *member = members; member; member = member->next)
    add_label (records, member->data);
}

static void
find_labels (DayRecords *records)
{
  const char *model = NULL;

  for (guint i = 0; i < records->titles->len; i++) {
    const HistoryTitle *title = records->titles->pdata[i];

    if (!title->probabilities)
      continue;
    if (!model || g_strcmp0 (model, title->model) != 0)
      add_labels (records, title);
    model = title->model;
  }
  /* of a record of another program, which has no probabilities */
  for (guint i = 0; i < records->titles->len; i++) {
    const HistoryTitle *title = records->titles->pdata[i];

    if (title->genre)
      add_label (records, title->genre);
  }
}

/* Records */

DayRecords *
day_records_new (HistoryReader *reader, const char *station, const char *name,
    const Day *day, gint64 now, GError **error)
{
  g_autoptr (DayRecords) records = g_new0 (DayRecords, 1);

  records->day = day;
  records->station = g_strdup (station);
  records->name = g_strdup (name);
  records->until = CLAMP (now, day->start, day->end);
  records->labels = g_ptr_array_new_with_free_func (g_free);
  records->titles = history_reader_get_titles (
      reader, station, day->start, day->end, error);
  if (!records->titles)
    return NULL;
  records->states = history_reader_get_states (
      reader, station, day->start, day->end, error);
  if (!records->states)
    return NULL;
  find_labels (records);
  return g_steal_pointer (&records);
}

void
day_records_free (DayRecords *records)
{
  if (!records)
    return;
  g_clear_pointer (&records->titles, g_ptr_array_unref);
  g_clear_pointer (&records->states, g_ptr_array_unref);
  g_clear_pointer (&records->labels, g_ptr_array_unref);
  g_free (records->station);
  g_free (records->name);
  g_free (records);
}

/* Spans */

/* The seconds of the span that lie between the two times. */
static double
get_overlap (const DaySpan *span, gint64 start, gint64 end)
{
  gint64 overlap = MIN (end, span->end) - MAX (start, span->start);

  return (double) MAX (overlap, 0) / G_USEC_PER_SEC;
}

static void
add_title (const DayRecords *records, DaySpan *span, const HistoryTitle *title)
{
  double length = (double) (title->end - title->start) / G_USEC_PER_SEC;
  double overlap = get_overlap (span, title->start, title->end);
  int label = day_records_find_label (records, title->genre);
  double heard;

  if (title->start >= span->start && title->start < span->end)
    span->n_titles++;
  if (length <= 0)
    return;
  /* audio may be missing, but there is no more of it than time has passed */
  heard = overlap * MIN (title->seconds / length, 1);
  span->heard += heard;
  span->music += heard * title->music;
  span->speech += heard * title->speech;
  span->silence += heard * title->silence;
  if (label >= 0)
    span->genres[label] += heard * title->music;
}

DaySpan *
day_records_measure (const DayRecords *records, gint64 start, gint64 end)
{
  DaySpan *span = g_new0 (DaySpan, 1);
  double length = (double) (end - start) / G_USEC_PER_SEC;

  span->start = start;
  span->end = end;
  span->genres = g_new0 (double, records->labels->len + 1);
  for (guint i = 0; i < records->titles->len; i++)
    add_title (records, span, records->titles->pdata[i]);
  for (guint i = 0; i < records->states->len; i++) {
    const HistoryState *state = records->states->pdata[i];

    if (state->state == STATE_LOST)
      span->lost += get_overlap (span, state->start, state->end);
  }
  span->unknown = MAX (length - span->heard - span->lost, 0);
  return span;
}

GPtrArray *
day_records_measure_hours (const DayRecords *records)
{
  GPtrArray *hours = g_ptr_array_new_with_free_func (
      (GDestroyNotify) day_span_free);
  gint64 next;

  for (gint64 time = records->day->start; time < records->day->end;
       time = next) {
    next = day_get_next_hour (records->day, time);
    g_ptr_array_add (hours, day_records_measure (records, time, next));
  }
  return hours;
}

void
day_span_free (DaySpan *span)
{
  if (!span)
    return;
  g_free (span->genres);
  g_free (span);
}

/* Plays */

static gboolean
is_same (const HistoryTitle *a, const HistoryTitle *b)
{
  return g_strcmp0 (a->title, b->title) == 0 &&
      g_strcmp0 (a->artist, b->artist) == 0;
}

/* Whether the record goes on with the title of the one before it. */
static gboolean
is_continued (const DayRecords *records, guint i)
{
  const HistoryTitle *title = records->titles->pdata[i];
  const HistoryTitle *last;

  /* the day before is not counted */
  if (i == 0)
    return FALSE;
  last = records->titles->pdata[i - 1];
  if (title->continues)
    return TRUE;
  /* the monitor itself may have been stopped */
  return is_same (last, title) && g_strcmp0 (last->ended, "title") != 0 &&
      title->start - last->end <= MAX_BREAK;
}

/* What is the same although it is spelled in other cases; free with g_free(). */
static char *
make_key (const HistoryTitle *title, gboolean artists)
{
  g_autofree char *artist = g_utf8_casefold (
      title->artist ? title->artist : "", -1);
  g_autofree char *name = g_utf8_casefold (
      title->title && !artists ? title->title : "", -1);

  return g_strconcat (artist, "\n", name, NULL);
}

static int
compare_plays (gconstpointer a, gconstpointer b)
{
  const DayPlay *x = *(DayPlay *const *) a, *y = *(DayPlay *const *) b;
  int order = (x->n < y->n) - (x->n > y->n);

  if (order == 0)
    order = (x->seconds < y->seconds) - (x->seconds > y->seconds);
  if (order == 0)
    order = g_strcmp0 (x->artist, y->artist);
  return order ? order : g_strcmp0 (x->title, y->title);
}

static DayPlay *
find_play (GHashTable *known, GPtrArray *plays, const HistoryTitle *title,
    gboolean artists)
{
  g_autofree char *key = make_key (title, artists);
  DayPlay *play = g_hash_table_lookup (known, key);

  if (play)
    return play;
  play = g_new0 (DayPlay, 1);
  play->artist = title->artist;
  play->title = artists ? NULL : title->title;
  g_ptr_array_add (plays, play);
  g_hash_table_insert (known, g_steal_pointer (&key), play);
  return play;
}

GPtrArray *
day_records_count_plays (const DayRecords *records, gboolean artists)
{
  g_autoptr (GHashTable)
      known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *plays = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < records->titles->len; i++) {
    const HistoryTitle *title = records->titles->pdata[i];
    DaySpan day = { .start = records->day->start, .end = records->day->end };
    DayPlay *play;

    if (artists ? !title->artist : !title->title)
      continue;
    play = find_play (known, plays, title, artists);
    play->n += !is_continued (records, i);
    play->seconds += get_overlap (&day, title->start, title->end);
  }
  g_ptr_array_sort (plays, compare_plays);
  return plays;
}
