/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify serve": the HTTP service. */

#pragma once

/* Runs "serve [OPTIONS]"; argv[0] is "serve".  To be called without gst_init():
 * only the fork server uses GStreamer.  Returns the exit status: 0 after
 * SIGTERM or SIGINT, 1 if the service could not be started, 2 for invalid
 * options. */
int serve_main (int argc, char **argv);
