/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A job is one file and what a worker process is to do with it.  The jobs that
 * wait are in a queue of bounded length; so many workers run at once, each for
 * a bounded time.  A worker may have several jobs of one client, one after the other
 * (workers.h).
 *
 * Fairness: whose turn it is, schedule.h tells.  The worker of a job that has to
 * make room for another client's is stopped, and goes on later; only if too many
 * would be stopped and one is long, or one is for as long as the timeout, a job ends
 * for that, as REASON_OVERTAKEN. */

#pragma once

#include "analysis/result.h"
#include "forkclient.h"

typedef struct _Jobs Jobs;
typedef struct _Job Job;

typedef struct
{
  guint workers;        /* at once */
  guint queue;          /* jobs that may wait */
  double timeout;       /* s, for one worker, while it is not stopped */
  guint64 max_duration; /* ns of audio that is analysed; 0: all of it */
} JobsLimits;

/* How a job has ended. */
typedef struct
{
  Reason reason;     /* why there is neither result nor data; or REASON_NONE */
  const char *error; /* the same as a sentence, or NULL */
  const Result *result; /* of FORK_PREDICT and FORK_EMBED, or NULL */
  GBytes *data;   /* of the other tasks, as in the worker's message; or NULL */
  double seconds; /* that the worker took */
  gboolean
      was_refused; /* the system gave no process, thread or descriptor for it;
                           @reason is REASON_INTERNAL */
} JobOutcome;

/* A segment was classified: @result has only that one.  @user_data is that of
 * jobs_add(). */
typedef void (*JobSegmentFunc) (const Result *result, gpointer user_data);
/* The job has ended, and is freed after the call; so is what @outcome points
 * to. */
typedef void (*JobDoneFunc) (const JobOutcome *outcome, gpointer user_data);

/* @client starts the workers; it must live longer.  Its callbacks belong to the jobs
 * from now on. */
Jobs *jobs_new (const JobsLimits *limits, ForkClient *client);
/* Forgets all jobs without calling their functions.  Their workers run on until
 * the fork client is freed. */
void jobs_free (Jobs *jobs);

/* Whether the queue takes no more of @client: it is full, or three quarters of
 * it are this client's already. */
gboolean jobs_are_full (Jobs *jobs, const char *client);
guint jobs_get_waiting (Jobs *jobs);
guint jobs_get_running (Jobs *jobs);
/* In how many seconds, a whole number, it may be worth asking again. */
guint jobs_get_retry_after (Jobs *jobs);

/**
 * jobs_add:
 * @task: what to do, what a worker does
 * @model: index of the model
 * @input: descriptor of the file, which the job closes; -1 for FORK_SELF_TEST
 * @client: whose job it is, for fairness: an address
 * @segment: (nullable): called for each segment
 * @done: called when the job has ended
 * @user_data: for both functions
 *
 * Adds a job to the queue, which must not be full.  Neither function is called
 * before this one returns.
 *
 * Returns: (transfer none): the job, until @done is called or it is cancelled
 */
Job *
jobs_add (Jobs *jobs, ForkTask task, guint model, int input, const char *client,
    JobSegmentFunc segment, JobDoneFunc done, gpointer user_data);
/* @job's client may stand for several people, who must not meet in one worker: it gets
 * one of its own.  To be called at once. */
void job_set_alone (Job *job);
/* Forgets @job without calling its functions; its worker, if there is one, is
 * killed. */
void job_cancel (Job *job);
