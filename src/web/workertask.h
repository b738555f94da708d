/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a worker process does with its file. */

#pragma once

#include <glib.h>

#include "forkserver.h"

/* Does @request with the file @input, telling of it on @output; @model is the path
 * of the weights file.  The process is in the sandbox by then.  FALSE if it could
 * not tell. */
gboolean decoding_run (
    const ForkRequest *request, const char *model, int input, int output);
