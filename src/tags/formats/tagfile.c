/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagfile.h"

#include "edges.h"
#include "formats.h"
#include "tagserror.h"

struct _TagFile
{
  MediaFile *file;
  Layout layout;
};

void
tag_file_free (TagFile *file)
{
  Layout *layout = &file->layout;

  tag_state_clear (&layout->state);
  g_clear_pointer (&layout->pieces, g_ptr_array_unref);
  g_clear_error (&layout->obstacle);
  for (guint kind = 0; kind < TAG_KINDS; kind++)
    g_free (layout->rivals[kind]);
  if (layout->found_free)
    layout->found_free (layout->found);
  media_file_free (file->file);
  g_free (file);
}

static const TagFormat *
find_format (MediaFile *file, guint64 start)
{
  for (guint i = 0; tag_formats[i]; i++) {
    if (tag_formats[i]->recognises (file, start))
      return tag_formats[i];
  }
  return NULL;
}

/* Takes @media. */
static TagFile *
scan (MediaFile *media, GError **error)
{
  g_autoptr (TagFile) file = g_new0 (TagFile, 1);
  guint64 start = edges_skip_id3v2 (media);
  Layout *layout = &file->layout;

  file->file = layout->file = media;
  layout->format = find_format (media, start);
  if (layout->format)
    layout->format->scan (layout, start);
  if (!media_file_check (media, error))
    return NULL;
  if (layout->format)
    return g_steal_pointer (&file);
  tags_error_set (error, REASON_UNWRITABLE_FORMAT,
      "Its format has no tags that can be written.");
  return NULL;
}

TagFile *
tag_file_open (int fd, GError **error)
{
  return scan (media_file_new (fd), error);
}

void
tag_file_set_watch (
    TagFile *file, void (*progress) (gpointer), gpointer user_data)
{
  media_file_set_watch (file->file, progress, user_data);
}

const char *
tag_file_get_format (const TagFile *file)
{
  return file->layout.format->name;
}

const TagState *
tag_file_get_state (const TagFile *file)
{
  return &file->layout.state;
}

const GError *
tag_file_get_obstacle (const TagFile *file)
{
  return file->layout.obstacle;
}

char *
tag_file_describe (const TagFile *file)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; file->layout.pieces && i < file->layout.pieces->len; i++) {
    const Piece *piece = file->layout.pieces->pdata[i];

    g_string_append_printf (text, "%s: %" G_GUINT64_FORMAT "\n", piece->name,
        piece_get_size (piece));
  }
  return g_string_free (text, FALSE);
}

/* FALSE with @error set if @after is not @before with what is wanted. */
static gboolean
prove (const TagFile *before, const TagFile *after, const TagState *wanted,
    GError **error)
{
  if (after->layout.obstacle) {
    g_propagate_error (error, g_error_copy (after->layout.obstacle));
    return FALSE;
  }
  if (!tag_state_equal (&after->layout.state, wanted) ||
      !tag_state_has_fields (&after->layout.state, wanted))
    return tags_error_set (
        error, REASON_UNWRITABLE_FORMAT, "Its tags cannot hold this genre.");
  return layout_compare (&before->layout, &after->layout, error);
}

/* FALSE with @error set if a genre would change that another tag has, too. */
static gboolean
check_rivals (const Layout *layout, const TagState *wanted, GError **error)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (layout->rivals[kind] &&
        !tag_kind_same_genres ((TagKind) kind, layout->state.genres[kind],
            wanted->genres[kind]))
      return tags_error_set (
          error, REASON_MALFORMED_TAGS, layout->rivals[kind]);
  }
  return TRUE;
}

TagFile *
tag_file_change (const TagFile *file, const TagState *wanted,
    const EditOptions *options, GError **error)
{
  const Layout *layout = &file->layout;
  g_autoptr (Splices) splices = splices_new ();
  g_autoptr (TagFile) changed = NULL;

  if (layout->obstacle) {
    g_propagate_error (error, g_error_copy (layout->obstacle));
    return NULL;
  }
  if (!check_rivals (layout, wanted, error) ||
      !layout->format->edit (layout, wanted, options, splices, error))
    return NULL;
  changed = scan (media_file_new_changed (file->file, splices), error);
  if (!changed || !prove (file, changed, wanted, error))
    return NULL;
  return g_steal_pointer (&changed);
}

gboolean
tag_file_write (
    const TagFile *before, const TagFile *changed, int fd, GError **error)
{
  g_autoptr (TagFile) written = NULL;

  if (!media_file_write (changed->file, fd, error))
    return FALSE;
  written = tag_file_open (fd, error);
  return written && prove (before, written, &changed->layout.state, error);
}
