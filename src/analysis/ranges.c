/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "ranges.h"

#include "httpstamp.h"

#define KEY "genreclassify-ranges"

typedef struct
{
  /* the pad's own */
  GstPadEventFunction event;
  GstPadQueryFunction query;
  /* atomic */
  int are_missing;
  int were_sought;
} Ranges;

static Ranges *
get_ranges (gpointer object)
{
  return g_object_get_data (object, KEY);
}

/* A probe could only drop the event, for which its sender is told that all is well. */
static gboolean
take_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Ranges *ranges = get_ranges (parent);

  if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return ranges->event (pad, parent, event);
  if (!g_atomic_int_get (&ranges->are_missing)) {
    g_atomic_int_set (&ranges->were_sought, TRUE);
    return ranges->event (pad, parent, event);
  }
  gst_event_unref (event);
  return FALSE;
}

static gboolean
take_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  Ranges *ranges = get_ranges (parent);
  GstFormat format;

  if (GST_QUERY_TYPE (query) != GST_QUERY_SEEKING ||
      !g_atomic_int_get (&ranges->are_missing))
    return ranges->query (pad, parent, query);
  gst_query_parse_seeking (query, &format, NULL, NULL, NULL);
  gst_query_set_seeking (query, format, FALSE, 0, -1);
  return TRUE;
}

/* Some servers send parts without a word of it, and some send all of a file as what it
 * is, although they would send a part. */
static gboolean
offers_ranges (guint status, const GstStructure *headers)
{
  g_autofree char *units = NULL;

  if (status == 206)
    return TRUE;
  units = httpstamp_get_header (headers, "Accept-Ranges");
  return !g_ascii_strcasecmp (units, "bytes");
}

/* Takes the first answer.  It comes before any data, so nobody can have sought. */
static GstPadProbeReturn
take_answer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstElement *reader = GST_PAD_PARENT (pad);
  const GstStructure *headers,
      *answer = gst_event_get_structure (GST_PAD_PROBE_INFO_EVENT (info));
  guint status;

  (void) user_data;
  headers = answer ? httpstamp_get_headers (answer, &status) : NULL;
  if (!headers)
    return GST_PAD_PROBE_OK;
  g_atomic_int_set (
      &get_ranges (reader)->are_missing, !offers_ranges (status, headers));
  /* from now on it asks for its own parts */
  g_object_set (reader, "extra-headers", NULL, NULL);
  return GST_PAD_PROBE_REMOVE;
}

void
ranges_watch (GstElement *reader)
{
  GstElementFactory *factory = gst_element_get_factory (reader);
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstStructure) part = NULL;
  Ranges *ranges;

  if (!factory || g_strcmp0 (GST_OBJECT_NAME (factory), "souphttpsrc") != 0)
    return;
  pad = gst_element_get_static_pad (reader, "src");
  ranges = g_new0 (Ranges, 1);
  ranges->event = GST_PAD_EVENTFUNC (pad);
  ranges->query = GST_PAD_QUERYFUNC (pad);
  g_object_set_data_full (G_OBJECT (reader), KEY, ranges, g_free);
  gst_pad_set_event_function (pad, take_event);
  gst_pad_set_query_function (pad, take_query);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, take_answer, NULL, NULL);
  part = gst_structure_new (
      "headers", "Range", G_TYPE_STRING, "bytes=0-", NULL);
  g_object_set (reader, "extra-headers", part, NULL);
}

gboolean
ranges_are_missing (GstElement *reader)
{
  Ranges *ranges = reader ? get_ranges (reader) : NULL;

  return ranges && g_atomic_int_get (&ranges->are_missing);
}

gboolean
ranges_were_sought (GstElement *reader)
{
  Ranges *ranges = reader ? get_ranges (reader) : NULL;

  return ranges && g_atomic_int_get (&ranges->were_sought);
}
