/* Plays a file or a stream and prints its genre as it is found.
 *
 *   live-genre URI
 *
 * SPDX-License-Identifier: CC0-1.0 */

#include <gst/gst.h>

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  const GstStructure *answer = gst_message_get_structure (message);
  GError *error = NULL;
  guint64 start = 0;
  double confidence = 0;

  (void) bus;
  if (gst_message_has_name (message, "genreclassify") ||
      gst_message_has_name (message, "genreclassify-track")) {
    const char *genre = gst_structure_get_string (answer, "genre");

    gst_structure_get_uint64 (answer, "stream-time", &start);
    gst_structure_get_double (answer, "confidence", &confidence);
    g_print ("%s %" GST_TIME_FORMAT "  %s %.0f %%\n",
        gst_message_has_name (message, "genreclassify") ? "at" : "track from",
        GST_TIME_ARGS (start), genre ? genre : "silence", 100 * confidence);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s\n", error->message);
    g_error_free (error);
    g_main_loop_quit (user_data);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    g_main_loop_quit (user_data);
  }
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  GstElement *player, *classifier, *sink;
  GstBus *bus;

  gst_init (&argc, &argv);
  player = gst_element_factory_make ("playbin", NULL);
  classifier = gst_element_factory_make ("genreclassify", NULL);
  if (argc < 2 || !player || !classifier) {
    g_printerr ("usage: %s URI [SINK], with the plugins installed\n", argv[0]);
    return 2;
  }
  /* a new answer every 5 s, and a new track with every title of a radio */
  g_object_set (classifier, "window", 10 * GST_SECOND, "hop", 5 * GST_SECOND,
      "title-starts-track", TRUE, NULL);
  g_object_set (player, "uri", argv[1], "audio-filter", classifier, NULL);
  sink = argc > 2 ? gst_element_factory_make (argv[2], NULL) : NULL;
  if (sink)
    g_object_set (player, "audio-sink", sink, NULL);

  bus = gst_element_get_bus (player);
  gst_bus_add_watch (bus, on_message, loop);
  gst_element_set_state (player, GST_STATE_PLAYING);
  g_main_loop_run (loop);

  gst_element_set_state (player, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  gst_object_unref (player);
  g_main_loop_unref (loop);
  return 0;
}
