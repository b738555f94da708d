/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command that each part of a batch runs: the options that the user gave, and
 * those that make a part of it. */

#pragma once

#include "cli/options.h"
#include "plan.h"

/* What the plan has to know of it. */
typedef struct
{
  gboolean by_album;    /* an album is to be in one part */
  guint64 max_duration; /* ns of a file that are analysed; 0: all */
  int jobs;             /* processes at a time */
  char *key;            /* what results depend on, as the plan keeps it */
} PartNeeds;

void part_needs_clear (PartNeeds *needs);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PartNeeds, part_needs_clear)

/* Whether @options, NULL-terminated, can be those of a part; @needs is filled.  FALSE
 * with @error set: an option that is wrong, or that the parts decide on, or a model that
 * cannot be used. */
gboolean part_command_check (
    const char *const *options, PartNeeds *needs, GError **error);

/* The options of the command for @part with the cache at @cache; to be freed with
 * options_clear() in any case.  The working directory is to be the plan's, as options
 * may name files. */
gboolean part_command_parse (CommandOptions *command, const Plan *plan,
    guint part, const char *cache, GError **error);
