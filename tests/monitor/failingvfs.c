/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "failingvfs.h"

#include <sqlite3.h>

typedef struct
{
  sqlite3_file base;
  sqlite3_file *real; /* lies behind */
} File;

static sqlite3_vfs vfs, *real_vfs;
static sqlite3_io_methods methods, methods_without_wal;
static gboolean allows_wal = TRUE;

static GMutex mutex; /* for what follows */
static gboolean armed, failed, fails_after;
static guint countdown;
static int failure;

void
failing_vfs_arm (guint n, int code, gboolean after)
{
  g_mutex_lock (&mutex);
  armed = TRUE;
  failed = FALSE;
  fails_after = after;
  countdown = n;
  failure = code;
  g_mutex_unlock (&mutex);
}

gboolean
failing_vfs_disarm (void)
{
  gboolean did;

  g_mutex_lock (&mutex);
  armed = FALSE;
  did = failed;
  g_mutex_unlock (&mutex);
  return did;
}

/* Whether the operation that is about to be done fails. */
static gboolean
is_due (gboolean *after, int *code)
{
  gboolean due;

  g_mutex_lock (&mutex);
  due = armed && countdown-- == 0;
  if (due) {
    armed = FALSE;
    failed = TRUE;
  }
  *after = fails_after;
  *code = failure;
  g_mutex_unlock (&mutex);
  return due;
}

#define REAL(file) (((File *) (file))->real)
/* Does @call, or fails, or both. */
#define DO(call)                                                               \
  gboolean after;                                                              \
  int code;                                                                    \
  gboolean due = is_due (&after, &code);                                       \
  int result = due && !after ? code : (call);                                  \
                                                                               \
  return due ? code : result

static int
write_file (sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
  DO (REAL (file)->pMethods->xWrite (REAL (file), data, n, at));
}

static int
truncate_file (sqlite3_file *file, sqlite3_int64 size)
{
  DO (REAL (file)->pMethods->xTruncate (REAL (file), size));
}

static int
sync_file (sqlite3_file *file, int flags)
{
  DO (REAL (file)->pMethods->xSync (REAL (file), flags));
}

static int
read_file (sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
  return REAL (file)->pMethods->xRead (REAL (file), data, n, at);
}

static int
close_file (sqlite3_file *file)
{
  return REAL (file)->pMethods->xClose (REAL (file));
}

static int
get_size (sqlite3_file *file, sqlite3_int64 *size)
{
  return REAL (file)->pMethods->xFileSize (REAL (file), size);
}

static int
lock_file (sqlite3_file *file, int lock)
{
  return REAL (file)->pMethods->xLock (REAL (file), lock);
}

static int
unlock_file (sqlite3_file *file, int lock)
{
  return REAL (file)->pMethods->xUnlock (REAL (file), lock);
}

static int
check_lock (sqlite3_file *file, int *result)
{
  return REAL (file)->pMethods->xCheckReservedLock (REAL (file), result);
}

static int
control (sqlite3_file *file, int what, void *data)
{
  return REAL (file)->pMethods->xFileControl (REAL (file), what, data);
}

static int
get_sector_size (sqlite3_file *file)
{
  return REAL (file)->pMethods->xSectorSize (REAL (file));
}

static int
get_characteristics (sqlite3_file *file)
{
  return REAL (file)->pMethods->xDeviceCharacteristics (REAL (file));
}

static int
map_memory (
    sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
  return REAL (file)->pMethods->xShmMap (
      REAL (file), page, size, extend, memory);
}

static int
lock_memory (sqlite3_file *file, int at, int n, int flags)
{
  /* after it was done nobody would unlock it */
  return REAL (file)->pMethods->xShmLock (REAL (file), at, n, flags);
}

static void
end_memory (sqlite3_file *file)
{
  REAL (file)->pMethods->xShmBarrier (REAL (file));
}

static int
unmap_memory (sqlite3_file *file, int remove)
{
  return REAL (file)->pMethods->xShmUnmap (REAL (file), remove);
}

static int
open_file (sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
    int *out)
{
  int result;

  (void) self;
  REAL (file) = (sqlite3_file *) ((File *) file + 1);
  result = real_vfs->xOpen (real_vfs, name, REAL (file), flags, out);
  file->pMethods = !REAL (file)->pMethods ? NULL
      : allows_wal                        ? &methods
                                          : &methods_without_wal;
  return result;
}

static int
delete_file (sqlite3_vfs *self, const char *name, int sync)
{
  (void) self;
  DO (real_vfs->xDelete (real_vfs, name, sync));
}

void
failing_vfs_allow_wal (gboolean allow)
{
  allows_wal = allow;
}

void
failing_vfs_register (void)
{
  real_vfs = sqlite3_vfs_find (NULL);
  methods = (sqlite3_io_methods){ 2, close_file, read_file, write_file,
    truncate_file, sync_file, get_size, lock_file, unlock_file, check_lock,
    control, get_sector_size, get_characteristics, map_memory, lock_memory,
    end_memory, unmap_memory, NULL, NULL };
  methods_without_wal = methods;
  methods_without_wal.iVersion = 1;
  /* all else is the real one's, which does not look at itself */
  vfs = *real_vfs;
  vfs.zName = "failing";
  vfs.szOsFile = (int) sizeof (File) + real_vfs->szOsFile;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  sqlite3_vfs_register (&vfs, 1);
}
