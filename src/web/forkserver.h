/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The fork server: a process that loads every decoder and model once.  For each
 * request it forks a worker, which has all of them in memory from its first
 * moment and is not allowed to open anything.  It has one thread, serves one
 * socket (forkprotocol.h), and ends when the other end of that socket is
 * closed. */

#pragma once

/* Runs the fork server; returns the exit status of the process. */
int forkserver_main (void);
