/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mqtt.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mqttprivate.h"

/* µs that the thread gets to end after its deadline, before it is left alone: it may
 * be looking up a name */
#define GRACE G_USEC_PER_SEC

void
mqtt_unref (Mqtt *mqtt)
{
  if (!g_atomic_int_dec_and_test (&mqtt->n_refs))
    return;
  mqtt_broker_free (mqtt->broker);
  mqtt_queue_free (mqtt->queue);
  g_free (mqtt->online_topic);
  g_free (mqtt->reason);
  g_ptr_array_unref (mqtt->said);
  g_main_context_unref (mqtt->context);
  g_mutex_clear (&mqtt->mutex);
  g_cond_clear (&mqtt->ended_cond);
  close (mqtt->wake_fd);
  g_free (mqtt);
}

/* Messages for people */

static void
print_said (Mqtt *mqtt)
{
  g_autoptr (GPtrArray) said = NULL;

  g_mutex_lock (&mqtt->mutex);
  said = mqtt->said;
  mqtt->said = g_ptr_array_new_with_free_func (g_free);
  if (mqtt->say_source)
    g_source_destroy (mqtt->say_source);
  g_clear_pointer (&mqtt->say_source, g_source_unref);
  g_mutex_unlock (&mqtt->mutex);
  for (guint i = 0; i < said->len; i++)
    g_printerr ("genreclassify: The MQTT broker %s%s\n", mqtt->broker->label,
        (char *) said->pdata[i]);
}

static gboolean
on_said (gpointer user_data)
{
  print_said (user_data);
  return G_SOURCE_REMOVE;
}

void
mqtt_say (Mqtt *mqtt, char *text)
{
  g_mutex_lock (&mqtt->mutex);
  g_ptr_array_add (mqtt->said, text);
  if (!mqtt->say_source && !mqtt->ending) {
    mqtt->say_source = g_idle_source_new ();
    g_source_set_callback (mqtt->say_source, on_said, mqtt, NULL);
    g_source_attach (mqtt->say_source, mqtt->context);
  }
  g_mutex_unlock (&mqtt->mutex);
}

static void
wake (Mqtt *mqtt)
{
  const guint64 one = 1;

  /* it fails only if the thread was woken 2^64 times */
  if (write (mqtt->wake_fd, &one, sizeof one) < 0)
    return;
}

/* The thread gets no signals: they are the main thread's, and nobody's if one is of a
 * connection that was closed (SIGPIPE). */
static void
start_thread (Mqtt *mqtt)
{
  sigset_t all, old;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  mqtt->thread = g_thread_new ("mqtt", mqtt_thread_run, mqtt);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
}

static void
init_library (void)
{
  static gsize done;

  /* never undone: it would unload what other users of OpenSSL need, too */
  if (g_once_init_enter (&done)) {
    mosquitto_lib_init ();
    g_once_init_leave (&done, 1);
  }
}

Mqtt *
mqtt_new (const MqttOptions *options, GError **error)
{
  MqttBroker *broker = mqtt_broker_new (options, error);
  Mqtt *mqtt;

  if (!broker)
    return NULL;
  init_library ();
  mqtt = g_new0 (Mqtt, 1);
  mqtt->n_refs = 2;
  g_mutex_init (&mqtt->mutex);
  g_cond_init (&mqtt->ended_cond);
  mqtt->broker = broker;
  mqtt->online_topic = g_strconcat (broker->topic, "/online", NULL);
  /* 23 letters and digits are what every broker must take */
  g_snprintf (mqtt->client_id, sizeof mqtt->client_id, "genreclassify%08x%02x",
      g_random_int (), g_random_int () & 0xff);
  mqtt->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  mqtt->queue = mqtt_queue_new (options->max_waiting);
  mqtt->said = g_ptr_array_new_with_free_func (g_free);
  mqtt->context = g_main_context_ref_thread_default ();
  start_thread (mqtt);
  return mqtt;
}

/* FALSE if the thread is still at something that cannot be interrupted. */
static gboolean
wait_for_end (Mqtt *mqtt, guint seconds)
{
  gboolean ended;

  g_mutex_lock (&mqtt->mutex);
  mqtt->deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  mqtt->ending = TRUE;
  wake (mqtt);
  while (!mqtt->ended &&
      g_cond_wait_until (
          &mqtt->ended_cond, &mqtt->mutex, mqtt->deadline + GRACE))
    ;
  ended = mqtt->ended;
  g_mutex_unlock (&mqtt->mutex);
  return ended;
}

void
mqtt_free (Mqtt *mqtt, guint seconds)
{
  guint n;

  if (!mqtt)
    return;
  if (wait_for_end (mqtt, seconds))
    g_thread_join (mqtt->thread);
  else
    g_thread_unref (mqtt->thread);
  print_said (mqtt);
  n = mqtt_get_n_waiting (mqtt);
  if (n > 0)
    g_printerr ("genreclassify: The MQTT broker %s did not get the last %u "
                "records.\n",
        mqtt->broker->label, n);
  mqtt_unref (mqtt);
}

/* Ids are fit for a topic; if one is not, nothing is published to another's topic. */
static char *
make_topic (Mqtt *mqtt, const char *station, const char *leaf)
{
  if (!*station || strpbrk (station, "/+#"))
    return NULL;
  return g_strdup_printf ("%s/%s/%s", mqtt->broker->topic, station, leaf);
}

void
mqtt_add (Mqtt *mqtt, const Record *record)
{
  gboolean is_title = record->kind == RECORD_TITLE;
  char *topic = make_topic (
      mqtt, record->station, is_title ? "title" : "state");
  char *payload = topic ? record_to_json (record) : NULL;

  g_mutex_lock (&mqtt->mutex);
  if (!topic)
    mqtt_queue_count_lost (mqtt->queue);
  else if (is_title)
    mqtt_queue_add_title (mqtt->queue, topic, payload);
  else
    mqtt_queue_set_state (mqtt->queue, topic, payload);
  g_mutex_unlock (&mqtt->mutex);
  wake (mqtt);
}

void
mqtt_remove_station (Mqtt *mqtt, const char *station)
{
  char *topic = make_topic (mqtt, station, "state");

  if (!topic)
    return;
  g_mutex_lock (&mqtt->mutex);
  mqtt_queue_set_state (mqtt->queue, topic, g_strdup (""));
  g_mutex_unlock (&mqtt->mutex);
  wake (mqtt);
}

gboolean
mqtt_is_connected (Mqtt *mqtt)
{
  gboolean result;

  g_mutex_lock (&mqtt->mutex);
  result = mqtt->is_connected;
  g_mutex_unlock (&mqtt->mutex);
  return result;
}

guint
mqtt_get_n_waiting (Mqtt *mqtt)
{
  guint result;

  g_mutex_lock (&mqtt->mutex);
  result = mqtt_queue_get_n (mqtt->queue);
  g_mutex_unlock (&mqtt->mutex);
  return result;
}

guint64
mqtt_get_n_lost (Mqtt *mqtt)
{
  guint64 result;

  g_mutex_lock (&mqtt->mutex);
  result = mqtt_queue_get_n_lost (mqtt->queue);
  g_mutex_unlock (&mqtt->mutex);
  return result;
}
