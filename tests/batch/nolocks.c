/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Preloaded, a file system without locks. */

/* or both functions below would have one name */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

static int
call (const char *name, int fd, int command, void *argument)
{
  int (*real) (int, int, ...) = (int (*) (int, int, ...)) dlsym (
      RTLD_NEXT, name);

  switch (command) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
      errno = ENOLCK;
      return -1;
    default:
      return real (fd, command, argument);
  }
}

int
fcntl (int fd, int command, ...)
{
  va_list arguments;
  void *argument;

  va_start (arguments, command);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  return call ("fcntl", fd, command, argument);
}

int
fcntl64 (int fd, int command, ...)
{
  va_list arguments;
  void *argument;

  va_start (arguments, command);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  return call ("fcntl64", fd, command, argument);
}
