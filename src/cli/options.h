/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The options of the command that classifies files, and what they ask for. */

#pragma once

#include "report.h"
#include "workerpool.h"

/* Limits and defaults.  Times are plain numbers of seconds, of which the help can
 * be made; the compiler checks that they are those of libgenre. */
#define OPTIONS_MIN_WINDOW 3 /* s */
#define OPTIONS_MAX_WINDOW 300
#define OPTIONS_DEFAULT_WINDOW 30
/* what is shorter is not classified, so a shorter middle would be no use */
#define OPTIONS_MIN_DURATION 5 /* s */
/* s without a sign of life, after which a file is given up */
#define OPTIONS_DEFAULT_TIMEOUT 300
#define OPTIONS_MAX_JOBS 1024
#define OPTIONS_DEFAULT_RETRIES 1
#define OPTIONS_MAX_RETRIES 100
/* the value of a whole number that was not given; no user asks for it */
#define OPTIONS_NOT_GIVEN G_MININT

/* What may come in the place of the first file. */
#define OPTIONS_COMMANDS \
  "batch", "eval", "learn", "models", "monitor", "serve", "train", "help"

typedef enum
{
  COMMAND_CLASSIFY,
  COMMAND_EXPORT_CACHE,
  COMMAND_PRUNE_CACHE,
  COMMAND_UNDO,
  COMMAND_PRINT_VERSION
} CommandAction;

typedef struct
{
  CommandAction action;
  char *model;           /* name or path; NULL: the default */
  char *cache;           /* the cache's file, or NULL */
  char *cache_root;      /* of the names in it, or NULL */
  gboolean cache_is_own; /* no other process uses it */
  char *export;          /* the format of COMMAND_EXPORT_CACHE */
  char *undo;            /* the log of COMMAND_UNDO */
  /* what the parts of the command take; their strings belong to this */
  ReportOptions report;
  ListingOptions listing;
  PoolOptions pool;

  /* as they were given, for those that the parts take in another form */
  char *shard, *shard_index, *shard_count;
  double window, hop, max_duration, timeout; /* s; 0: not given */
  char *genre_map_path, *group;
  int write_top, max_failures, retries;
  gboolean overwrite, append, cache_prune, version;
} CommandOptions;

/**
 * options_parse:
 * @options: filled; to be freed with options_clear() in any case
 * @argc: of main()
 * @argv: of main()
 * @error: return location: which option is wrong and what it takes
 *
  * Reads and checks the options.  With --write and no --log it makes up a name for the
 * undo log of this run.  --help ends the process.
 *
 * Returns: %FALSE with @error set
 */
gboolean
options_parse (CommandOptions *options, int argc, char **argv, GError **error);
void options_clear (CommandOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandOptions, options_clear)

/* Checks the value of --jobs; %OPTIONS_NOT_GIVEN becomes the number of processors. */
gboolean options_check_jobs (int *jobs, GError **error);
