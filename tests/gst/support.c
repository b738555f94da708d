/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gst/tag/tag.h>

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

GstHarness *
harness_new_steered (guint window, const char *properties)
{
  g_autofree char *all = g_strdup_printf ("model=steered "
                                          "min-window=1000000000 %s",
      properties ? properties : "");

  return harness_new (window, all);
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

GstBuffer *
make_tone (Tone tone, guint rate, guint64 from, guint n_samples)
{
  GstBuffer *buffer = gst_buffer_new_and_alloc (n_samples * sizeof (gint16));
  guint64 end = from + n_samples;
  GstMapInfo map;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < n_samples; i++)
    ((gint16 *) map.data)[i] = 12000 *
        sin (2 * G_PI * ((from + i) * tone % rate) / rate);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale_int (from, GST_SECOND, rate);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale_int (
                                     end, GST_SECOND, rate) -
      GST_BUFFER_PTS (buffer);
  return buffer;
}

/* A tenth of a second has a whole number of samples at RATE. */
static void
push_tenths (GstHarness *h, Tone tone, gboolean silent, double from, double end)
{
  for (guint64 i = lround (from * 10); i < (guint64) lround (end * 10); i++) {
    GstBuffer *buffer = make_tone (tone, RATE, i * RATE / 10, RATE / 10);

    if (silent)
      gst_buffer_memset (buffer, 0, 0, -1);
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (h));
  }
}

void
push_tone (GstHarness *h, Tone tone, double from, double end)
{
  push_tenths (h, tone, FALSE, from, end);
}

void
push_silence (GstHarness *h, double from, double end)
{
  push_tenths (h, TONE_CLASSICAL, TRUE, from, end);
}

void
push_tags (GstHarness *h, GstTagScope scope, const char *tag, ...)
{
  GstTagList *list = gst_tag_list_new_empty ();
  va_list args;

  va_start (args, tag);
  gst_tag_list_add_valist (list, GST_TAG_MERGE_APPEND, tag, args);
  va_end (args);
  gst_tag_list_set_scope (list, scope);
  fail_unless (gst_harness_push_event (h, gst_event_new_tag (list)));
}

void
push_flush (GstHarness *h)
{
  fail_unless (gst_harness_push_event (h, gst_event_new_flush_start ()));
  fail_unless (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
}

void
push_segment (GstHarness *h, GstClockTime start, GstClockTime base)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = start;
  segment.base = base;
  fail_unless (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

void
push_stream (GstHarness *h, const char *id, guint group, GstClockTime base)
{
  GstEvent *event = gst_event_new_stream_start (id);

  if (group)
    gst_event_set_group_id (event, group);
  fail_unless (gst_harness_push_event (h, event));
  push_segment (h, 0, base);
}

void
push_eos (GstHarness *h)
{
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
}

static GstMessage *
take_answer (GstHarness *h, const char *name, GstClockTime timeout)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  GstMessage *message;

  while ((message = gst_bus_timed_pop_filtered (bus, timeout,
              GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING))) {
    const GstStructure *structure = gst_message_get_structure (message);

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT) {
      g_autofree char *text = gst_structure_to_string (structure);

      fail ("unexpected message: %s", text);
    }
    if (gst_structure_has_name (structure, name))
      return message;
    gst_message_unref (message);
  }
  return NULL;
}

GstMessage *
pop_answer (GstHarness *h, const char *name)
{
  return take_answer (h, name, 0);
}

GstMessage *
wait_answer (GstHarness *h, const char *name)
{
  GstMessage *message = take_answer (h, name, 60 * GST_SECOND);

  fail_unless (message != NULL, "no message %s", name);
  return message;
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

const char *
get_string (GstMessage *message, const char *field)
{
  return gst_structure_get_string (gst_message_get_structure (message), field);
}

static const GValue *
get_array (GstMessage *message, const char *field)
{
  const GValue *array = gst_structure_get_value (
      gst_message_get_structure (message), field);

  fail_unless (array != NULL && GST_VALUE_HOLDS_ARRAY (array));
  fail_unless_equals_int (gst_value_array_get_size (array), N_LABELS);
  return array;
}

double
get_probability (GstMessage *message, const char *label)
{
  const GValue *labels = get_array (message, "labels");

  for (guint i = 0; i < N_LABELS; i++)
    if (!strcmp (
            g_value_get_string (gst_value_array_get_value (labels, i)), label))
      return g_value_get_double (
          gst_value_array_get_value (get_array (message, "probabilities"), i));
  fail ("no label %s", label);
  return 0;
}

double
get_stat (GstHarness *h, const char *field)
{
  g_autoptr (GstStructure) stats = NULL;
  double value;

  gst_harness_get (h, "genreclassify", "stats", &stats, NULL);
  fail_unless (
      gst_structure_get_double (stats, field, &value), "no double %s", field);
  return value;
}

char *
get_genre (GstHarness *h)
{
  char *genre;

  gst_harness_get (h, "genreclassify", "genre", &genre, NULL);
  return genre;
}

/* The fields that messages may have, and their types. */
typedef enum
{
  IN_EACH,
  IN_SEGMENT,
  IN_TRACK,
  WITH_GENRE,
  OF_UPSTREAM, /* in a track's message, if upstream told */
  ON_REQUEST,
} Presence;

static const struct
{
  const char *name;
  const char *type;
  Presence presence;
} fields[] = {
  { "segment", "guint64", IN_SEGMENT },
  { "segments", "guint64", IN_TRACK },
  { "timestamp", "guint64", IN_EACH },
  { "stream-time", "guint64", IN_EACH },
  { "running-time", "guint64", IN_EACH },
  { "duration", "guint64", IN_EACH },
  { "genre", "gchararray", WITH_GENRE },
  { "genre-name", "gchararray", WITH_GENRE },
  { "confidence", "gdouble", IN_EACH },
  { "labels", "GstValueArray", IN_EACH },
  { "probabilities", "GstValueArray", IN_EACH },
  { "partial", "gboolean", IN_EACH },
  { "silent", "gboolean", IN_EACH },
  { "music", "gdouble", IN_EACH },
  { "missing", "guint64", IN_EACH },
  { "interim", "gboolean", IN_EACH },
  { "model", "gchararray", IN_EACH },
  { "end", "gchararray", IN_TRACK },
  { "stream-id", "gchararray", OF_UPSTREAM },
  { "title", "gchararray", OF_UPSTREAM },
  { "artist", "gchararray", OF_UPSTREAM },
  { "organization", "gchararray", OF_UPSTREAM },
  { "uri", "gchararray", OF_UPSTREAM },
  { "tags", "GstStructure", ON_REQUEST },
  { "embedding", "GstValueArray", ON_REQUEST },
};

static void
check_fields (const GstStructure *s, gboolean has_genre)
{
  gboolean track = gst_structure_has_name (s, "genreclassify-track");
  g_autofree char *text = gst_structure_to_string (s);
  guint n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++) {
    Presence presence = fields[i].presence;
    gboolean has_field = gst_structure_has_field (s, fields[i].name);
    gboolean expected = presence == IN_EACH ||
        (presence == IN_SEGMENT && !track) || (presence == IN_TRACK && track) ||
        (presence == WITH_GENRE && has_genre) ||
        (presence == OF_UPSTREAM && track && has_field) ||
        (presence == ON_REQUEST && has_field);

    fail_unless (has_field == expected, "%s %s in %s",
        expected ? "no" : "there is", fields[i].name, text);
    if (has_field) {
      fail_unless_equals_string (
          g_type_name (gst_structure_get_field_type (s, fields[i].name)),
          fields[i].type);
      n++;
    }
  }
  fail_unless (
      gst_structure_n_fields (s) == (int) n, "unknown fields in %s", text);
}

/* ID3's spelling differs from the labels by case and punctuation. */
static void
check_spelling (const char *name, const char *label)
{
  g_autofree char *letters = g_ascii_strdown (name, -1);
  gboolean in_id3 = FALSE;
  char *out = letters;

  for (guint i = 0; i < gst_tag_id3_genre_count (); i++)
    in_id3 |= !strcmp (gst_tag_id3_genre_get (i), name);
  fail_unless (in_id3, "%s is not a genre of ID3", name);
  for (const char *c = letters; *c; c++)
    if (g_ascii_isalnum (*c))
      *out++ = *c;
  *out = 0;
  fail_unless_equals_string (letters, label);
}

void
check_answer (GstMessage *message)
{
  const GstStructure *s = gst_message_get_structure (message);
  const GValue *labels = get_array (message, "labels");
  const GValue *probabilities = get_array (message, "probabilities");
  double music = get_double (message, "music");
  /* a track has one if a segment of it has */
  gboolean has_genre = gst_structure_has_name (s, "genreclassify-track")
      ? gst_structure_has_field (s, "genre")
      : music >= 0.5;
  double sum = 0, best = 0;
  const char *best_label = NULL;

  fail_unless (music >= 0 && music <= 1, "music %g", music);
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
  if (get_boolean (message, "silent"))
    fail_unless_equals_float (music, 0);
  check_fields (s, has_genre);
  if (has_genre) {
    fail_unless_equals_string (get_string (message, "genre"), best_label);
    fail_unless_equals_float (get_double (message, "confidence"), best);
    check_spelling (get_string (message, "genre-name"), best_label);
  } else {
    fail_unless_equals_float (get_double (message, "confidence"), 0);
  }
}

guint
count_answers (GstHarness *h, const char *name)
{
  GstMessage *message;
  guint n = 0;

  while ((message = pop_answer (h, name))) {
    gst_message_unref (message);
    n++;
  }
  return n;
}

GstMessage *
next_track (GstHarness *h, guint64 segments, const char *end)
{
  GstMessage *message = pop_answer (h, "genreclassify-track");

  fail_unless (message != NULL, "no track");
  check_answer (message);
  fail_unless_equals_uint64 (get_uint64 (message, "segments"), segments);
  fail_unless_equals_string (get_string (message, "end"), end);
  return message;
}

void
check_told (GstMessage *track, const char *id, const char *uri,
    const char *title, const char *artist, const char *organization)
{
  fail_unless_equals_string (get_string (track, "stream-id"), id);
  fail_unless_equals_string (get_string (track, "uri"), uri);
  fail_unless_equals_string (get_string (track, "title"), title);
  fail_unless_equals_string (get_string (track, "artist"), artist);
  fail_unless_equals_string (get_string (track, "organization"), organization);
  gst_message_unref (track);
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

gboolean
is_instrumented (void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return TRUE;
#else
  return g_getenv ("TEST_WITH_SMALL_MODELS") != NULL;
#endif
}
