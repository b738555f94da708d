/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_FDS 2

typedef union
{
  struct cmsghdr align;
  char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
} Control;

gboolean
packet_send (
    int socket, gconstpointer data, gsize size, const int *fds, guint n_fds)
{
  struct iovec part = { (gpointer) data, size };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  Control control = { 0 };
  gssize n;

  g_return_val_if_fail (n_fds <= MAX_FDS, FALSE);
  if (n_fds > 0) {
    struct cmsghdr *header;

    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
    header = CMSG_FIRSTHDR (&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
    memcpy (CMSG_DATA (header), fds, n_fds * sizeof (int));
  }
  do
    n = sendmsg (socket, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == (gssize) size;
}

gssize
packet_receive (int socket, gpointer data, gsize size, int *fds, guint n_fds)
{
  struct iovec part = { data, size };
  Control control = { 0 };
  struct msghdr message = { .msg_iov = &part,
    .msg_iovlen = 1,
    .msg_control = &control,
    .msg_controllen = sizeof control };
  gssize n;

  g_return_val_if_fail (n_fds <= MAX_FDS, -1);
  for (guint i = 0; i < n_fds; i++)
    fds[i] = -1;
  do
    n = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  for (struct cmsghdr *header = CMSG_FIRSTHDR (&message); n > 0 && header;
       header = CMSG_NXTHDR (&message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
      memcpy (fds, CMSG_DATA (header),
          MIN (header->cmsg_len - CMSG_LEN (0), n_fds * sizeof (int)));
  return n;
}
