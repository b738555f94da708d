/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listenersource.h"

#include <string.h>

/* s from the end of a stream in which another begins, if it is not the station's end */
#define MAX_GAP 2

/* kbit/s of a variant that is good enough to be classified */
#define MAX_BITRATE 160

/* sources of one station that are kept: it mostly has one for each of its streams */
#define MAX_KEPT 32

static void
fail (ListenerSource *source, const char *reason)
{
  source->on_failed (reason, source->user_data);
}

static GstElement *
add_element (ListenerSource *source, const char *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element)
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "GStreamer's element %s is not installed.", factory);
  else
    gst_bin_add (source->pipeline, element);
  return element;
}

/* Decoders */

/* Of two decoders for the same, this one costs less than half. */
static const char *const cheap[] = { "mpg123audiodec", NULL };

static int
compare_factories (gconstpointer a, gconstpointer b)
{
  gboolean a_cheap = g_strv_contains (cheap, GST_OBJECT_NAME (a));
  gboolean b_cheap = g_strv_contains (cheap, GST_OBJECT_NAME (b));

  if (a_cheap != b_cheap)
    return b_cheap - a_cheap;
  return gst_plugin_feature_rank_compare_func (a, b);
}

/* A decoder for @caps, in the pipeline, in READY; NULL if none is installed. */
static GstElement *
make_decoder (ListenerSource *source, GstCaps *caps)
{
  GList *all = gst_element_factory_list_get_elements (
      GST_ELEMENT_FACTORY_TYPE_DECODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
      GST_RANK_MARGINAL);
  GList *fitting = gst_element_factory_list_filter (
      all, caps, GST_PAD_SINK, TRUE);
  GstElement *decoder = NULL;

  fitting = g_list_sort (fitting, compare_factories);
  for (GList *i = fitting; i && !decoder; i = i->next) {
    decoder = gst_element_factory_create (i->data, NULL);
    if (!decoder)
      continue;
    gst_bin_add (source->pipeline, decoder);
    if (gst_element_set_state (decoder, GST_STATE_READY) !=
        GST_STATE_CHANGE_FAILURE)
      continue;
    gst_element_set_state (decoder, GST_STATE_NULL);
    gst_bin_remove (source->pipeline, decoder);
    decoder = NULL;
  }
  gst_plugin_feature_list_free (fitting);
  gst_plugin_feature_list_free (all);
  return decoder;
}

static void
drop_decoder (ListenerSource *source)
{
  GstElement *decoder = g_steal_pointer (&source->decoder);

  if (!decoder)
    return;
  gst_element_set_state (decoder, GST_STATE_NULL);
  gst_bin_remove (source->pipeline, decoder);
}

/* Streams.  Those of a chained Ogg come one after the other. */

static gboolean
link_pads (GstPad *pad, GstElement *element)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (element, "sink");
  g_autoptr (GstPad) last = gst_pad_get_peer (sink);

  if (last)
    gst_pad_unlink (last, sink);
  return gst_pad_link (pad, sink) == GST_PAD_LINK_OK;
}

static void
decode (ListenerSource *source, GstPad *pad, GstCaps *caps)
{
  const char *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  g_autoptr (GstPad) decoded = NULL;

  if (g_str_equal (type, "audio/x-raw")) {
    if (!link_pads (pad, source->sink))
      fail (source, "Its audio cannot be used.");
    return;
  }
  source->decoder = make_decoder (source, caps);
  if (!source->decoder) {
    g_autofree char *reason = g_strdup_printf (
        "No decoder for %s is installed.", type);

    fail (source, reason);
    return;
  }
  decoded = gst_element_get_static_pad (source->decoder, "src");
  if (!decoded || !link_pads (decoded, source->sink) ||
      !link_pads (pad, source->decoder) ||
      !gst_element_sync_state_with_parent (source->decoder))
    fail (source, "Its audio cannot be decoded.");
}

/* What exactly comes from @pad is known now. */
static GstPadProbeReturn
on_caps (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  ListenerSource *source = user_data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  g_mutex_lock (&source->lock);
  if (source->stream == pad)
    decode (source, pad, caps);
  g_mutex_unlock (&source->lock);
  return GST_PAD_PROBE_REMOVE;
}

/* Decodes what comes from @pad if that is audio, and there is none yet. */
static void
take_pad (ListenerSource *source, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad), possible = NULL;

  possible = caps ? gst_caps_ref (caps) : gst_pad_query_caps (pad, NULL);
  if (source->stream || gst_caps_is_empty (possible) ||
      gst_caps_is_any (possible) ||
      !g_str_has_prefix (
          gst_structure_get_name (gst_caps_get_structure (possible, 0)),
          "audio/"))
    return;
  source->stream = pad;
  source->drained = 0;
  if (caps)
    decode (source, pad, caps);
  else
    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_caps, source, NULL);
}

static gboolean
take_other_pad (GstElement *parser, GstPad *pad, gpointer user_data)
{
  (void) parser;
  take_pad (user_data, pad);
  return TRUE;
}

static void
on_pad_added (GstElement *parser, GstPad *pad, gpointer user_data)
{
  ListenerSource *source = user_data;

  (void) parser;
  g_mutex_lock (&source->lock);
  take_pad (source, pad);
  g_mutex_unlock (&source->lock);
}

static void
on_pad_removed (GstElement *parser, GstPad *pad, gpointer user_data)
{
  ListenerSource *source = user_data;

  g_mutex_lock (&source->lock);
  if (source->stream == pad) {
    source->stream = NULL;
    drop_decoder (source);
    /* the next one was added before */
    gst_element_foreach_src_pad (parser, take_other_pad, source);
  }
  g_mutex_unlock (&source->lock);
}

static void
on_no_more_pads (GstElement *parser, gpointer user_data)
{
  ListenerSource *source = user_data;
  gboolean has_audio;

  (void) parser;
  g_mutex_lock (&source->lock);
  has_audio = source->stream != NULL;
  g_mutex_unlock (&source->lock);
  if (!has_audio)
    fail (source, "There is no audio in it.");
}

/* What comes is of @type, of which no audio will come: a page in the place of a station,
 * say. */
static void
fail_for_type (ListenerSource *source, const char *type)
{
  g_autofree char *reason = NULL;
  gboolean has_audio;

  g_mutex_lock (&source->lock);
  has_audio = source->stream != NULL;
  g_mutex_unlock (&source->lock);
  if (has_audio)
    return;
  reason = g_strdup_printf ("It sends %s, which is no audio.", type);
  fail (source, reason);
}

/* Nothing is known that takes it apart. */
static void
on_unknown_type (
    GstElement *parser, GstPad *pad, GstCaps *caps, gpointer user_data)
{
  const char *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  (void) parser;
  (void) pad;
  if (!g_str_has_prefix (type, "audio/") &&
      !g_str_has_prefix (type, "video/") && !g_str_has_prefix (type, "meta/"))
    fail_for_type (user_data, type);
}

/* Nothing but audio is taken apart any further. */
static gboolean
on_autoplug_continue (
    GstElement *parser, GstPad *pad, GstCaps *caps, gpointer user_data)
{
  static const char *const pages[] = { "text/html", "text/plain",
    "text/uri-list", "application/xml", NULL };
  const char *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  (void) parser;
  (void) pad;
  if (g_strv_contains (pages, type))
    fail_for_type (user_data, type);
  return !g_str_has_prefix (type, "video/x-h26") &&
      !g_str_has_prefix (type, "image/") && !g_str_has_prefix (type, "text/") &&
      !g_str_has_prefix (type, "subpicture/");
}

/* One that plays HLS or its like. */
static gboolean
is_adaptive (gpointer element)
{
  return g_object_class_find_property (
             G_OBJECT_GET_CLASS (element), "connection-speed") != NULL;
}

/* Of the variants of a station, which may have a video as well, the smallest.
 *
 * When such an element ends, it uses its sources without a reference, while the thread
 * that fetches may have given up and freed them. */
static void
on_element_added (
    GstBin *parser, GstBin *bin, GstElement *element, gpointer user_data)
{
  ListenerSource *source = user_data;

  (void) parser;
  if (is_adaptive (element))
    g_object_set (element, "connection-speed", MAX_BITRATE, NULL);
  if (!is_adaptive (bin))
    return;
  g_async_queue_push (source->kept, gst_object_ref (element));
  if (g_async_queue_length (source->kept) > MAX_KEPT)
    gst_object_unref (g_async_queue_pop (source->kept));
}

static void
watch_pads (ListenerSource *source, GstElement *parser)
{
  g_signal_connect (parser, "pad-added", G_CALLBACK (on_pad_added), source);
  g_signal_connect (parser, "pad-removed", G_CALLBACK (on_pad_removed), source);
  g_signal_connect (
      parser, "no-more-pads", G_CALLBACK (on_no_more_pads), source);
}

/* Ends.  That of a file in a chain, or of one of the streams that HLS changes between, is
 * none of the station's. */

static GstPadProbeReturn
on_fetched (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  ListenerSource *source = user_data;

  (void) pad;
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    source->ended_in = g_thread_self ();
  return GST_PAD_PROBE_OK;
}

gboolean
listener_source_take_end (ListenerSource *source)
{
  /* there is no queue between, but in HLS, where what is fetched here is only the list */
  if (!source->is_fetched || source->ended_in == g_thread_self ())
    return TRUE;
  g_mutex_lock (&source->lock);
  source->drained = g_get_monotonic_time ();
  g_mutex_unlock (&source->lock);
  return FALSE;
}

gboolean
listener_source_is_drained (ListenerSource *source)
{
  gboolean is_drained;

  g_mutex_lock (&source->lock);
  is_drained = source->drained &&
      g_get_monotonic_time () - source->drained > MAX_GAP * G_TIME_SPAN_SECOND;
  g_mutex_unlock (&source->lock);
  return is_drained;
}

/* Sources */

static gboolean
build_fetched (ListenerSource *source, const char *uri, int file,
    gboolean is_recorded, GError **error)
{
  GstElement *fetch = add_element (source, "fetchsrc", error);
  GstElement *parser = fetch ? add_element (source, "parsebin", error) : NULL;
  g_autoptr (GstPad) pad = NULL;

  if (!parser)
    return FALSE;
  source->is_fetched = TRUE;
  pad = gst_element_get_static_pad (fetch, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_fetched, source, NULL);
  g_object_set (
      fetch, "is-station", TRUE, "is-live", !is_recorded, "fd", file, NULL);
  gst_uri_handler_set_uri (GST_URI_HANDLER (fetch), uri, NULL);
  g_signal_connect (
      parser, "autoplug-continue", G_CALLBACK (on_autoplug_continue), source);
  g_signal_connect (
      parser, "unknown-type", G_CALLBACK (on_unknown_type), source);
  g_signal_connect (
      parser, "deep-element-added", G_CALLBACK (on_element_added), source);
  watch_pads (source, parser);
  gst_element_link (fetch, parser);
  return TRUE;
}

/* The sources of devices, and the property that the URI's rest is the value of. */
static const struct
{
  const char *scheme, *factory, *property;
} devices[] = {
  { "pulse://", "pulsesrc", "device" },
  { "pipewire://", "pipewiresrc", "target-object" },
  { "alsa://", "alsasrc", "device" },
};

static gboolean
build_device (
    ListenerSource *source, guint device, const char *name, GError **error)
{
  GstElement *element = add_element (source, devices[device].factory, error);

  if (!element)
    return FALSE;
  if (*name)
    g_object_set (element, devices[device].property, name, NULL);
  gst_element_link (element, source->sink);
  return TRUE;
}

static gboolean
build_other (ListenerSource *source, const char *uri, GError **error)
{
  GstElement *decoder = add_element (source, "uridecodebin", error);
  g_autoptr (GstCaps) raw = gst_caps_new_empty_simple ("audio/x-raw");

  if (!decoder)
    return FALSE;
  g_object_set (
      decoder, "uri", uri, "caps", raw, "expose-all-streams", FALSE, NULL);
  watch_pads (source, decoder);
  return TRUE;
}

static int
find_device (const char *uri)
{
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if (g_str_has_prefix (uri, devices[i].scheme))
      return i;
  return -1;
}

gboolean
listener_source_build (ListenerSource *source, const char *uri, int file,
    gboolean is_recorded, GError **error)
{
  int device = find_device (uri);

  g_mutex_init (&source->lock);
  source->kept = g_async_queue_new ();
  if (device >= 0)
    return build_device (
        source, device, uri + strlen (devices[device].scheme), error);
  if (listener_source_get_access (uri) == ACCESS_NETWORK)
    return build_other (source, uri, error);
  return build_fetched (source, uri, file, is_recorded, error);
}

ListenerAccess
listener_source_get_access (const char *uri)
{
  if (find_device (uri) >= 0)
    return ACCESS_DEVICE;
  return g_str_has_prefix (uri, "rtsp") ? ACCESS_NETWORK : ACCESS_FETCHED;
}

void
listener_source_clear (ListenerSource *source)
{
  GstElement *kept;

  source->decoder = NULL; /* the pipeline's */
  while ((kept = g_async_queue_try_pop (source->kept))) {
    /* it may have left the pipeline before that was */
    gst_element_set_state (kept, GST_STATE_NULL);
    gst_object_unref (kept);
  }
  g_async_queue_unref (source->kept);
  g_mutex_clear (&source->lock);
}
