/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "poller-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "regia/base/error.h"

/*
 * A source whose check() asks the kernel, notes the answers and lines up whom they concern; dispatch() calls
 * those, and asks again as long as there is more: a busy worker goes through GLib's loop once for hundreds of
 * requests. Its priority is the ordinary one, so that a flood of requests holds up neither timers nor what
 * libsoup waits for. Owned by the acceptor, whose connections are all closed before it goes.
 */
struct _RegiaPoller {
  int fd;          /* epoll */
  GSource *source; /* (owned) */
  GQueue queue;    /* (element-type RegiaReadiness) to be called */
};

typedef struct {
  GSource parent;
  RegiaPoller *poller;
  gpointer tag;
} PollerSource;

#define BATCH  128
#define ROUNDS 8

static void
look (RegiaPoller *self)
{
  struct epoll_event events[BATCH];
  int n = epoll_wait (self->fd, events, BATCH, 0);

  for (int i = 0; i < n; i++) {
    RegiaReadiness *readiness = events[i].data.ptr;
    gboolean over = (events[i].events & (EPOLLHUP | EPOLLERR)) != 0;

    readiness->readable |= over || (events[i].events & (EPOLLIN | EPOLLRDHUP)) != 0;
    readiness->writable |= over || (events[i].events & EPOLLOUT) != 0;
    readiness->ended |= over || (events[i].events & EPOLLRDHUP) != 0;
    regia_poller_wake (self, readiness);
  }
}

static gboolean
poller_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return !g_queue_is_empty (&((PollerSource *)source)->poller->queue);
}

static gboolean
poller_check (GSource *source)
{
  PollerSource *self = (PollerSource *)source;

  if (g_source_query_unix_fd (source, self->tag) != 0)
    look (self->poller);
  return !g_queue_is_empty (&self->poller->queue);
}

static gboolean
poller_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  RegiaPoller *self = ((PollerSource *)source)->poller;

  for (guint round = 0; round < ROUNDS && !g_queue_is_empty (&self->queue); round++) {
    for (guint left = g_queue_get_length (&self->queue); left > 0; left--) {
      GList *link = g_queue_pop_head_link (&self->queue);
      RegiaReadiness *readiness;

      if (link == NULL)
        break;
      readiness = link->data;
      readiness->queued = FALSE;
      readiness->changed (readiness);
    }
    look (self);
  }
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
  g_queue_init (&self->queue);
  self->source = g_source_new (&funcs, sizeof (PollerSource));
  ((PollerSource *)self->source)->poller = self;
  /* Nobody iterates the context from within; GLib need not take its descriptor out of the loop for each
   * dispatch, which costs three system calls. */
  g_source_set_can_recurse (self->source, TRUE);
  ((PollerSource *)self->source)->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
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

  readiness->link.data = readiness;
  if (epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) < 0) {
    g_debug ("epoll_ctl: %s", g_strerror (errno));
    readiness->readable = readiness->writable = readiness->ended = TRUE; /* never told: it is not kept */
    regia_poller_wake (self, readiness);
  }
}

void
regia_poller_wake (RegiaPoller *self, RegiaReadiness *readiness)
{
  if (readiness->queued)
    return;
  readiness->queued = TRUE;
  g_queue_push_tail_link (&self->queue, &readiness->link);
}

void
regia_poller_remove (RegiaPoller *self, RegiaReadiness *readiness)
{
  if (readiness->queued)
    g_queue_unlink (&self->queue, &readiness->link);
  readiness->queued = FALSE;
}
