/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What has been heard under a title so far. */

#pragma once

#include "monitor/record/record.h"
#include "monitor/listening/stationevent.h"

/* What the model that all stations are classified by can say. */
typedef struct
{
  const char *name; /* "crnn 5" */
  RecordValues genres, tags; /* the labels; no values */
  int speech;       /* index of the tag "speech", or -1 */
} TallyModel;

typedef enum
{
  HEARD_SILENCE,
  HEARD_MUSIC,
  HEARD_SPEECH,
  HEARD_OTHER
} Heard;

typedef struct
{
  char *title, *artist, *stream_title; /* or NULL */
  gboolean continues;                  /* see Record */
  double seconds, silence;             /* of audio, and of it in silence */
  double music, speech, other;         /* of the segments that were classified */
  /* sums over the segments, weighted by their lengths: of the genres over those that are
   * music, of the tags over all that are not silent */
  double *genres, *tags;
} TitleTally;

TitleTally *title_tally_new (const TallyModel *model);
/* @tally may be NULL. */
void title_tally_free (TitleTally *tally);

/* Names the title, as an EVENT_TITLE has it.  Stations mostly send "artist - title". */
void
title_tally_set_title (TitleTally *tally, const char *title, const char *artist);
/* Whether the event names the same title. */
gboolean title_tally_is_titled (
    const TitleTally *tally, const char *title, const char *artist);

/* What was heard in the segment of an EVENT_SEGMENT of @model. */
Heard title_tally_hear (const TallyModel *model, const StationEvent *event);
/* Adds that segment. */
void title_tally_add (
    TitleTally *tally, const TallyModel *model, const StationEvent *event);
/* Adds what @other has heard: that was no title of its own. */
void title_tally_merge (
    TitleTally *tally, const TallyModel *model, const TitleTally *other);

/* The shares of music, speech and silence so far, 0 to 1. */
void title_tally_get_shares (
    const TitleTally *tally, double *music, double *speech, double *silence);
/* The index of the genre so far, and its probability; -1 if there was no music. */
int title_tally_get_genre (
    const TitleTally *tally, const TallyModel *model, double *confidence);
/* Fills what @record says of the title; it points into @tally, @model, and @values, of as
 * many as there are genres and tags. */
void title_tally_fill (const TitleTally *tally, const TallyModel *model,
    Record *record, float *values);
