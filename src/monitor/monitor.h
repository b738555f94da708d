/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify monitor: what are a thousand stations playing? */

#pragma once

/* argv[0] is "monitor".  Returns the exit status of the process. */
int monitor_main (int argc, char **argv);
