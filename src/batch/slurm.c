/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "slurm.h"

#include <string.h>
#include <sys/stat.h>

#include <gio/gio.h>

/* Calls */

/* The programs take defaults from the environment, for those who type them: other
 * formats, other states and other jobs. */
static void
unset_defaults (GSubprocessLauncher *launcher, const char *program)
{
  g_autofree char *upper = g_ascii_strup (program, -1);
  g_autofree char *prefix = g_strconcat (upper, "_", NULL);
  g_auto (GStrv) names = g_listenv ();

  /* those of sbatch are the user's to set: an account, a partition */
  for (char **name = names; *name; name++)
    if (!g_str_equal (program, "sbatch") && g_str_has_prefix (*name, prefix))
      g_subprocess_launcher_unsetenv (launcher, *name);
}

/* What the program prints; free with g_free().  NULL with @error set. */
static char *
call (const char *const *argv, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *output = NULL, *errors = NULL;

  unset_defaults (launcher, argv[0]);
  process = g_subprocess_launcher_spawnv (launcher, argv, error);
  if (!process) {
    g_prefix_error (
        error, "%s of Slurm cannot be started on this machine: ", argv[0]);
    return NULL;
  }
  if (!g_subprocess_communicate_utf8 (
          process, NULL, NULL, &output, &errors, error)) {
    g_prefix_error (error, "%s: ", argv[0]);
    return NULL;
  }
  if (g_subprocess_get_if_exited (process) &&
      g_subprocess_get_exit_status (process) == 0)
    return g_steal_pointer (&output);
  g_strstrip (errors);
  /* the first line says it, and others what came of that */
  errors[strcspn (errors, "\n")] = '\0';
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s has failed: %s",
      argv[0], *errors ? errors : "it does not say why.");
  return NULL;
}

/* The same wherever the plan's folder is, and by whatever path. */
static char *
make_name (const Plan *plan)
{
  return g_strdup_printf (
      "genreclassify-%.12s", plan->id ? plan->id : plan->digest);
}

/* The script */

/* A value of a line "#SBATCH --option=VALUE", in which sbatch replaces what begins with
 * "%". */
static char *
quote_value (const char *folder, const char *rest)
{
  GString *quoted = g_string_new ("\"");

  for (const char *p = folder; *p; p++) {
    if (strchr ("\"\\", *p))
      g_string_append_c (quoted, '\\');
    if (*p == '%')
      g_string_append_c (quoted, '%');
    g_string_append_c (quoted, *p);
  }
  g_string_append_printf (quoted, "%s\"", rest);
  return g_string_free (quoted, FALSE);
}

/* A line of the script: without quotes an argument ends at its first blank. */
static void
append_argument (GString *script, const char *argument)
{
  if (!argument[strcspn (argument, " \t\"\\'#")]) {
    g_string_append_printf (script, "#SBATCH %s\n", argument);
    return;
  }
  g_string_append (script, "#SBATCH \"");
  for (const char *p = argument; *p; p++) {
    if (strchr ("\"\\", *p))
      g_string_append_c (script, '\\');
    g_string_append_c (script, *p);
  }
  g_string_append (script, "\"\n");
}

static char *
get_program (void)
{
  char *path = g_file_read_link ("/proc/self/exe", NULL);

  return path ? path : g_strdup ("genreclassify");
}

char *
slurm_make_script (
    const Plan *plan, const char *const *arguments, guint processors)
{
  g_autofree char *name = make_name (plan);
  g_autofree char *output = quote_value (plan->folder, "/logs/%A_%a.out");
  g_autofree char *program = get_program ();
  g_autofree char *quoted_program = g_shell_quote (program);
  g_autofree char *quoted_folder = g_shell_quote (plan->folder);
  GString *script = g_string_new ("#!/bin/sh\n");

  g_string_append_printf (script,
      "# Part SLURM_ARRAY_TASK_ID of the plan in the folder below, which knows how\n"
      "# many there are.  By the job's name its state is found.\n"
      "#SBATCH --job-name=%s\n"
      "#SBATCH --array=0-%u\n"
      "#SBATCH --ntasks=1\n"
      "#SBATCH --cpus-per-task=%u\n"
      "#SBATCH --requeue\n"
      "#SBATCH --open-mode=append\n"
      "#SBATCH --output=%s\n",
      name, plan->n_parts - 1, processors, output);
  for (guint i = 0; arguments && arguments[i]; i++)
    append_argument (script, arguments[i]);
  g_string_append_printf (
      script, "exec %s batch run %s\n", quoted_program, quoted_folder);
  return g_string_free (script, FALSE);
}

/* Runs sbatch with @begin, @arguments, which may be NULL, and @end. */
static char *
call_sbatch (const char *const *begin, const char *const *arguments,
    const char *const *end, GError **error)
{
  const char *const none[] = { NULL };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  char *output;

  g_strv_builder_addv (builder, (const char **) begin);
  g_strv_builder_addv (builder, (const char **) (arguments ? arguments : none));
  g_strv_builder_addv (builder, (const char **) end);
  argv = g_strv_builder_end (builder);
  output = call ((const char *const *) argv, error);
  if (!output && error && strstr ((*error)->message, "array"))
    g_prefix_error (error,
        "An array may have fewer tasks here (MaxArraySize of "
        "Slurm, often 1001): fewer --parts would do.  ");
  return output;
}

gboolean
slurm_check (guint n_parts, const char *const *arguments, GError **error)
{
  g_autofree char *array = g_strdup_printf ("--array=0-%u", n_parts - 1);
  const char *const begin[] = { "sbatch", "--test-only", NULL };
  const char *const end[] = { array, "--wrap=true", NULL };
  g_autofree char *output = call_sbatch (begin, arguments, end, error);

  return output != NULL;
}

char *
slurm_submit (const Plan *plan, const char *path, const char *parts,
    guint at_once, const char *const *arguments, GError **error)
{
  g_autofree char *limit = at_once ? g_strdup_printf ("%%%u", at_once) : NULL;
  g_autofree char *array = g_strconcat ("--array=", parts, limit, NULL);
  g_autofree char *folder = g_strconcat ("--chdir=", plan->directory, NULL);
  g_autofree char *name = make_name (plan);
  g_autofree char *by_name = g_strconcat ("--job-name=", name, NULL);
  const char *const begin[] = { "sbatch", "--parsable", folder, NULL };
  const char *const end[] = { array, by_name, path, NULL };
  char *output = call_sbatch (begin, arguments, end, error);

  /* "JOB;CLUSTER" where there are several clusters */
  if (output)
    output[strcspn (output, ";\n")] = '\0';
  return output;
}

/* The queue */

/* "7|RUNNING".  FALSE for what is not of one part of the plan. */
static gboolean
take_line (const char *line, guint n_parts, guint *part, const char **state)
{
  guint64 number;
  char *end;

  number = g_ascii_strtoull (line, &end, 10);
  if (end == line || *end != '|' || number >= n_parts)
    return FALSE;
  *part = number;
  *state = end + 1;
  return TRUE;
}

/* Some are shown for a while after that. */
static gboolean
has_ended (const char *state)
{
  static const char *const ends[] = { "BOOT_FAIL", "CANCELLED", "COMPLETED",
    "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",
    "TIMEOUT", NULL };

  return g_strv_contains (ends, state);
}

SlurmState *
slurm_query (const Plan *plan, GError **error)
{
  g_autofree char *name = make_name (plan);
  g_autofree char *by_name = g_strconcat ("--name=", name, NULL);
  const char *const argv[] = { "squeue", "--noheader", "--array", by_name,
    "--format=%K|%T", NULL };
  g_autofree char *output = call (argv, error);
  g_auto (GStrv) lines = output ? g_strsplit (output, "\n", -1) : NULL;
  SlurmState *states;

  if (!lines)
    return NULL;
  states = g_new0 (SlurmState, plan->n_parts);
  for (char **line = lines; *line; line++) {
    const char *state;
    guint part;

    if (!take_line (*line, plan->n_parts, &part, &state))
      continue;
    if (g_str_equal (state, "RUNNING") || g_str_equal (state, "COMPLETING"))
      states[part] = SLURM_RUNNING;
    else if (states[part] == SLURM_ABSENT && !has_ended (state))
      states[part] = SLURM_WAITING;
  }
  return states;
}

/* "--starttime=2026-11-29": a day before the plan was made, as clocks differ.  Many
 * sites do not let one ask for years. */
static char *
make_start (const Plan *plan)
{
  g_autofree char *path = g_build_filename (plan->folder, PLAN_FILE, NULL);
  g_autoptr (GDateTime) day = NULL;
  struct stat info;

  if (stat (path, &info) < 0)
    return g_strdup ("--starttime=now-7days");
  day = g_date_time_new_from_unix_local (info.st_mtime - 24 * 60 * 60);
  return g_date_time_format (day, "--starttime=%Y-%m-%d");
}

GPtrArray *
slurm_query_ends (const Plan *plan, GError **error)
{
  g_autofree char *start = make_start (plan);
  g_autofree char *name = make_name (plan);
  g_autofree char *by_name = g_strconcat ("--name=", name, NULL);
  const char *const argv[] = { "sacct", "--noheader", "--allocations",
    "--parsable2", start, by_name, "--format=JobID,State", NULL };
  g_autofree char *output = call (argv, error);
  g_auto (GStrv) lines = output ? g_strsplit (output, "\n", -1) : NULL;
  GPtrArray *ends;

  if (!lines)
    return NULL;
  ends = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_set_size (ends, plan->n_parts);
  for (char **line = lines; *line; line++) {
    /* "123_7|OUT_OF_MEMORY", "123_7|CANCELLED by 1000"; later jobs come later */
    const char *index = strchr (*line, '_');
    const char *state;
    guint part;

    if (!index || !take_line (index + 1, plan->n_parts, &part, &state))
      continue;
    g_free (ends->pdata[part]);
    ends->pdata[part] = g_strndup (state, strcspn (state, " "));
  }
  return ends;
}

gboolean
slurm_cancel (const Plan *plan, GError **error)
{
  g_autofree char *name = make_name (plan);
  g_autofree char *by_name = g_strconcat ("--name=", name, NULL);
  const char *const argv[] = { "scancel", by_name, NULL };
  g_autofree char *output = call (argv, error);

  return output != NULL;
}
