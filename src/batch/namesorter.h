/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sorts more names than there is memory for: sorted runs of them are written to a
 * temporary file and merged. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *group; /* what it stays together with; "": it is by itself */
  const char *name;  /* not empty */
  guint64 bytes;
  float seconds; /* of audio; less than 0: unknown */
} SortedName;

typedef struct _NameSorter NameSorter;

/* longer ones are no names */
#define NAME_SORTER_MAX_LENGTH 32768

/* The temporary file is in @folder, and has no name there.  About @run_size bytes of
 * names are held in memory, and a third of that while they are sorted. */
NameSorter *
name_sorter_new (const char *folder, gsize run_size, GError **error);
void name_sorter_free (NameSorter *sorter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NameSorter, name_sorter_free)

gboolean
name_sorter_add (NameSorter *sorter, const SortedName *name, GError **error);

/* Begins with the first name, as often as wanted; none can be added any more. */
gboolean name_sorter_begin (NameSorter *sorter, GError **error);

/* The next name, by the bytes of its group and then of its own, each once: with the
 * larger of the figures that it was added with.  @name lives until the next call.
 * FALSE at the end, and with @error set if it cannot be read. */
gboolean
name_sorter_next (NameSorter *sorter, SortedName *name, GError **error);

/* How many names have been left out since name_sorter_begin(), being repeats. */
guint64 name_sorter_get_n_repeated (const NameSorter *sorter);
