/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nothread.h"

#include <string.h>
#include <unistd.h>

static int exit_status;
static const char *last_sentence;
static const volatile sig_atomic_t *is_held;

gboolean
no_thread_is_said (const char *message)
{
  /* GStreamer's, of a task, and GLib's */
  return g_str_has_prefix (message, "failed to create thread") ||
      g_str_has_prefix (message, "creating thread ");
}

static GLogWriterOutput
write_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields,
    gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++) {
    if (strcmp (fields[i].key, "MESSAGE") != 0 ||
        !(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_WARNING)) ||
        !no_thread_is_said (fields[i].value) || (is_held && *is_held))
      continue;
    if (last_sentence)
      g_printerr ("genreclassify: %s\n", last_sentence);
    _exit (exit_status);
  }
  return g_log_writer_default (level, fields, n_fields, user_data);
}

void
no_thread_catch (
    int status, const char *sentence, const volatile sig_atomic_t *held)
{
  static gboolean is_set;

  exit_status = status;
  last_sentence = sentence;
  is_held = held;
  if (!is_set)
    g_log_set_writer_func (write_message, NULL, NULL);
  is_set = TRUE;
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
