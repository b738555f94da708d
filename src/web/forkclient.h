/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The service's side of the fork server: starts it, starts another one if it
 * ends, sends it orders and hears from it which workers have ended. */

#pragma once

#include <json-glib/json-glib.h>

#include "forkprotocol.h"

typedef struct _ForkClient ForkClient;

/* What the client reports, from the main context. */
typedef struct
{
  /* A worker has ended: @status is that of waitpid(), or -1 if the worker could
   * not be started. */
  void (*on_exit) (guint32 id, int status, gpointer user_data);
  /* The fork server has ended, and all its workers with it. */
  void (*on_lost) (gpointer user_data);
  /* Another fork server has been started after that. */
  void (*on_restarted) (gpointer user_data);
} ForkClientCallbacks;

/**
 * forkclient_new:
 * @error: return location: G_IO_ERROR
 *
 * Starts the fork server and waits until it has loaded the decoders and models.
 *
 * Returns: (transfer full) (nullable): the client, or %NULL with @error set
 */
ForkClient *forkclient_new (GError **error);
/* Ends the fork server and kills all its workers; nothing is called any
 * more. */
void forkclient_free (ForkClient *client);

/* @callbacks must live as long as the client; NULL: nothing is called any
 * more. */
void forkclient_set_callbacks (ForkClient *client,
    const ForkClientCallbacks *callbacks, gpointer user_data);

/* FALSE while there is no fork server. */
gboolean forkclient_is_ready (ForkClient *client);
/* Sends @order with the descriptors @fds, [n_fds], which stay the caller's.
 * FALSE if it could not be sent. */
gboolean forkclient_send (
    ForkClient *client, const ForkOrder *order, const int *fds, guint n_fds);

/* (transfer none): the models as the service lists them, an array of
 * objects. */
JsonArray *forkclient_get_models (ForkClient *client);
/* (transfer none): what the program is made of, as about_new() gives it. */
JsonNode *forkclient_get_about (ForkClient *client);
/* The index of the model that is called @name, or -1. */
int forkclient_find_model (ForkClient *client, const char *name);
/* The name of the model that has this index. */
const char *forkclient_get_model_name (ForkClient *client, guint model);
