/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "serveoptions.h"

#include <string.h>

#include "access.h"
#include "arguments.h"
#include "genre/genre.h"
#include "request.h"

/* As they are given; what is not is NULL. */
typedef struct
{
  char *token, *token_file, *max_size, *socket_mode, *base_path, *log_format;
  char **binds, **public_hosts, **proxies;
  int port, workers, queue, keep_uploads;
  double timeout, client_timeout, max_duration;
  gboolean log_file_names, self_test, fork_server;
} Options;

static void
clear (Options *options)
{
  g_free (options->token);
  g_free (options->token_file);
  g_free (options->max_size);
  g_free (options->socket_mode);
  g_free (options->base_path);
  g_free (options->log_format);
  g_strfreev (options->binds);
  g_strfreev (options->public_hosts);
  g_strfreev (options->proxies);
}

/* @format has one %s, for @value. */
static gboolean
set_bad_value (GError **error, const char *format, const char *value)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, value);
  return FALSE;
}

static gboolean
parse_size (const char *text, guint64 *size, GError **error)
{
  return arguments_parse_size (text, size) ||
      set_bad_value (
          error, "--max-size: %s: it is not a size such as 200M or 2G.", text);
}

/* Finds the token, in --token, --token-file or the environment; *token stays
 * NULL if there is none. */
static gboolean
find_token (const Options *options, char **token, GError **error)
{
  if (options->token) {
    *token = g_strdup (options->token);
  } else if (options->token_file) {
    if (!g_file_get_contents (options->token_file, token, NULL, error))
      return FALSE;
    g_strstrip (*token);
  } else {
    *token = g_strdup (g_getenv (TOKEN_VARIABLE));
  }
  if (*token && !**token)
    return set_bad_value (error, "%s", "The token is empty.");
  return TRUE;
}

/* Parses the permissions of a file, in octal digits. */
static gboolean
parse_mode (const char *text, guint *mode, GError **error)
{
  gsize n = strspn (text, "01234567");

  *mode = (guint) g_ascii_strtoull (text, NULL, 8);
  if (n == 0 || n > 4 || text[n] || *mode > 0777)
    return set_bad_value (
        error, "--socket-mode: %s: it is not a mode such as 0660.", text);
  return TRUE;
}

/* "/genre" or "/genre/", and "/" for none. */
static gboolean
parse_base_path (const char *text, char **path, GError **error)
{
  static const char valid[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/._~-";

  *path = g_strdup (text);
  if (g_str_has_suffix (*path, "/"))
    (*path)[strlen (*path) - 1] = '\0';
  if (*text != '/' || text[strspn (text, valid)] || strstr (text, "//") ||
      strstr (text, "/.") || request_is_for_service (*path))
    return set_bad_value (error,
        "--base-path: %s: it is not a path such as /genre, of ASCII letters, "
        "digits and \"-._~\", that the service itself does not have.",
        text);
  return TRUE;
}

/* A name or address, and perhaps a port. */
static gboolean
check_public_hosts (char **hosts, GError **error)
{
  for (guint i = 0; hosts && hosts[i]; i++)
    if (!*hosts[i] || strpbrk (hosts[i], "/@, \t"))
      return set_bad_value (error,
          "--public-host: %s: it is not a name such as music.example.org or "
          "music.example.org:8443.",
          hosts[i]);
  return TRUE;
}

static gboolean
check_options (const Options *options, GError **error)
{
  if (options->port < -1 || options->port > 65535)
    return set_bad_value (error, "%s", "--port: it is 0 to 65535.");
  if (options->workers < 1 || options->workers > 256)
    return set_bad_value (error, "%s", "--jobs: it is 1 to 256.");
  if (options->queue < 0 || options->queue > 10000)
    return set_bad_value (error, "%s", "--queue: it is 0 to 10000.");
  if (!(options->timeout > 0 && options->timeout <= 86400))
    return set_bad_value (
        error, "%s", "--timeout: it is more than 0 s, up to 86400 s.");
  if (!(options->client_timeout > 0 && options->client_timeout <= 86400))
    return set_bad_value (
        error, "%s", "--client-timeout: it is more than 0 s, up to 86400 s.");
  if (!(options->max_duration >= 0 && options->max_duration <= 1e9))
    return set_bad_value (
        error, "%s", "--max-duration: it is 0 s (all) to 1000000000 s.");
  if (options->keep_uploads < 0 || options->keep_uploads > 3600)
    return set_bad_value (
        error, "%s", "--keep-uploads: it is 0 s (none) to 3600 s.");
  return TRUE;
}

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "bind", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->binds,
        "an IP address or name to listen at, or unix:PATH; may be repeated "
        "(127.0.0.1)",
        "ADDRESS" },
    { "port", 0, 0, G_OPTION_ARG_INT, &options->port,
        "the port; 0: any that is free (8080)", "PORT" },
    { "socket-mode", 0, 0, G_OPTION_ARG_STRING, &options->socket_mode,
        "the permissions of Unix sockets (0660)", "MODE" },
    { "public-host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->public_hosts,
        "a name, with its port if that is another than 80 and 443, that "
        "browsers know the service by; may be repeated",
        "NAME" },
    { "trusted-proxy", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->proxies,
        "an address or network, or unix, of proxies whose X-Forwarded-* and "
        "Forwarded headers are believed; may be repeated",
        "CIDR" },
    { "base-path", 0, 0, G_OPTION_ARG_STRING, &options->base_path,
        "the path below which a proxy shows the service", "PATH" },
    { "token", 0, 0, G_OPTION_ARG_STRING, &options->token,
        "what requests must bear; others see it in the list of processes",
        "TOKEN" },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &options->token_file,
        "the same from a file; " TOKEN_VARIABLE
        " in the environment is another way",
        "PATH" },
    { "max-size", 0, 0, G_OPTION_ARG_STRING, &options->max_size,
        "the largest file, with K, M or G (512M)", "SIZE" },
    { "max-duration", 0, 0, G_OPTION_ARG_DOUBLE, &options->max_duration,
        "analyse only so much of the middle of a file", "SECONDS" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &options->workers,
        "files that are decoded at once (one for each processor)", "N" },
    { "queue", 0, 0, G_OPTION_ARG_INT, &options->queue,
        "files that may wait for it (32)", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options->timeout,
        "the time for one file (300)", "SECONDS" },
    { "client-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options->client_timeout,
        "how long a client may keep us waiting (15)", "SECONDS" },
    { "keep-uploads", 0, 0, G_OPTION_ARG_INT, &options->keep_uploads,
        "how long an upload is kept for more requests; 0: not at all (60)",
        "SECONDS" },
    { "log-format", 0, 0, G_OPTION_ARG_STRING, &options->log_format,
        "how requests are logged on stderr: json, text or none (json)",
        "FORMAT" },
    { "log-file-names", 0, 0, G_OPTION_ARG_NONE, &options->log_file_names,
        "also log how uploaded files are called", NULL },
    { "self-test", 0, 0, G_OPTION_ARG_NONE, &options->self_test,
        "try from inside a worker what it must not be able to do", NULL },
    { "fork-server", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE,
        &options->fork_server, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry *const tables[] = { entries, NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_auto (GStrv) names = NULL;

  g_set_prgname ("genreclassify serve");
  g_option_context_set_summary (context,
      "Serves HTTP: upload a file, and see its genres.  What there is to request, "
      "/openapi.json\nof the service tells.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!(names = arguments_parse (context, tables, argc, argv, error)))
    return FALSE;
  if (names[0])
    return set_bad_value (error, "%s: serve takes no files.", names[0]);
  return check_options (options, error) &&
      check_public_hosts (options->public_hosts, error);
}

/* Makes of @given what the service needs. */
static gboolean
convert (Options *given, ServeOptions *options, GError **error)
{
  ServiceOptions *service = &options->service;
  int format = request_log_parse_format (
      given->log_format ? given->log_format : "json");
  TrustedProxies *proxies;

  if (format < 0)
    return set_bad_value (error,
        "--log-format: %s: it is not json, text or none.", given->log_format);
  service->log = request_log_new (format, given->log_file_names);
  proxies = trusted_proxies_new ((const char *const *) given->proxies, error);
  service->proxies = proxies;
  service->public_hosts = g_steal_pointer (&given->public_hosts);
  service->client_timeout = given->client_timeout;
  service->keep_seconds = given->keep_uploads;
  service->jobs = (JobsLimits){ .workers = given->workers,
    .queue = given->queue,
    .timeout = given->timeout,
    .max_duration = (guint64) (given->max_duration * GENRE_SECOND) };
  options->listeners.binds = g_steal_pointer (&given->binds);
  options->listeners.port = given->port;
  options->self_test = given->self_test;
  options->fork_server = given->fork_server;
  return proxies &&
      parse_size (given->max_size ? given->max_size : "512M",
          &service->max_size, error) &&
      parse_mode (given->socket_mode ? given->socket_mode : "0660",
          &options->listeners.socket_mode, error) &&
      parse_base_path (given->base_path ? given->base_path : "/",
          &service->base_path, error) &&
      find_token (given, &service->token, error);
}

ServeOptions *
serve_options_new (int argc, char **argv, GError **error)
{
  Options given = { .port = -1,
    .workers = g_get_num_processors (),
    .queue = 32,
    .timeout = 300,
    .client_timeout = 15,
    .keep_uploads = 60 };
  ServeOptions *options = g_new0 (ServeOptions, 1);
  gboolean ok = parse_options (argc, argv, &given, error) &&
      convert (&given, options, error);

  clear (&given);
  if (ok)
    return options;
  serve_options_free (options);
  return NULL;
}

void
serve_options_free (ServeOptions *options)
{
  if (!options)
    return;
  request_log_free (options->service.log);
  trusted_proxies_free (options->service.proxies);
  g_strfreev (options->service.public_hosts);
  g_free (options->service.base_path);
  g_free (options->service.token);
  g_strfreev (options->listeners.binds);
  g_free (options);
}
