/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process that fetches what one process that decodes asks for (fetchprotocol.h), over
 * HTTP.  It has one thread, however many stations there are, decodes nothing, and ends
 * when the other process is gone. */

#pragma once

/* @socket: where the requests come from.  Returns the exit status of the process. */
int fetcher_main (int socket);
