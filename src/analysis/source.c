/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "source.h"

#include <gst/pbutils/pbutils.h>

GstElement *
source_add_element (GstBin *bin, const char *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element)
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "GStreamer's element %s is not installed.", factory);
  else
    gst_bin_add (bin, element);
  return element;
}

static void
on_pad_added (GstElement *decoder, GstPad *pad, gpointer user_data)
{
  Source *source = user_data;
  g_autoptr (GstPad)
      sink = gst_element_get_static_pad (source->entrance, "sink");

  (void) decoder;
  /* the first of several audio streams, as a player would */
  if (!gst_pad_is_linked (sink))
    gst_pad_link (pad, sink);
}

gboolean
source_init (Source *source, GstBin *pipeline, const char *name,
    GstElement *entrance, GError **error)
{
  /* "Intro: Song.ogg" has the form of a URI, but is a file if there is one */
  gboolean is_file = g_file_test (name, G_FILE_TEST_EXISTS);
  g_autofree char *uri = !is_file && gst_uri_is_valid (name)
      ? g_strdup (name)
      : gst_filename_to_uri (name, error);
  g_autoptr (GstCaps) raw = gst_caps_new_empty_simple ("audio/x-raw");
  GstElement *decoder;

  if (!uri)
    return FALSE;
  decoder = source_add_element (pipeline, "uridecodebin", error);
  if (!decoder)
    return FALSE;
  gst_pb_utils_init ();
  source->entrance = entrance;
  source->missing = NULL;
  /* pictures are not decoded */
  g_object_set (
      decoder, "uri", uri, "caps", raw, "expose-all-streams", FALSE, NULL);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), source);
  return TRUE;
}

/* A picture that cannot be shown is none the worse for that. */
static gboolean
is_missing_decoder (GstMessage *message)
{
  g_autoptr (GstCaps) caps = NULL;
  const char *type;

  if (!gst_is_missing_plugin_message (message))
    return FALSE;
  if (!gst_structure_get (gst_message_get_structure (message), "detail",
          GST_TYPE_CAPS, &caps, NULL) ||
      gst_caps_get_size (caps) == 0)
    return TRUE;
  type = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  return !g_str_has_prefix (type, "image/") &&
      !g_str_has_prefix (type, "text/");
}

static gboolean
is_remote (GstObject *object)
{
  return GST_OBJECT_FLAG_IS_SET (object, GST_ELEMENT_FLAG_SOURCE) &&
      GST_IS_URI_HANDLER (object) &&
      g_strcmp0 (G_OBJECT_TYPE_NAME (object), "GstFileSrc") &&
      g_strcmp0 (G_OBJECT_TYPE_NAME (object), "GstFdSrc");
}

gboolean
source_is_no_audio (const GError *error)
{
  return g_error_matches (
             error, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND) ||
      g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
}

gboolean
source_check_message (Source *source, GstMessage *message, GError **error)
{
  GError *fault;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT &&
      is_missing_decoder (message) && !source->missing)
    source->missing = gst_missing_plugin_message_get_description (message);
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return TRUE;

  gst_message_parse_error (message, &fault, NULL);
  if (source->missing)
    g_set_error (error, fault->domain, fault->code,
        "No decoder is installed for it: %s.", source->missing);
  else if (g_error_matches (
               fault, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    /* all that there is was recognised, and none of it is audio */
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
        "There is no audio in it.");
  else if (g_error_matches (
               fault, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) &&
      !g_strcmp0 (G_OBJECT_TYPE_NAME (message->src), "GstFileSrc"))
    g_set_error (error, fault->domain, fault->code, "It does not exist.");
  else if (g_error_matches (
               fault, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND))
    g_set_error (error, fault->domain, fault->code,
        "It is not a file of audio that GStreamer knows.");
  else if (g_error_matches (fault, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED) &&
      is_remote (message->src))
    g_set_error (error, fault->domain, fault->code,
        "It cannot be reached, or its server has stopped sending it.");
  else
    g_propagate_error (error, g_steal_pointer (&fault));
  g_clear_error (&fault);
  return FALSE;
}

gboolean
source_is_moving (const Source *source, GstElement *pipeline)
{
  g_autoptr (GstIterator)
      elements = gst_bin_iterate_recurse (GST_BIN (pipeline));
  g_auto (GValue) element = G_VALUE_INIT;
  gboolean moving = FALSE;

  while (!moving) {
    GstIteratorResult more = gst_iterator_next (elements, &element);

    if (more == GST_ITERATOR_RESYNC) {
      /* elements come and go: something happens */
      moving = TRUE;
    } else if (more == GST_ITERATOR_OK) {
      GstElement *one = g_value_get_object (&element);

      GST_OBJECT_LOCK (one);
      for (GList *pad = one->pads; pad && one != source->entrance;
           pad = pad->next)
        moving |= gst_pad_get_task_state (pad->data) == GST_TASK_STARTED;
      GST_OBJECT_UNLOCK (one);
      g_value_reset (&element);
    } else {
      break;
    }
  }
  return moving;
}

void
source_clear (Source *source)
{
  g_clear_pointer (&source->missing, g_free);
}
