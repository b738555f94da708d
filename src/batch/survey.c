/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "survey.h"

#include "partfiles.h"
#include "partlock.h"
#include "slurm.h"

static const char *const names[N_PART_STANDINGS] = {
  [PART_NOT_BEGUN] = "not begun",
  [PART_WAITING] = "waiting",
  [PART_RUNNING] = "running",
  [PART_FAILED] = "failed",
  [PART_WHOLE] = "whole",
};

const char *
part_standing_get_name (PartStanding standing)
{
  return names[standing];
}

/* That a process has it locked counts most, as the queue may know only of others. */
static PartStanding
get_standing (
    const Plan *plan, guint part, SlurmState queued, gboolean was_begun)
{
  if (part_is_whole (plan, part))
    return PART_WHOLE;
  if (queued == SLURM_RUNNING || (was_begun && part_is_locked (plan, part)))
    return PART_RUNNING;
  if (queued == SLURM_WAITING)
    return PART_WAITING;
  return was_begun ? PART_FAILED : PART_NOT_BEGUN;
}

/* A part that had come to its end, and whose results were removed since, is to be done
 * again. */
static gboolean
is_over (const PartState *state, const PlanPart *part)
{
  return !state->error && part_state_sum (state) >= part->n_files;
}

Survey *
survey_new (const Plan *plan)
{
  Survey *survey = g_new0 (Survey, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *script = g_build_filename (plan->folder, PLAN_SCRIPT, NULL);
  g_autofree SlurmState *queue = NULL;

  /* other schedulers are not asked */
  survey->has_script = g_file_test (script, G_FILE_TEST_EXISTS);
  if (survey->has_script)
    queue = slurm_query (plan, &error);
  survey->no_queue = error ? g_strdup (error->message) : NULL;
  survey->standings = g_new (PartStanding, plan->n_parts);
  survey->states = g_new (PartState, plan->n_parts);
  for (guint i = 0; i < plan->n_parts; i++) {
    PartState *state = &survey->states[i];
    gboolean was_begun = part_state_load (state, plan, i) &&
        !is_over (state, &plan->parts[i]);
    PartStanding standing = get_standing (
        plan, i, queue ? queue[i] : SLURM_ABSENT, was_begun);

    survey->standings[i] = standing;
    survey->n[standing]++;
    survey->n_failed += state->n[OUTCOME_FAILED];
    survey->n_done += standing == PART_WHOLE ? plan->parts[i].n_files
        : standing == PART_NOT_BEGUN         ? 0
        : standing == PART_FAILED /* they will be tried again */
        ? part_state_sum (state) - state->n[OUTCOME_FAILED]
        : part_state_sum (state);
    if (standing == PART_RUNNING)
      survey->rate += state->rate;
  }
  survey->left = survey->rate > 0 && survey->n_done <= plan->whole.n_files
      ? (plan->whole.n_files - survey->n_done) / survey->rate
      : -1;
  return survey;
}

void
survey_free (Survey *survey, const Plan *plan)
{
  for (guint i = 0; i < plan->n_parts; i++)
    part_state_clear (&survey->states[i]);
  g_free (survey->states);
  g_free (survey->standings);
  g_free (survey->no_queue);
  g_free (survey);
}

static gboolean
is_one_of (PartStanding standing, guint n, const PartStanding *these)
{
  for (guint i = 0; i < n; i++)
    if (standing == these[i])
      return TRUE;
  return FALSE;
}

char *
survey_name_parts (
    const Survey *survey, const Plan *plan, guint n, const PartStanding *these)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < plan->n_parts; i++) {
    guint first = i;

    if (!is_one_of (survey->standings[i], n, these))
      continue;
    while (
        i + 1 < plan->n_parts && is_one_of (survey->standings[i + 1], n, these))
      i++;
    g_string_append_printf (text, "%s%u", text->len > 0 ? "," : "", first);
    if (i > first)
      g_string_append_printf (text, "-%u", i);
  }
  return g_string_free (text, FALSE);
}
