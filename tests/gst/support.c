/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Under valgrind everything is fifty times slower, so the network is small. */
static void __attribute__ ((constructor)) choose_models (void)
{
  const char *folder = g_getenv ("TEST_SMALL_MODELS");

  if (g_getenv ("TEST_WITH_SMALL_MODELS") && folder)
    g_setenv ("GENRECLASSIFY_MODELS", folder, TRUE);
}

/* GstHarness answers that it is live. */
static gboolean
answer_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

GstHarness *
harness_new_without_caps (guint window, const char *properties)
{
  g_autofree char *launch = g_strdup_printf ("genreclassify window=%u000000000 "
                                             "%s",
      window, properties ? properties : "");
  GstHarness *h = gst_harness_new_parse (launch);
  GstElement *element = gst_harness_find_element (h, "genreclassify");
  g_autoptr (GstBus) bus = gst_bus_new ();

  fail_unless (element != NULL);
  gst_element_set_bus (h->element, bus);
  gst_object_unref (element);
  gst_pad_set_query_function (h->srcpad, answer_query);
  return h;
}

GstHarness *
harness_new (guint window, const char *properties)
{
  GstHarness *h = harness_new_without_caps (window, properties);

  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (
          S16) ", rate=22050, channels=1, layout=interleaved");
  return h;
}

void
harness_free (GstHarness *h)
{
  GstBus *bus = gst_element_get_bus (h->element);

  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GstBuffer *
make_buffer (guint64 from, guint n_samples)
{
  GstBuffer *buffer = gst_buffer_new_and_alloc (n_samples * sizeof (gint16));
  guint64 end = from + n_samples;
  GstMapInfo map;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < n_samples; i++) {
    guint64 n = from + i;
    /* a melody of four notes and a noise at every beat */
    double hz = 220 * (1 + (n / (RATE / 2)) % 4);
    double noise = ((n * 1103515245 + 12345) >> 8 & 0xffff) / 32768.0 - 1;
    double beat = exp (-(double) (n % (RATE / 2)) / (RATE / 20.0));

    ((gint16 *) map.data)[i] = 12000 * sin (2 * G_PI * hz * n / RATE) +
        12000 * beat * noise;
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale_int (from, GST_SECOND, RATE);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale_int (
                                     end, GST_SECOND, RATE) -
      GST_BUFFER_PTS (buffer);
  return buffer;
}

void
push_until (GstHarness *h, guint64 from, guint64 end)
{
  while (from < end) {
    guint n = MIN (end - from, 1000);

    fail_unless_equals_int (
        gst_harness_push (h, make_buffer (from, n)), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (h));
    from += n;
  }
}

GstMessage *
pop_answer (GstHarness *h, const char *name)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (bus,
              GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING))) {
    const GstStructure *structure = gst_message_get_structure (message);

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT)
      fail ("unexpected message: %" GST_PTR_FORMAT, message);
    if (gst_structure_has_name (structure, name))
      return message;
    gst_message_unref (message);
  }
  return NULL;
}

guint64
get_uint64 (GstMessage *message, const char *field)
{
  guint64 value;

  fail_unless (gst_structure_get_uint64 (
                   gst_message_get_structure (message), field, &value),
      "no uint64 %s", field);
  return value;
}

double
get_double (GstMessage *message, const char *field)
{
  double value;

  fail_unless (gst_structure_get_double (
                   gst_message_get_structure (message), field, &value),
      "no double %s", field);
  return value;
}

gboolean
get_boolean (GstMessage *message, const char *field)
{
  gboolean value;

  fail_unless (gst_structure_get_boolean (
                   gst_message_get_structure (message), field, &value),
      "no boolean %s", field);
  return value;
}

void
check_answer (GstMessage *message)
{
  const GstStructure *s = gst_message_get_structure (message);
  gboolean track = gst_structure_has_name (s, "genreclassify-track");
  const GValue *labels = gst_structure_get_value (s, "labels");
  const GValue *probabilities = gst_structure_get_value (s, "probabilities");
  const char *genre = gst_structure_get_string (s, "genre");
  double sum = 0, best = 0;
  const char *best_label = NULL;

  fail_unless (gst_structure_has_field_typed (
      s, track ? "segments" : "segment", G_TYPE_UINT64));
  fail_unless_equals_int (
      gst_structure_n_fields (s), get_boolean (message, "silent") ? 11 : 12);
  get_uint64 (message, "timestamp");
  get_uint64 (message, "stream-time");
  get_uint64 (message, "running-time");
  get_uint64 (message, "duration");
  get_boolean (message, "partial");
  fail_unless (gst_structure_get_string (s, "model") != NULL);
  fail_unless (GST_VALUE_HOLDS_ARRAY (labels));
  fail_unless (GST_VALUE_HOLDS_ARRAY (probabilities));
  fail_unless_equals_int (gst_value_array_get_size (labels), N_LABELS);
  fail_unless_equals_int (gst_value_array_get_size (probabilities), N_LABELS);
  for (guint i = 0; i < N_LABELS; i++) {
    double p = g_value_get_double (
        gst_value_array_get_value (probabilities, i));

    fail_unless (p >= 0 && p <= 1, "probability %g", p);
    sum += p;
    if (p > best) {
      best = p;
      best_label = g_value_get_string (gst_value_array_get_value (labels, i));
    }
  }
  fail_unless (fabs (sum - 1) < 1e-6, "probabilities sum up to %g", sum);
  if (get_boolean (message, "silent")) {
    fail_unless (genre == NULL);
    fail_unless_equals_float (get_double (message, "confidence"), 0);
  } else {
    fail_unless_equals_string (genre, best_label);
    fail_unless_equals_float (get_double (message, "confidence"), best);
  }
}

gsize
resident_size (void)
{
  g_autofree char *text = NULL;
  char *end;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  strtoull (text, &end, 10);
  return strtoull (end, NULL, 10) * 4096;
}
