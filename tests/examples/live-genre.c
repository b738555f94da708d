/* Plays a file, a stream or a radio station and prints its genre as it is found.
 *
 *   live-genre [OPTION...] FILE|URI
 *
 * A station that ends or breaks off is tried again after 1, 2, 4 … 60 s; once it
 * has been heard, after 1 s again.  A file is played once.
 *
 * SPDX-License-Identifier: CC0-1.0 */

#include <glib-unix.h>
#include <gst/gst.h>

#define MAX_DELAY 60.0 /* s */

typedef struct
{
  GMainLoop *loop;
  GstElement *player, *classifier;
  char *uri;
  double first_delay, delay; /* of the next try, in s */
  guint timer;               /* runs until that, else 0 */
  int status;                /* of the program */
} Listener;

/* What the classifier says. */

/* "0:05 - 0:15  blues 52 %, classical 33 %" */
static void
print_answer (const GstStructure *answer)
{
  const GValue *labels = gst_structure_get_value (answer, "labels");
  const GValue *probabilities = gst_structure_get_value (
      answer, "probabilities");
  const char *genre = gst_structure_get_string (answer, "genre");
  guint64 start = 0, duration = 0, end;
  double confidence = 0;
  gboolean silent = FALSE, interim = FALSE;

  gst_structure_get (answer, "stream-time", G_TYPE_UINT64, &start, "duration",
      G_TYPE_UINT64, &duration, "confidence", G_TYPE_DOUBLE, &confidence,
      "silent", G_TYPE_BOOLEAN, &silent, "interim", G_TYPE_BOOLEAN, &interim,
      NULL);
  end = (start + duration) / GST_SECOND;
  start /= GST_SECOND;
  g_print ("%u:%02u - %u:%02u", (guint) start / 60, (guint) start % 60,
      (guint) end / 60, (guint) end % 60);
  if (!genre) {
    g_print ("  %s", silent ? "silence" : "no music");
    return;
  }
  g_print ("  %s %.0f %%", genre, 100 * confidence);
  for (guint i = 0; i < gst_value_array_get_size (labels); i++) {
    const char *label = g_value_get_string (
        gst_value_array_get_value (labels, i));
    double p = g_value_get_double (
        gst_value_array_get_value (probabilities, i));

    if (p >= 0.2 && !g_str_equal (label, genre))
      g_print (", %s %.0f %%", label, 100 * p);
  }
  if (interim)
    g_print ("  so far");
}

static void
on_answer (GstMessage *message)
{
  static const char *const names[] = { "title", "artist", "organization",
    "end" };
  const GstStructure *answer = gst_message_get_structure (message);

  if (gst_message_has_name (message, "genreclassify")) {
    print_answer (answer);
    g_print ("\n");
  } else if (gst_message_has_name (message, "genreclassify-track")) {
    g_print ("track ");
    print_answer (answer);
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      if (gst_structure_has_field (answer, names[i]))
        g_print (
            "  %s: %s", names[i], gst_structure_get_string (answer, names[i]));
    g_print ("\n");
  }
}

/* What a player's display would show: the average over the latest minute. */
static void
on_genre (GstMessage *message)
{
  const GValue *genre;

  gst_message_parse_property_notify (message, NULL, NULL, &genre);
  if (g_value_get_string (genre))
    g_print ("now: %s\n", g_value_get_string (genre));
}

/* What becomes of the stream. */

static gboolean
on_timer (gpointer user_data)
{
  Listener *self = user_data;

  self->timer = 0;
  gst_element_set_state (self->player, GST_STATE_PLAYING);
  return G_SOURCE_REMOVE;
}

static void
retry (Listener *self)
{
  gst_element_set_state (self->player, GST_STATE_NULL);
  g_printerr ("again in %g s\n", self->delay);
  self->timer = g_timeout_add (1000 * self->delay, on_timer, self);
  self->delay = MIN (2 * self->delay, MAX_DELAY);
}

/* Of a station the length is not known. */
static gboolean
is_endless (Listener *self)
{
  gint64 duration = -1;

  gst_element_query_duration (self->player, GST_FORMAT_TIME, &duration);
  return !gst_uri_has_protocol (self->uri, "file") && duration < 0;
}

static void
on_error (Listener *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  g_printerr ("%s: %s\n", self->uri, error->message);
  /* a missing model or plugin will be missing the next time, too */
  if (is_endless (self) &&
      GST_MESSAGE_SRC (message) != GST_OBJECT (self->classifier) &&
      error->domain != GST_CORE_ERROR) {
    retry (self);
  } else {
    self->status = 1;
    g_main_loop_quit (self->loop);
  }
}

static void
on_eos (Listener *self)
{
  if (is_endless (self)) {
    g_printerr ("%s: it ended\n", self->uri);
    retry (self);
  } else {
    g_main_loop_quit (self->loop);
  }
}

/* FALSE once it has ended: one fault may post several errors, and EOS. */
static gboolean
is_playing (Listener *self)
{
  return self->timer == 0 && g_main_loop_is_running (self->loop);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Listener *self = user_data;

  (void) bus;
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      on_answer (message);
      break;
    case GST_MESSAGE_PROPERTY_NOTIFY:
      on_genre (message);
      break;
    case GST_MESSAGE_ASYNC_DONE: /* the first audio has come */
      self->delay = self->first_delay;
      break;
    case GST_MESSAGE_ERROR:
      if (is_playing (self))
        on_error (self, message);
      break;
    case GST_MESSAGE_EOS:
      if (is_playing (self))
        on_eos (self);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

/* The player. */

/* NULL if the plugin is not there. */
static GstElement *
make_classifier (void)
{
  GstElement *classifier = gst_element_factory_make ("genreclassify", NULL);

  if (!classifier)
    return NULL;
  /* An answer every 5 s, from the first 5 s on; the display shows the average
   * over the latest minute; each title that a station shows for 5 s is a track. */
  g_object_set (classifier, "window", 10 * GST_SECOND, "hop", 5 * GST_SECOND,
      "interim-interval", 5 * GST_SECOND, "memory", 60 * GST_SECOND,
      "title-starts-track", TRUE, "min-track", 5 * GST_SECOND, NULL);
  /* as a message on the bus; "notify" itself comes in a thread of the element */
  gst_element_add_property_notify_watch (classifier, "genre", TRUE);
  return classifier;
}

/* FALSE, with the reason printed, if something is missing. */
static gboolean
make_player (Listener *self, const char *name, const char *sink_name)
{
  g_autoptr (GError) error = NULL;
  GstElement *sink;

  self->player = gst_element_factory_make (name, NULL);
  self->classifier = make_classifier ();
  if (!self->player || !self->classifier) {
    g_printerr ("The element %s is not installed.\n",
        self->player ? "genreclassify" : name);
    return FALSE;
  }
  g_object_set (
      self->player, "uri", self->uri, "audio-filter", self->classifier, NULL);
  gst_util_set_object_arg (
      G_OBJECT (self->player), "flags", "audio+soft-volume"); /* no video */
  /* a track that is broken off is answered on the way to NULL, when the bus
   * would drop the message */
  g_object_set (self->player, "auto-flush-bus", FALSE, NULL);
  if (sink_name) {
    sink = gst_parse_bin_from_description (sink_name, TRUE, &error);
    if (!sink) {
      g_printerr ("%s: %s\n", sink_name, error->message);
      return FALSE;
    }
    g_object_set (self->player, "audio-sink", sink, NULL);
  }
  return TRUE;
}

static void
play (Listener *self)
{
  GstBus *bus = gst_element_get_bus (self->player);

  gst_bus_add_watch (bus, on_message, self);
  gst_element_set_state (self->player, GST_STATE_PLAYING);
  g_main_loop_run (self->loop);

  gst_element_set_state (self->player, GST_STATE_NULL);
  while (g_main_context_iteration (NULL, FALSE)) /* the last track's message */
    ;
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
}

int
main (int argc, char **argv)
{
  g_autofree char *player = NULL, *sink = NULL;
  Listener self = { .first_delay = 1 };
  const GOptionEntry options[] = {
    { "player", 0, 0, G_OPTION_ARG_STRING, &player,
        "What plays: playbin (default) or playbin3", "ELEMENT" },
    { "audio-sink", 0, 0, G_OPTION_ARG_STRING, &sink,
        "Where to (default: autoaudiosink)", "ELEMENT" },
    { "retry-delay", 0, 0, G_OPTION_ARG_DOUBLE, &self.first_delay,
        "Delay before the first new try (default: 1)", "SECONDS" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("FILE|URI");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2) {
    g_printerr ("%s\n", error ? error->message : "usage: live-genre FILE|URI");
    return 2;
  }
  if (!(self.first_delay > 0 && self.first_delay <= MAX_DELAY)) {
    g_printerr ("--retry-delay is to be more than 0 s, and at most 60\n");
    return 2;
  }
  if (gst_uri_is_valid (argv[1]))
    self.uri = g_strdup (argv[1]);
  else
    self.uri = gst_filename_to_uri (argv[1], NULL);
  self.delay = self.first_delay;
  self.loop = g_main_loop_new (NULL, FALSE);
  if (make_player (&self, player ? player : "playbin", sink)) {
    g_unix_signal_add (SIGINT, on_interrupt, self.loop);
    play (&self);
  } else {
    self.status = 1;
  }
  g_clear_object (&self.player);
  g_main_loop_unref (self.loop);
  g_free (self.uri);
  return self.status;
}
