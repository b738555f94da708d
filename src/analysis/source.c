/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "source.h"

#include <math.h>
#include <string.h>

#include <gst/audio/audio.h>
#include <gst/pbutils/pbutils.h>

#include "genre/genre.h"
#include "ranges.h"
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

/* What decodebin plugs.
 *
 * decodebin exposes the pad of an element of which it knows beforehand that it gives
 * raw audio only after that element was started.  One that pulls its data, in a thread
 * of its own, such as aiffparse, would by then often have pushed some into the void
 * and have given up.  Its data is held until the pad is exposed. */

#define HOLD_KEY "genreclassify-hold"

static GstPadProbeReturn
hold (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstElement *element = user_data;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (element, "sink");
  GstEvent *event = GST_PAD_PROBE_INFO_TYPE (info) &
          GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
      ? GST_PAD_PROBE_INFO_EVENT (info)
      : NULL;

  /* not PASS: that would overrule decodebin, which holds the pads of a chained file's
   * next stream until the last one has ended.  Without the key it is being released:
   * a probe is removed once. */
  if (!sink || GST_PAD_MODE (sink) != GST_PAD_MODE_PULL)
    return g_object_steal_data (G_OBJECT (pad), HOLD_KEY) ? GST_PAD_PROBE_REMOVE
                                                          : GST_PAD_PROBE_OK;
  /* the other events, such as the caps, may come before the pad is exposed */
  if (event && GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_PAD_PROBE_PASS;
  return GST_PAD_PROBE_OK;
}

static void
hold_raw_audio (GstElement *element)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (element, "sink"),
                     src = gst_element_get_static_pad (element, "src");
  g_autoptr (GstCaps) raw = NULL, given = NULL;

  if (!sink || !src)
    return;
  raw = gst_caps_new_empty_simple ("audio/x-raw");
  given = gst_pad_get_pad_template_caps (src);
  if (gst_caps_is_subset (given, raw))
    g_object_set_data (G_OBJECT (src), HOLD_KEY,
        (gpointer) gst_pad_add_probe (
            src, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, hold, element, NULL));
}

/* Lets the data pass that comes out of @exposed. */
static void
release_raw_audio (GstPad *exposed)
{
  g_autoptr (GstPad) pad = gst_object_ref (exposed);
  gulong probe;

  while (pad && GST_IS_GHOST_PAD (pad)) {
    GstPad *target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));

    gst_object_unref (pad);
    pad = target;
  }
  probe = pad ? (gulong) g_object_steal_data (G_OBJECT (pad), HOLD_KEY) : 0;
  if (probe)
    gst_pad_remove_probe (pad, probe);
}

/* Notes whether the file's content says that it is of a type of media, which is not
 * just guessed: some noise looks like MP3. */
static void
on_have_type (
    GstElement *typefind, guint probability, GstCaps *caps, gpointer user_data)
{
  Source *source = user_data;
  const char *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  (void) typefind;
  if (probability >= GST_TYPE_FIND_LIKELY && !g_str_has_prefix (type, "text/"))
    g_atomic_int_set (&source->is_recognized, TRUE);
}

static gboolean
is_of_factory (GstObject *object, const char *name)
{
  GstElementFactory *factory = GST_IS_ELEMENT (object)
      ? gst_element_get_factory (GST_ELEMENT (object))
      : NULL;

  return factory && !g_strcmp0 (GST_OBJECT_NAME (factory), name);
}

static void
on_element_added (
    GstBin *decoder, GstBin *bin, GstElement *element, gpointer user_data)
{
  Source *source = user_data;

  (void) decoder;
  (void) bin;
  if (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE) &&
      !GST_IS_BIN (element) && !source->reader) {
    source->reader = gst_object_ref (element);
    ranges_watch (element);
  }
  if (is_of_factory (GST_OBJECT (element), "typefind"))
    g_signal_connect (element, "have-type", G_CALLBACK (on_have_type), source);
  else
    hold_raw_audio (element);
}

/* Whether there is a finite sample in @buffer of the format of @pad. */
static gboolean
has_number (GstPad *pad, GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstAudioFormat format;
  GstAudioInfo audio;
  GstMapInfo map;
  gboolean found = FALSE;

  if (!caps || !gst_audio_info_from_caps (&audio, caps))
    return TRUE;
  format = GST_AUDIO_INFO_FORMAT (&audio);
  if ((format != GST_AUDIO_FORMAT_F32 && format != GST_AUDIO_FORMAT_F64) ||
      !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return TRUE;
  for (gsize i = 0; !found && format == GST_AUDIO_FORMAT_F32 &&
       i < map.size / sizeof (float);
       i++)
    found = isfinite (((const float *) map.data)[i]);
  for (gsize i = 0; !found && format == GST_AUDIO_FORMAT_F64 &&
       i < map.size / sizeof (double);
       i++)
    found = isfinite (((const double *) map.data)[i]);
  gst_buffer_unmap (buffer, &map);
  return found;
}

/* Looks at the audio until there is some that is a number. */
static GstPadProbeReturn
note_audio (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Source *source = user_data;

  g_atomic_int_set (&source->has_audio, TRUE);
  if (!has_number (pad, GST_PAD_PROBE_INFO_BUFFER (info)))
    return GST_PAD_PROBE_OK;
  g_atomic_int_set (&source->has_numbers, TRUE);
  return GST_PAD_PROBE_REMOVE;
}

/* Refuses a rate at which there is nothing to hear of a genre.  A resampler would make
 * days of audio of a small file of 1 Hz. */
static GstPadProbeReturn
check_rate (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Source *source = user_data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstElement *element = GST_PAD_PARENT (pad);
  GstCaps *caps;
  int rate = GENRE_MIN_RATE;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  gst_structure_get_int (gst_caps_get_structure (caps, 0), "rate", &rate);
  if (rate >= GENRE_MIN_RATE)
    return GST_PAD_PROBE_OK;
  g_atomic_int_set (&source->low_rate, rate);
  /* what it means, source_check_message() tells */
  GST_ELEMENT_ERROR (element, STREAM, FORMAT, (NULL), ("%d Hz", rate));
  return GST_PAD_PROBE_DROP;
}

/* Where the audio of @pad goes: a chained file has several, one after the other. */
static GstElement *
choose_sink (Source *source, GstPad *pad)
{
  g_autoptr (GstPad) input = NULL;
  g_autoptr (GstCaps) given = NULL, taken = NULL;

  if (!source->direct)
    return source->converter;
  input = gst_element_get_static_pad (source->direct, "sink");
  given = gst_pad_query_caps (pad, NULL);
  taken = gst_pad_query_caps (input, NULL);
  if (!source->converted)
    source->converted = gst_pad_get_peer (input);
  if (gst_caps_is_subset (given, taken)) {
    gst_pad_unlink (source->converted, input);
    return source->direct;
  }
  if (!gst_pad_is_linked (input))
    gst_pad_link (source->converted, input);
  return source->converter;
}

static void
on_pad_added (GstElement *decoder, GstPad *pad, gpointer user_data)
{
  Source *source = user_data;
  g_autoptr (GstPad) input = gst_element_get_static_pad (source->sink, "sink");

  (void) decoder;
  /* the first of several audio streams, as a player would */
  if (!gst_pad_is_linked (input)) {
    source->sink = choose_sink (source, pad);
    gst_object_unref (input);
    input = gst_element_get_static_pad (source->sink, "sink");
    gst_pad_add_probe (
        input, GST_PAD_PROBE_TYPE_BUFFER, note_audio, source, NULL);
    gst_pad_add_probe (
        input, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, check_rate, source, NULL);
    gst_pad_link (pad, input);
  }
  release_raw_audio (pad);
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

  source->sink = source->converter = sink;
  source->direct = NULL;
  source->converted = NULL;
  source->missing = NULL;
  source->reader = NULL;
  source->is_recognized = source->has_audio = source->has_numbers = FALSE;
  source->low_rate = 0;
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
  g_signal_connect (
      decoder, "deep-element-added", G_CALLBACK (on_element_added), source);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), source);
  return TRUE;
}

/* Where an element comes from that reads from such URIs. */
static const struct
{
  const char *scheme, *element, *origin;
} readers[] = {
  { "http", "souphttpsrc", "GStreamer's good plug-ins" },
  { "https", "souphttpsrc", "GStreamer's good plug-ins" },
  { "s3", "awss3src", "gst-plugins-rs" },
  { "gs", "gssrc", "GStreamer's bad plug-ins" },
};

/* The scheme of URIs that nothing installed reads, if @message tells of that; or
 * NULL. */
static const char *
get_missing_scheme (GstMessage *message)
{
  const GstStructure *what = gst_message_get_structure (message);

  return g_strcmp0 (gst_structure_get_string (what, "type"), "urisource") == 0
      ? gst_structure_get_string (what, "detail")
      : NULL;
}

/* A sentence; free with g_free(). */
static char *
describe_missing (GstMessage *message)
{
  const char *scheme = get_missing_scheme (message);
  g_autofree char *description = NULL;

  for (guint i = 0; scheme && i < G_N_ELEMENTS (readers); i++)
    if (g_str_equal (scheme, readers[i].scheme))
      return g_strdup_printf (
          "No GStreamer element that reads %s:// is installed; %s of %s does.",
          scheme, readers[i].element, readers[i].origin);
  if (scheme)
    return g_strdup_printf (
        "No GStreamer element that reads %s:// is installed.", scheme);
  description = gst_missing_plugin_message_get_description (message);
  return g_strdup_printf ("No decoder is installed for it: %s.", description);
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
  if (is_of_factory (message->src, "genreclassify"))
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
  if (g_error_matches (fault, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED) &&
      is_remote (message->src))
    return "It cannot be reached, or its server has stopped sending it.";
  /* the reader asks for the rest if a connection is cut */
  if (g_error_matches (fault, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK) &&
      is_remote (message->src))
    return "Its server has stopped sending it, and does not send the rest alone.";
  return NULL;
}

/* Whether @fault says no more than that nothing could be made of the file.  Which
 * element of several reports that, or whether decodebin keeps it to itself, is a
 * matter of chance. */
static gboolean
is_unspecific (GstMessage *message, const GError *fault)
{
  /* Range Not Satisfiable: there is not a byte from there on, and nothing at all if it
   * is the first answer */
  if (get_http_status (message) == 416)
    return TRUE;
  if (is_remote (message->src) || is_of_factory (message->src, "genreclassify"))
    return FALSE;
  /* only a text is told by decodebin itself */
  if (is_of_factory (message->src, "decodebin") &&
      fault->code == GST_STREAM_ERROR_WRONG_TYPE)
    return FALSE;
  /* a library that takes what it is given for its file */
  if (fault->domain == GST_RESOURCE_ERROR)
    return !GST_OBJECT_FLAG_IS_SET (message->src, GST_ELEMENT_FLAG_SOURCE);
  if (fault->domain != GST_STREAM_ERROR)
    return FALSE;
  switch (fault->code) {
    case GST_STREAM_ERROR_FAILED:
    case GST_STREAM_ERROR_TYPE_NOT_FOUND:
    case GST_STREAM_ERROR_WRONG_TYPE:
    case GST_STREAM_ERROR_DECODE:
    case GST_STREAM_ERROR_DEMUX:
    case GST_STREAM_ERROR_FORMAT:
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
source_check_numbers (const Source *source, GError **error)
{
  if (!g_atomic_int_get (&source->has_audio) ||
      g_atomic_int_get (&source->has_numbers))
    return TRUE;
  g_set_error (error, ANALYSIS_ERROR, REASON_NO_NUMBERS,
      "Its samples are not numbers (NaN or infinite): it is damaged.");
  return FALSE;
}

void
source_set_stopped (const Source *source, GError **error)
{
  if (g_atomic_int_get (&source->has_audio))
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED,
        "Its decoder stopped without a reason.");
  else if (g_atomic_int_get (&source->is_recognized))
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED,
        "Nothing of it can be decoded: it is damaged or cut off.");
  else
    g_set_error (error, ANALYSIS_ERROR, REASON_NOT_AUDIO,
        "It is not a file of audio that GStreamer knows.");
}

/* Whether @message is of an MP4 file, or one of its kind, whose index would have had to
 * be fetched from its end. */
static gboolean
is_index_missing (const Source *source, GstMessage *message)
{
  return !g_atomic_int_get (&source->has_audio) &&
      is_of_factory (message->src, "qtdemux") &&
      ranges_are_missing (source->reader);
}

/* Whether @fault is of a server that has promised parts of files, and sent none when an
 * element needed one. */
static gboolean
is_broken_promise (
    const Source *source, GstMessage *message, const GError *fault)
{
  return is_remote (message->src) && ranges_were_sought (source->reader) &&
      g_error_matches (fault, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK);
}

gboolean
source_check_message (Source *source, GstMessage *message, GError **error)
{
  g_autoptr (GError) fault = NULL;
  const char *sentence;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT &&
      is_missing_decoder (message) && !source->missing)
    source->missing = describe_missing (message);
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return TRUE;

  gst_message_parse_error (message, &fault, NULL);
  sentence = get_sentence (message, fault);
  if (g_atomic_int_get (&source->low_rate))
    g_set_error (error, ANALYSIS_ERROR, REASON_LOW_RATE,
        "Its sample rate is %d Hz: at least %d Hz are needed.",
        g_atomic_int_get (&source->low_rate), GENRE_MIN_RATE);
  else if (source->missing)
    g_set_error_literal (
        error, ANALYSIS_ERROR, REASON_DECODER_MISSING, source->missing);
  else if (is_broken_promise (source, message, fault))
    g_set_error (error, ANALYSIS_ERROR, REASON_UNREADABLE,
        "Its server does not send parts of files, although it says that it does: "
        "a part of this one is needed first.");
  else if (is_index_missing (source, message))
    g_set_error (error, ANALYSIS_ERROR, REASON_UNREADABLE,
        "Its index is not at its beginning, and the server does not send parts of "
        "files, such as the end.");
  else if (!g_atomic_int_get (&source->has_audio) &&
      is_unspecific (message, fault))
    source_set_stopped (source, error);
  else
    g_set_error_literal (error, ANALYSIS_ERROR, get_reason (message, fault),
        sentence ? sentence : fault->message);
  return FALSE;
}

/* Whether it moves */

/* Asks @func of every element, until one says TRUE. */
static gboolean
find_element (GstElement *pipeline,
    gboolean (*func) (GstElement *element, gconstpointer data),
    gconstpointer data)
{
  g_autoptr (GstIterator)
      elements = gst_bin_iterate_recurse (GST_BIN (pipeline));
  g_auto (GValue) element = G_VALUE_INIT;
  gboolean found = FALSE;

  while (!found) {
    GstIteratorResult more = gst_iterator_next (elements, &element);

    /* with RESYNC, elements were added or removed meanwhile: it is at work */
    if (more == GST_ITERATOR_DONE || more == GST_ITERATOR_ERROR)
      break;
    found = more == GST_ITERATOR_RESYNC ||
        func (g_value_get_object (&element), data);
    g_value_reset (&element);
  }
  return found;
}

/* Whether the thread of a pad runs.  A demuxer pauses its own while it seeks, and sends
 * the heads of streams then: the thread holds the pad's lock until it stops. */
static gboolean
is_running (GstPad *pad)
{
  GstTaskState state = gst_pad_get_task_state (pad);

  if (state != GST_TASK_PAUSED)
    return state == GST_TASK_STARTED;
  if (!GST_PAD_STREAM_TRYLOCK (pad))
    return TRUE;
  GST_PAD_STREAM_UNLOCK (pad);
  return FALSE;
}

static gboolean
has_thread (GstElement *element, gconstpointer sink)
{
  gboolean has = FALSE;

  GST_OBJECT_LOCK (element);
  for (GList *pad = element->pads; pad && element != sink; pad = pad->next)
    has |= is_running (pad->data);
  GST_OBJECT_UNLOCK (element);
  return has;
}

gboolean
source_has_threads (const Source *source, GstElement *pipeline)
{
  return find_element (pipeline, has_thread, source->sink);
}

static gboolean
is_not_local (GstElement *element, gconstpointer data)
{
  (void) data;
  return is_remote (GST_OBJECT (element));
}

gboolean
source_is_local (GstElement *pipeline)
{
  return !find_element (pipeline, is_not_local, NULL);
}

static gboolean
is_reading (GstElement *element, gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;

  (void) data;
  if (is_remote (GST_OBJECT (element)))
    return TRUE;
  if (!GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SOURCE) ||
      GST_IS_BIN (element))
    return FALSE;
  /* its lock is held while data is read, or always by a thread of its own */
  pad = gst_element_get_static_pad (element, "src");
  if (!pad)
    return FALSE;
  if (!GST_PAD_STREAM_TRYLOCK (pad))
    return TRUE;
  GST_PAD_STREAM_UNLOCK (pad);
  return FALSE;
}

gboolean
source_is_reading (GstElement *pipeline)
{
  return find_element (pipeline, is_reading, NULL);
}

void
source_clear (Source *source)
{
  g_clear_pointer (&source->missing, g_free);
  gst_clear_object (&source->reader);
  gst_clear_object (&source->converted);
}
