/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The life of a station, told to it event by event. */

#include "monitor/station.h"

#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)

static const char *const genres[] = { "jazz", "rock", NULL };
static const char *const tags[] = { "speech", "noise", NULL };

/* A station, and all that it has logged: "title Artist/Song ended jazz", "state music". */
typedef struct
{
  StationSettings settings;
  Station *station;
  GString *log;
  guint64 position, silent; /* ns */
  gint64 now;               /* µs */
  gint64 last_end;          /* of the last title, UTC, µs */
} Play;

static void
on_record (const Record *record, gpointer user_data)
{
  Play *play = user_data;
  g_autofree char *json = record_to_json (record);

  g_assert_nonnull (json);
  g_assert_cmpint (record->start, <=, record->end);
  if (record->kind == RECORD_TITLE) {
    /* the two clocks are read one after the other */
    g_assert_cmpint (
        record->start, >=, play->last_end - G_TIME_SPAN_MILLISECOND);
    play->last_end = record->end;
  }
  if (record->kind == RECORD_STATE)
    g_string_append_printf (
        play->log, "%s; ", station_state_to_string (record->state));
  else
    g_string_append_printf (play->log, "[%s%s/%s %s %s %.0f s]; ",
        record->continues ? "+" : "", record->artist ? record->artist : "-",
        record->title ? record->title : "-", record->ended,
        record->genre ? record->genre : "-", record->seconds);
}

static Play *
play_new (void)
{
  Play *play = g_new0 (Play, 1);
  StationEntry *entry = g_new0 (StationEntry, 1);

  entry->uri = g_strdup ("http://localhost/");
  entry->name = g_strdup ("One");
  entry->id = g_strdup ("one");
  play->settings = (StationSettings){
    .model = { .name = "test 1",
        .genres = { 2, genres, NULL },
        .tags = { 2, tags, NULL },
        .speech = 0 },
    .every = 300 * G_USEC_PER_SEC,
    .min_title = 5 * G_USEC_PER_SEC,
    .silence = 10 * G_USEC_PER_SEC,
    .is_recorded = FALSE,
    .on_record = on_record,
    .user_data = play,
  };
  play->log = g_string_new (NULL);
  play->now = 1000 * G_USEC_PER_SEC;
  play->station = station_new (entry, &play->settings);
  return play;
}

static void
play_free (Play *play)
{
  station_free (play->station);
  g_string_free (play->log, TRUE);
  g_free (play);
}

/* Checks what was logged since the last time. */
static void
check (Play *play, const char *expected)
{
  g_assert_cmpstr (play->log->str, ==, expected);
  g_string_truncate (play->log, 0);
}

static void
send (Play *play, StationEvent *event)
{
  event->position = play->position;
  event->silent = play->silent;
  station_take_event (play->station, event, play->now);
}

static void
connect_station (Play *play)
{
  station_connecting (play->station);
  play->position = play->silent = 0;
  send (play, &(StationEvent){ .kind = EVENT_BEGIN });
}

static void
name_title (Play *play, const char *title, const char *artist)
{
  StationEvent event = { .kind = EVENT_TITLE };

  g_strlcpy (event.title, title, sizeof event.title);
  g_strlcpy (event.artist, artist, sizeof event.artist);
  send (play, &event);
}

/* @seconds of audio, of which each 10 s are a segment. */
static void
hear (Play *play, guint seconds, Heard heard, float jazz)
{
  for (guint second = 1; second <= seconds; second++) {
    StationEvent progress = { .kind = EVENT_PROGRESS };
    StationEvent segment = { .kind = EVENT_SEGMENT,
      .duration = 10 * SECOND,
      .music = heard == HEARD_MUSIC,
      .is_silent = heard == HEARD_SILENCE,
      .n_probabilities = 2,
      .n_tags = 2,
      .values = { jazz, 1 - jazz, heard == HEARD_SPEECH, 0 } };

    play->position += SECOND;
    play->now += G_USEC_PER_SEC;
    if (heard == HEARD_SILENCE) {
      play->silent += SECOND;
      progress.silent_run = second * SECOND;
    }
    send (play, &progress);
    if (second % 10 == 0)
      send (play, &segment);
  }
}

static void
lose (Play *play, const char *why)
{
  StationEvent event = { .kind = EVENT_END };

  g_strlcpy (event.title, why, sizeof event.title);
  send (play, &event);
}

/* Titles */

static void
test_titles (void)
{
  Play *play = play_new ();

  connect_station (play);
  check (play, "connected; ");
  name_title (play, "A - One", "");
  hear (play, 20, HEARD_MUSIC, 0.9);
  check (play, "music; ");
  name_title (play, "B - Two - live", "");
  hear (play, 4, HEARD_MUSIC, 0.1);
  check (play, "");
  hear (play, 16, HEARD_MUSIC, 0.1);
  check (play, "[A/One title jazz 20 s]; ");
  /* an artist of its own; the same title again is none */
  name_title (play, "C - Three", "D");
  hear (play, 10, HEARD_MUSIC, 0.1);
  name_title (play, "C - Three", "D");
  hear (play, 10, HEARD_MUSIC, 0.1);
  check (play, "[B/Two - live title rock 20 s]; ");
  station_stop (play->station);
  check (play, "[D/C - Three stopped rock 20 s]; ");
  play_free (play);
}

/* Slogans belong to the title around them; several of them that add up, too. */
static void
test_short_titles (void)
{
  Play *play = play_new ();

  connect_station (play);
  name_title (play, "A - One", "");
  hear (play, 30, HEARD_MUSIC, 0.9);
  name_title (play, "You are listening to One", "");
  hear (play, 3, HEARD_MUSIC, 0.9);
  name_title (play, "A - One", "");
  hear (play, 27, HEARD_MUSIC, 0.9);
  name_title (play, "www.one.example", "");
  hear (play, 3, HEARD_MUSIC, 0.9);
  name_title (play, "Call us", "");
  hear (play, 3, HEARD_MUSIC, 0.9);
  name_title (play, "B - Two", "");
  hear (play, 6, HEARD_MUSIC, 0.9);
  check (play, "connected; music; [A/One title jazz 66 s]; ");
  lose (play, "Gone.");
  check (play, "[B/Two lost - 6 s]; lost; ");
  play_free (play);
}

/* What comes before the first title is part of it, unless that is long. */
static void
test_late_title (void)
{
  Play *play = play_new ();

  connect_station (play);
  hear (play, 5, HEARD_MUSIC, 0.9);
  name_title (play, "One", "");
  hear (play, 5, HEARD_MUSIC, 0.9);
  lose (play, "Gone.");
  check (play, "connected; [-/One lost - 10 s]; lost; ");
  connect_station (play);
  hear (play, 15, HEARD_MUSIC, 0.9);
  name_title (play, "Two", "");
  hear (play, 5, HEARD_MUSIC, 0.9);
  lose (play, "Gone.");
  check (play, "connected; [-/- title jazz 15 s]; [-/Two lost - 5 s]; lost; ");
  play_free (play);
}

/* A title that is announced after the last audio, before the station is lost: it does not
 * begin before the end of the one before. */
static void
test_title_without_audio (void)
{
  Play *play = play_new ();

  connect_station (play);
  name_title (play, "Song", "Ana");
  hear (play, 20, HEARD_MUSIC, 0.9f);
  name_title (play, "Next", "Bo");
  play->now += 2 * G_USEC_PER_SEC;
  lose (play, "The process that decoded it has crashed.");
  check (play,
      "connected; music; [Ana/Song title jazz 20 s]; [Bo/Next lost - 0 s]; lost; ");
  play_free (play);
}

static void
test_no_titles (void)
{
  Play *play = play_new ();

  connect_station (play);
  hear (play, 700, HEARD_MUSIC, 0.9);
  check (play,
      "connected; music; [-/- interval jazz 300 s]; "
      "[-/- interval jazz 300 s]; ");
  play_free (play);
}

/* What is cut because it is long ends with a segment, so that none counts for nobody. */
static void
test_short_intervals (void)
{
  Play *play = play_new ();

  play->settings.every = 15 * G_USEC_PER_SEC;
  connect_station (play);
  hear (play, 45, HEARD_MUSIC, 0.9);
  check (play,
      "connected; [-/- interval jazz 10 s]; music; "
      "[-/- interval jazz 10 s]; [-/- interval jazz 10 s]; "
      "[-/- interval jazz 10 s]; ");
  play_free (play);
}

/* A title of signs alone is none. */
static void
test_empty_titles (void)
{
  Play *play = play_new ();

  connect_station (play);
  name_title (play, "A - One", "");
  hear (play, 20, HEARD_MUSIC, 0.9);
  name_title (play, " - ", "");
  hear (play, 20, HEARD_MUSIC, 0.9);
  name_title (play, "B - Two", "");
  hear (play, 10, HEARD_MUSIC, 0.9);
  check (play,
      "connected; music; [A/One title jazz 20 s]; "
      "[-/- title jazz 20 s]; ");
  play_free (play);
}

/* A title that goes on behind a loss, or for long, is one title in several records. */
static void
test_continues (void)
{
  Play *play = play_new ();

  connect_station (play);
  name_title (play, "A - One", "");
  hear (play, 20, HEARD_MUSIC, 0.9);
  lose (play, "Gone.");
  connect_station (play);
  lose (play, "Gone."); /* before it was named */
  connect_station (play);
  name_title (play, "A - One", "");
  hear (play, 20, HEARD_MUSIC, 0.9);
  lose (play, "Gone.");
  check (play,
      "connected; music; [A/One lost jazz 20 s]; lost; connected; lost; "
      "connected; music; [+A/One lost jazz 20 s]; lost; ");
  connect_station (play);
  name_title (play, "A - Two", "");
  hear (play, 3700, HEARD_MUSIC, 0.9);
  check (play, "connected; music; [A/Two interval jazz 3600 s]; ");
  station_stop (play->station);
  check (play, "[+A/Two stopped jazz 100 s]; ");
  play_free (play);
}

/* States */

static void
test_states (void)
{
  Play *play = play_new ();

  connect_station (play);
  hear (play, 20, HEARD_SPEECH, 0.5);
  hear (play, 9, HEARD_SILENCE, 0.5);
  hear (play, 10, HEARD_MUSIC, 0.5);
  check (play, "connected; talk; ");
  hear (play, 10, HEARD_MUSIC, 0.5);
  hear (play, 20, HEARD_OTHER, 0.5);
  check (play, "music; ");
  hear (play, 30, HEARD_SILENCE, 0.5);
  check (play, "silent; ");
  hear (play, 20, HEARD_MUSIC, 0.5);
  check (play, "connected; music; ");
  play_free (play);
}

static void
test_shares (void)
{
  Play *play = play_new ();
  StationView view;

  connect_station (play);
  hear (play, 60, HEARD_MUSIC, 0.5);
  hear (play, 20, HEARD_SPEECH, 0.5);
  hear (play, 20, HEARD_SILENCE, 0.5);
  station_get_view (play->station, &view);
  g_assert_cmpfloat_with_epsilon (view.music, 0.6, 1e-6);
  g_assert_cmpfloat_with_epsilon (view.speech, 0.2, 1e-6);
  g_assert_cmpfloat_with_epsilon (view.silence, 0.2, 1e-6);
  g_assert_cmpfloat_with_epsilon (view.audio_seconds, 100, 1e-6);
  g_assert_cmpuint (view.n_connects, ==, 1);
  play_free (play);
}

/* Each second counts once, also where segments reach over silence. */
static void
test_counters (void)
{
  Play *play = play_new ();
  StationView view;

  connect_station (play);
  for (guint i = 0; i < 10; i++) {
    hear (play, 13, HEARD_MUSIC, 0.5);
    hear (play, 14, HEARD_SILENCE, 0.5);
    hear (play, 16, HEARD_SPEECH, 0.5);
  }
  station_get_view (play->station, &view);
  g_assert_cmpfloat_with_epsilon (view.silence_seconds, 140, 1e-6);
  g_assert_cmpfloat (view.music_seconds + view.speech_seconds, <=, 290);
  g_assert_cmpfloat (view.music_seconds + view.speech_seconds, >, 270);
  play_free (play);
}

static gint64 last_end; /* of the last title */

static void
note_end (const Record *record, gpointer user_data)
{
  (void) user_data;
  if (record->kind == RECORD_TITLE)
    last_end = record->end;
}

/* A station is lost when its audio has ceased, not when that is noticed. */
static void
test_stall (void)
{
  Play *play = play_new ();

  connect_station (play);
  hear (play, 30, HEARD_MUSIC, 0.5);
  play->settings.on_record = note_end;
  play->now += 20 * G_USEC_PER_SEC;
  lose (play, "No audio came.");
  g_assert_cmpint (ABS (g_get_real_time () - last_end - 20 * G_USEC_PER_SEC), <,
      G_USEC_PER_SEC);
  play_free (play);
}

/* By another id, it is another station for who reads of it. */
static void
test_list (void)
{
  Play *play = play_new ();
  StationEntry *entry = g_new0 (StationEntry, 1);

  entry->uri = g_strdup ("http://localhost/");
  entry->name = g_strdup ("Two");
  entry->id = g_strdup ("two");
  connect_station (play);
  hear (play, 30, HEARD_MUSIC, 0.5);
  check (play, "connected; music; ");
  station_rename (play->station, entry);
  check (play, "music; ");
  station_remove (play->station);
  check (play, "[-/- stopped jazz 30 s]; lost; ");
  g_assert_true (station_is_done (play->station));
  play_free (play);
}

/* Connecting */

/* Attempts that fail come ever more rarely, and never two within 5 s; once it has played
 * for a while, the next loss is a first one again. */
static void
test_attempts (void)
{
  Play *play = play_new ();
  gint64 delay = 0, last = play->now;

  g_assert_cmpint (station_get_next_attempt (play->station), <=, play->now);
  for (guint i = 0; i < 12; i++) {
    station_connecting (play->station);
    g_assert_cmpint (station_get_next_attempt (play->station), ==, G_MAXINT64);
    lose (play, "There is no server.");
    delay = station_get_next_attempt (play->station) - play->now;
    g_assert_cmpint (station_get_next_attempt (play->station) - last, >=,
        5 * G_USEC_PER_SEC);
    g_assert_cmpint (delay, <=, 300 * G_USEC_PER_SEC);
    last = play->now = station_get_next_attempt (play->station);
  }
  g_assert_cmpint (delay, >=, 150 * G_USEC_PER_SEC);
  /* said once */
  check (play, "lost; ");

  connect_station (play);
  hear (play, 61, HEARD_MUSIC, 0.9);
  lose (play, "Gone.");
  delay = station_get_next_attempt (play->station) - play->now;
  g_assert_cmpint (delay, <=, 1 * G_USEC_PER_SEC);
  play_free (play);
}

/* A station that makes its process crash each time soon after it has begun is told from
 * those that are near it. */
static void
test_crashes (void)
{
  Play *play = play_new ();

  for (guint i = 0; i < 2; i++) {
    connect_station (play);
    hear (play, 100, HEARD_MUSIC, 0.9);
    station_take_crash (play->station, TRUE, play->now);
    g_assert_cmpuint (station_get_suspicion (play->station), ==, 0);
  }
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (station_get_suspicion (play->station), ==, i);
    connect_station (play);
    hear (play, 2, HEARD_MUSIC, 0.9);
    station_take_crash (play->station, TRUE, play->now);
  }
  g_assert_cmpuint (station_get_suspicion (play->station), ==, 2);
  connect_station (play);
  hear (play, 100, HEARD_MUSIC, 0.9);
  lose (play, "Gone.");
  g_assert_cmpuint (station_get_suspicion (play->station), ==, 0);
  play_free (play);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/station/titles", test_titles);
  g_test_add_func ("/station/short-titles", test_short_titles);
  g_test_add_func ("/station/late-title", test_late_title);
  g_test_add_func ("/station/title-without-audio", test_title_without_audio);
  g_test_add_func ("/station/no-titles", test_no_titles);
  g_test_add_func ("/station/short-intervals", test_short_intervals);
  g_test_add_func ("/station/empty-titles", test_empty_titles);
  g_test_add_func ("/station/continues", test_continues);
  g_test_add_func ("/station/states", test_states);
  g_test_add_func ("/station/shares", test_shares);
  g_test_add_func ("/station/counters", test_counters);
  g_test_add_func ("/station/stall", test_stall);
  g_test_add_func ("/station/list", test_list);
  g_test_add_func ("/station/attempts", test_attempts);
  g_test_add_func ("/station/crashes", test_crashes);
  return g_test_run ();
}
