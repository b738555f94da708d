/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whose turn it is, on a clock of the test's own. */

#include "web/schedule.h"

#define SECOND G_TIME_SPAN_SECOND

static double share = 1; /* of a processor */

static void
check_step (Schedule *schedule, gint64 now, ScheduleKind kind, const char *job)
{
  ScheduleStep step = schedule_next (schedule, now, share);

  g_assert_cmpint (step.kind, ==, kind);
  g_assert_cmpstr (step.job, ==, job);
}

static Turn *
add (Schedule *schedule, const char *client, const char *job)
{
  return schedule_add (schedule, client, (gpointer) job);
}

static void
test_alone (void)
{
  Schedule *schedule = schedule_new (2);
  Turn *first = add (schedule, "a", "1");

  add (schedule, "a", "2");
  add (schedule, "a", "3");
  check_step (schedule, 0, SCHEDULE_START, "1");
  check_step (schedule, 0, SCHEDULE_START, "2");
  check_step (schedule, 0, SCHEDULE_WAIT, NULL);
  /* nobody else: nothing ever changes */
  check_step (schedule, 100 * SECOND, SCHEDULE_WAIT, NULL);
  g_assert_cmpint (schedule_next (schedule, 100 * SECOND, share).due, ==, -1);
  schedule_remove (schedule, first, 101 * SECOND);
  check_step (schedule, 101 * SECOND, SCHEDULE_START, "3");
  g_assert_cmpuint (schedule_get_running (schedule), ==, 2);
  g_assert_cmpuint (schedule_get_waiting (schedule), ==, 0);
  schedule_free (schedule);
}

static void
test_displaced (void)
{
  Schedule *schedule = schedule_new (2);
  Turn *other;
  ScheduleStep step;

  add (schedule, "a", "1");
  add (schedule, "a", "2");
  add (schedule, "a", "3");
  check_step (schedule, 0, SCHEDULE_START, "1");
  check_step (schedule, 0, SCHEDULE_START, "2");
  other = add (schedule, "b", "4");
  add (schedule, "b", "5");
  step = schedule_next (schedule, SECOND / 2, share);
  g_assert_cmpint (step.kind, ==, SCHEDULE_WAIT);
  g_assert_cmpint (step.due, ==, SECOND);
  check_step (schedule, SECOND, SCHEDULE_PAUSE, "1");
  check_step (schedule, SECOND, SCHEDULE_START, "4");
  /* one for each, whatever they had before */
  check_step (schedule, SECOND, SCHEDULE_WAIT, NULL);
  check_step (schedule, 5 * SECOND, SCHEDULE_WAIT, NULL);
  schedule_remove (schedule, other, 6 * SECOND);
  check_step (schedule, 6 * SECOND, SCHEDULE_START, "5");
  schedule_free (schedule);
}

/* With one worker they take turns, and a newcomer comes first. */
static void
test_one_worker (void)
{
  Schedule *schedule = schedule_new (1);
  Turn *turn;

  add (schedule, "a", "1");
  check_step (schedule, 0, SCHEDULE_START, "1");
  turn = add (schedule, "b", "2");
  check_step (schedule, 10 * SECOND, SCHEDULE_PAUSE, "1");
  check_step (schedule, 10 * SECOND, SCHEDULE_START, "2");
  /* "b" has had less time */
  check_step (schedule, 12 * SECOND, SCHEDULE_WAIT, NULL);
  g_assert_cmpint (
      schedule_next (schedule, 12 * SECOND, share).due, >, 12 * SECOND);
  /* now it has had more */
  check_step (schedule, 30 * SECOND, SCHEDULE_PAUSE, "2");
  check_step (schedule, 30 * SECOND, SCHEDULE_RESUME, "1");
  schedule_remove (schedule, turn, 31 * SECOND);
  check_step (schedule, 31 * SECOND, SCHEDULE_WAIT, NULL);
  schedule_free (schedule);
}

/* When too many would stand still, a long one ends, and no short one. */
static void
test_overtaken (void)
{
  Schedule *schedule = schedule_new (1);
  Turn *turn = add (schedule, "a", "1");

  check_step (schedule, 0, SCHEDULE_START, "1");
  add (schedule, "b", "2");
  check_step (schedule, 10 * SECOND, SCHEDULE_PAUSE, "1");
  check_step (schedule, 10 * SECOND, SCHEDULE_START, "2");
  add (schedule, "c", "3");
  check_step (schedule, 12 * SECOND, SCHEDULE_OVERTAKE, "1");
  schedule_remove (schedule, turn, 12 * SECOND);
  check_step (schedule, 12 * SECOND, SCHEDULE_PAUSE, "2");
  check_step (schedule, 12 * SECOND, SCHEDULE_START, "3");
  schedule_free (schedule);
}

/* On a busy machine time is no work. */
static void
test_short (void)
{
  Schedule *schedule = schedule_new (1);
  static const char *const names[] = { "1", "2", "3", "4", "5" };
  Turn *turns[5];
  gint64 now = 0;

  share = 0.1;
  for (guint i = 0; i < 4; i++) {
    turns[i] = add (schedule, names[i], names[i]);
    if (i > 0)
      check_step (schedule, now, SCHEDULE_PAUSE, names[i - 1]);
    check_step (schedule, now, SCHEDULE_START, names[i]);
    now += 99 * SECOND;
  }
  turns[4] = add (schedule, "5", "5");
  check_step (schedule, now, SCHEDULE_WAIT, NULL);
  g_assert_cmpint (schedule_next (schedule, now, share).due, >, now);
  /* one becomes long */
  check_step (schedule, now + 2 * SECOND, SCHEDULE_OVERTAKE, "4");
  schedule_remove (schedule, turns[3], now + 2 * SECOND);
  check_step (schedule, now + 2 * SECOND, SCHEDULE_START, "5");
  schedule_remove (schedule, turns[4], now + 3 * SECOND);
  check_step (schedule, now + 3 * SECOND, SCHEDULE_RESUME, "1");
  schedule_free (schedule);
  share = 1;
}

/* What a client has had is forgotten. */
static void
test_forgotten (void)
{
  Schedule *schedule = schedule_new (1);
  Turn *turn = add (schedule, "a", "1");

  check_step (schedule, 0, SCHEDULE_START, "1");
  schedule_remove (schedule, turn, 100 * SECOND);
  turn = add (schedule, "b", "2");
  check_step (schedule, 700 * SECOND, SCHEDULE_START, "2");
  schedule_remove (schedule, turn, 720 * SECOND);
  add (schedule, "b", "3");
  add (schedule, "a", "4");
  check_step (schedule, 720 * SECOND, SCHEDULE_START, "4");
  schedule_free (schedule);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/alone", test_alone);
  g_test_add_func ("/schedule/displaced", test_displaced);
  g_test_add_func ("/schedule/one-worker", test_one_worker);
  g_test_add_func ("/schedule/overtaken", test_overtaken);
  g_test_add_func ("/schedule/short", test_short);
  g_test_add_func ("/schedule/forgotten", test_forgotten);
  return g_test_run ();
}
