/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The commands "genreclassify learn" and "genreclassify train": models of one's own.
 * They are programs in Python, the training recipe, with its own options. */

#pragma once

/* Executes the program that argv[0], the command's own name, is the name of, with the
 * other arguments, in place of this process.  Gives the exit status, 2, only if that
 * cannot be done. */
int recipe_main (int argc, char **argv);
