/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "service.h"

#include "request.h"
#include "serviceprivate.h"

static void
on_headers (SoupServer *server G_GNUC_UNUSED, SoupServerMessage *message,
    const char *path, GHashTable *query, gpointer user_data)
{
  request_begin (user_data, message, path, query);
}

static void
on_request (SoupServer *server G_GNUC_UNUSED, SoupServerMessage *message,
    const char *path G_GNUC_UNUSED, GHashTable *query G_GNUC_UNUSED,
    gpointer user_data G_GNUC_UNUSED)
{
  request_finish (message);
}

/* The connection has refused a client itself. */
static void
on_refused (Connection *connection, WebErrorKind kind, gpointer user_data)
{
  Service *service = user_data;
  const Caller *caller = connection_get_caller (connection);
  WebError error = web_error_get (kind);
  RequestLogEntry entry = { .id = caller->id,
    .client = caller->address,
    .status = error.status,
    .waiting = -1,
    .working = -1,
    .total = (double) (g_get_monotonic_time () - caller->start) /
        G_USEC_PER_SEC,
    .error = error.code };

  counters_add_error (service->counters, error.code);
  /* otherwise on_finished() is called */
  if (connection_has_request (connection))
    return;
  counters_add_request (service->counters, "/", error.status, entry.total);
  request_log_write (service->log, &entry);
}

Service *
service_new (const ServiceOptions *options, GError **error)
{
  Service *service = g_new0 (Service, 1);

  service->server = soup_server_new (NULL, NULL);
  service->counters = counters_new ();
  service->page = page_new ();
  service->token = g_strdup (options->token);
  service->max_size = options->max_size;
  service->log = options->log;
  service->public_hosts = g_strdupv (options->public_hosts);
  service->base_path = g_strdup (options->base_path);
  soup_server_add_early_handler (
      service->server, NULL, on_headers, service, NULL);
  soup_server_add_handler (service->server, NULL, on_request, service, NULL);
  service->fork_client = forkclient_new (error);
  if (service->fork_client) {
    service->jobs = jobs_new (&options->jobs, service->fork_client);
    service->uploads = uploads_new (service->jobs, service->counters,
        options->max_size, options->keep_seconds);
    service->connections = connections_new (service->server, options->proxies,
        options->client_timeout, on_refused, service);
  }
  if (service->connections)
    return service;
  service_free (service);
  return NULL;
}

void
service_free (Service *service)
{
  if (!service)
    return;
  /* ends the requests under way, which tell their connections and jobs so */
  soup_server_disconnect (service->server);
  g_object_unref (service->server);
  connections_free (service->connections);
  uploads_free (service->uploads);
  jobs_free (service->jobs);
  forkclient_free (service->fork_client);
  counters_free (service->counters);
  page_free (service->page);
  g_free (service->token);
  g_strfreev (service->public_hosts);
  g_free (service->base_path);
  g_free (service);
}

void
service_add_client (
    Service *service, GSocketConnection *client, gboolean is_local)
{
  connections_add (service->connections, client, is_local);
}

void
service_drain (Service *service)
{
  connections_drain (service->connections);
  /* their disk space and descriptors are not held for the few that still ask:
   * these send the file again, to the next process */
  kept_uploads_clear (uploads_get_kept (service->uploads));
}

gboolean
service_is_idle (Service *service)
{
  return connections_get_n (service->connections) == 0;
}
