/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "monitoroptions.h"

#include <string.h>

#include "arguments.h"
#include "genre/genre.h"
#include "monitor/lists/stationlist.h"

/* As they are typed. */
typedef struct
{
  char *log, *rotate, *every, *min_title, *silence, *window, *start;
  char *database, *listen, *mqtt, *mqtt_credentials, *mqtt_ca, *model, *instead;
  int keep, mqtt_queue, per_process, threads, patience;
  gboolean recorded, resumed, no_table;
} Given;

static gboolean
set_bad_value (GError **error, const char *format, const char *value)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, value);
  return FALSE;
}

/* A length of time such as "90", "90s", "5min" or "2h"; µs. */
static gboolean
parse_duration (const char *option, const char *text, double min, double max,
    gint64 *duration, GError **error)
{
  static const struct
  {
    const char *name;
    double seconds;
  } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "min", 60 },
    { "h", 3600 } };
  char *end;
  double value = g_ascii_strtod (text, &end), seconds = -1;

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (end, units[i].name))
      seconds = value * units[i].seconds;
  if (end == text || !(seconds >= min && seconds <= max)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--%s: %s: it is not a time such as 30s, 5min or 2h, of %g s to %g s.",
        option, text, min, max);
    return FALSE;
  }
  *duration = (gint64) (seconds * G_USEC_PER_SEC);
  return TRUE;
}

/* "daily", or a size such as "100M". */
static gboolean
parse_rotation (const char *text, LogRotation *rotation, GError **error)
{
  rotation->is_daily = g_str_equal (text, "daily");
  return rotation->is_daily || arguments_parse_size (text, &rotation->size) ||
      set_bad_value (error,
          "--rotate: %s: it is neither daily nor a size such as 100M.", text);
}

/* The time at which recordings begin; NULL: now. */
static gboolean
parse_start (const char *text, gint64 *start, GError **error)
{
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();
  g_autoptr (GDateTime) time = text ? g_date_time_new_from_iso8601 (text, local)
                                    : g_date_time_new_now_utc ();

  if (!time)
    return set_bad_value (error,
        "--start: %s: it is not a time such as 2026-11-30T06:00:00Z.", text);
  *start = g_date_time_to_unix (time) * G_USEC_PER_SEC;
  return TRUE;
}

static gboolean
parse (int argc, char **argv, Given *given, char ***names, GError **error)
{
  const GOptionEntry entries[] = {
    { "log", 'l', 0, G_OPTION_ARG_FILENAME, &given->log,
        "append the records to this file, one JSON object in a line", "FILE" },
    { "rotate", 0, 0, G_OPTION_ARG_STRING, &given->rotate,
        "put the log aside and begin another: daily, or at a size such as 100M",
        "WHEN" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &given->database,
        "add the records to this SQLite database, which \"monitor report\" "
        "reads",
        "FILE" },
    { "keep", 0, 0, G_OPTION_ARG_INT, &given->keep,
        "remove what is older from the database (0: nothing)", "DAYS" },
    { "mqtt", 0, 0, G_OPTION_ARG_STRING, &given->mqtt,
        "publish the records: mqtt://HOST[:PORT][/TOPIC], or mqtts://...",
        "URL" },
    { "mqtt-credentials", 0, 0, G_OPTION_ARG_FILENAME, &given->mqtt_credentials,
        "user name and password for it: the first two lines of this file",
        "FILE" },
    { "mqtt-ca", 0, 0, G_OPTION_ARG_FILENAME, &given->mqtt_ca,
        "certificates that mqtts:// trusts (the system's)", "FILE" },
    { "mqtt-queue", 0, 0, G_OPTION_ARG_INT, &given->mqtt_queue,
        "records that are kept while the broker is away (10000)", "N" },
    { "listen", 0, 0, G_OPTION_ARG_STRING, &given->listen,
        "serve metrics for Prometheus at http://ADDRESS:PORT/metrics",
        "ADDRESS:PORT" },
    { "every", 0, 0, G_OPTION_ARG_STRING, &given->every,
        "log a station without titles so often (5min)", "TIME" },
    { "min-title", 0, 0, G_OPTION_ARG_STRING, &given->min_title,
        "a title that stays for less is part of the one before (5s)", "TIME" },
    { "silence", 0, 0, G_OPTION_ARG_STRING, &given->silence,
        "silence of this length is reported (10s)", "TIME" },
    { "model", 'm', 0, G_OPTION_ARG_STRING, &given->model,
        "the model: a name or a weights file (" GENRE_DEFAULT_MODEL ")",
        "MODEL" },
    { "window", 0, 0, G_OPTION_ARG_STRING, &given->window,
        "the audio that is classified at a time (30s)", "TIME" },
    { "per-process", 0, 0, G_OPTION_ARG_INT, &given->per_process,
        "stations that one process decodes (300)", "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &given->threads,
        "threads that classify in each process (1)", "N" },
    { "recorded", 0, 0, G_OPTION_ARG_NONE, &given->recorded,
        "the stations are recordings: play each once, as fast as possible, and "
        "count times in its audio",
        NULL },
    { "start", 0, 0, G_OPTION_ARG_STRING, &given->start,
        "when the recordings begin, such as 2026-11-30T06:00:00Z (now)",
        "TIME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &given->no_table,
        "print the records also on a terminal, not the table", NULL },
    { "resumed", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &given->resumed,
        NULL, NULL },
    { "patience", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &given->patience,
        NULL, NULL },
    { "in-place-of-element", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING,
        &given->instead, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry *const tables[] = { entries, NULL };
  g_autoptr (GOptionContext) context = g_option_context_new ("LIST|URL...");
  GOptionGroup *group = g_option_group_new ("monitor", NULL, NULL, given, NULL);

  g_set_prgname ("genreclassify monitor");
  g_option_context_set_summary (context,
      "Listens to radio stations, and logs what they play: for each title its "
      "genre, and\nwhether there was music, speech or silence.  LIST is an M3U, "
      "PLS, XSPF or OPML\nfile, or - for stdin; URL a station: http, https, "
      "rtsp, pulse, pipewire, alsa.\n\"genreclassify monitor report\" reads "
      "what --db has kept.");
  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  *names = arguments_parse (context, tables, argc, argv, error);
  return *names != NULL;
}

static gboolean
check_range (const char *option, int value, int min, int max, GError **error)
{
  if (value >= min && value <= max)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--%s: it is %d to %d.", option, min, max);
  return FALSE;
}

static const char *
or_default (const char *text, const char *value)
{
  return text ? text : value;
}

/* A file is a recording, unless it is called as a list is. */
static void
name_recordings (char **names)
{
  for (guint i = 0; names[i]; i++)
    if (!stationlist_is_named (names[i], FALSE) &&
        g_file_test (names[i], G_FILE_TEST_IS_REGULAR)) {
      g_autofree char *path = g_canonicalize_filename (names[i], NULL);

      g_free (names[i]);
      names[i] = g_filename_to_uri (path, NULL, NULL);
    }
}

/* Makes of @given what the monitor needs. */
static gboolean
convert (Given *given, MonitorOptions *options, GError **error)
{
  gint64 window;

  if (!options->lists[0])
    return set_bad_value (error, "%s",
        "There is nothing to listen to: name a list of stations or a URL.");
  if (!parse_duration ("every", or_default (given->every, "5min"), 10, 86400,
          &options->every, error) ||
      !parse_duration ("min-title", or_default (given->min_title, "5s"), 0, 300,
          &options->min_title, error) ||
      !parse_duration ("silence", or_default (given->silence, "10s"), 1, 3600,
          &options->silence, error) ||
      !parse_duration (
          "window", or_default (given->window, "30s"), 5, 60, &window, error) ||
      !check_range ("keep", given->keep, 0, 36500, error) ||
      !check_range ("per-process", given->per_process, 1, 1000, error) ||
      !check_range ("threads", given->threads, 1, 64, error) ||
      !check_range ("patience", given->patience, 1, 3600, error) ||
      !check_range ("mqtt-queue", given->mqtt_queue, 1, 10000000, error) ||
      (given->rotate &&
          !parse_rotation (given->rotate, &options->rotation, error)) ||
      !parse_start (given->start, &options->recorded_start, error))
    return FALSE;
  if (given->start && !given->recorded)
    return set_bad_value (error, "%s", "--start needs --recorded.");
  if (given->keep && !given->database)
    return set_bad_value (error, "%s", "--keep needs --db.");
  if (!given->mqtt && (given->mqtt_credentials || given->mqtt_ca))
    return set_bad_value (
        error, "%s", "--mqtt-credentials and --mqtt-ca need --mqtt.");
  if (given->rotate && !given->log)
    return set_bad_value (error, "%s", "--rotate needs --log.");
  options->is_recorded = given->recorded;
  if (options->is_recorded)
    name_recordings (options->lists);
  options->log = g_steal_pointer (&given->log);
  options->database = g_steal_pointer (&given->database);
  options->keep_days = given->keep;
  options->listen = g_steal_pointer (&given->listen);
  options->has_mqtt = given->mqtt != NULL;
  options->mqtt = (MqttOptions){ .uri = g_steal_pointer (&given->mqtt),
    .credentials = g_steal_pointer (&given->mqtt_credentials),
    .ca_file = g_steal_pointer (&given->mqtt_ca),
    .max_waiting = given->mqtt_queue };
  options->decoders = (DecodersOptions){ .model = given->model
        ? g_steal_pointer (&given->model)
        : g_strdup (GENRE_DEFAULT_MODEL),
    .window = window * 1000,
    .threads = given->threads,
    .per_process = given->per_process,
    .patience = given->patience,
    .instead = g_steal_pointer (&given->instead) };
  options->is_resumed = given->resumed;
  options->no_table = given->no_table;
  return TRUE;
}

static void
clear (Given *given)
{
  g_free (given->log);
  g_free (given->rotate);
  g_free (given->every);
  g_free (given->min_title);
  g_free (given->silence);
  g_free (given->window);
  g_free (given->start);
  g_free (given->database);
  g_free (given->listen);
  g_free (given->mqtt);
  g_free (given->mqtt_credentials);
  g_free (given->mqtt_ca);
  g_free (given->model);
  g_free (given->instead);
}

MonitorOptions *
monitor_options_new (int argc, char **argv, GError **error)
{
  Given given = {
    .per_process = 300, .threads = 1, .patience = 20, .mqtt_queue = 10000
  };
  MonitorOptions *options = g_new0 (MonitorOptions, 1);
  gboolean ok = parse (argc, argv, &given, &options->lists, error) &&
      convert (&given, options, error);

  clear (&given);
  if (ok)
    return options;
  monitor_options_free (options);
  return NULL;
}

void
monitor_options_free (MonitorOptions *options)
{
  if (!options)
    return;
  g_strfreev (options->lists);
  g_free (options->log);
  g_free (options->database);
  g_free (options->listen);
  g_free ((char *) options->mqtt.uri);
  g_free ((char *) options->mqtt.credentials);
  g_free ((char *) options->mqtt.ca_file);
  g_free ((char *) options->decoders.model);
  g_free ((char *) options->decoders.instead);
  g_free (options);
}
