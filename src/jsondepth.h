/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A check of JSON text that comes from outside, before JSON-GLib reads it. */

#pragma once

#include <string.h>

#include <glib.h>

G_BEGIN_DECLS

/* TRUE if no array or object in @json lies deeper than @max_depth.  JSON-GLib's
 * parser calls itself for each level, so that deep text makes it run out of
 * stack.  Comments and strings in '' are refused: JSON-GLib takes them, JSON
 * does not, and brackets in them would be counted. */
static inline gboolean
json_has_bounded_depth (const char *json, guint max_depth)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (const char *p = json; *p; p++) {
    if (in_string && *p == '\\' && p[1])
      p++;
    else if (*p == '"')
      in_string = !in_string;
    else if (!in_string && strchr ("'/#", *p))
      return FALSE;
    else if (!in_string && (*p == '[' || *p == '{') && ++depth > max_depth)
      return FALSE;
    else if (!in_string && (*p == ']' || *p == '}') && depth > 0)
      depth--;
  }
  return TRUE;
}

G_END_DECLS
