/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "page.h"

#include <string.h>

#include <libsoup/soup.h>

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
form_clear (PageForm *form)
{
  g_free (form->etag);
  g_clear_pointer (&form->data, g_bytes_unref);
}

static void
file_free (gpointer data)
{
  PageFile *file = data;

  form_clear (&file->plain);
  form_clear (&file->gzip);
  g_free (file->policy);
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

/* What the page may load and do.  It has its style in it: that is allowed by its
 * digest. */
static char *
make_policy (GBytes *html)
{
  g_autofree char *text = g_strndup (
      g_bytes_get_data (html, NULL), g_bytes_get_size (html));
  const char *start = strstr (text, "<style>"), *end = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *base64 = NULL;
  guint8 digest[32];
  gsize size = sizeof digest;

  if (start) {
    start += strlen ("<style>");
    end = strstr (start, "</style>");
  }
  if (end)
    g_checksum_update (checksum, (const guchar *) start, end - start);
  g_checksum_get_digest (checksum, digest, &size);
  base64 = g_base64_encode (digest, size);
  return g_strdup_printf (
      "default-src 'none'; script-src 'self'; style-src 'sha256-%s' "
      /* the digest is of the stylesheet that wavesurfer.js puts into its shadow
       * root; player.js gives it the height that is in it */
      "'sha256-7Wn/5ghbhb9U5yM332FZpa4jDUilNGJdZ87eJ6XZFBA='; "
      "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      base64);
}

/* Takes @data.  The forms of a file have different ETags, as a cache must not
 * take one for the other. */
static void
form_init (PageForm *form, GBytes *data, const char *encoding)
{
  g_autofree char *digest = g_compute_checksum_for_bytes (
      G_CHECKSUM_SHA256, data);

  form->encoding = encoding;
  form->data = data;
  form->etag = g_strdup_printf (
      "\"%.32s%s%s\"", digest, encoding ? "-" : "", encoding ? encoding : "");
}

static void
add_file (Page *page, const char *path, const char *resource)
{
  g_autofree char *gzip_name = g_strconcat (resource, ".gz", NULL);
  GBytes *data = g_resources_lookup_data (resource, 0, NULL);
  GBytes *gzip = g_resources_lookup_data (gzip_name, 0, NULL);
  PageFile *file;

  if (!data)
    return;
  file = g_new0 (PageFile, 1);
  file->type = get_type (resource);
  form_init (&file->plain, data, NULL);
  if (gzip && g_bytes_get_size (gzip) < g_bytes_get_size (data))
    form_init (&file->gzip, gzip, "gzip");
  else
    g_clear_pointer (&gzip, g_bytes_unref);
  if (g_str_has_prefix (file->type, "text/html"))
    file->policy = make_policy (data);
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
    else if (!g_str_has_suffix (path, ".gz"))
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

const PageForm *
page_file_choose (const PageFile *file, const char *accept_encoding)
{
  GSList *refused = NULL, *wanted, *i;
  gboolean takes_gzip = FALSE;

  if (!accept_encoding || !file->gzip.data)
    return &file->plain;
  /* the best first; what has a quality of 0 is not among them */
  wanted = soup_header_parse_quality_list (accept_encoding, &refused);
  for (i = wanted; i; i = i->next) {
    takes_gzip = !g_ascii_strcasecmp (i->data, "gzip") ||
        !g_ascii_strcasecmp (i->data, "x-gzip") ||
        (!strcmp (i->data, "*") &&
            !g_slist_find_custom (
                refused, "gzip", (GCompareFunc) g_ascii_strcasecmp));
    if (takes_gzip || !g_ascii_strcasecmp (i->data, "identity"))
      break;
  }
  soup_header_free_list (wanted);
  soup_header_free_list (refused);
  return takes_gzip ? &file->gzip : &file->plain;
}
