/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "shard.h"

#include <string.h>

#include "arguments.h"

static const char *const variables[] = { "SLURM_ARRAY_TASK_ID",
  "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX" };

/* Digits only, which the functions of the C library do not insist on. */
static gboolean
parse_number (const char *text, guint64 min, guint64 max, guint *number)
{
  guint64 value;

  if (!*text || strspn (text, "0123456789") < strlen (text) ||
      !g_ascii_string_to_unsigned (text, 10, min, max, &value, NULL))
    return FALSE;
  *number = value;
  return TRUE;
}

gboolean
shard_find_index (guint *index, guint count, GError **error)
{
  const char *name = NULL;
  const char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (variables); i++) {
    const char *value = g_getenv (variables[i]);

    /* one that is empty says nothing */
    if (value && !*value)
      value = NULL;
    if (value && text && !g_str_equal (value, text))
      return arguments_set_error (error,
          "The environment names two parts: %s is %s, and %s is %s.", name,
          text, variables[i], value);
    if (value) {
      name = variables[i];
      text = value;
    }
  }
  if (!text)
    return arguments_set_error (error,
        "The environment does not say which part this is: expected is one of "
        "SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX and "
        "JOB_COMPLETION_INDEX.");
  if (parse_number (text, 0, count - 1, index))
    return TRUE;
  return arguments_set_error (error,
      "%s is \"%s\", but the parts are 0 to %u: is the array another one than "
      "0-%u?",
      name, text, count - 1, count - 1);
}

/* "K/N" */
static gboolean
parse_fraction (Shard *shard, const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, "/", 3);

  if (g_strv_length (words) == 2 &&
      parse_number (words[1], 1, G_MAXUINT, &shard->count) &&
      parse_number (words[0], 1, shard->count, &shard->index)) {
    shard->index--;
    return TRUE;
  }
  return arguments_set_error (error,
      "--shard is to be K/N, two numbers with K from 1 to N, such as 3/16; or "
      "auto, with --shard-count N.");
}

gboolean
shard_parse (Shard *shard, const char *text, const char *index,
    const char *count, GError **error)
{
  const gboolean is_auto = text && g_str_equal (text, "auto");

  *shard = (Shard){ 0 };
  if (text && !is_auto) {
    if (index || count)
      return arguments_set_error (error,
          "--shard %s says it all; --shard-index and --shard-count say the "
          "same in another way.",
          text);
    return parse_fraction (shard, text, error);
  }
  if (!is_auto && !index && !count)
    return TRUE;
  if (is_auto && index)
    return arguments_set_error (error,
        "--shard auto takes the part from the environment, and --shard-index "
        "names one.");
  if (!count)
    return arguments_set_error (error,
        "How many parts there are is missing: --shard-count.  It is not taken "
        "from the environment, which does not know it when one part is done "
        "again; \"genreclassify batch\" keeps it with the list.");
  if (!parse_number (count, 1, G_MAXUINT, &shard->count))
    return arguments_set_error (
        error, "--shard-count is to be a number from 1.");
  if (is_auto)
    return shard_find_index (&shard->index, shard->count, error);
  if (!index)
    return arguments_set_error (
        error, "Which part it is is missing: --shard-index, or --shard auto.");
  if (parse_number (index, 0, shard->count - 1, &shard->index))
    return TRUE;
  return arguments_set_error (
      error, "--shard-index is to be 0 to %u.", shard->count - 1);
}
