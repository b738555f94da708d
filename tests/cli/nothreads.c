/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Preloaded, a process that gets TEST_THREADS threads in all, and no more. */

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef int (*Create) (
    pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

int
pthread_create (pthread_t *thread, const pthread_attr_t *attributes,
    void *(*function) (void *), void *argument)
{
  static atomic_int n;
  const char *most = getenv ("TEST_THREADS");
  Create real = (Create) dlsym (RTLD_NEXT, "pthread_create");

  if (most && atomic_fetch_add (&n, 1) >= atoi (most))
    return EAGAIN;
  return real (thread, attributes, function, argument);
}
