/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a file of the page is sent: as it is or compressed, a part of it, or not
 * again. */

#pragma once

#include <libsoup/soup.h>

#include "counters.h"
#include "page.h"

/* Answers @message, a GET or HEAD, with @file, which lasts as long as the
 * service. */
void page_answer (
    SoupServerMessage *message, Counters *counters, const PageFile *file);
