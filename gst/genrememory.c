/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genrememory.h"

#include <string.h>

typedef struct
{
  guint64 duration, fresh; /* ns */
  gboolean has_genre;
  float probabilities[]; /* [n_labels] */
} Entry;

struct _GenreMemory
{
  guint n_labels;
  GQueue entries; /* Entry, the latest one first */
  guint64 fresh;  /* ns of audio in them */
};

GenreMemory *
genre_memory_new (guint n_labels)
{
  GenreMemory *memory = g_new0 (GenreMemory, 1);

  memory->n_labels = n_labels;
  g_queue_init (&memory->entries);
  return memory;
}

void
genre_memory_free (GenreMemory *memory)
{
  if (!memory)
    return;
  genre_memory_reset (memory);
  g_free (memory);
}

void
genre_memory_reset (GenreMemory *memory)
{
  g_queue_clear_full (&memory->entries, g_free);
  memory->fresh = 0;
}

void
genre_memory_add (GenreMemory *memory, const float *probabilities,
    guint64 duration, guint64 fresh, guint64 length)
{
  gsize size = memory->n_labels * sizeof (float);
  Entry *entry = g_malloc (sizeof *entry + size), *oldest;

  entry->duration = duration;
  entry->fresh = fresh;
  entry->has_genre = probabilities != NULL;
  if (probabilities)
    memcpy (entry->probabilities, probabilities, size);
  g_queue_push_head (&memory->entries, entry);
  memory->fresh += fresh;
  while ((oldest = g_queue_peek_tail (&memory->entries)) != entry &&
      memory->fresh - oldest->fresh >= length) {
    memory->fresh -= oldest->fresh;
    g_free (g_queue_pop_tail (&memory->entries));
  }
}

float *
genre_memory_get (const GenreMemory *memory, guint64 length)
{
  float *average = g_new0 (float, memory->n_labels);
  guint64 age = 0; /* of the end of the entry */
  double sum = 0;

  for (GList *l = memory->entries.head; l && age < length; l = l->next) {
    const Entry *entry = l->data;
    double weight = MIN (entry->duration, length - age);

    age += entry->fresh;
    if (!entry->has_genre)
      continue;
    sum += weight;
    for (guint i = 0; i < memory->n_labels; i++)
      average[i] += weight * entry->probabilities[i];
  }
  if (!(sum > 0)) {
    g_free (average);
    return NULL;
  }
  for (guint i = 0; i < memory->n_labels; i++)
    average[i] /= sum;
  return average;
}
