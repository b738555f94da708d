/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "batchoptions.h"

#include "arguments.h"
#include "plan.h"

#define TO(member) ((gpointer) G_STRUCT_OFFSET (BatchOptions, member))
#define MAX_ENTRIES 9
#define ALL ((1 << (BATCH_CANCEL + 1)) - 1)
/* the value of a whole number that was not given */
#define NOT_GIVEN G_MININT

/* Each entry once; the last member of OF() is which actions take it. */
static const struct
{
  GOptionEntry entry;
  guint actions; /* bits of BatchAction */
} entries[] = {
  { { "parts", 0, 0, G_OPTION_ARG_INT, TO (parts), "How many parts to make",
        "N" },
      1 << BATCH_PLAN | 1 << BATCH_SLURM },
  { { "out", 0, 0, G_OPTION_ARG_FILENAME, TO (out),
        "Folder of the plan and of all results, on a disk that all machines see",
        "DIR" },
      ALL },
  { { "null", '0', 0, G_OPTION_ARG_NONE, TO (null),
        "Names in lists end in NUL, not newlines", NULL },
      1 << BATCH_PLAN | 1 << BATCH_SLURM },
  { { "resume", 0, 0, G_OPTION_ARG_NONE, TO (resume),
        "Submit the parts that are missing", NULL },
      1 << BATCH_SLURM },
  { { "sbatch", 0, 0, G_OPTION_ARG_STRING_ARRAY, TO (sbatch),
        "A further argument of sbatch, such as --time=4:00:00", "ARGUMENT" },
      1 << BATCH_SLURM },
  { { "at-once", 0, 0, G_OPTION_ARG_INT, TO (at_once),
        "How many parts may run at a time", "N" },
      1 << BATCH_SLURM },
  { { "dry-run", 'n', 0, G_OPTION_ARG_NONE, TO (dry_run),
        "Plan, and print the script, but submit nothing", NULL },
      1 << BATCH_SLURM },
  { { "part", 0, 0, G_OPTION_ARG_STRING, TO (part),
        "Which part, from 0 (auto: the one that the environment names)",
        "I|auto" },
      1 << BATCH_RUN },
  { { "json", 0, 0, G_OPTION_ARG_NONE, TO (json), "One JSON object", NULL },
      1 << BATCH_STATUS },
  { { "no-cache", 0, 0, G_OPTION_ARG_NONE, TO (no_cache),
        "Leave the caches of the parts as they are", NULL },
      1 << BATCH_MERGE },
};

static const struct
{
  const char *name, *arguments, *summary;
} actions[] = {
  [BATCH_PLAN] = { "plan", "--parts N --out DIR LIST|FOLDER... [-- OPTIONS]",
      "Divides files into parts that take equally long, for any scheduler." },
  [BATCH_SLURM] = { "slurm",
      "--parts N --out DIR LIST|FOLDER... [-- OPTIONS] | --resume --out DIR",
      "Divides files into parts, and submits these to Slurm as an array." },
  [BATCH_RUN] = { "run", "DIR", "Does one part; this is what a job runs." },
  [BATCH_STATUS] = { "status", "DIR", "Tells how the parts stand." },
  [BATCH_MERGE] = { "merge", "DIR",
      "Makes one result, one cache and one report of all parts." },
  [BATCH_CANCEL] = { "cancel", "DIR",
      "Takes the jobs of the parts out of Slurm's queue." },
};

static gboolean
find_action (const char *name, BatchAction *action)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++) {
    if (g_str_equal (actions[i].name, name)) {
      *action = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* The entries of an action, with pointers into @options. */
static void
fill_entries (GOptionEntry *filled, BatchOptions *options)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++) {
    if (!(entries[i].actions & 1U << options->action))
      continue;
    filled[n] = entries[i].entry;
    filled[n++].arg_data = (guint8 *) options +
        GPOINTER_TO_SIZE (entries[i].entry.arg_data);
    g_assert (n < MAX_ENTRIES);
  }
}

/* Where the options of the parts begin, or @argc. */
static int
find_end (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (g_str_equal (argv[i], "--"))
      return i;
  return argc;
}

static gboolean
check_new (BatchOptions *options, GError **error)
{
  const char *command = actions[options->action].name;

  if (!options->names[0])
    return arguments_set_error (error,
        "batch %s needs a list of names or a folder, before \"--\".", command);
  if (options->parts == NOT_GIVEN)
    return arguments_set_error (
        error, "batch %s needs --parts, how many there are to be.", command);
  if (options->parts < 1 || options->parts > PLAN_MAX_PARTS)
    return arguments_set_error (
        error, "--parts is to be 1 to %d.", PLAN_MAX_PARTS);
  options->n_parts = options->parts;
  return TRUE;
}

static gboolean
check_resume (const BatchOptions *options, GError **error)
{
  if (options->names[0] || options->part_options[0] ||
      options->parts != NOT_GIVEN || options->null)
    return arguments_set_error (error,
        "--resume goes on with the plan as it was made: names, --parts and "
        "options of the parts are in it.");
  return TRUE;
}

/* The options of an action that makes a plan, or goes on with one. */
static gboolean
check_making (BatchOptions *options, GError **error)
{
  if (!options->out)
    return arguments_set_error (error,
        "batch %s needs --out, the folder of the plan.",
        actions[options->action].name);
  options->folder = g_strdup (options->out);
  if (options->at_once != NOT_GIVEN && options->at_once < 1)
    return arguments_set_error (error, "--at-once is to be at least 1.");
  options->n_at_once = MAX (options->at_once, 0);
  for (char **argument = options->sbatch; argument && *argument; argument++)
    if (g_str_has_prefix (*argument, "--array") ||
        g_str_has_prefix (*argument, "-a") ||
        g_str_has_prefix (*argument, "--job-name") ||
        g_str_has_prefix (*argument, "-J"))
      return arguments_set_error (error,
          "--sbatch %s: the array and the name of the job are the plan's; "
          "--at-once N limits how many run.",
          *argument);
  return options->resume ? check_resume (options, error)
                         : check_new (options, error);
}

static gboolean
check (BatchOptions *options, GError **error)
{
  const char *name = actions[options->action].name;

  if (options->action == BATCH_PLAN || options->action == BATCH_SLURM)
    return check_making (options, error);
  if (options->out && !options->names[0] && !options->part_options[0]) {
    options->folder = g_strdup (options->out);
    return TRUE;
  }
  if (options->out || g_strv_length (options->names) != 1 ||
      options->part_options[0])
    return arguments_set_error (error,
        "batch %s takes one name, the folder of a plan; see genreclassify "
        "batch %s --help.",
        name, name);
  options->folder = g_strdup (options->names[0]);
  return TRUE;
}

static gboolean
parse_action (BatchOptions *options, int argc, char **argv, GError **error)
{
  GOptionEntry filled[MAX_ENTRIES] = { 0 };
  const GOptionEntry *const tables[] = { filled, NULL };
  g_autoptr (GOptionContext)
      context = g_option_context_new (actions[options->action].arguments);
  g_autofree char *program = g_strdup_printf (
      "genreclassify batch %s", actions[options->action].name);
  const gboolean makes_plan = options->action == BATCH_PLAN ||
      options->action == BATCH_SLURM;
  int end = find_end (argc, argv);

  g_set_prgname (program);
  g_option_context_set_summary (context, actions[options->action].summary);
  if (makes_plan)
    g_option_context_set_description (context,
        "OPTIONS are those of genreclassify for each file, such as --tags; see "
        "genreclassify --help-all.");
  fill_entries (filled, options);
  g_option_context_add_main_entries (context, filled, NULL);
  options->part_options = g_strdupv (argv + MIN (end + 1, argc));
  options->names = arguments_parse (context, tables, end, argv, error);
  if (!options->names && makes_plan)
    g_prefix_error (error, "Options of the parts come last, after \"--\".  ");
  return options->names && check (options, error);
}

static void
print_help (void)
{
  g_print ("Usage:\n  genreclassify batch ACTION ...\n\n"
           "Many files as parts that several machines do.\n\nActions:\n");
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    g_print ("  %-8s %s\n", actions[i].name, actions[i].summary);
  g_print ("\ngenreclassify batch ACTION --help tells more of each.\n");
}

gboolean
batch_options_parse (
    BatchOptions *options, int argc, char **argv, GError **error)
{
  *options = (BatchOptions){ .parts = NOT_GIVEN, .at_once = NOT_GIVEN };
  if (argc > 1 &&
      (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") ||
          g_str_equal (argv[1], "--help-all"))) {
    print_help ();
    exit (0);
  }
  if (argc > 1 && find_action (argv[1], &options->action))
    return parse_action (options, argc - 1, argv + 1, error);
  return arguments_set_error (error,
      "%s%s; expected is one of plan, slurm, run, status, merge and cancel.",
      argc > 1 ? "There is no action of batch called " : "No action is named",
      argc > 1 ? argv[1] : "");
}

void
batch_options_clear (BatchOptions *options)
{
  g_free (options->folder);
  g_strfreev (options->names);
  g_strfreev (options->part_options);
  g_strfreev (options->sbatch);
  g_free (options->part);
  g_free (options->out);
}
