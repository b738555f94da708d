/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify FILE...": classifies files, undoes what was
 * written, or exports the cache. */

#pragma once

/* Runs it with the arguments of main().  Gives the exit status: 0, 1 if a file
 * failed, 2 for what cannot be begun, 128 and the signal's number if a signal
 * ended it. */
int command_main (int argc, char **argv);
