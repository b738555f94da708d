/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One line on stderr that says how far the work is.  There is none if stderr is
 * no terminal. */

#pragma once

#include <glib.h>

typedef struct _Progress Progress;

/* @n_files is how many there are to do, -1 if that is not known yet. */
Progress *progress_new (gint64 n_files);
void progress_set_total (Progress *progress, gint64 n_files);
/* One more file is done, after @audio_seconds of it were analysed. */
void progress_add (Progress *progress, double audio_seconds);
/* Wipes the line: to be called before anything else goes to the terminal.  It comes
 * back with a later progress_add(). */
void progress_hide (Progress *progress);
void progress_free (Progress *progress); /* wipes the line as well */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)
