/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How the monitor starts its other processes: this program once more, with an argument of
 * its own. */

#pragma once

#include "monitor/listening/decoderprocess.h"

#define MONITOR_DECODER_ARGUMENT "--monitor-decoder"
#define MONITOR_FETCHER_ARGUMENT "--monitor-fetcher"

/* (transfer full): the arguments of a process that decodes, with @settings, or of one that
 * fetches, with NULL. */
char **monitor_worker_make_arguments (const DecoderSettings *settings);

/* Runs a process that was started with these arguments; returns its exit status. */
int monitor_worker_main (int argc, char **argv);
