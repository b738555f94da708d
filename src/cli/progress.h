/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One line on stderr that says how much of the work is done.  If stderr is no
 * terminal, nothing is written. */

#pragma once

#include <glib.h>

typedef struct _Progress Progress;

/* @n_files: how many files there are to do, -1 if that is not known yet.  Free
 * it with progress_free(). */
Progress *progress_new (gint64 n_files);
void progress_set_total (Progress *progress, gint64 n_files);
/* Says that one more file is done, and that @audio_seconds of it were
 * analysed.  What there is to print of it must have been printed. */
void progress_add (Progress *progress, double audio_seconds);
/* Wipes the line; call it before anything else is written to the terminal.  The
 * next progress_add() draws it again. */
void progress_hide (Progress *progress);
/* Also wipes the line. */
void progress_free (Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)
