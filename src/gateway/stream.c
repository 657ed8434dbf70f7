/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "stream-private.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

/* The plain stream: the socket itself. Owned by its connection. */

static gssize
plain_read (RegiaStream *self, void *buffer, gsize count)
{
  return recv (self->fd, buffer, count, MSG_DONTWAIT);
}

static gssize
plain_write (RegiaStream *self, const struct iovec *parts, guint n, gboolean more)
{
  struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = n};
  return sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
}

static gssize
plain_send_file (RegiaStream *self, int file, guint64 offset, gsize count)
{
  off_t from = (off_t)offset;
  return sendfile (self->fd, file, &from, count);
}

static void
plain_end_writing (RegiaStream *self)
{
  shutdown (self->fd, SHUT_WR);
}

static void
plain_free (RegiaStream *self, gboolean in_order)
{
  g_free (self);
}

RegiaStream *
regia_stream_plain_new (int fd)
{
  static const RegiaStreamClass plain = {plain_read,        plain_write, plain_send_file,
                                         plain_end_writing, plain_free,  .is_zero_copy = TRUE};
  RegiaStream *self = g_new0 (RegiaStream, 1);

  self->class = &plain;
  self->fd = fd;
  self->is_open = TRUE;
  return self;
}
