/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify serve": the HTTP service. */

#pragma once

/* Runs "serve [OPTIONS]"; argv[0] is the command's own name.  Comes before
 * gst_init(), which this process has no use for.  Gives the exit status: 0 after
 * SIGTERM or SIGINT, 1 if it could not be started, 2 for options that it does not
 * know. */
int serve_main (int argc, char **argv);
