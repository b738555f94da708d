/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The log: one JSON object in a line, in a file, or on stdout for another program. */

#pragma once

#include "monitor/record/record.h"

typedef struct _LogFile LogFile;

/* When a file is put aside and another one begun. */
typedef struct
{
  guint64 size;      /* bytes that it may have; 0: any */
  gboolean is_daily; /* with each day, local time */
} LogRotation;

/* @path: of the file, which is appended to; NULL: stdout
 * NULL with @error (G_IO_ERROR) set if it cannot be written. */
LogFile *
log_file_new (const char *path, const LogRotation *rotation, GError **error);
/* Writes what waits, if that is possible.  @log may be NULL. */
void log_file_free (LogFile *log);

/* Adds a line.  What cannot be written, because the disk is full or nobody reads, waits in
 * memory, up to a limit, and is written when that is possible again.  It is said on
 * stderr when that begins and when it is over. */
void log_file_add (LogFile *log, const char *line);
/* Writes what waits: to be called each second. */
void log_file_flush (LogFile *log);
/* Opens the file anew, for a program that has put it aside.  A line that is half written
 * goes on where it is the same file, and else begins anew in the other one. */
void log_file_reopen (LogFile *log);

/* Whether the program that reads has gone, so that there is nobody to write for. */
gboolean log_file_is_cut_off (const LogFile *log);
guint log_file_get_n_waiting (const LogFile *log);
/* Lines that were given up because too many waited. */
guint64 log_file_get_n_lost (const LogFile *log);
