/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "schedule.h"

#include <math.h>
#include <string.h>

/* µs after which half of the time that a client has had is forgotten */
#define HALF_LIFE (60.0 * G_TIME_SPAN_SECOND)
/* µs between two looks whether another client is worse off by now */
#define PERIOD (100 * G_TIME_SPAN_MILLISECOND)
/* µs that are forgotten altogether */
#define NOTHING (10.0 * G_TIME_SPAN_MILLISECOND)

typedef enum
{
  TURN_WAITING,
  TURN_RUNNING,
  TURN_PAUSED,

  N_TURN_STATES
} TurnState;

/* A client that has jobs, or had some lately. */
typedef struct
{
  guint n[N_TURN_STATES]; /* its jobs */
  double used;            /* µs of workers, at... */
  gint64 settled;         /* ...this time */
} Account;

struct _Turn
{
  const char *client; /* key of the accounts */
  Account *account;
  gpointer job;
  TurnState state;
  gint64 began;   /* when it has begun to run, this time */
  gint64 settled; /* when... */
  double work;    /* ...it had had so many µs of a processor */
};

struct _Schedule
{
  guint workers;
  GQueue turns;         /* Turn, of all states, in the order of their coming */
  GHashTable *accounts; /* client -> Account */
  guint n[N_TURN_STATES];
};

Schedule *
schedule_new (guint workers)
{
  Schedule *schedule = g_new0 (Schedule, 1);

  schedule->workers = workers;
  schedule->accounts = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  return schedule;
}

void
schedule_free (Schedule *schedule)
{
  if (!schedule)
    return;
  g_queue_clear_full (&schedule->turns, g_free);
  g_hash_table_unref (schedule->accounts);
  g_free (schedule);
}

/* Accounts */

/* Brings what was used up to @now. */
static void
settle (Account *account, gint64 now)
{
  gint64 passed = MAX (now - account->settled, 0);

  account->used = account->used * exp2 (-passed / HALF_LIFE) +
      (double) passed * account->n[TURN_RUNNING];
  account->settled = now;
}

static gboolean
is_forgotten (gpointer client G_GNUC_UNUSED, gpointer value, gpointer user_data)
{
  Account *account = value;

  settle (account, *(gint64 *) user_data);
  return account->used < NOTHING && account->n[TURN_WAITING] == 0 &&
      account->n[TURN_RUNNING] == 0 && account->n[TURN_PAUSED] == 0;
}

static void
set_state (Schedule *schedule, Turn *turn, TurnState state, gint64 now)
{
  settle (turn->account, now);
  turn->began = turn->settled = now;
  schedule->n[turn->state]--;
  turn->account->n[turn->state]--;
  turn->state = state;
  schedule->n[state]++;
  turn->account->n[state]++;
}

Turn *
schedule_add (Schedule *schedule, const char *client, gpointer job)
{
  Turn *turn = g_new0 (Turn, 1);
  gpointer key, account;

  if (!g_hash_table_lookup_extended (
          schedule->accounts, client, &key, &account)) {
    key = g_strdup (client);
    account = g_new0 (Account, 1);
    g_hash_table_insert (schedule->accounts, key, account);
  }
  turn->client = key;
  turn->account = account;
  turn->job = job;
  turn->state = TURN_WAITING;
  schedule->n[TURN_WAITING]++;
  turn->account->n[TURN_WAITING]++;
  g_queue_push_tail (&schedule->turns, turn);
  return turn;
}

void
schedule_remove (Schedule *schedule, Turn *turn, gint64 now)
{
  settle (turn->account, now);
  schedule->n[turn->state]--;
  turn->account->n[turn->state]--;
  g_queue_remove (&schedule->turns, turn);
  g_free (turn);
  g_hash_table_foreach_remove (schedule->accounts, is_forgotten, &now);
}

/* Decisions */

/* Whether a free worker should rather go to @a than to @b: to the client that is
 * worse off, and of one client to the job that has begun. */
static gboolean
comes_before (const Turn *a, const Turn *b)
{
  guint a_running = a->account->n[TURN_RUNNING],
        b_running = b->account->n[TURN_RUNNING];

  if (a->account == b->account)
    return a->state == TURN_PAUSED && b->state == TURN_WAITING;
  if (a_running != b_running)
    return a_running < b_running;
  return a->account->used < b->account->used;
}

/* The job that should run next, or NULL. */
static Turn *
find_next (Schedule *schedule)
{
  Turn *best = NULL;

  for (GList *i = schedule->turns.head; i; i = i->next) {
    Turn *turn = i->data;

    if (turn->state != TURN_RUNNING && (!best || comes_before (turn, best)))
      best = turn;
  }
  return best;
}

/* Whether it is fairer that @next runs than @running: afterwards its client has no
 * more workers than the other one, and had less time if it has as many as that had
 * before. */
static gboolean
may_displace (const Turn *next, const Turn *running)
{
  guint n_next = next->account->n[TURN_RUNNING],
        n_running = running->account->n[TURN_RUNNING];

  return n_next + 2 <= n_running ||
      (n_next + 1 == n_running && next->account->used < running->account->used);
}

/* The job that is to make room for @next, or NULL; that of the client that is best
 * off, and of that client the one that runs longest without a pause.  @due: when
 * there may be one, or -1. */
static Turn *
find_displaced (Schedule *schedule, const Turn *next, gint64 now, gint64 *due)
{
  Turn *best = NULL;

  *due = -1;
  for (GList *i = schedule->turns.head; i; i = i->next) {
    Turn *turn = i->data;
    gint64 end = MAX (turn->began + SCHEDULE_SLICE, now + PERIOD);

    if (turn->state != TURN_RUNNING || turn->account == next->account)
      continue;
    /* what does not displace it now may do so when it has run for longer */
    if (now - turn->began < SCHEDULE_SLICE || !may_displace (next, turn))
      *due = *due < 0 ? end : MIN (*due, end);
    else if (!best || comes_before (best, turn) ||
        (best->account == turn->account && turn->began < best->began))
      best = turn;
  }
  return best;
}

/* Of the jobs that are paused, and of @displaced, the one that has worked longest; but
 * none of the client of @next. */
static Turn *
find_longest (Schedule *schedule, const Turn *next, Turn *displaced)
{
  Turn *best = displaced;

  for (GList *i = schedule->turns.head; i; i = i->next) {
    Turn *turn = i->data;

    if (turn->state == TURN_PAUSED && turn->account != next->account &&
        turn->work > best->work)
      best = turn;
  }
  return best;
}

static void
settle_all (Schedule *schedule, gint64 now, double share)
{
  GHashTableIter iter;
  gpointer account;

  for (GList *i = schedule->turns.head; i; i = i->next) {
    Turn *turn = i->data;

    if (turn->state == TURN_RUNNING)
      turn->work += (double) (now - turn->settled) * share;
    turn->settled = now;
  }
  g_hash_table_iter_init (&iter, schedule->accounts);
  while (g_hash_table_iter_next (&iter, NULL, &account))
    settle (account, now);
}

static ScheduleStep
run (Schedule *schedule, Turn *next, gint64 now)
{
  ScheduleKind kind = next->state == TURN_PAUSED ? SCHEDULE_RESUME
                                                 : SCHEDULE_START;

  set_state (schedule, next, TURN_RUNNING, now);
  return (ScheduleStep){ kind, next->job, -1 };
}

/* Makes room for @next by pausing @displaced, or, if too many are paused, by ending
 * one that is long. */
static ScheduleStep
displace (Schedule *schedule, const Turn *next, Turn *displaced, gint64 now)
{
  guint n_paused = schedule->n[TURN_PAUSED];

  if (next->state == TURN_WAITING && n_paused >= schedule->workers) {
    Turn *longest = find_longest (schedule, next, displaced);

    if (longest->work >= SCHEDULE_LONG)
      return (ScheduleStep){ SCHEDULE_OVERTAKE, longest->job, -1 };
    if (n_paused >= SCHEDULE_PAUSED * schedule->workers)
      return (ScheduleStep){ SCHEDULE_WAIT, NULL, now + PERIOD };
  }
  set_state (schedule, displaced, TURN_PAUSED, now);
  return (ScheduleStep){ SCHEDULE_PAUSE, displaced->job, -1 };
}

ScheduleStep
schedule_next (Schedule *schedule, gint64 now, double share)
{
  Turn *next, *displaced;
  gint64 due = -1;

  settle_all (schedule, now, share);
  next = find_next (schedule);
  if (!next)
    return (ScheduleStep){ SCHEDULE_WAIT, NULL, -1 };
  if (schedule->n[TURN_RUNNING] < schedule->workers)
    return run (schedule, next, now);
  displaced = find_displaced (schedule, next, now, &due);
  if (!displaced)
    return (ScheduleStep){ SCHEDULE_WAIT, NULL, due };
  return displace (schedule, next, displaced, now);
}

guint
schedule_get_waiting (Schedule *schedule)
{
  return schedule->n[TURN_WAITING];
}

guint
schedule_get_waiting_of (Schedule *schedule, const char *client)
{
  const Account *account = g_hash_table_lookup (schedule->accounts, client);

  return account ? account->n[TURN_WAITING] : 0;
}

guint
schedule_get_running (Schedule *schedule)
{
  return schedule->n[TURN_RUNNING];
}
