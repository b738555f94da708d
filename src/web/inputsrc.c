/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "inputsrc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst/base/gstbasesrc.h>
#include <gst/gst.h>

#define SCHEME "input"

G_DECLARE_FINAL_TYPE (InputSrc, input_src, INPUT, SRC, GstBaseSrc)

struct _InputSrc
{
  GstBaseSrc parent;
  int fd;
};

static void input_src_init_handler (gpointer iface, gpointer data);

G_DEFINE_TYPE_WITH_CODE (InputSrc, input_src, GST_TYPE_BASE_SRC,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, input_src_init_handler))

static GstFlowReturn
input_src_fill (GstBaseSrc *base, guint64 offset, guint size, GstBuffer *buffer)
{
  InputSrc *src = INPUT_SRC (base);
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
input_src_get_size (GstBaseSrc *base, guint64 *size)
{
  struct stat info;

  if (fstat (INPUT_SRC (base)->fd, &info) < 0)
    return FALSE;
  *size = info.st_size;
  return TRUE;
}

static gboolean
input_src_is_seekable (GstBaseSrc *base G_GNUC_UNUSED)
{
  return TRUE;
}

static void
input_src_class_init (InputSrcClass *klass)
{
  static GstStaticPadTemplate pad = GST_STATIC_PAD_TEMPLATE (
      "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (klass);

  base->fill = input_src_fill;
  base->get_size = input_src_get_size;
  base->is_seekable = input_src_is_seekable;
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &pad);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Input source", "Source/File", "Reads a file that is open",
      "The genreclassify authors");
}

static void
input_src_init (InputSrc *src)
{
  src->fd = -1;
  gst_base_src_set_blocksize (GST_BASE_SRC (src), 1 << 16);
}

/* The URI */

static GstURIType
input_src_get_type_of_uri (GType type G_GNUC_UNUSED)
{
  return GST_URI_SRC;
}

static const char *const *
input_src_get_protocols (GType type G_GNUC_UNUSED)
{
  static const char *const protocols[] = { SCHEME, NULL };

  return protocols;
}

static char *
input_src_get_uri (GstURIHandler *handler)
{
  return g_strdup_printf (SCHEME "://%d", INPUT_SRC (handler)->fd);
}

static gboolean
input_src_set_uri (
    GstURIHandler *handler, const char *uri, GError **error G_GNUC_UNUSED)
{
  INPUT_SRC (handler)->fd = atoi (uri + sizeof SCHEME "://" - 1);
  return TRUE;
}

static void
input_src_init_handler (gpointer iface, gpointer data G_GNUC_UNUSED)
{
  GstURIHandlerInterface *handler = iface;

  handler->get_type = input_src_get_type_of_uri;
  handler->get_protocols = input_src_get_protocols;
  handler->get_uri = input_src_get_uri;
  handler->set_uri = input_src_set_uri;
}

gboolean
input_src_register (void)
{
  return gst_element_register (
      NULL, "inputsrc", GST_RANK_PRIMARY, input_src_get_type ());
}
