/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A terminal whose whole screen is drawn on, and which may stop taking anything. */

#pragma once

#include <glib.h>

typedef struct _Terminal Terminal;

/* What has to be drawn. */
typedef enum
{
  TERMINAL_BUSY, /* nothing: the last frame is not through, or it is somebody else's */
  TERMINAL_READY,
  TERMINAL_EMPTY /* all: what was there is gone */
} TerminalState;

/* @fd is the terminal; it is not closed, and its flags are not changed.  NULL if it
 * is none that can move the cursor.  There is one at a time. */
Terminal *terminal_new (int fd);
/* Gives the terminal back as it was.  @terminal may be NULL. */
void terminal_free (Terminal *terminal);
/* The same from a signal handler: async-signal-safe. */
void terminal_restore (void);

/* The one to poll for input. */
int terminal_get_fd (const Terminal *terminal);
/* Takes the terminal if that is to be done, and says what can be drawn, and how much
 * fits. */
TerminalState
terminal_prepare (Terminal *terminal, guint *n_columns, guint *n_rows);
/* Writes @frame by one write(); what the terminal does not take is kept for later. */
void terminal_write (Terminal *terminal, const GString *frame);
/* Reads what was typed; returns the number of bytes, 0 if there is nothing, and -1 if
 * the terminal is gone. */
gssize terminal_read (Terminal *terminal, char *buffer, gsize size);
