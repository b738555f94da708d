/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whose turn it is.  The schedule decides which jobs run, and knows neither
 * processes nor files: it is told what begins and ends, and says what to do.
 *
 * Fairness in time: a free worker goes to the client that has the fewest workers,
 * and among those to the one that has had the least time of workers lately.  A job
 * that has run for SCHEDULE_SLICE is paused if it thereby makes room for a client
 * that is worse off: so no client keeps the last worker for longer than that while
 * another one waits, and none loses it while nobody else does.  Each paused job holds
 * memory.  When one more than there are workers would have to be paused, the job that
 * has worked longest is ended instead, if it is long; if none is, SCHEDULE_PAUSED times
 * as many may be paused, and the next one waits.
 *
 * Times are monotonic, in µs. */

#pragma once

#include <glib.h>

/* µs that a job runs at least before it is paused for another one */
#define SCHEDULE_SLICE G_TIME_SPAN_SECOND
/* µs of a processor after which a job is long; a song takes a few seconds */
#define SCHEDULE_LONG (10 * G_TIME_SPAN_SECOND)
/* paused jobs for each worker */
#define SCHEDULE_PAUSED 3

typedef struct _Schedule Schedule;
typedef struct _Turn Turn; /* a job's place in it */

typedef enum
{
  SCHEDULE_WAIT,    /* nothing is to be done now */
  SCHEDULE_START,   /* the job gets a worker */
  SCHEDULE_RESUME,  /* it goes on */
  SCHEDULE_PAUSE,   /* it stands still until then */
  SCHEDULE_OVERTAKE /* it ends: others wait, and it has worked longest */
} ScheduleKind;

typedef struct
{
  ScheduleKind kind;
  gpointer job; /* except with SCHEDULE_WAIT */
  gint64 due;   /* with SCHEDULE_WAIT: when to ask again even if nothing else
                      happens, or -1 */
} ScheduleStep;

/* @workers: jobs that run at once. */
Schedule *schedule_new (guint workers);
/* Also forgets all turns. */
void schedule_free (Schedule *schedule);

/* A job of @client, an address, waits from now on.  Returns: (transfer none): its
 * turn, until it is removed. */
Turn *schedule_add (Schedule *schedule, const char *client, gpointer job);
/* The job has ended, or is given up. */
void schedule_remove (Schedule *schedule, Turn *turn, gint64 now);

/* What to do next.  @share: how much of a processor each job that runs has had since
 * the last call, 0 to 1; on a busy machine time passes without work.  The schedule takes it for done, except that an overtaken job
 * must be removed by the caller.  To be called until there is nothing more to do,
 * and again when a turn was added or removed, and when it is due. */
ScheduleStep schedule_next (Schedule *schedule, gint64 now, double share);

guint schedule_get_waiting (Schedule *schedule);
/* Waiting jobs of @client. */
guint schedule_get_waiting_of (Schedule *schedule, const char *client);
guint schedule_get_running (Schedule *schedule);
