/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* ms that a terminal gets to take what is left when it is given back */
#define LAST_WRITE_TIMEOUT 200

/* the alternate screen; no cursor, no wrapping at the end of a line */
#define ENTER "\033[?1049h"
#define SET_UP "\033[?25l\033[?7l\033[0m\033[2J"
#define LEAVE "\033[?2026l\033[0m\033[?7h\033[?25h\033[?1049l"

struct _Terminal
{
  int fd;           /* of our own: O_NONBLOCK is in force for it alone */
  GString *pending; /* what the terminal did not take yet */
  guint n_columns, n_rows;
  gboolean is_gone;
  struct sigaction old_stop, old_continue;
};

/* What a signal handler needs.  A process that was forked has all of it too, but not
 * the terminal. */
static volatile sig_atomic_t is_taken;
static volatile sig_atomic_t was_stopped;
static int taken_fd = -1;
static pid_t owner;
static struct termios original;

/* Whoever is in the background would be stopped by the kernel for a change of the
 * terminal's modes, and would write over what others show. */
static gboolean
is_in_foreground (int fd)
{
  pid_t group = tcgetpgrp (fd);

  return group < 0 || group == getpgrp ();
}

void
terminal_restore (void)
{
  int error = errno;

  if (is_taken && getpid () == owner) {
    is_taken = 0;
    if (is_in_foreground (taken_fd)) {
      G_GNUC_UNUSED gssize n = write (taken_fd, LEAVE, strlen (LEAVE));

      tcsetattr (taken_fd, TCSANOW, &original);
    }
  }
  errno = error;
}

/* Ctrl-Z: the shell gets its screen, and then all goes as if there were no handler.
 * (SIGSTOP would stop also where no shell could ever continue it.) */
static void
stop (int signal_number)
{
  struct sigaction ours, standard = { .sa_handler = SIG_DFL };
  int error = errno;

  terminal_restore ();
  sigemptyset (&standard.sa_mask);
  sigaction (signal_number, &standard, &ours);
  raise (signal_number);
  sigaction (signal_number, &ours, NULL);
  was_stopped = 1;
  errno = error;
}

static void
note_continued (int signal_number G_GNUC_UNUSED)
{
  was_stopped = 1;
}

static void
set_handlers (Terminal *terminal)
{
  struct sigaction action = { .sa_flags = SA_RESTART | SA_NODEFER };

  sigemptyset (&action.sa_mask);
  action.sa_handler = note_continued;
  sigaction (SIGCONT, &action, &terminal->old_continue);
  sigaction (SIGTSTP, NULL, &terminal->old_stop);
  action.sa_handler = stop;
  if (terminal->old_stop.sa_handler == SIG_DFL)
    sigaction (SIGTSTP, &action, NULL);
}

/* The terminal of @fd, opened once more.  O_NONBLOCK belongs to the open file, which
 * @fd shares with the shell and with everything that the shell has started; they
 * would get EAGAIN.  Other than poll() before each write(), which says only that
 * there is room for some bytes, it makes sure that no write() waits.
 *
 * A terminal that belongs to another user (sudo -u) opens as /dev/tty only. */
static int
reopen (int fd)
{
  const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int new_fd = open (path, flags);

  if (new_fd < 0 && tcgetsid (fd) == getsid (0))
    new_fd = open ("/dev/tty", flags);
  return new_fd;
}

Terminal *
terminal_new (int fd)
{
  const char *name = g_getenv ("TERM");
  Terminal *terminal;
  int new_fd;

  if (!isatty (fd) || !name || !*name || strcmp (name, "dumb") == 0)
    return NULL;
  new_fd = reopen (fd);
  if (new_fd < 0)
    return NULL;
  terminal = g_new0 (Terminal, 1);
  terminal->fd = new_fd;
  terminal->pending = g_string_new (NULL);
  taken_fd = new_fd;
  owner = getpid ();
  was_stopped = 0;
  set_handlers (terminal);
  return terminal;
}

void
terminal_free (Terminal *terminal)
{
  struct pollfd poll_fd;

  if (!terminal)
    return;
  sigaction (SIGTSTP, &terminal->old_stop, NULL);
  sigaction (SIGCONT, &terminal->old_continue, NULL);
  poll_fd = (struct pollfd){ .fd = terminal->fd, .events = POLLOUT };
  if (is_taken)
    poll (&poll_fd, 1, LAST_WRITE_TIMEOUT);
  /* The rest of a frame is not written: LEAVE ends any escape sequence that it may
   * have been cut in. */
  terminal_restore ();
  taken_fd = -1;
  close (terminal->fd);
  g_string_free (terminal->pending, TRUE);
  g_free (terminal);
}

int
terminal_get_fd (const Terminal *terminal)
{
  return terminal->fd;
}

static void
set_raw (const Terminal *terminal)
{
  struct termios raw = original;

  /* Signals and Ctrl-S stay as they are. */
  raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  tcsetattr (terminal->fd, TCSANOW, &raw);
}

/* Whether somebody (a shell, reset, a program before it died) has changed the modes
 * that were set. */
static gboolean
has_other_modes (const Terminal *terminal)
{
  struct termios modes;

  return tcgetattr (terminal->fd, &modes) == 0 &&
      (modes.c_lflag & (ICANON | ECHO)) != 0;
}

/* Takes the terminal, or sets it up anew.  FALSE if all is as it was. */
static gboolean
take (Terminal *terminal)
{
  gboolean must_enter = !is_taken;

  if (is_taken && !was_stopped && !has_other_modes (terminal))
    return FALSE;
  was_stopped = 0;
  if (must_enter && tcgetattr (terminal->fd, &original) < 0)
    return FALSE;
  set_raw (terminal);
  is_taken = 1;
  g_string_assign (terminal->pending, must_enter ? ENTER SET_UP : SET_UP);
  return TRUE;
}

static void
flush_pending (Terminal *terminal)
{
  gssize n;

  if (terminal->pending->len == 0)
    return;
  do
    n = write (terminal->fd, terminal->pending->str, terminal->pending->len);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    g_string_erase (terminal->pending, 0, n);
  else if (n < 0 && errno != EAGAIN)
    terminal->is_gone = TRUE;
}

/* TRUE if it is another one than at the last time. */
static gboolean
update_size (Terminal *terminal)
{
  struct winsize size = { .ws_row = 0 };
  guint n_columns = 80, n_rows = 24;
  gboolean is_other;

  /* a serial line does not know its size */
  if (ioctl (terminal->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
      size.ws_row > 0) {
    n_columns = size.ws_col;
    n_rows = size.ws_row;
  }
  is_other = n_columns != terminal->n_columns || n_rows != terminal->n_rows;
  terminal->n_columns = n_columns;
  terminal->n_rows = n_rows;
  return is_other;
}

TerminalState
terminal_prepare (Terminal *terminal, guint *n_columns, guint *n_rows)
{
  gboolean is_empty;

  if (terminal->is_gone || !is_in_foreground (terminal->fd))
    return TERMINAL_BUSY;
  is_empty = take (terminal);
  if (!is_empty)
    flush_pending (terminal);
  if (!is_empty && terminal->pending->len > 0)
    return TERMINAL_BUSY;
  if (update_size (terminal) && !is_empty) {
    g_string_assign (terminal->pending, SET_UP);
    is_empty = TRUE;
  }
  *n_columns = terminal->n_columns;
  *n_rows = terminal->n_rows;
  return is_empty ? TERMINAL_EMPTY : TERMINAL_READY;
}

void
terminal_write (Terminal *terminal, const GString *frame)
{
  g_string_append_len (terminal->pending, frame->str, frame->len);
  flush_pending (terminal);
}

gssize
terminal_read (Terminal *terminal, char *buffer, gsize size)
{
  gssize n;

  /* a shell reads now; we would be stopped */
  if (!is_in_foreground (terminal->fd))
    return 0;
  do
    n = read (terminal->fd, buffer, size);
  while (n < 0 && errno == EINTR);
  if (n == 0 || (n < 0 && errno != EAGAIN))
    terminal->is_gone = TRUE;
  return terminal->is_gone ? -1 : MAX (n, 0);
}
