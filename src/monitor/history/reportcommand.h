/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify monitor report: a day of a station, from the history. */

#pragma once

/* @argv: [argc], as main() has them, argv[0] being "report"; returns the exit status. */
int reportcommand_main (int argc, char **argv);
