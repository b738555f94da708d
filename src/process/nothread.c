/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nothread.h"

gboolean
no_thread_is_said (const char *message)
{
  /* GStreamer's, of a task, and GLib's */
  return g_str_has_prefix (message, "failed to create thread") ||
      g_str_has_prefix (message, "creating thread ");
}

static gpointer
do_nothing (gpointer data)
{
  return data;
}

gboolean
no_thread_is_left (void)
{
  GThread *thread = g_thread_try_new ("probe", do_nothing, NULL, NULL);

  if (thread)
    g_thread_join (thread);
  return !thread;
}
