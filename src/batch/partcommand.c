/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "partcommand.h"

#include "arguments.h"
#include "cli/classification.h"
#include "partfiles.h"

static gboolean
parse (CommandOptions *command, const char *list, const char *cache,
    const char *const *options, GError **error)
{
  /* the last of several --jobs counts; a task of a cluster has one processor unless
   * it asks for more */
  const char *const own[] = { "genreclassify", "--json", "--null", "--jobs",
    "1", "--files-from", list, "--cache", cache, NULL };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;

  g_strv_builder_addv (builder, (const char **) own);
  g_strv_builder_addv (builder, (const char **) options);
  argv = g_strv_builder_end (builder);
  if (!options_parse (command, g_strv_length (argv), argv, error)) {
    g_prefix_error (error, "The options of the parts: ");
    return FALSE;
  }
  command->listing.one_each = TRUE;
  /* the plan has taken the names, and files may be gone since */
  command->listing.trusted = TRUE;
  command->cache_is_own = TRUE;
  return TRUE;
}

/* What of the options is not for a part, or NULL. */
static const char *
find_unfit (const CommandOptions *command)
{
  if (command->action != COMMAND_CLASSIFY)
    return "they are to analyse files, and do nothing else";
  if (command->listing.names[0])
    return "files are named before \"--\", and options after it";
  if (command->report.strict || command->report.top || command->report.quiet ||
      command->report.verbose)
    return "--strict, --top, --quiet and --verbose are about what is printed, and "
           "parts write results";
  if (command->listing.shard.count)
    return "--shard is what the plan is for";
  if (command->pool.worker.plot)
    return "--plot draws one file";
  if (command->pool.unordered)
    return "--unordered would keep the results from being compared with the list";
  if (command->report.errors_path)
    return "--errors is one file, and \"batch merge\" writes such a one";
  if (command->pool.worker.tags.undo_log && !command->report.log_is_own)
    return "--log is one file, and each part has one in logs/";
  return NULL;
}

/* "--cache", "--cache=x" */
static gboolean
is_own (const char *option)
{
  g_auto (GStrv) words = g_strsplit (option, "=", 2);

  return g_str_equal (words[0], "--cache") ||
      g_str_equal (words[0], "--files-from");
}

gboolean
part_command_check (
    const char *const *options, PartNeeds *needs, GError **error)
{
  g_auto (CommandOptions) command = { 0 };
  const char *unfit;

  /* which would print the help, and end this process */
  for (const char *const *option = options; *option; option++)
    if (g_str_has_prefix (*option, "--help") || g_str_equal (*option, "-h") ||
        is_own (*option))
      return arguments_set_error (error,
          "The options of the parts: %s is not for these, as each part has a cache "
          "and a list of its own.",
          *option);
  if (!parse (&command, "list", "cache", options, error))
    return FALSE;
  unfit = find_unfit (&command);
  if (unfit)
    return arguments_set_error (error, "The options of the parts: %s.", unfit);
  *needs = (PartNeeds){ .by_album = command.listing.by_album,
    .max_duration = command.pool.worker.analysis.max_duration,
    .jobs = command.pool.jobs,
    .key = classification_make_key (&command, error) };
  return needs->key != NULL;
}

void
part_needs_clear (PartNeeds *needs)
{
  g_free (needs->key);
}

gboolean
part_command_parse (CommandOptions *command, const Plan *plan, guint part,
    const char *cache, GError **error)
{
  g_autofree char *list = plan_make_path (plan, "lists", part, "");
  TagOptions *tags = &command->pool.worker.tags;

  if (!parse (command, list, cache, (const char *const *) plan->options, error))
    return FALSE;
  if (command->report.log_is_own) {
    g_free ((char *) tags->undo_log);
    tags->undo_log = plan_make_path (plan, "logs", part, PART_UNDO_LOG);
    command->report.log_is_own = FALSE;
  }
  return TRUE;
}
