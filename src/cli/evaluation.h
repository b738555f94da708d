/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify eval": how well the model tells the genres of a
 * folder of files that are sorted by genre. */

#pragma once

/* Runs "eval [OPTIONS] DIR"; argv[0] is the command's own name.  Gives the exit
 * status: 0, 1 if a file failed, 2 for what cannot be begun. */
int evaluation_main (int argc, char **argv);
