/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "edges.h"

struct _Edges
{
  guint64 start, end;
};

guint64
edges_skip_id3v2 (MediaFile *file)
{
  (void) file;
  return 0;
}

Edges *
edges_scan (Layout *layout, guint64 start)
{
  Edges *edges = g_new0 (Edges, 1);

  edges->start = start;
  edges->end = media_file_get_size (layout->file);
  return edges;
}

void
edges_free (Edges *edges)
{
  g_free (edges);
}

guint64
edges_get_end (const Edges *edges)
{
  return edges->end;
}

void
edges_add_front (const Edges *edges, Layout *layout)
{
  (void) edges;
  (void) layout;
}

void
edges_add_back (const Edges *edges, Layout *layout)
{
  (void) edges;
  (void) layout;
}

void
edges_choose_primary (const Edges *edges, Layout *layout, TagKind otherwise)
{
  (void) edges;
  layout->state.is_primary[otherwise] = TRUE;
}

gboolean
edges_edit (const Edges *edges, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error)
{
  (void) edges;
  (void) wanted;
  (void) options;
  (void) splices;
  (void) error;
  return TRUE;
}
