/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the files that read lists of stations share. */

#pragma once

#include "stationentry.h"

#include <gio/gio.h>

/* No list of stations is longer; a stream whose name looks like a list's is. */
#define LIST_LIMIT (8 * 1024 * 1024)

/* Warnings of one list; more of them tell nothing new. */
#define MAX_WARNINGS 20

/* A list that is being read. */
typedef struct
{
  GPtrArray *entries;  /* StationEntry */
  GPtrArray *warnings; /* or NULL */
  const char *base;    /* or NULL */
  gboolean is_remote;  /* it comes from somewhere else */
  gboolean has_header; /* it says what it is, so it may have relative entries */
  guint n_skipped;
  char *first_skipped; /* why */
} StationListReader;

/* How a format writes where a station is. */
typedef enum
{
  REFERENCE_PATH, /* a URI, or else the path of a file */
  REFERENCE_URI   /* a URI, or else one relative to the list's */
} ReferenceKind;

/* Adds an entry, or says why not in a warning.  @name may be NULL. */
void stationlist_reader_add (StationListReader *reader, ReferenceKind kind,
    const char *reference, const char *name, guint line);

/* Checks the URI of a station, which is all there is of it.  NULL with @error set. */
StationEntry *station_entry_new_for_uri (const char *uri, GError **error);

/* (transfer full): text for people: valid, on one line, at most @length characters,
 * and without a user's name and password in it. */
char *station_clean_text (const char *text, gsize length);

/* (transfer full): the URI without user and password. */
char *station_hide_user (const char *uri);

/* (transfer full) (nullable): the scheme in lower case, or NULL if @text does not begin
 * with one.  A drive's letter is none. */
char *station_get_scheme (const char *text);

/* (transfer full): in UTF-8 what is in that, or else in Latin-1 as Windows has it. */
char *stationlist_decode (const char *bytes, gsize length);

/* Reads XSPF or OPML.  FALSE with @error set if it is not that, or malformed. */
gboolean stationlist_read_xml (StationListReader *reader, const char *text,
    gsize size, const char *encoding, GError **error);

/**
 * stationlist_fetch:
 * @uri: http or https
 * @limit: the most bytes that the list may have
 * @seconds: the longest that it may take
 * @final_uri: (out): where redirections have led
 *
 * Returns: (transfer full): the list, or %NULL with @error set
 */
GBytes *stationlist_fetch (const char *uri, gsize limit, guint seconds,
    char **final_uri, GError **error);
