/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The log of requests: a line on stderr for each one that has ended. */

#pragma once

#include <glib.h>

typedef struct _RequestLog RequestLog;

typedef enum
{
  REQUEST_LOG_JSON,
  REQUEST_LOG_TEXT,
  REQUEST_LOG_NONE
} RequestLogFormat;

/* Strings that are not known are NULL. */
typedef struct
{
  const char *id;     /* of the request */
  const char *client; /* address */
  const char *method, *path;
  guint status;                /* that it was answered with */
  guint64 bytes_in, bytes_out; /* of the bodies */
  /* s that its file waited for a worker and was in one; negative: it had no
   * file */
  double waiting, working;
  double total; /* s since the client has connected */
  const char *model;
  const char *error; /* code, WebError's */
  const char *file;  /* its name */
} RequestLogEntry;

/* Which format @name is; -1: none. */
int request_log_parse_format (const char *name);

/* @with_names: also logs how files are called. */
RequestLog *request_log_new (RequestLogFormat format, gboolean with_names);
void request_log_free (RequestLog *log);
/* The program serves now.  If the format is JSON, whatever else is written with
 * g_printerr() becomes an object in a line, too. */
void request_log_begin (RequestLog *log);
void request_log_write (RequestLog *log, const RequestLogEntry *entry);

/* The path to log, without what is not for everybody's eyes: of a query only
 * the values of @keys are in it, [..., NULL].  Free with g_free(). */
char *request_log_make_path (
    const char *path, const char *query, const char *const *keys);
