/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a worker process does with a file. */

#pragma once

#include <glib.h>

#include "forkprotocol.h"

/* Does what @request asks with the file @input, a descriptor, and writes what comes of
 * it to @output.  @model is a name that genre_model_offer() was given.  The process must
 * be in the sandbox already.  FALSE if it takes no further file, as the output could
 * not be written; or as this was no sound file's prediction, or the process has used
 * more than @max_used s of processor time: then FORK_SOCKET was closed before the
 * output was complete. */
gboolean workertask_run (const ForkRequest *request, const char *model,
    int input, int output, guint max_used);
