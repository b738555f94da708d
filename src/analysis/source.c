/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "source.h"

#include <string.h>

#include <gst/pbutils/pbutils.h>

#include "reason.h"

GstElement *
source_add_element (GstBin *bin, const char *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element)
    g_set_error (error, ANALYSIS_ERROR, REASON_PLUGIN_MISSING,
        "GStreamer's element %s is not installed.", factory);
  else
    gst_bin_add (bin, element);
  return element;
}

static void
on_pad_added (GstElement *decoder, GstPad *pad, gpointer user_data)
{
  Source *source = user_data;
  g_autoptr (GstPad) input = gst_element_get_static_pad (source->sink, "sink");

  (void) decoder;
  /* the first of several audio streams, as a player would */
  if (!gst_pad_is_linked (input))
    gst_pad_link (pad, input);
}

gboolean
source_init (Source *source, GstBin *pipeline, const char *name,
    GstElement *sink, GError **error)
{
  g_autoptr (GError) fault = NULL;
  /* "Intro: Song.ogg" has the form of a URI, but is a file if there is one */
  gboolean is_file = g_file_test (name, G_FILE_TEST_EXISTS);
  g_autofree char *uri = !is_file && gst_uri_is_valid (name)
      ? g_strdup (name)
      : gst_filename_to_uri (name, &fault);
  g_autoptr (GstCaps) raw = gst_caps_new_empty_simple ("audio/x-raw");
  GstElement *decoder;

  source->sink = sink;
  source->missing = NULL;
  if (!uri) {
    g_set_error_literal (
        error, ANALYSIS_ERROR, REASON_UNREADABLE, fault->message);
    return FALSE;
  }
  decoder = source_add_element (pipeline, "uridecodebin", error);
  if (!decoder)
    return FALSE;
  gst_pb_utils_init ();
  /* only audio is decoded, no pictures */
  g_object_set (
      decoder, "uri", uri, "caps", raw, "expose-all-streams", FALSE, NULL);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), source);
  return TRUE;
}

/* Pictures and lyrics in a file need no decoder. */
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

/* What faults mean */

/* Whether @object reads from a server. */
static gboolean
is_remote (GstObject *object)
{
  const char *class;

  if (!GST_OBJECT_FLAG_IS_SET (object, GST_ELEMENT_FLAG_SOURCE) ||
      !GST_IS_URI_HANDLER (object))
    return FALSE;
  /* "Source/File" or, say, "Source/Network" */
  class = gst_element_class_get_metadata (
      GST_ELEMENT_GET_CLASS (object), GST_ELEMENT_METADATA_KLASS);
  return !class || !strstr (class, "File");
}

static gboolean
is_classifier (GstObject *object)
{
  GstElementFactory *factory = GST_IS_ELEMENT (object)
      ? gst_element_get_factory (GST_ELEMENT (object))
      : NULL;

  return factory && !g_strcmp0 (GST_OBJECT_NAME (factory), "genreclassify");
}

/* The status that an HTTP server has answered with, or 0. */
static guint
get_http_status (GstMessage *message)
{
  const GstStructure *details = NULL;
  guint status = 0;

  gst_message_parse_error_details (message, &details);
  if (details)
    gst_structure_get_uint (details, "http-status-code", &status);
  return status;
}

static Reason
get_remote_reason (GstMessage *message)
{
  switch (get_http_status (message)) {
    case 404: /* Not Found */
    case 410: /* Gone */
      return REASON_NOT_FOUND;
    case 401: /* Unauthorized */
    case 402: /* Payment Required */
    case 403: /* Forbidden */
    case 407: /* Proxy Authentication Required */
      return REASON_UNREADABLE;
    default:
      return REASON_UNREACHABLE;
  }
}

static Reason
get_resource_reason (GstMessage *message, int code)
{
  if (is_remote (message->src))
    return get_remote_reason (message);
  return code == GST_RESOURCE_ERROR_NOT_FOUND ? REASON_NOT_FOUND
                                              : REASON_UNREADABLE;
}

static Reason
get_stream_reason (GstMessage *message, int code)
{
  switch (code) {
    case GST_STREAM_ERROR_TYPE_NOT_FOUND:
    case GST_STREAM_ERROR_WRONG_TYPE:
      return REASON_NOT_AUDIO;
    case GST_STREAM_ERROR_CODEC_NOT_FOUND:
      return REASON_DECODER_MISSING;
    case GST_STREAM_ERROR_FAILED:
      return is_remote (message->src) ? REASON_UNREACHABLE
                                      : REASON_DECODER_FAILED;
    default:
      return REASON_DECODER_FAILED;
  }
}

static Reason
get_reason (GstMessage *message, const GError *fault)
{
  if (is_classifier (message->src))
    return REASON_BAD_MODEL;
  if (fault->domain == GST_RESOURCE_ERROR)
    return get_resource_reason (message, fault->code);
  if (fault->domain == GST_STREAM_ERROR)
    return get_stream_reason (message, fault->code);
  if (fault->domain == GST_LIBRARY_ERROR)
    return REASON_DECODER_FAILED;
  /* every stream in it was recognised, and none is audio: pictures need no
   * decoder */
  if (g_error_matches (fault, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    return REASON_NO_AUDIO_STREAM;
  return REASON_INTERNAL;
}

/* A sentence about the file for what GStreamer says in its own terms, or NULL. */
static const char *
get_sentence (GstMessage *message, const GError *fault)
{
  if (g_error_matches (fault, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    return "There is no audio in it.";
  if (g_error_matches (
          fault, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) &&
      !g_strcmp0 (G_OBJECT_TYPE_NAME (message->src), "GstFileSrc"))
    return "It does not exist.";
  if (g_error_matches (
          fault, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND))
    return "It is not a file of audio that GStreamer knows.";
  if (g_error_matches (fault, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED) &&
      is_remote (message->src))
    return "It cannot be reached, or its server has stopped sending it.";
  return NULL;
}

gboolean
source_check_message (Source *source, GstMessage *message, GError **error)
{
  g_autoptr (GError) fault = NULL;
  const char *sentence;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT &&
      is_missing_decoder (message) && !source->missing)
    source->missing = gst_missing_plugin_message_get_description (message);
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return TRUE;

  gst_message_parse_error (message, &fault, NULL);
  sentence = get_sentence (message, fault);
  if (source->missing)
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_MISSING,
        "No decoder is installed for it: %s.", source->missing);
  else
    g_set_error_literal (error, ANALYSIS_ERROR, get_reason (message, fault),
        sentence ? sentence : fault->message);
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
      /* elements were added or removed meanwhile: it is still at work */
      moving = TRUE;
    } else if (more == GST_ITERATOR_OK) {
      GstElement *one = g_value_get_object (&element);

      GST_OBJECT_LOCK (one);
      for (GList *pad = one->pads; pad && one != source->sink; pad = pad->next)
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
