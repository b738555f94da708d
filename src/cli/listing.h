/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The files to analyse: those named, those in folders, and those in lists.  A
 * thread of its own looks for them, a bounded number ahead. */

#pragma once

#include <glib.h>
#include <sys/stat.h>

#include "analysis/reason.h"
#include "shard.h"

typedef struct
{
  char **names;           /* files, folders, URIs; "-": a list from stdin */
  const char *files_from; /* a file that is a list, "-" for stdin, or NULL */
  gboolean null;          /* lists are known to be separated by NUL */
  Shard shard;            /* only what falls in this part */
  gboolean one_each;      /* each name in a list is one item, even a folder's */
  gboolean by_album;      /* the tracks of an album together */
  gboolean trusted;    /* lists, which end in NUL, were made by this program */
  gboolean spare_root; /* the file system is searched only if it was named */
} ListingOptions;

typedef struct
{
  char *name;        /* path or URI */
  char *error;       /* a sentence: why it cannot be played, or NULL */
  Reason reason;     /* the same as a code */
  gboolean found;    /* in a folder or a list, not named by the user */
  gboolean walked;   /* in a folder that was asked for */
  gboolean may_skip; /* and nobody has said that it is audio */
} ListingItem;

void listing_item_free (ListingItem *item);

typedef enum
{
  LISTING_ITEM,
  LISTING_LATER, /* there may be more; @wake will be called */
  LISTING_END
} ListingStatus;

typedef struct _Listing Listing;

/**
 * listing_new:
 * @options: what is in it must live as long as the listing
 * @wake: called in the default main context once there is more after
 *     %LISTING_LATER
 * @error: return location: a list that cannot be read
 *
 * Folders are walked to the bottom in the order of the names' bytes, through
 * symbolic links as well, each once.  Of what they contain only regular files can
 * be played: FIFOs, sockets, devices and dangling links are items with an error,
 * and so are empty files, folders that cannot be read, and files that belong to
 * another one that has the music.
 *
 * For what a list may look like see list_reader_new().  A name in it is an item as
 * soon as its end was read, although the list may go on later.  What is found in a
 * folder is the same item if a list names it; a name of nothing may not be skipped,
 * whatever its ending.  With @one_each a folder in a list is an item with an error,
 * and so is an empty line: who writes a line can wait for the answer to it.  With
 * @spare_root so is the root of the file system, if a list or a link leads to it.
 *
 * An item is in the shard that the MD5 of its name falls in, so that it stays
 * there whatever other files come and go.  The name of what is found in a folder
 * is for that its path below the folder that was asked for: shards agree even if
 * the folder is mounted elsewhere.
 *
 * With @by_album the files in a folder come before the folders in it, and those of
 * the album's discs before the others; and of an album all or nothing is in the
 * shard.
 *
 * Returns: (transfer full) (nullable): the listing, or %NULL
 */
Listing *listing_new (const ListingOptions *options, GSourceFunc wake,
    gpointer user_data, GError **error);

/* Frees it, even if there are items that were not taken. */
void listing_free (Listing *listing);

/* Gives the next @item if there is one. */
ListingStatus listing_take (Listing *listing, ListingItem **item);

/* After LISTING_END: FALSE with @error set if that is no end, as what was to be a list
 * is none.  What a list gave before that shows was given. */
gboolean listing_check (Listing *listing, GError **error);

/* How many items there are in all, -1 while that is not known. */
gint64 listing_get_total (Listing *listing);

/* Whether @folder is the root of the file system. */
gboolean listing_is_root (const struct stat *folder);
