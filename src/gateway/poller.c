/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "regia/gateway/poller.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * One source with one descriptor. Dispatched, it asks the kernel, notes the answers and tells each connection
 * in turn. A connection that is closed on the way is out of the kernel's set, so that its memory is not
 * touched by a later batch. Owned by the acceptor, whose connections are all closed before it goes.
 */
struct _RegiaPoller {
  int fd;          /* epoll */
  GSource *source; /* (owned) */
};

#define BATCH 128

static gboolean
events_cb (int fd, GIOCondition condition, gpointer data)
{
  struct epoll_event events[BATCH];
  int n = epoll_wait (fd, events, BATCH, 0); /* what does not fit keeps the descriptor readable */

  for (int i = 0; i < n; i++) {
    RegiaReadiness *readiness = events[i].data.ptr;
    gboolean over = (events[i].events & (EPOLLHUP | EPOLLERR)) != 0;

    readiness->readable |= over || (events[i].events & (EPOLLIN | EPOLLRDHUP)) != 0;
    readiness->writable |= over || (events[i].events & EPOLLOUT) != 0;
    readiness->changed (readiness);
  }
  return G_SOURCE_CONTINUE;
}

RegiaPoller *
regia_poller_new (GError **error)
{
  RegiaPoller *self;
  int fd = epoll_create1 (EPOLL_CLOEXEC);

  if (fd < 0) {
    int code = errno;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "epoll: %s", g_strerror (code));
    return NULL;
  }
  self = g_new0 (RegiaPoller, 1);
  self->fd = fd;
  self->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (events_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
regia_poller_free (RegiaPoller *self)
{
  if (self == NULL)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->fd);
  g_free (self);
}

void
regia_poller_add (RegiaPoller *self, int fd, RegiaReadiness *readiness)
{
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = readiness};

  if (epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) < 0) {
    g_debug ("epoll_ctl: %s", g_strerror (errno));
    readiness->readable = readiness->writable = TRUE; /* never told: it finds out by trying */
  }
}
