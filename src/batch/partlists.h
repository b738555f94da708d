/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sorts a stream of names into the lists of many parts, without as many open files: a
 * temporary file has a place for each list, and is cut at last. */

#pragma once

#include <glib.h>

#include "plan.h"

typedef struct _PartLists PartLists;

/* @sizes: of each of the @n_parts lists, in bytes: each name counts with its NUL */
PartLists *part_lists_new (
    const char *folder, const guint64 *sizes, guint n_parts, GError **error);
void part_lists_free (PartLists *lists);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PartLists, part_lists_free)

/* Adds @name to the list of @part, which has room for it. */
gboolean
part_lists_add (PartLists *lists, guint part, const char *name, GError **error);

/* Writes the lists of @plan, all of which are full. */
gboolean part_lists_write (PartLists *lists, const Plan *plan, GError **error);
