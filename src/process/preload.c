/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "preload.h"

#include <iconv.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst/gst.h>

#include "analysis/source.h"

/* Decoders of video are never used.  Those that talk to hardware must not see
 * the files of strangers. */
static gboolean
is_wanted (GstElementFactory *factory)
{
  const char *class = gst_element_factory_get_metadata (
      factory, GST_ELEMENT_METADATA_KLASS);

  return !strstr (class, "Hardware") && !strstr (class, "Video") &&
      !strstr (class, "Image") && !strstr (class, "Network");
}

/* Loads those of @features that are wanted and that one of @plugins (NULL: any) has.  The
 * registry forgets what another plugin has, so that nothing tries to load it later. */
static void
load_features (GList *features, const char *const *plugins)
{
  for (GList *i = features; i; i = i->next) {
    GstPluginFeature *feature = i->data, *loaded;
    const char *plugin = gst_plugin_feature_get_plugin_name (feature);

    if (plugins && !(plugin && g_strv_contains (plugins, plugin))) {
      gst_registry_remove_feature (gst_registry_get (), feature);
      continue;
    }
    if (GST_IS_ELEMENT_FACTORY (feature) &&
        !is_wanted (GST_ELEMENT_FACTORY (feature)))
      continue;
    loaded = gst_plugin_feature_load (feature);
    if (loaded)
      gst_object_unref (loaded);
  }
  gst_plugin_feature_list_free (features);
}

/* Opens an element with @format once, and closes it.  What is computed for the
 * first element only then is in memory already when a worker is forked: the
 * tables of libav, which take as long as decoding some seconds of audio, and
 * the plans of FFTW. */
static void
open_element (const char *factory, const char *format)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (format);
  g_autoptr (GstPad) pad = NULL;

  if (!element)
    return;
  gst_object_ref_sink (element);
  gst_element_set_state (element, GST_STATE_PAUSED);
  pad = gst_element_get_static_pad (element, "sink");
  gst_pad_send_event (pad, gst_event_new_stream_start ("none"));
  gst_pad_send_event (pad, gst_event_new_caps (caps));
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

void
preload_registry (void)
{
  const pid_t child = fork ();

  if (child == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    gst_init_check (NULL, NULL, NULL);
    _exit (0);
  }
  if (child > 0)
    waitpid (child, NULL, 0);
}

gboolean
preload_check_plugin (GError **error)
{
  GstElement *bin = gst_bin_new (NULL);
  gboolean ok = source_add_element (GST_BIN (bin), "genreclassify", error) !=
      NULL;

  gst_object_unref (gst_object_ref_sink (bin));
  return ok;
}

/* An instance also initialises the class, which may load more. */
static void
make_element (const char *factory)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element)
    gst_object_unref (gst_object_ref_sink (element));
}

/* Those that the environment names for tags, with colons between. */
static void
open_charsets (const char *variable)
{
  const char *value = g_getenv (variable);
  g_auto (GStrv) names = g_strsplit (value ? value : "", ":", -1);

  for (guint i = 0; names[i]; i++)
    (void) iconv_open ("UTF-8", names[i]);
}

void
preload_decoders (const char *const *plugins, const char *const *elements)
{
  static const char *const common[] = { "decodebin", "typefind", "multiqueue",
    "fakesink", "genreclassify" };

  load_features (gst_element_factory_list_get_elements (
                     GST_ELEMENT_FACTORY_TYPE_DECODABLE, GST_RANK_MARGINAL),
      plugins);
  load_features (gst_type_find_factory_get_list (), plugins);
  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    make_element (common[i]);
  for (guint i = 0; elements[i]; i++)
    make_element (elements[i]);
  open_element ("avdec_mp3",
      "audio/mpeg,mpegversion=1,layer=3,parsed=true,rate=44100,channels=2");
  open_element ("avdec_aac",
      "audio/mpeg,mpegversion=4,stream-format=adts,framed=true,rate=44100,"
      "channels=2");
  open_element ("genreclassify",
      "audio/x-raw,format=F32LE,layout=interleaved,rate=44100,channels=2,"
      "channel-mask=(bitmask)3");
  open_element ("genreclassify",
      "audio/x-raw,format=F32LE,layout=interleaved,rate=48000,channels=2,"
      "channel-mask=(bitmask)3");
  /* the charsets of tags; libc keeps those that are open */
  (void) iconv_open ("UTF-8", "ISO-8859-1");
  (void) iconv_open ("UTF-8", "WINDOWS-1252");
  open_charsets ("GST_TAG_ENCODING");
  open_charsets ("GST_ICY_TAG_ENCODING");
}
