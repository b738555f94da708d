/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finds the albums among tracks, and gives each one answer for all of its tracks.
 *
 * Tracks come in the order of a listing.  Those of one folder, or of the folders of
 * one album's discs, are a group; within it, those with the same ALBUM and
 * ALBUMARTIST are an album, and so are those without ALBUM.  A group is complete
 * when the listing has left its folder and the results of all its tracks are
 * known; only the groups that are not are held.  A list is taken to have left a
 * folder when it has named none of its files for a while. */

#pragma once

#include "analysis/result.h"

typedef struct _Grouping Grouping;
typedef struct _Group Group;

typedef struct
{
  /* the result of a track, which lives until done() of it */
  Result *(*get_result) (gpointer track);
  /* the track's group is complete, and its result's "group" set; it is called
   * once for each track, in the order in which they were added */
  void (*done) (gpointer track, gpointer user_data);
} GroupingFuncs;

Grouping *grouping_new (const GroupingFuncs *funcs, gpointer user_data);
/* Frees it, even if there are groups that are not complete. */
void grouping_free (Grouping *grouping);

/**
 * grouping_add:
 * @name: of the file: a path or a URI
 * @walked: it was found in a folder that is being searched, whose files come
 *     before the folders in it, and its discs before the others
 * @track: the caller's own
 *
 * May complete groups that the listing has left, if @name is elsewhere.
 *
 * Returns: (transfer none): the track's group, which is freed once done() was called
 *     for the last of its tracks
 */
Group *grouping_add (
    Grouping *grouping, const char *name, gboolean walked, gpointer track);

/* The result of one more track of @group is known; may complete the group. */
void grouping_note_result (Grouping *grouping, Group *group);

/* There will be no more tracks. */
void grouping_end (Grouping *grouping);

/* Whether more tracks of @group may come. */
gboolean grouping_is_open (const Group *group);

/* Whether a list has come back to a folder too late, so that tracks of one album
 * were taken for several. */
gboolean grouping_was_torn (const Grouping *grouping);

/* The part that is no bookkeeping: sets "group" of the @n results of tracks in the
 * folder @folder of an album.  Results with an error have no group, and none is the
 * answer of an album of many artists. */
void grouping_answer (const char *folder, Result *const *results, guint n);

/* Tracks of others after which a list has left a group's folder. */
#define GROUPING_PATIENCE 1000
