/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Draws a table of the stations in a file of JSON, an array of objects that have the
 * fields of StationView, on its terminal, until "q": tabledemo FILE [NOW [FPS]].  The
 * time stands still if NOW, in s, is given.  A line of a file FILE.message, if there
 * is one, is shown as a message.  "crash" as the last argument: aborts after 1 s. */

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <json-glib/json-glib.h>

#include "monitor/table/table.h"

typedef struct
{
  GMainLoop *loop;
  Table *table;
  const char *path;
  char *message;
  JsonParser *parser; /* owns the texts */
  GArray *views;
  gint64 now; /* 0: the clock's */
  guint n_frames;
} Demo;

static const char *
get_string (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, NULL);
}

static double
get_number (JsonObject *object, const char *name)
{
  return json_object_get_double_member_with_default (object, name, 0);
}

static StationState
get_state (JsonObject *object)
{
  const char *name = get_string (object, "state");

  for (guint i = 0; i < N_STATES; i++)
    if (g_strcmp0 (name, station_state_to_string (i)) == 0)
      return i;
  return STATE_WAITING;
}

static void
add_view (JsonArray *array G_GNUC_UNUSED, guint i G_GNUC_UNUSED, JsonNode *node,
    gpointer user_data)
{
  JsonObject *object = json_node_get_object (node);
  const StationView view = {
    .id = get_string (object, "id"),
    .name = get_string (object, "name"),
    .state = get_state (object),
    .since = (gint64) get_number (object, "since") * G_USEC_PER_SEC,
    .title = get_string (object, "title"),
    .artist = get_string (object, "artist"),
    .title_start = (gint64) get_number (object, "start") * G_USEC_PER_SEC,
    .genre = get_string (object, "genre"),
    .confidence = get_number (object, "confidence"),
    .music = get_number (object, "music"),
    .speech = get_number (object, "speech"),
    .silence = get_number (object, "silence"),
    .reason = get_string (object, "reason"),
    .n_titles = (guint64) get_number (object, "n_titles"),
    .n_losses = (guint64) get_number (object, "n_losses"),
  };

  g_array_append_val (user_data, view);
}

static void
read_views (Demo *demo)
{
  JsonParser *parser = json_parser_new ();
  g_autofree char *path = g_strconcat (demo->path, ".message", NULL);
  g_autofree char *message = NULL;

  if (!json_parser_load_from_file (parser, demo->path, NULL)) {
    g_object_unref (parser);
    return;
  }
  g_clear_object (&demo->parser);
  demo->parser = parser;
  g_array_set_size (demo->views, 0);
  json_array_foreach_element (
      json_node_get_array (json_parser_get_root (parser)), add_view,
      demo->views);
  if (g_file_get_contents (path, &message, NULL, NULL) &&
      g_strcmp0 (message, demo->message) != 0) {
    table_show_message (demo->table, message);
    g_free (demo->message);
    demo->message = g_steal_pointer (&message);
  }
}

static void
draw (Demo *demo)
{
  table_draw (demo->table, (const StationView *) demo->views->data,
      demo->views->len, demo->now ? demo->now : g_get_real_time ());
}

static gboolean
tick (gpointer user_data)
{
  Demo *demo = user_data;
  g_autofree char *path = g_strconcat (demo->path, ".frames", NULL);
  g_autofree char *count = g_strdup_printf ("%u", ++demo->n_frames);

  read_views (demo);
  draw (demo);
  /* that the program goes on, whatever its terminal does */
  g_file_set_contents (path, count, -1, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
handle_input (gint fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED,
    gpointer user_data)
{
  Demo *demo = user_data;

  if (!table_handle_input (demo->table)) {
    g_main_loop_quit (demo->loop);
    return G_SOURCE_REMOVE;
  }
  draw (demo);
  return G_SOURCE_CONTINUE;
}

static gboolean
handle_size (gpointer user_data)
{
  return handle_input (-1, G_IO_IN, user_data);
}

static gboolean
quit (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static void
handle_crash (int signal_number)
{
  table_restore_terminal ();
  signal (signal_number, SIG_DFL);
  raise (signal_number);
}

static gboolean
crash (gpointer user_data G_GNUC_UNUSED)
{
  raise (SIGABRT);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  Demo demo = { 0 };

  if (argc < 2)
    return 2;
  setlocale (LC_ALL, "");
  demo.path = argv[1];
  demo.now = argc > 2 ? g_ascii_strtoll (argv[2], NULL, 10) * G_USEC_PER_SEC
                      : 0;
  demo.table = table_new (STDOUT_FILENO);
  if (!demo.table) {
    puts ("no table");
    return 3;
  }
  signal (SIGABRT, handle_crash);
  demo.loop = g_main_loop_new (NULL, FALSE);
  demo.views = g_array_new (FALSE, FALSE, sizeof (StationView));
  g_unix_fd_add (table_get_fd (demo.table), G_IO_IN, handle_input, &demo);
  g_unix_signal_add (SIGWINCH, handle_size, &demo);
  g_unix_signal_add (SIGINT, quit, demo.loop);
  g_timeout_add (argc > 3 ? 1000 / MAX (atoi (argv[3]), 1) : 500, tick, &demo);
  if (argc > 4 && strcmp (argv[4], "crash") == 0)
    g_timeout_add (1000, crash, NULL);
  tick (&demo);
  g_main_loop_run (demo.loop);
  table_free (demo.table);
  g_array_unref (demo.views);
  g_clear_object (&demo.parser);
  g_free (demo.message);
  g_main_loop_unref (demo.loop);
  puts ("bye");
  return 0;
}
