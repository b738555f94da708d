/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The arguments of "genreclassify batch". */

#pragma once

#include <glib.h>

typedef enum
{
  BATCH_PLAN,
  BATCH_SLURM,
  BATCH_RUN,
  BATCH_STATUS,
  BATCH_MERGE,
  BATCH_CANCEL
} BatchAction;

typedef struct
{
  BatchAction action;
  char *folder;        /* of the plan */
  char **names;        /* what is planned: lists and folders */
  char **part_options; /* of the command that the parts run, without its name */
  char **sbatch;       /* further arguments of sbatch, or NULL */
  gboolean null, dry_run, resume, json, no_cache;
  guint n_parts, n_at_once;
  char *part; /* as it was given, or NULL */

  /* as they were given */
  char *out;
  int parts, at_once;
} BatchOptions;

/* Reads and checks them; @options is to be freed with batch_options_clear() in any
 * case.  --help ends the process.  FALSE with @error set. */
gboolean batch_options_parse (
    BatchOptions *options, int argc, char **argv, GError **error);
void batch_options_clear (BatchOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BatchOptions, batch_options_clear)
