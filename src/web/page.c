/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "page.h"

#include <gio/gio.h>

#define ROOT "/org/genreclassify/page"

struct _Page
{
  GHashTable *files; /* path -> PageFile */
};

static const struct
{
  const char *suffix, *type;
} types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".json", "application/json" },
  { ".svg", "image/svg+xml" },
  { ".ogg", "audio/ogg" },
};

static void
file_free (gpointer data)
{
  PageFile *file = data;

  g_free (file->etag);
  g_bytes_unref (file->data);
  g_free (file);
}

static const char *
get_type (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (path, types[i].suffix))
      return types[i].type;
  return "text/plain; charset=utf-8";
}

static void
add_file (Page *page, const char *path, const char *resource)
{
  g_autoptr (GBytes) data = g_resources_lookup_data (resource, 0, NULL);
  g_autofree char *digest = NULL;
  PageFile *file;

  if (!data)
    return;
  digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, data);
  file = g_new0 (PageFile, 1);
  file->type = get_type (resource);
  file->etag = g_strdup_printf ("\"%.32s\"", digest);
  file->data = g_steal_pointer (&data);
  g_hash_table_insert (page->files, g_strdup (path), file);
}

/* @folder ends with "/". */
static void
add_folder (Page *page, const char *folder)
{
  g_autofree char *resource = g_strconcat (ROOT, folder, NULL);
  g_auto (GStrv) names = g_resources_enumerate_children (resource, 0, NULL);

  for (guint i = 0; names && names[i]; i++) {
    g_autofree char *path = g_strconcat (folder, names[i], NULL);
    g_autofree char *child = g_strconcat (ROOT, path, NULL);

    if (g_str_has_suffix (path, "/"))
      add_folder (page, path);
    else
      add_file (page, path, child);
  }
}

Page *
page_new (void)
{
  Page *page = g_new0 (Page, 1);

  page->files = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, file_free);
  add_folder (page, "/");
  add_file (page, "/", ROOT "/index.html");
  return page;
}

void
page_free (Page *page)
{
  if (!page)
    return;
  g_hash_table_unref (page->files);
  g_free (page);
}

const PageFile *
page_find (Page *page, const char *path)
{
  return g_hash_table_lookup (page->files, path);
}
