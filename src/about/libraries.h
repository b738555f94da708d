/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The libraries of others that this program is linked with.  A new one gets a line in
 * libraries.c, or tests/cli/test_about.py fails. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *name;
  const char *licence; /* as SPDX has it */
  /* (transfer full): of the library that runs, if that can tell */
  char *(*get_version) (void);
  gboolean at_build; /* it cannot: the version is that of its headers */
} Library;

/* (transfer none): all of them, [*@n]. */
const Library *libraries_get (gsize *n);
