/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The files that wait for a worker process and those that are in one: a bounded
 * queue, so many workers at once, and a time for each.
 *
 * Who is next: of those who wait, the first whose client has the fewest workers at
 * that time. */

#pragma once

#include <json-glib/json-glib.h>

#include "analysis/result.h"
#include "forkserver.h"

typedef struct _Jobs Jobs;
typedef struct _Job Job;

typedef struct
{
  guint workers;        /* at once */
  guint queue;          /* that may wait */
  double timeout;       /* s, of a worker */
  guint64 max_duration; /* ns of audio that is analysed; 0: all of it */
} JobsLimits;

typedef enum
{
  JOB_DONE,      /* there is a result or an image */
  JOB_FAILED,    /* there is a result, with an error */
  JOB_CRASHED,   /* the worker died of the file */
  JOB_TIMED_OUT, /* and was killed */
  JOB_LOST       /* no fault of the file */
} JobOutcome;

typedef struct
{
  JobOutcome outcome;
  Result *result; /* of a prediction or a failure; or NULL */
  GBytes *data;   /* a PNG file, or the text of the self-test; or NULL */
  double seconds; /* in the worker */
} JobAnswer;

/* @result has one segment; @user_data is that of jobs_add(). */
typedef void (*JobSegmentFunc) (const Result *result, gpointer user_data);
/* The job ends with it; what @answer has is borrowed. */
typedef void (*JobDoneFunc) (const JobAnswer *answer, gpointer user_data);

/* Starts the fork server and waits until it has loaded all.  NULL with @error set
 * if it could not. */
Jobs *jobs_new (const JobsLimits *limits, GError **error);
/* Kills all workers; nothing is called any more. */
void jobs_free (Jobs *jobs);

/* (transfer none): the models as the service lists them, an array of objects. */
JsonArray *jobs_get_models (Jobs *jobs);
/* Index of the model, or -1. */
int jobs_find_model (Jobs *jobs, const char *name);
/* The queue is full, or @client has three quarters of it already. */
gboolean jobs_are_full (Jobs *jobs, const char *client);
guint jobs_get_waiting (Jobs *jobs);
guint jobs_get_running (Jobs *jobs);
/* a whole number of seconds after which it may be worth to ask again */
guint jobs_get_retry_after (Jobs *jobs);

/* Adds a job on the file @input, whose descriptor the job closes, for the client
 * @client; @segment may be NULL.  Neither function is called from within this one.
 * The queue must not be full. */
Job *
jobs_add (Jobs *jobs, ForkTask task, guint model, int input, const char *client,
    JobSegmentFunc segment, JobDoneFunc done, gpointer user_data);
/* Forgets a job whose answer nobody waits for any more; its worker is killed. */
void job_cancel (Job *job);
