/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "outofmemory.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oddity.h"
#include "process/nothread.h"

/* bytes; a process that cannot have so much more is at the end of its memory: a
 * thread's stack alone takes 8 MiB */
#define LITTLE (32 << 20)

static int exit_status, no_thread_status;
/* GLib has said that it could not allocate something */
static volatile sig_atomic_t was_refused;

/* Whether this process could hardly get any more memory now. */
static gboolean
is_near (void)
{
  void *memory = mmap (
      NULL, LITTLE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    return TRUE;
  munmap (memory, LITTLE);
  return FALSE;
}

/* malloc() leaves ENOMEM in the thread that then aborts, or crashes. */
static void
on_signal (int number)
{
  if (errno == ENOMEM || was_refused || is_near ())
    _exit (exit_status);
  /* its handler is gone: SA_RESETHAND */
  raise (number);
}

static GLogWriterOutput
note_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields,
    gpointer user_data G_GNUC_UNUSED)
{
  oddity_note_log (level);
  for (gsize i = 0; i < n_fields; i++) {
    if (strcmp (fields[i].key, "MESSAGE"))
      continue;
    if (level & G_LOG_LEVEL_ERROR &&
        strstr (fields[i].value, "failed to allocate"))
      was_refused = TRUE;
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_WARNING) &&
        no_thread_is_said (fields[i].value))
      _exit (is_near () ? exit_status : no_thread_status);
  }
  return G_LOG_WRITER_HANDLED;
}

void
out_of_memory_catch (int status, int no_thread)
{
  static const int signals[] = { SIGABRT, SIGTRAP, SIGSEGV, SIGBUS };
  struct sigaction action = { .sa_handler = on_signal,
    .sa_flags = (int) SA_RESETHAND };

  exit_status = status;
  no_thread_status = no_thread;
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &action, NULL);
  g_log_set_writer_func (note_message, NULL, NULL);
}

void
out_of_memory_check (void)
{
  if (is_near ())
    _exit (exit_status);
  if (no_thread_is_left ())
    _exit (no_thread_status);
}
