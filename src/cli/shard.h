/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which part of a list of files this job does, of several that run side by side. */

#pragma once

#include <glib.h>

typedef struct
{
  guint index,
      count; /* the part, from 0, and how many there are; 0: all in one */
} Shard;

/**
 * shard_parse:
 * @shard: filled
 * @text: (nullable): "K/N", the K-th of N from 1, or "auto": that of the index that
 *     the environment names
 * @index: (nullable): a whole number from 0, as --shard-index takes it
 * @count: (nullable): a whole number, as --shard-count takes it
 * @error: return location: what does not go together, or which values there are
 *
 * How many parts there are is never taken from the environment: if a scheduler does
 * one part of an array once more, it says that the array has one.
 */
gboolean shard_parse (Shard *shard, const char *text, const char *index,
    const char *count, GError **error);

/* The index that a scheduler gives to a task of an array, in SLURM_ARRAY_TASK_ID,
 * AWS_BATCH_JOB_ARRAY_INDEX or, of Kubernetes, JOB_COMPLETION_INDEX.  FALSE with
 * @error set if there is none, it is none of @count parts, or there are two. */
gboolean shard_find_index (guint *index, guint count, GError **error);
