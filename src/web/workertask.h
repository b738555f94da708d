/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a worker process does with its file. */

#pragma once

#include <glib.h>

#include "forkprotocol.h"

/* Does what @request asks with the file @input, a descriptor, and writes what
 * comes of it to @output.  @model is the path of the weights file.  The process
 * must be in the sandbox already.  FALSE if the output could not be written. */
gboolean workertask_run (
    const ForkRequest *request, const char *model, int input, int output);
