/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The fork server: a process that loads every decoder and model once.  It forks the
 * workers, which have all of them in memory from their first moment and are not allowed
 * to open anything: the service sends them their files (forkprotocol.h).  It has one thread, serves one
 * socket, and ends when the other end of that socket is
 * closed. */

#pragma once

/* Runs the fork server; returns the exit status of the process. */
int forkserver_main (void);
