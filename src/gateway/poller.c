/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "poller-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "regia/base/error.h"

/*
 * A source of high priority which is never dispatched: its check(), which GLib calls before that of every
 * connection's source, asks the kernel and notes the answers. So one turn of the loop is enough. Owned by the
 * acceptor, whose connections are all closed before it goes.
 */
struct _RegiaPoller {
  int fd;          /* epoll */
  GSource *source; /* (owned) */
};

typedef struct {
  GSource parent;
  RegiaPoller *poller;
  gpointer tag;
} PollerSource;

#define BATCH 128

static gboolean
poller_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return FALSE;
}

static gboolean
poller_check (GSource *source)
{
  PollerSource *self = (PollerSource *)source;
  struct epoll_event events[BATCH];
  int n = BATCH;

  if (g_source_query_unix_fd (source, self->tag) == 0)
    return FALSE;
  while (n == BATCH) {
    n = epoll_wait (self->poller->fd, events, BATCH, 0);
    for (int i = 0; i < n; i++) {
      RegiaReadiness *readiness = events[i].data.ptr;
      gboolean over = (events[i].events & (EPOLLHUP | EPOLLERR)) != 0;

      readiness->readable |= over || (events[i].events & (EPOLLIN | EPOLLRDHUP)) != 0;
      readiness->writable |= over || (events[i].events & EPOLLOUT) != 0;
    }
  }
  return FALSE;
}

static gboolean
poller_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

RegiaPoller *
regia_poller_new (GError **error)
{
  static GSourceFuncs funcs = {poller_prepare, poller_check, poller_dispatch, NULL};
  RegiaPoller *self;
  int fd = epoll_create1 (EPOLL_CLOEXEC);

  if (fd < 0) {
    regia_error_set_errno (error, errno, "epoll");
    return NULL;
  }
  self = g_new0 (RegiaPoller, 1);
  self->fd = fd;
  self->source = g_source_new (&funcs, sizeof (PollerSource));
  ((PollerSource *)self->source)->poller = self;
  ((PollerSource *)self->source)->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  g_source_set_priority (self->source, G_PRIORITY_HIGH);
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
