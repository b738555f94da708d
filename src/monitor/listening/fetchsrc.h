/* SPDX-License-Identifier: GPL-2.0-or-later */

/* fetchsrc: a source for http and https URIs in a process that may open no socket:
 * another one fetches for it (fetchprotocol.h). */

#pragma once

#include <glib.h>

/* Registers the element, before other sources of the same URIs.  @socket is that of the
 * process that fetches. */
void fetch_src_register (int socket);
