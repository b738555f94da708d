/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process that fetches what one process that decodes asks for (fetchprotocol.h), over
 * HTTP.  It has one thread, however many stations there are, and ends when the other process
 * is gone.  Of what comes it reads no more than HTTP, with its compression, and lists of
 * stations; it decodes no audio. */

#pragma once

/* @socket: where the requests come from.  Returns the exit status of the process. */
int fetcher_main (int socket);
