/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "namesorter.h"

#include <string.h>

#include "analysis/filename.h"
#include "scratchfile.h"

/* that runs are written in */
#define BLOCK 1048576
/* that all runs together are read in, and each at least: one name fits */
#define ALL_BLOCKS 16777216
#define MIN_BLOCK (4 * NAME_SORTER_MAX_LENGTH)

/* A record, in memory and in the file, is a header and its text: the group, NUL, the
 * name, NUL.  Texts are compared as a whole: NUL comes before all else, and no text is
 * the beginning of another one. */
typedef struct
{
  guint64 bytes;
  float seconds;
  guint32 size; /* of the text */
} Header;

/* For sorting: eight bytes of the text, as a number. */
typedef struct
{
  guint64 key;
  const guint8 *record;
} Entry;

typedef struct
{
  guint64 start, end; /* in the file */
} Run;

/* A run that is read. */
typedef struct
{
  guint64 next, end; /* in the file: what is not read yet */
  guint8 *block;
  gsize at, size; /* in the block: the record that is next, and the end */
} Source;

struct _NameSorter
{
  ScratchFile *file;
  gsize run_size;
  GByteArray *records; /* not in a run yet */
  guint32 n_records;
  GArray *entries; /* Entry: of the records, and half as many to spare */
  GArray *runs;    /* Run */
  GArray *sources; /* Source */
  Source **heap;   /* of those that have a record, the first name first */
  guint n_heap;
  gsize block_size; /* of each source */
  GByteArray *text; /* of the name that was given last */
  guint64 n_repeated;
};

static void
source_clear (gpointer data)
{
  g_free (((Source *) data)->block);
}

NameSorter *
name_sorter_new (const char *folder, gsize run_size, GError **error)
{
  ScratchFile *file = scratch_file_new (folder, error);
  NameSorter *sorter;

  if (!file)
    return NULL;
  sorter = g_new0 (NameSorter, 1);
  sorter->file = file;
  sorter->run_size = run_size;
  sorter->records = g_byte_array_new ();
  sorter->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  sorter->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  sorter->sources = g_array_new (FALSE, TRUE, sizeof (Source));
  g_array_set_clear_func (sorter->sources, source_clear);
  sorter->text = g_byte_array_new ();
  return sorter;
}

void
name_sorter_free (NameSorter *sorter)
{
  if (!sorter)
    return;
  scratch_file_free (sorter->file);
  g_byte_array_unref (sorter->records);
  g_array_unref (sorter->entries);
  g_array_unref (sorter->runs);
  g_array_unref (sorter->sources);
  g_byte_array_unref (sorter->text);
  g_free (sorter->heap);
  g_free (sorter);
}

/* Records lie at any address. */
static Header
get_header (const guint8 *record)
{
  Header header;

  memcpy (&header, record, sizeof header);
  return header;
}

static const guint8 *
get_text (const guint8 *record)
{
  return record + sizeof (Header);
}

/* Sorting */

/* Eight bytes of the text from @depth, with zeros after its end. */
static guint64
get_key (const guint8 *record, guint depth)
{
  guint32 size = get_header (record).size;
  guint64 key = 0;

  if (depth < size)
    memcpy (&key, get_text (record) + depth, MIN (size - depth, sizeof key));
  return GUINT64_FROM_BE (key);
}

/* @spare: for half as many */
static void
sort_by_key (Entry *entries, Entry *spare, gsize n)
{
  gsize half = n / 2;
  gsize left = 0, right = half, to = 0;

  if (n < 2)
    return;
  sort_by_key (entries, spare, half);
  sort_by_key (entries + half, spare, n - half);
  if (entries[half - 1].key <= entries[half].key)
    return;
  memcpy (spare, entries, half * sizeof *entries);
  while (left < half && right < n)
    entries[to++] = entries[right].key < spare[left].key ? entries[right++]
                                                         : spare[left++];
  memcpy (entries + to, spare + left, (half - left) * sizeof *entries);
}

/* Texts that are the same up to @depth.  Eight bytes at a time, as most names have long
 * beginnings in common, and to look at a text is what takes the time. */
static void
sort_entries (Entry *entries, Entry *spare, gsize n, guint depth)
{
  gboolean differ = FALSE;

  for (gsize i = 0; i < n; i++) {
    entries[i].key = get_key (entries[i].record, depth);
    differ |= entries[i].key != entries[0].key;
  }
  if (differ)
    sort_by_key (entries, spare, n);
  depth += sizeof entries->key;
  for (gsize i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && entries[end].key == entries[i].key;)
      end++;
    if (end - i > 1 && get_header (entries[i].record).size > depth)
      sort_entries (entries + i, spare, end - i, depth);
  }
}

static gboolean
write_sorted (ScratchFile *file, const Entry *entries, gsize n, GError **error)
{
  g_autoptr (GByteArray) block = g_byte_array_sized_new (BLOCK);

  for (gsize i = 0; i < n; i++) {
    const guint8 *record = entries[i].record;

    g_byte_array_append (
        block, record, sizeof (Header) + get_header (record).size);
    if (block->len >= BLOCK || i == n - 1) {
      if (!scratch_file_append (file, block->data, block->len, error))
        return FALSE;
      g_byte_array_set_size (block, 0);
    }
  }
  return TRUE;
}

/* Makes a run of the records in memory. */
static gboolean
write_run (NameSorter *sorter, GError **error)
{
  const guint8 *record = sorter->records->data;
  Run run = { .start = scratch_file_get_size (sorter->file) };
  gsize n = sorter->n_records;
  Entry *entries;

  if (sorter->entries->len < n + n / 2)
    g_array_set_size (sorter->entries, n + n / 2);
  entries = (Entry *) sorter->entries->data;
  for (gsize i = 0; i < n; i++) {
    entries[i].record = record;
    record += sizeof (Header) + get_header (record).size;
  }
  sort_entries (entries, entries + n, n, 0);
  if (!write_sorted (sorter->file, entries, n, error))
    return FALSE;
  run.end = scratch_file_get_size (sorter->file);
  g_array_append_val (sorter->runs, run);
  g_byte_array_set_size (sorter->records, 0);
  sorter->n_records = 0;
  return TRUE;
}

gboolean
name_sorter_add (NameSorter *sorter, const SortedName *name, GError **error)
{
  gsize group_size = strlen (name->group) + 1;
  gsize name_size = strlen (name->name) + 1;
  Header header = { .bytes = name->bytes, .seconds = name->seconds };

  if (group_size + name_size > 2 * NAME_SORTER_MAX_LENGTH) {
    g_autofree char *start = g_strndup (name->name, 40);
    g_autofree char *shown = filename_display (start);

    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG,
        "No file's name is as long as one that begins with %s: it has %" G_GSIZE_FORMAT
        " bytes.",
        shown, name_size - 1);
    return FALSE;
  }
  header.size = group_size + name_size;
  g_byte_array_append (
      sorter->records, (const guint8 *) &header, sizeof header);
  g_byte_array_append (
      sorter->records, (const guint8 *) name->group, group_size);
  g_byte_array_append (sorter->records, (const guint8 *) name->name, name_size);
  sorter->n_records++;
  return sorter->records->len < sorter->run_size || write_run (sorter, error);
}

/* Merging */

static const guint8 *
get_record (const Source *source)
{
  return source->block + source->at;
}

/* Sees to it that the next record is in the block as a whole. */
static gboolean
fill (NameSorter *sorter, Source *source, GError **error)
{
  gsize left = source->size - source->at;
  gsize n;

  if (left >= sizeof (Header) &&
      left >= sizeof (Header) + get_header (get_record (source)).size)
    return TRUE;
  n = MIN (sorter->block_size - left, source->end - source->next);
  memmove (source->block, get_record (source), left);
  source->at = 0;
  source->size = left + n;
  if (n > 0 &&
      !scratch_file_read (
          sorter->file, source->next, source->block + left, n, error))
    return FALSE;
  source->next += n;
  return TRUE;
}

static gboolean
has_record (const Source *source)
{
  return source->at < source->size;
}

static int
compare_texts (const guint8 *a, const guint8 *b)
{
  guint32 size = MIN (get_header (a).size, get_header (b).size);

  return memcmp (get_text (a), get_text (b), size);
}

/* Moves the source at @at of the heap down to where it belongs. */
static void
sift_down (Source **heap, guint n, guint at)
{
  Source *source = heap[at];

  for (guint child = 2 * at + 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n &&
        compare_texts (get_record (heap[child + 1]), get_record (heap[child])) <
            0)
      child++;
    if (compare_texts (get_record (heap[child]), get_record (source)) >= 0)
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = source;
}

gboolean
name_sorter_begin (NameSorter *sorter, GError **error)
{
  guint n;

  if (sorter->n_records > 0 && !write_run (sorter, error))
    return FALSE;
  g_byte_array_set_size (sorter->text, 0);
  /* what they took is given back */
  g_byte_array_unref (sorter->records);
  sorter->records = g_byte_array_new ();
  g_array_unref (sorter->entries);
  sorter->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  n = sorter->runs->len;
  sorter->block_size = MAX (ALL_BLOCKS / MAX (n, 1), MIN_BLOCK);
  g_array_set_size (sorter->sources, 0);
  g_array_set_size (sorter->sources, n);
  g_free (sorter->heap);
  sorter->heap = g_new (Source *, n);
  sorter->n_heap = n;
  sorter->n_repeated = 0;
  for (guint i = 0; i < n; i++) {
    const Run *run = &g_array_index (sorter->runs, Run, i);
    Source *source = &g_array_index (sorter->sources, Source, i);

    source->next = run->start;
    source->end = run->end;
    source->block = g_malloc (sorter->block_size);
    if (!fill (sorter, source, error))
      return FALSE;
    sorter->heap[i] = source;
  }
  for (guint i = n / 2; i-- > 0;)
    sift_down (sorter->heap, n, i);
  return TRUE;
}

/* Goes beyond the first record of the heap. */
static gboolean
pass (NameSorter *sorter, GError **error)
{
  Source *source = sorter->heap[0];

  source->at += sizeof (Header) + get_header (get_record (source)).size;
  if (!fill (sorter, source, error))
    return FALSE;
  if (!has_record (source))
    sorter->heap[0] = sorter->heap[--sorter->n_heap];
  if (sorter->n_heap > 0)
    sift_down (sorter->heap, sorter->n_heap, 0);
  return TRUE;
}

gboolean
name_sorter_next (NameSorter *sorter, SortedName *name, GError **error)
{
  GByteArray *last = sorter->text;
  Header header;

  if (sorter->n_heap == 0)
    return FALSE;
  header = get_header (get_record (sorter->heap[0]));
  g_byte_array_set_size (last, 0);
  g_byte_array_append (
      last, get_record (sorter->heap[0]), sizeof header + header.size);
  for (;;) {
    Header other;

    if (!pass (sorter, error))
      return FALSE;
    if (sorter->n_heap == 0 ||
        compare_texts (get_record (sorter->heap[0]), last->data) != 0)
      break;
    other = get_header (get_record (sorter->heap[0]));
    header.bytes = MAX (header.bytes, other.bytes);
    header.seconds = MAX (header.seconds, other.seconds);
    sorter->n_repeated++;
  }
  name->group = (const char *) get_text (last->data);
  name->name = name->group + strlen (name->group) + 1;
  name->bytes = header.bytes;
  name->seconds = header.seconds;
  return TRUE;
}

guint64
name_sorter_get_n_repeated (const NameSorter *sorter)
{
  return sorter->n_repeated;
}
