/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "stationevent.h"

#include <string.h>

void
station_event_set_text (char *to, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  const char *end;

  /* what is there of a letter that does not fit is none */
  g_utf8_validate_len (valid, MIN (strlen (valid), STATION_MAX_TEXT - 1), &end);
  memcpy (to, valid, end - valid);
  to[end - valid] = '\0';
}
