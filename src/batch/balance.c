/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "balance.h"

#include <string.h>

typedef struct
{
  guint64 load;
  guint part;
} Part;

/* Sorts @from to @to by 16 bits of the weights, the largest first; equal ones stay in
 * their order. */
static void
sort_by_digit (const guint32 *weights, const guint32 *from, guint32 *to,
    guint32 n, guint shift)
{
  g_autofree guint32 *places = g_new0 (guint32, 65536);
  guint32 place = 0;

  for (guint32 i = 0; i < n; i++)
    places[weights[i] >> shift & 0xffff]++;
  for (guint digit = 65536; digit-- > 0;) {
    guint32 count = places[digit];

    places[digit] = place;
    place += count;
  }
  for (guint32 i = 0; i < n; i++)
    to[places[weights[from[i]] >> shift & 0xffff]++] = from[i];
}

static gboolean
is_before (const Part *a, const Part *b)
{
  return a->load < b->load || (a->load == b->load && a->part < b->part);
}

/* Moves the first part of the heap down to where it belongs. */
static void
sift_down (Part *heap, guint n)
{
  Part part = heap[0];
  guint at = 0;

  for (guint child = 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && is_before (&heap[child + 1], &heap[child]))
      child++;
    if (!is_before (&heap[child], &part))
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = part;
}

guint32 *
balance_units (const guint32 *weights, guint32 n, guint n_parts)
{
  g_autofree guint32 *order = g_new (guint32, n);
  g_autofree Part *heap = g_new0 (Part, n_parts);
  guint32 *parts = g_new (guint32, n);

  for (guint32 i = 0; i < n; i++)
    order[i] = i;
  sort_by_digit (weights, order, parts, n, 0);
  sort_by_digit (weights, parts, order, n, 16);
  for (guint i = 0; i < n_parts; i++)
    heap[i].part = i;
  for (guint32 i = 0; i < n; i++) {
    parts[order[i]] = heap[0].part;
    heap[0].load += weights[order[i]];
    sift_down (heap, n_parts);
  }
  return parts;
}
