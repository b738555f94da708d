/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  (void) argc;
  (void) argv;
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  return 0;
}

void
fuzz_check_error (gboolean ok, GError *error)
{
  g_assert_true (ok == !error);
  g_assert_true (!error || *error->message);
  g_clear_error (&error);
}

int
fuzz_make_file (const uint8_t *data, size_t size)
{
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  for (size_t at = 0; at < size;) {
    ssize_t n = write (fd, data + at, size - at);

    g_assert_cmpint (n, >, 0);
    at += (size_t) n;
  }
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}
