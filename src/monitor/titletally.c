/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "titletally.h"

#include <string.h>

/* of a tag, and of music: from here on it is there */
#define THRESHOLD 0.5
#define NS 1e9

TitleTally *
title_tally_new (const TallyModel *model)
{
  TitleTally *tally = g_new0 (TitleTally, 1);

  tally->genres = g_new0 (double, model->genres.n);
  tally->tags = g_new0 (double, model->tags.n);
  return tally;
}

void
title_tally_free (TitleTally *tally)
{
  if (!tally)
    return;
  g_free (tally->title);
  g_free (tally->artist);
  g_free (tally->stream_title);
  g_free (tally->genres);
  g_free (tally->tags);
  g_free (tally);
}

/* The title */

static char *
dup_stripped (const char *text, gsize length)
{
  return g_strstrip (g_strndup (text, length));
}

/* Whether there is a letter or a digit in @text: " - " names nothing. */
static gboolean
names_something (const char *text)
{
  for (const char *p = text; *p; p = g_utf8_next_char (p))
    if (g_unichar_isalnum (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

void
title_tally_set_title (TitleTally *tally, const char *title, const char *artist)
{
  const char *separator = *artist ? NULL : strstr (title, " - ");

  g_clear_pointer (&tally->stream_title, g_free);
  g_clear_pointer (&tally->artist, g_free);
  g_clear_pointer (&tally->title, g_free);
  if (!names_something (title))
    return;
  if (separator && separator > title && separator[3]) {
    tally->artist = dup_stripped (title, separator - title);
    tally->title = dup_stripped (separator + 3, strlen (separator + 3));
    tally->stream_title = g_strdup (title);
    return;
  }
  tally->title = dup_stripped (title, strlen (title));
  if (*artist)
    tally->artist = dup_stripped (artist, strlen (artist));
}

gboolean
title_tally_is_titled (
    const TitleTally *tally, const char *title, const char *artist)
{
  TitleTally other = { 0 };
  gboolean same;

  title_tally_set_title (&other, title, artist);
  same = g_strcmp0 (tally->title, other.title) == 0 &&
      g_strcmp0 (tally->artist, other.artist) == 0;
  g_free (other.title);
  g_free (other.artist);
  g_free (other.stream_title);
  return same;
}

/* Segments */

Heard
title_tally_hear (const TallyModel *model, const StationEvent *event)
{
  const float *tags = event->values + event->n_probabilities;

  if (event->is_silent)
    return HEARD_SILENCE;
  if (event->music >= THRESHOLD)
    return HEARD_MUSIC;
  if (model->speech >= 0 && (guint) model->speech < event->n_tags &&
      tags[model->speech] >= THRESHOLD)
    return HEARD_SPEECH;
  return HEARD_OTHER;
}

static void
add_weighted (double *sums, guint n, const float *values, double weight)
{
  for (guint i = 0; i < n; i++)
    sums[i] += weight * values[i];
}

void
title_tally_add (
    TitleTally *tally, const TallyModel *model, const StationEvent *event)
{
  const double seconds = event->duration / NS;

  switch (title_tally_hear (model, event)) {
    case HEARD_SILENCE:
      return;
    case HEARD_MUSIC:
      tally->music += seconds;
      if (event->n_probabilities == model->genres.n)
        add_weighted (tally->genres, model->genres.n, event->values, seconds);
      break;
    case HEARD_SPEECH:
      tally->speech += seconds;
      break;
    case HEARD_OTHER:
      tally->other += seconds;
      break;
  }
  if (event->n_tags == model->tags.n)
    add_weighted (tally->tags, model->tags.n,
        event->values + event->n_probabilities, seconds);
}

void
title_tally_merge (
    TitleTally *tally, const TallyModel *model, const TitleTally *other)
{
  tally->seconds += other->seconds;
  tally->silence += other->silence;
  tally->music += other->music;
  tally->speech += other->speech;
  tally->other += other->other;
  for (guint i = 0; i < model->genres.n; i++)
    tally->genres[i] += other->genres[i];
  for (guint i = 0; i < model->tags.n; i++)
    tally->tags[i] += other->tags[i];
}

/* What comes of them */

void
title_tally_get_shares (
    const TitleTally *tally, double *music, double *speech, double *silence)
{
  const double classified = tally->music + tally->speech + tally->other;
  double loud;

  *silence = tally->seconds > 0 ? MIN (tally->silence / tally->seconds, 1) : 0;
  loud = classified > 0 ? (1 - *silence) / classified : 0;
  *music = tally->music * loud;
  *speech = tally->speech * loud;
}

int
title_tally_get_genre (
    const TitleTally *tally, const TallyModel *model, double *confidence)
{
  int best = 0;

  *confidence = 0;
  if (tally->music <= 0)
    return -1;
  for (guint i = 1; i < model->genres.n; i++)
    if (tally->genres[i] > tally->genres[best])
      best = i;
  *confidence = tally->genres[best] / tally->music;
  return best;
}

static RecordValues
average (const RecordValues *labels, const double *sums, double weight,
    float *values)
{
  for (guint i = 0; i < labels->n; i++)
    values[i] = sums[i] / weight;
  return (RecordValues){ labels->n, labels->labels, values };
}

void
title_tally_fill (const TitleTally *tally, const TallyModel *model,
    Record *record, float *values)
{
  const double classified = tally->music + tally->speech + tally->other;
  int genre = title_tally_get_genre (tally, model, &record->confidence);

  record->title = tally->title;
  record->artist = tally->artist;
  record->stream_title = tally->stream_title;
  record->continues = tally->continues;
  record->seconds = tally->seconds;
  title_tally_get_shares (
      tally, &record->music, &record->speech, &record->silence);
  if (classified > 0) {
    record->model = model->name;
    record->tags = average (
        &model->tags, tally->tags, classified, values + model->genres.n);
  }
  if (genre >= 0) {
    record->genre = model->genres.labels[genre];
    record->probabilities = average (
        &model->genres, tally->genres, tally->music, values);
  }
}
