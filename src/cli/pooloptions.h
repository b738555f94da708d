/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a pool of workers goes about its files. */

#pragma once

#include "cache.h"
#include "workerchild.h"
#include "workeroptions.h"

typedef struct
{
  int jobs;      /* processes, at most */
  guint timeout; /* s without a sign of life, after which a file is given up */
  guint retries; /* how often a file is tried again; see pool_run() */
  gboolean unordered; /* results come as they are ready; not with albums */
  WorkerOptions worker;
  WorkerChild *first; /* or NULL: the first process, if there is one in it */
  Cache *cache;       /* or NULL */
  const char *cache_key;
  /* a result of the cache without them is not enough */
  gboolean needs_embedding, needs_tags;
} PoolOptions;
