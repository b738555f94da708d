/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* POLLRDHUP */

#include "mqtt.h"
#include "mqttprivate.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* libmosquitto is used in a thread of our own, and in that alone, without its own loop:
 *
 * - mosquitto_connect_async() looks the name up in the caller's thread, and tries only
 *   the first of several addresses; its loop ends at some errors, and does not try
 *   again if the first connection fails (mosquitto's issues 848, 1903, 2576).
 * - It resends what was not acknowledged, and so do we.  Each connection therefore gets
 *   a client of its own, which knows nothing of the last one: one queue alone, ours,
 *   says what is sent, and what is in there is there once.
 *
 * The main thread only puts messages into the queue. */

/* s; after twice this the broker is gone */
#define KEEPALIVE 30
/* µs from the connection until the broker must have let us in */
#define GREETING_TIME (30 * G_USEC_PER_SEC)
/* ms from one look at the keepalive to the next */
#define PERIOD 1000
/* messages in flight */
#define WINDOW 20
/* s until the next attempt to connect */
#ifndef MIN_DELAY /* a test is in a hurry */
#define MIN_DELAY 0.25
#define MAX_DELAY 30.
#endif
/* µs; a connection that lasted that long was good */
#define GOOD_TIME (5 * G_USEC_PER_SEC)
/* There are brokers that close the connection instead of refusing a message.  After so
 * many connections that ended with the same message, and nothing else, in flight it is
 * given up, so that the others get through. */
#define MAX_FRUITLESS 10

/* Outages */

static void
say_outage (Mqtt *mqtt, const char *reason)
{
  if (mqtt->outage_is_said)
    return;
  mqtt->outage_is_said = TRUE;
  mqtt->n_lost_before = mqtt_get_n_lost (mqtt);
  mqtt_say (mqtt, g_strdup_printf (": %s; trying again.", reason));
}

static void
say_end_of_outage (Mqtt *mqtt)
{
  guint64 n_lost = mqtt_get_n_lost (mqtt) - mqtt->n_lost_before;

  if (!mqtt->outage_is_said)
    return;
  mqtt->outage_is_said = FALSE;
  if (n_lost == 0)
    mqtt_say (mqtt, g_strdup (" is there again."));
  else
    mqtt_say (mqtt,
        g_strdup_printf (" is there again; %" G_GUINT64_FORMAT
                         " records were given up, as too many waited.",
            n_lost));
}

/* Why it failed */

/* What libmosquitto says of TLS is more than its error codes. */
static void
on_log (struct mosquitto *client G_GNUC_UNUSED, void *user_data, int level,
    const char *text)
{
  Mqtt *mqtt = user_data;
  const char *last = strrchr (text, ':');

  if (level != MOSQ_LOG_ERR || mqtt->reason)
    return;
  if (g_str_has_prefix (text, "OpenSSL Error") && last)
    text = last + 1;
  else if (g_str_has_prefix (text, "Error: "))
    text += strlen ("Error: ");
  mqtt->reason = g_strdup_printf ("TLS: %s", text);
  if (g_str_has_suffix (mqtt->reason, "."))
    mqtt->reason[strlen (mqtt->reason) - 1] = 0;
}

/* @code of libmosquitto; @number is errno after the call. */
static void
set_reason (Mqtt *mqtt, int code, int number)
{
  const char *text = mosquitto_strerror (code);

  if (mqtt->reason)
    return;
  if (code == MOSQ_ERR_ERRNO && number == EPROTO)
    text = "TLS: it is not understood";
  else if (code == MOSQ_ERR_ERRNO && number != 0)
    text = g_strerror (number);
  else if (code == MOSQ_ERR_EAI)
    text = number == EAI_SYSTEM ? "its name cannot be looked up"
                                : gai_strerror (number);
  else if (code == MOSQ_ERR_CONN_LOST)
    text = "the connection was closed";
  else if (code == MOSQ_ERR_KEEPALIVE)
    text = "it does not answer any more";
  else if (code == MOSQ_ERR_PROTOCOL)
    text = "what answers there does not speak MQTT";
  mqtt->reason = g_strdup (text);
  if (g_str_has_suffix (mqtt->reason, "."))
    mqtt->reason[strlen (mqtt->reason) - 1] = 0;
}

static void
on_connect (struct mosquitto *client G_GNUC_UNUSED, void *user_data, int code)
{
  static const char *const reasons[] = { NULL,
    "it does not speak this version of MQTT (3.1.1)",
    "it refuses our client id", "it is not available",
    "the user or the password is wrong",
    "it does not let us in: wrong or missing credentials" };
  Mqtt *mqtt = user_data;

  mqtt->answered = TRUE;
  mqtt->is_accepted = code == 0;
  if (mqtt->is_accepted)
    return;
  g_free (mqtt->reason);
  mqtt->reason = g_strdup (code > 0 && code < (int) G_N_ELEMENTS (reasons)
          ? reasons[code]
          : "it refuses us");
}

/* One connection */

static void
on_published (struct mosquitto *client G_GNUC_UNUSED, void *user_data, int id)
{
  Mqtt *mqtt = user_data;

  if (id == mqtt->online_id) {
    mqtt->online_id = 0;
    if (mqtt->saying_bye)
      mqtt->is_over = TRUE;
    else
      say_end_of_outage (mqtt);
    return;
  }
  g_mutex_lock (&mqtt->mutex);
  if (mqtt_queue_acknowledge (mqtt->queue, id)) {
    mqtt->was_useful = TRUE;
    mqtt->n_fruitless = 0;
  }
  g_mutex_unlock (&mqtt->mutex);
}

static int
publish_online (Mqtt *mqtt, const char *value)
{
  return mosquitto_publish (mqtt->client, &mqtt->online_id, mqtt->online_topic,
      (int) strlen (value), value, 1, TRUE);
}

/* The broker has let us in. */
static int
greet (Mqtt *mqtt)
{
  mqtt->greeted = TRUE;
  g_mutex_lock (&mqtt->mutex);
  mqtt->is_connected = TRUE;
  mqtt_queue_repeat_states (mqtt->queue);
  g_mutex_unlock (&mqtt->mutex);
  return publish_online (mqtt, "1");
}

/* @message can never be published, because of @code. */
static void
give_up (Mqtt *mqtt, MqttMessage *message, const char *reason)
{
  g_autofree char *topic = g_strdup (message->topic);

  g_mutex_lock (&mqtt->mutex);
  mqtt_queue_drop (mqtt->queue, message);
  g_mutex_unlock (&mqtt->mutex);
  mqtt_say (mqtt,
      g_strdup_printf (" does not take a message to %s: %s.", topic, reason));
}

static int
publish (Mqtt *mqtt, MqttMessage *message)
{
  int code = mosquitto_publish (mqtt->client, &message->id, message->topic,
      (int) strlen (message->payload), message->payload, 1, message->is_state);

  if (code != MOSQ_ERR_INVAL && code != MOSQ_ERR_MALFORMED_UTF8 &&
      code != MOSQ_ERR_PAYLOAD_SIZE && code != MOSQ_ERR_OVERSIZE_PACKET)
    return code;
  give_up (mqtt, message, mosquitto_strerror (code));
  return MOSQ_ERR_SUCCESS;
}

/* NULL if nothing waits, or enough is under way. */
static MqttMessage *
take_next (Mqtt *mqtt)
{
  guint window = mqtt->n_fruitless > 0 ? 1 : WINDOW;
  MqttMessage *message = NULL;

  g_mutex_lock (&mqtt->mutex);
  if (mqtt_queue_get_n_in_flight (mqtt->queue) < window)
    message = mqtt_queue_send (mqtt->queue);
  g_mutex_unlock (&mqtt->mutex);
  return message;
}

/* Whether the caller wants it to end, and nothing is left to be done. */
static gboolean
has_done_all (Mqtt *mqtt)
{
  gboolean result;

  g_mutex_lock (&mqtt->mutex);
  result = mqtt->ending && mqtt_queue_get_n (mqtt->queue) == 0;
  g_mutex_unlock (&mqtt->mutex);
  return result;
}

/* Sends what can be sent. */
static int
send_all (Mqtt *mqtt)
{
  MqttMessage *message;
  int code = MOSQ_ERR_SUCCESS;

  if (!mqtt->is_accepted || mqtt->saying_bye)
    return MOSQ_ERR_SUCCESS;
  if (!mqtt->greeted)
    code = greet (mqtt);
  while (code == MOSQ_ERR_SUCCESS && (message = take_next (mqtt)))
    code = publish (mqtt, message);
  if (code == MOSQ_ERR_SUCCESS && mqtt->online_id == 0 && has_done_all (mqtt)) {
    mqtt->saying_bye = TRUE;
    code = publish_online (mqtt, "0");
  }
  return code;
}

/* Whether the time to end is over, or there is nothing that is worth waiting for. */
static gboolean
must_end (Mqtt *mqtt)
{
  gboolean result;

  g_mutex_lock (&mqtt->mutex);
  result = mqtt->ending &&
      (g_get_monotonic_time () >= mqtt->deadline ||
          (!mqtt->is_connected && mqtt_queue_get_n (mqtt->queue) == 0));
  g_mutex_unlock (&mqtt->mutex);
  return result;
}

/* Waits until the main thread wants something, or @events of @fd, for up to @timeout
 * ms.  Returns the events. */
static short
wait_for_events (Mqtt *mqtt, int fd, short events, double timeout)
{
  struct pollfd fds[] = { { mqtt->wake_fd, POLLIN, 0 }, { fd, events, 0 } };
  double rest = timeout;
  guint64 count;

  g_mutex_lock (&mqtt->mutex);
  if (mqtt->ending)
    rest = (double) (mqtt->deadline - g_get_monotonic_time ()) / 1000 + 1;
  g_mutex_unlock (&mqtt->mutex);
  if (poll (fds, G_N_ELEMENTS (fds), (int) CLAMP (rest, 0, timeout)) <= 0)
    return 0;
  if (fds[0].revents && read (mqtt->wake_fd, &count, sizeof count) < 0)
    return 0;
  return fds[1].revents;
}

/* Reads and writes what there is. */
static int
run_client (Mqtt *mqtt)
{
  gboolean wants_write = mosquitto_want_write (mqtt->client);
  short events = wait_for_events (mqtt, mosquitto_socket (mqtt->client),
      (short) (POLLIN | POLLRDHUP | (wants_write ? POLLOUT : 0)), PERIOD);
  int code = MOSQ_ERR_SUCCESS;

  if (events)
    code = mosquitto_loop_read (mqtt->client, 1);
  /* An end of the connection while TLS begins is not always noticed by libmosquitto,
   * which would go on trying; the refusal may be before the end. */
  for (guint i = 0; i < 16 && code == MOSQ_ERR_SUCCESS && !mqtt->answered &&
       events & (POLLRDHUP | POLLHUP | POLLERR);
       i++)
    code = mosquitto_loop_read (mqtt->client, 1);
  if (code == MOSQ_ERR_SUCCESS && !mqtt->answered &&
      events & (POLLRDHUP | POLLHUP | POLLERR))
    code = MOSQ_ERR_CONN_LOST;
  if (code == MOSQ_ERR_SUCCESS && mosquitto_want_write (mqtt->client))
    code = mosquitto_loop_write (mqtt->client, 1);
  if (code == MOSQ_ERR_SUCCESS)
    code = mosquitto_loop_misc (mqtt->client);
  if (code != MOSQ_ERR_SUCCESS)
    set_reason (mqtt, code, errno);
  return code;
}

static void
begin_client (Mqtt *mqtt)
{
  const MqttBroker *broker = mqtt->broker;

  g_clear_pointer (&mqtt->reason, g_free);
  mqtt->answered = mqtt->is_accepted = mqtt->greeted = mqtt->saying_bye = FALSE;
  mqtt->is_over = mqtt->was_useful = FALSE;
  mqtt->online_id = 0;
  mqtt->client = mosquitto_new (mqtt->client_id, TRUE, mqtt);
  mosquitto_connect_callback_set (mqtt->client, on_connect);
  mosquitto_publish_callback_set (mqtt->client, on_published);
  mosquitto_log_callback_set (mqtt->client, on_log);
  /* more than are ever in flight: it shall not queue any */
  mosquitto_max_inflight_messages_set (mqtt->client, 2 * WINDOW);
  mosquitto_will_set (mqtt->client, mqtt->online_topic, 1, "0", 1, TRUE);
  mosquitto_username_pw_set (mqtt->client, broker->user, broker->password);
  if (broker->ca_file)
    mosquitto_tls_set (mqtt->client, broker->ca_file, NULL, NULL, NULL, NULL);
  else if (broker->is_encrypted)
    mosquitto_int_option (mqtt->client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
}

static gboolean
open_client (Mqtt *mqtt)
{
  int code = mosquitto_connect (
          mqtt->client, mqtt->broker->host, mqtt->broker->port, KEEPALIVE),
      number = errno, fd;

  if (code != MOSQ_ERR_SUCCESS) {
    set_reason (mqtt, code, number);
    return FALSE;
  }
  /* programs that are started must not have it */
  fd = mosquitto_socket (mqtt->client);
  fcntl (fd, F_SETFD, FD_CLOEXEC);
  return TRUE;
}

/* Whether it goes on. */
static gboolean
check_client (Mqtt *mqtt, gint64 start)
{
  if (mqtt->answered && !mqtt->is_accepted)
    return FALSE;
  if (mqtt->answered || g_get_monotonic_time () < start + GREETING_TIME)
    return TRUE;
  if (!mqtt->reason)
    mqtt->reason = g_strdup ("it does not answer");
  return FALSE;
}

static void
end_client (Mqtt *mqtt)
{
  g_mutex_lock (&mqtt->mutex);
  mqtt->is_connected = FALSE;
  if (!mqtt->was_useful && mqtt_queue_get_n_in_flight (mqtt->queue) > 0)
    mqtt->n_fruitless++;
  mqtt_queue_reset (mqtt->queue);
  g_mutex_unlock (&mqtt->mutex);
  /* closes the connection; the broker publishes the will, unless it was told that all
   * is well */
  mosquitto_destroy (mqtt->client);
  mqtt->client = NULL;
}

/* Gives up the message with which the connections always ended. */
static void
drop_fruitless (Mqtt *mqtt)
{
  MqttMessage *message;

  g_mutex_lock (&mqtt->mutex);
  message = mqtt_queue_send (mqtt->queue);
  g_mutex_unlock (&mqtt->mutex);
  if (message)
    give_up (mqtt, message, "it ends the connection each time");
  mqtt->n_fruitless = 1;
}

/* Connects, and delivers until the connection ends. */
static void
serve_connection (Mqtt *mqtt)
{
  gint64 start;

  if (mqtt->n_fruitless >= MAX_FRUITLESS)
    drop_fruitless (mqtt);
  begin_client (mqtt);
  if (open_client (mqtt)) {
    start = g_get_monotonic_time ();
    while (!mqtt->is_over && !must_end (mqtt) &&
        run_client (mqtt) == MOSQ_ERR_SUCCESS && check_client (mqtt, start)) {
      int code = send_all (mqtt);

      if (code != MOSQ_ERR_SUCCESS) {
        set_reason (mqtt, code, errno);
        break;
      }
    }
    if (mqtt->is_over)
      mosquitto_disconnect (mqtt->client);
    if (mqtt->is_accepted && g_get_monotonic_time () > start + GOOD_TIME)
      mqtt->delay = MIN_DELAY;
  }
  end_client (mqtt);
}

/* Not all at once, when many lose a broker at once. */
static void
pause_thread (Mqtt *mqtt)
{
  gint64 end = g_get_monotonic_time () +
      (gint64) (mqtt->delay * g_random_double_range (0.75, 1.25) *
          G_USEC_PER_SEC);
  gint64 now;

  mqtt->delay = MIN (2 * mqtt->delay, MAX_DELAY);
  while (!must_end (mqtt) && (now = g_get_monotonic_time ()) < end)
    wait_for_events (mqtt, -1, 0, (double) (end - now) / 1000 + 1);
}

gpointer
mqtt_thread_run (gpointer user_data)
{
  Mqtt *mqtt = user_data;

  mqtt->delay = MIN_DELAY;
  while (!must_end (mqtt)) {
    serve_connection (mqtt);
    if (mqtt->is_over || must_end (mqtt))
      break;
    say_outage (
        mqtt, mqtt->reason ? mqtt->reason : "the connection was closed");
    pause_thread (mqtt);
  }
  g_mutex_lock (&mqtt->mutex);
  mqtt->ended = TRUE;
  g_cond_signal (&mqtt->ended_cond);
  g_mutex_unlock (&mqtt->mutex);
  mqtt_unref (mqtt);
  return NULL;
}
