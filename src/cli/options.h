/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The options of the command that classifies files, and what they ask for. */

#pragma once

#include "report.h"
#include "workerpool.h"

/* Limits and defaults.  They are plain numbers, so that the help can show them
 * without GStreamer; tests/cli/test_documentation.py checks that they are those
 * of the element. */
#define OPTIONS_MIN_WINDOW 3 /* s */
#define OPTIONS_MAX_WINDOW 300
#define OPTIONS_DEFAULT_WINDOW 30
/* what is shorter is not classified, so a shorter middle would be no use */
#define OPTIONS_MIN_DURATION 5 /* s */
#define OPTIONS_DEFAULT_MIN_CONFIDENCE 0.7
/* s without a sign of life, after which a file is given up */
#define OPTIONS_DEFAULT_TIMEOUT 300
#define OPTIONS_MAX_JOBS 1024

typedef enum
{
  COMMAND_CLASSIFY,
  COMMAND_EXPORT_CACHE,
  COMMAND_UNDO,
  COMMAND_PRINT_VERSION
} CommandAction;

typedef struct
{
  CommandAction action;
  char *model;  /* name or path; NULL: the default */
  char *cache;  /* the cache's file, or NULL */
  char *export; /* the format of COMMAND_EXPORT_CACHE */
  char *undo;   /* the log of COMMAND_UNDO */
  ReportOptions report;
  ListingOptions listing;
  PoolOptions pool;

  /* The options as they were given; what is above points into these. */
  char **names;
  char *files_from, *shard, *plot, *errors, *log;
  double window, hop, max_duration, timeout; /* s; 0: not given */
  int jobs, top;
  gboolean overwrite, append, version;
} CommandOptions;

/**
 * options_parse:
 * @options: filled; to be freed with options_clear() in any case
 * @argc: (inout): the arguments of main(), as for g_option_context_parse()
 * @argv: (inout): the same
 * @error: return location: which option is wrong and what it takes
 *
 * Reads and checks the options.  With --write and no --log it makes the folder
 * in which the undo log of this run will be.  --help ends the process.
 *
 * Returns: %FALSE with @error set
 */
gboolean options_parse (
    CommandOptions *options, int *argc, char ***argv, GError **error);
void options_clear (CommandOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandOptions, options_clear)
