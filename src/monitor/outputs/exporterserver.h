/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A server of HTTP that has one page, and is used by few programs: Prometheus, curl.
 * A client may send a request of some kilobytes within some seconds, gets its answer
 * and is let go.  libsoup's server has no limit of any of these. */

#pragma once

#include <gio/gio.h>

typedef struct _ExporterServer ExporterServer;

/* Returns (transfer full): the page. */
typedef char *(*ExporterPageFunc) (gpointer user_data);

/* Listens at @address, in the thread-default main context: "HOST:PORT", "[::1]:PORT"
 * or ":PORT" for all.  The page is at @path and has @type.  NULL with @error
 * (G_IO_ERROR) set. */
ExporterServer *exporter_server_new (const char *address, const char *path,
    const char *type, ExporterPageFunc func, gpointer user_data, GError **error);
/* @server may be NULL. */
void exporter_server_free (ExporterServer *server);
