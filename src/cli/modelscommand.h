/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command "genreclassify models": which models are installed, and what they
 * are. */

#pragma once

/* Runs "models [--json] [NAME...]"; argv[0] is the command's own name.  Gives the exit
 * status: 0, 1 if there is no model, or one of them cannot be loaded or was changed
 * since it was written, 2 for arguments that it does not take. */
int models_main (int argc, char **argv);
