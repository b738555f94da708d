/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GLib's locks are made of futexes, and its queues take locks inside of GLib, which
 * the thread sanitizer does not see, so that everything looks unprotected to it.
 * These stand before GLib's own in a build with -Db_sanitize=thread, and tell it
 * what they order. */

#define _GNU_SOURCE
#include <dlfcn.h>

#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define REAL(name, type)                                                       \
  static type real;                                                            \
                                                                               \
  if (!__atomic_load_n (&real, __ATOMIC_RELAXED))                              \
  __atomic_store_n (&real, (type) dlsym (RTLD_NEXT, name), __ATOMIC_RELAXED)

typedef void (*LockFunc) (gpointer);
typedef gboolean (*TryLockFunc) (gpointer);
typedef void (*WaitFunc) (GCond *, GMutex *);
typedef gboolean (*WaitUntilFunc) (GCond *, GMutex *, gint64);
typedef void (*PushFunc) (GAsyncQueue *, gpointer);
typedef gpointer (*PopFunc) (GAsyncQueue *);

#define DEFINE_LOCK(prefix, type)                                              \
  void prefix##_lock (type *lock)                                              \
  {                                                                            \
    REAL (#prefix "_lock", LockFunc);                                          \
    real (lock);                                                               \
    __tsan_acquire (lock);                                                     \
  }                                                                            \
                                                                               \
  gboolean prefix##_trylock (type *lock)                                       \
  {                                                                            \
    REAL (#prefix "_trylock", TryLockFunc);                                    \
    if (!real (lock))                                                          \
      return FALSE;                                                            \
    __tsan_acquire (lock);                                                     \
    return TRUE;                                                               \
  }                                                                            \
                                                                               \
  void prefix##_unlock (type *lock)                                            \
  {                                                                            \
    REAL (#prefix "_unlock", LockFunc);                                        \
    __tsan_release (lock);                                                     \
    real (lock);                                                               \
  }

DEFINE_LOCK (g_mutex, GMutex)
DEFINE_LOCK (g_rec_mutex, GRecMutex)

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL ("g_cond_wait", WaitFunc);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end)
{
  gboolean signalled;
  REAL ("g_cond_wait_until", WaitUntilFunc);

  __tsan_release (mutex);
  signalled = real (cond, mutex, end);
  __tsan_acquire (mutex);
  return signalled;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL ("g_async_queue_push", PushFunc);
  __tsan_release (queue);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data;
  REAL ("g_async_queue_pop", PopFunc);

  data = real (queue);
  __tsan_acquire (queue);
  return data;
}
