/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An entry of a list of stations. */

#pragma once

#include <glib.h>

/* One entry of a list. */
typedef struct
{
  char *uri;
  char *
      name; /* as the list has it, or made of the URI; one line, without a password */
  char *
      id; /* unique among the stations: lower-case letters, digits, "-", "_" and
                 "."; at most 64; fit for a file name and for an MQTT topic */
} StationEntry;

void station_entry_free (StationEntry *entry);
