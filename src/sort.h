/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The order of strings, the same wherever names are sorted. */

#pragma once

#include <string.h>

#include <glib.h>

G_BEGIN_DECLS

/* Compares two elements of an array of char *, by bytes: for g_ptr_array_sort()
 * and qsort().  The order is the same in every locale. */
static inline int
sort_compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

G_END_DECLS
