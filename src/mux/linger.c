/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "linger-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The orderly end of a TCP connection whose socket is libavformat's own.
 *
 * libavformat writes its last words and closes. By then the server has answered something that nobody has
 * read, so the kernel does not end the connection but resets it (RFC 1122 §4.2.2.13), and what still lay in
 * either buffer, the last picture and sound, is lost. A copy of the descriptor, taken while the connection
 * stands, lets us do what libavformat does not: say that nothing more will come, and read until the server
 * has ended as well. Then it has taken everything.
 */

void
regia_linger_note (RegiaLingerFds *ret_fds)
{
  *ret_fds = (RegiaLingerFds){0};
  for (int fd = 0; fd < REGIA_LINGER_FDS; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      ret_fds->open[fd / 8] |= (guint8)(1 << fd % 8);
}

static gboolean
is_tcp (int fd)
{
  int protocol = 0;
  socklen_t length = sizeof protocol;

  return getsockopt (fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == IPPROTO_TCP;
}

int
regia_linger_find (const RegiaLingerFds *before)
{
  int found = -1;

  for (int fd = 0; fd < REGIA_LINGER_FDS; fd++) {
    if ((before->open[fd / 8] & 1 << fd % 8) != 0 || !is_tcp (fd))
      continue;
    if (found >= 0)
      return -1;
    found = fd;
  }
  return found >= 0 ? fcntl (found, F_DUPFD_CLOEXEC, 0) : -1;
}

void
regia_linger_close (int fd, gint64 deadline_us, GCancellable *cancellable)
{
  struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
  gint64 left_us;

  if (fd < 0)
    return;
  if (cancellable != NULL)
    polled[1].fd = g_cancellable_get_fd (cancellable);
  if (shutdown (fd, SHUT_WR) == 0)
    while (polled[1].revents == 0 && (left_us = deadline_us - g_get_monotonic_time ()) > 0) {
      char away[4096];
      gssize got;

      if (poll (polled, 2, (int)MIN (left_us / 1000 + 1, G_MAXINT)) < 0 || polled[0].revents == 0)
        continue;
      got = recv (fd, away, sizeof away, MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        break;
    }
  if (polled[1].fd >= 0)
    g_cancellable_release_fd (cancellable);
  close (fd);
}
