/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify eval": how well the model tells the genres of a
 * folder of files that are sorted by genre. */

#pragma once

/* Runs "eval [OPTIONS] DIR"; argv[0] is the command's own name.  Gives the exit
 * status: 0, 1 if a file or a genre could not be measured, 2 for what cannot be
 * begun, 128 and the signal's number if a signal ended it. */
int evaluation_main (int argc, char **argv);
