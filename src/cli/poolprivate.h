/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the pool and its dealings with the cache share. */

#pragma once

#include "analysis/wire.h"
#include "grouping.h"
#include "listing.h"
#include "outcome.h"
#include "pooloptions.h"
#include "worker.h"

/* A file on its way from the listing to the PoolFunc. */
typedef struct
{
  ListingItem *item;
  Outcome outcome;        /* result is NULL as long as there is none */
  gboolean awaits_change; /* the result is there, and the change will follow */
  Group *group;   /* NULL if none is asked for, and once it is complete */
  GList *link;    /* in the pool's window */
  guint n_tries;  /* so many times a worker was to find the result */
  gboolean alone; /* it is to be tried again while no other is */
  gboolean done;
  FileStamp stamp; /* of the file before it was read */
  gboolean has_stamp;
  gboolean looks; /* its web server is to be asked for the stamp first */
} FileTask;

/* Takes the stamp of a file that is here, or sees whether one is to be asked for. */
void pool_cache_find_stamp (const PoolOptions *options, FileTask *task);

/* Takes the stamp that a worker tells, or that there is none.  FALSE if @message says
 * neither, or was not asked for. */
gboolean pool_cache_take_stamp (FileTask *task, const WireMessage *message);

/* The functions below do nothing without a cache.  Those that keep something return
 * FALSE, with @error set, if the cache cannot be written. */

/* Takes the file's result from the cache; FALSE if it is not there. */
gboolean pool_cache_look_up (const PoolOptions *options, FileTask *task);

/* Keeps results, and of failures only what another content alone changes: others
 * may be gone the next time.  How this run came by the file's name is not kept. */
gboolean
pool_cache_store (const PoolOptions *options, FileTask *task, GError **error);

/* Keeps what was done about the tags, so that the next run need not open the file;
 * and once tags were written the result again, as the file's size and time are
 * others then. */
gboolean pool_cache_store_change (
    const PoolOptions *options, FileTask *task, GError **error);

/* Takes from the cache that there is nothing to do about the tags; FALSE if that is
 * not known. */
gboolean pool_cache_recall_change (const PoolOptions *options, FileTask *task);
