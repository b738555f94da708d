/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify FILE|URI ...: plays each through the element and prints the genre
 * of every segment and of the track. */

#include <locale.h>
#include <string.h>

#include <gst/gst.h>

#include "serve.h"
#include "source.h"

/* decoder ! audioconvert ! audioresample ! genreclassify ! fakesink: the two in
 * the middle work only for what the element does not take, such as 2 kHz. */
static gboolean
build (GstBin *pipeline, Source *source, const char *name, const char *model,
    GError **error)
{
  GstElement *convert, *resample, *classify, *sink;

  if (!(convert = source_add_element (pipeline, "audioconvert", error)) ||
      !(resample = source_add_element (pipeline, "audioresample", error)) ||
      !(classify = source_add_element (pipeline, "genreclassify", error)) ||
      !(sink = source_add_element (pipeline, "fakesink", error)) ||
      !source_init (source, pipeline, name, convert, error))
    return FALSE;
  g_object_set (classify, "model", model, "post-tags", FALSE, NULL);
  g_object_set (sink, "sync", FALSE, NULL);
  return gst_element_link_many (convert, resample, classify, sink, NULL);
}

static double
get_double (const GValue *array, guint i)
{
  return g_value_get_double (gst_value_array_get_value (array, i));
}

/* "metal        95 %   rock 3 %, blues 1 %" */
static void
print_answer (const GstStructure *answer)
{
  const GValue *labels = gst_structure_get_value (answer, "labels");
  const GValue *p = gst_structure_get_value (answer, "probabilities");
  guint n = gst_value_array_get_size (labels), order[3] = { 0, 0, 0 };
  gboolean silent = FALSE;

  gst_structure_get_boolean (answer, "silent", &silent);
  if (silent) {
    g_print ("silent\n");
    return;
  }
  for (guint rank = 0; rank < MIN (n, 3); rank++) {
    double best = -1;

    for (guint i = 0; i < n; i++) {
      if (get_double (p, i) > best && (rank < 1 || i != order[0]) &&
          (rank < 2 || i != order[1])) {
        best = get_double (p, i);
        order[rank] = i;
      }
    }
    g_print (rank == 0  ? "%-10s %3.0f %%"
            : rank == 1 ? "   (%s %.0f %%"
                        : ", %s %.0f %%",
        g_value_get_string (gst_value_array_get_value (labels, order[rank])),
        100 * best);
  }
  g_print (n > 1 ? ")\n" : "\n");
}

static void
print_time (guint64 time)
{
  guint64 tenths = (time + GST_SECOND / 20) / (GST_SECOND / 10);

  g_print ("%3" G_GUINT64_FORMAT ":%02u.%u", tenths / 600,
      (guint) (tenths / 10 % 60), (guint) (tenths % 10));
}

static void
print_message (const GstStructure *answer)
{
  gboolean track = gst_structure_has_name (answer, "genreclassify-track");
  guint64 start = 0, duration = 0;

  gst_structure_get_uint64 (answer, "timestamp", &start);
  gst_structure_get_uint64 (answer, "duration", &duration);
  if (track) {
    g_print ("  track                 ");
  } else {
    g_print ("  ");
    print_time (start);
    g_print (" - ");
    print_time (start + duration);
    g_print ("    ");
  }
  print_answer (answer);
}

/* Plays to the end, and prints what the element says. */
static gboolean
play (GstElement *pipeline, Source *source, const char *name, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gboolean answered = FALSE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_autoptr (GstMessage)
        message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
            GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    const GstStructure *structure = gst_message_get_structure (message);

    if (!source_check_message (source, message, error))
      return FALSE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      break;
    if (g_str_has_prefix (
            gst_structure_get_name (structure), "genreclassify")) {
      if (!answered)
        g_print ("%s\n", name);
      print_message (structure);
      answered = TRUE;
    }
  }
  if (!answered)
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        "It is too short: at least 5 s of audio are needed.");
  return answered;
}

static gboolean
classify (const char *name, const char *model)
{
  g_autoptr (GstElement)
      pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GError) error = NULL;
  Source source = { NULL, NULL };
  gboolean ok = build (GST_BIN (pipeline), &source, name, model, &error) &&
      play (pipeline, &source, name, &error);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  source_clear (&source);
  if (!ok)
    g_printerr ("genreclassify: %s: %s\n", name,
        error ? error->message : "Its pipeline cannot be built.");
  return ok;
}

int
main (int argc, char **argv)
{
  g_autofree char *model = NULL;
  g_auto (GStrv) names = NULL;
  const GOptionEntry entries[] = { { "model", 0, 0, G_OPTION_ARG_FILENAME,
                                       &model, "the model's weights file",
                                       "PATH" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names, NULL,
        "FILE|URI ..." },
    G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;

  if (argc > 1 && !strcmp (argv[1], "serve"))
    return serve_main (argc - 1, argv + 1);
  setlocale (LC_ALL, "");
  g_option_context_set_summary (context,
      "Prints the music genre of each 30 s segment and of the whole track.");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 2;
  }
  if (!names) {
    g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

    g_printerr ("%s", help);
    return 2;
  }
  for (char **name = names; *name; name++)
    ok = classify (*name, model) && ok;
  return ok ? 0 : 1;
}
