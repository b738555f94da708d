/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify batch": a library of many files as parts that machines of a
 * cluster do. */

#pragma once

/* Runs it with the arguments from "batch" on.  Gives the exit status. */
int batch_main (int argc, char **argv);
