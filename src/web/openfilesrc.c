/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "openfilesrc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst/base/gstbasesrc.h>
#include <gst/gst.h>

#define SCHEME "openfile"
/* bytes of a buffer */
#define BLOCK_SIZE 65536

G_DECLARE_FINAL_TYPE (OpenFileSrc, open_file_src, OPEN_FILE, SRC, GstBaseSrc)

struct _OpenFileSrc
{
  GstBaseSrc parent;
  int fd;
};

static void open_file_src_init_handler (gpointer iface, gpointer data);

G_DEFINE_TYPE_WITH_CODE (OpenFileSrc, open_file_src, GST_TYPE_BASE_SRC,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, open_file_src_init_handler))

static GstFlowReturn
open_file_src_fill (
    GstBaseSrc *base, guint64 offset, guint size, GstBuffer *buffer)
{
  OpenFileSrc *src = OPEN_FILE_SRC (base);
  GstMapInfo map;
  gsize n_read = 0;
  gssize n = 0;

  if (!gst_buffer_map (buffer, &map, GST_MAP_WRITE))
    return GST_FLOW_ERROR;
  while (n_read < size) {
    n = pread (src->fd, map.data + n_read, size - n_read, offset + n_read);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    n_read += n;
  }
  gst_buffer_unmap (buffer, &map);
  if (n < 0) {
    GST_ELEMENT_ERROR (src, RESOURCE, READ, (NULL), GST_ERROR_SYSTEM);
    return GST_FLOW_ERROR;
  }
  gst_buffer_resize (buffer, 0, n_read);
  return n_read > 0 ? GST_FLOW_OK : GST_FLOW_EOS;
}

static gboolean
open_file_src_get_size (GstBaseSrc *base, guint64 *size)
{
  struct stat info;

  if (fstat (OPEN_FILE_SRC (base)->fd, &info) < 0)
    return FALSE;
  *size = info.st_size;
  return TRUE;
}

static gboolean
open_file_src_is_seekable (GstBaseSrc *base G_GNUC_UNUSED)
{
  return TRUE;
}

static void
open_file_src_class_init (OpenFileSrcClass *klass)
{
  static GstStaticPadTemplate pad = GST_STATIC_PAD_TEMPLATE (
      "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (klass);

  base->fill = open_file_src_fill;
  base->get_size = open_file_src_get_size;
  base->is_seekable = open_file_src_is_seekable;
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &pad);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Open file source", "Source/File", "Reads a file that is open already",
      "The genreclassify authors");
}

static void
open_file_src_init (OpenFileSrc *src)
{
  src->fd = -1;
  gst_base_src_set_blocksize (GST_BASE_SRC (src), BLOCK_SIZE);
}

/* The URI */

static GstURIType
open_file_src_get_type_of_uri (GType type G_GNUC_UNUSED)
{
  return GST_URI_SRC;
}

static const char *const *
open_file_src_get_protocols (GType type G_GNUC_UNUSED)
{
  static const char *const protocols[] = { SCHEME, NULL };

  return protocols;
}

static char *
open_file_src_get_uri (GstURIHandler *handler)
{
  return g_strdup_printf (SCHEME "://%d", OPEN_FILE_SRC (handler)->fd);
}

static gboolean
open_file_src_set_uri (
    GstURIHandler *handler, const char *uri, GError **error G_GNUC_UNUSED)
{
  OPEN_FILE_SRC (handler)->fd = atoi (uri + sizeof SCHEME "://" - 1);
  return TRUE;
}

static void
open_file_src_init_handler (gpointer iface, gpointer data G_GNUC_UNUSED)
{
  GstURIHandlerInterface *handler = iface;

  handler->get_type = open_file_src_get_type_of_uri;
  handler->get_protocols = open_file_src_get_protocols;
  handler->get_uri = open_file_src_get_uri;
  handler->set_uri = open_file_src_set_uri;
}

gboolean
open_file_src_register (void)
{
  return gst_element_register (
      NULL, "openfilesrc", GST_RANK_PRIMARY, open_file_src_get_type ());
}
