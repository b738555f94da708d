/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mqttbroker.h"

#include <string.h>
#include <sys/stat.h>

#include <gio/gio.h>

#define PORT 1883
#define ENCRYPTED_PORT 8883
#define TOPIC "genreclassify"
/* bytes of the first part; with a station's id it stays far below MQTT's 65535 */
#define MAX_TOPIC 256
/* bytes of a file of credentials */
#define MAX_CREDENTIALS 4096
#define MAX_CA_FILE (4 << 20)

#define FORM "mqtt://HOST[:PORT][/TOPIC], or mqtts:// for TLS"

static gboolean
fail (GError **error, const char *name, const char *text)
{
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: %s", name, text);
  return FALSE;
}

/* The URI */

static gboolean
is_printable (const char *text)
{
  for (; *text; text = g_utf8_next_char (text))
    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

static gboolean
read_topic (
    MqttBroker *broker, const char *text, const char *path, GError **error)
{
  gsize size;

  /* without the "/" that separates it, and none at the end: "radio/" would make
   * "radio//ID/title" */
  if (*path == '/')
    path++;
  size = strlen (path);
  while (size > 0 && path[size - 1] == '/')
    size--;
  broker->topic = size > 0 ? g_strndup (path, size) : g_strdup (TOPIC);
  if (size > MAX_TOPIC)
    return fail (error, text, "The topic is too long.");
  if (strpbrk (broker->topic, "+#"))
    return fail (error, text,
        "The topic has \"+\" or \"#\", which stand for other topics and "
        "cannot be published to.");
  if (broker->topic[0] == '$')
    return fail (error, text,
        "The topic begins with \"$\": such topics are the broker's own.");
  if (!is_printable (broker->topic))
    return fail (error, text, "The topic has control characters.");
  return TRUE;
}

/* A name or an address; of an IPv6 address the brackets are gone. */
static gboolean
read_host (
    MqttBroker *broker, const char *text, const char *host, GError **error)
{
  if (strchr (host, ':') || !*host) {
    /* with the name of an interface after "%": that is not judged */
    g_autofree char *address = g_strndup (host, strcspn (host, "%"));
    g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

    if (!inet || !is_printable (host))
      return fail (error, text, "It names no host: " FORM ".");
    broker->host = g_strdup (host);
    return TRUE;
  }
  broker->host = g_hostname_to_ascii (host);
  if (!broker->host || strlen (broker->host) > 253 ||
      broker->host[strspn (broker->host,
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
          "_")])
    return fail (error, text, "Its host is no name and no address.");
  return TRUE;
}

static void
read_port (MqttBroker *broker, GUri *uri)
{
  int usual = broker->is_encrypted ? ENCRYPTED_PORT : PORT;
  gboolean is_ipv6 = strchr (broker->host, ':') != NULL;

  broker->port = g_uri_get_port (uri);
  if (broker->port == -1)
    broker->port = usual;
  if (broker->port == usual)
    broker->label = g_strdup (broker->host);
  else
    broker->label = g_strdup_printf (
        is_ipv6 ? "[%s]:%d" : "%s:%d", broker->host, broker->port);
}

static gboolean
read_uri (MqttBroker *broker, const char *text, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (GUri) uri = NULL;

  /* command lines are seen by everyone on the machine, and this sentence may be in a
   * log: the URI is not repeated */
  if (strchr (text, '@'))
    return fail (error, "The MQTT broker",
        "A user or password does not belong in the URI, where others can see "
        "it: put them into a file of credentials.");
  if (!g_utf8_validate (text, -1, NULL))
    return fail (error, "The MQTT broker", "The URI is no valid UTF-8.");
  uri = g_uri_parse (text, G_URI_FLAGS_NONE, &why);
  if (!uri)
    return fail (error, text, "It is no URI such as " FORM ".");
  broker->is_encrypted = !strcmp (g_uri_get_scheme (uri), "mqtts");
  if (!broker->is_encrypted && strcmp (g_uri_get_scheme (uri), "mqtt") != 0)
    return fail (error, text, "It begins with neither mqtt:// nor mqtts://.");
  /* "#" begins a fragment */
  if (g_uri_get_fragment (uri))
    return fail (error, text,
        "The topic has \"#\", which stands for other topics and cannot be "
        "published to.");
  if (g_uri_get_query (uri))
    return fail (error, text, "There is nothing to be said after \"?\".");
  /* libmosquitto takes port 0 for the path of a Unix socket */
  if (g_uri_get_port (uri) == 0)
    return fail (error, text, "There is no port 0.");
  if (!read_host (broker, text,
          g_uri_get_host (uri) ? g_uri_get_host (uri) : "", error))
    return FALSE;
  read_port (broker, uri);
  return read_topic (broker, text, g_uri_get_path (uri), error);
}

/* Files */

/* A small file.  Not g_file_get_contents(), which reads /dev/zero for ever. */
static char *
read_file (const char *path, gsize max, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GError) why = NULL;
  g_autofree char *text = g_malloc (max + 1);
  gsize size = 0;

  stream = g_file_read (file, NULL, &why);
  if (!stream ||
      !g_input_stream_read_all (
          G_INPUT_STREAM (stream), text, max, &size, NULL, &why)) {
    g_set_error (error, G_IO_ERROR, why->code, "%s: It cannot be read: %s.",
        path, why->message);
    return NULL;
  }
  if (size == max || memchr (text, 0, size)) {
    fail (error, path, "That is no such file: it is too large, or not text.");
    return NULL;
  }
  text[size] = 0;
  return g_steal_pointer (&text);
}

/* The password in it is everybody's.  It is said, and not refused: in a container
 * it may be nobody's choice. */
static void
check_mode (const char *path)
{
  struct stat status;

  if (stat (path, &status) == 0 && status.st_mode & S_IROTH)
    g_printerr ("genreclassify: %s: Everyone on this machine can read the "
                "password in it.\n",
        path);
}

static gboolean
read_credentials (MqttBroker *broker, const char *path, GError **error)
{
  g_autofree char *text = read_file (path, MAX_CREDENTIALS, error);
  g_auto (GStrv) lines = NULL;
  guint n;

  if (!text)
    return FALSE;
  if (!g_utf8_validate (text, -1, NULL))
    return fail (error, path, "The credentials are no valid UTF-8.");
  lines = g_strsplit (text, "\n", -1);
  for (n = 0; lines[n]; n++)
    if (g_str_has_suffix (lines[n], "\r"))
      lines[n][strlen (lines[n]) - 1] = 0;
  while (n > 0 && !*lines[n - 1])
    n--;
  if (n == 0 || n > 2 || !*lines[0])
    return fail (error, path,
        "It must have the user in its first line, and the password in the "
        "second.");
  broker->user = g_strdup (lines[0]);
  broker->password = n == 2 ? g_strdup (lines[1]) : NULL;
  check_mode (path);
  return TRUE;
}

static gboolean
read_ca_file (MqttBroker *broker, const char *path, GError **error)
{
  g_autofree char *text = NULL;

  if (!broker->is_encrypted)
    return fail (error, path,
        "Certificates are of use with mqtts:// only, not with mqtt://.");
  if (!(text = read_file (path, MAX_CA_FILE, error)))
    return FALSE;
  if (!strstr (text, "-----BEGIN "))
    return fail (error, path, "It has no certificate in PEM.");
  broker->ca_file = g_strdup (path);
  return TRUE;
}

MqttBroker *
mqtt_broker_new (const MqttOptions *options, GError **error)
{
  MqttBroker *broker = g_new0 (MqttBroker, 1);

  if (read_uri (broker, options->uri, error) &&
      (!options->ca_file || read_ca_file (broker, options->ca_file, error)) &&
      (!options->credentials ||
          read_credentials (broker, options->credentials, error)))
    return broker;
  mqtt_broker_free (broker);
  return NULL;
}

void
mqtt_broker_free (MqttBroker *broker)
{
  if (!broker)
    return;
  g_free (broker->host);
  g_free (broker->label);
  g_free (broker->topic);
  g_free (broker->ca_file);
  g_free (broker->user);
  g_free (broker->password);
  g_free (broker);
}
