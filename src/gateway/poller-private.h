/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaPoller: one worker's look at all its sockets. GLib's main context polls every descriptor at every turn
 * and is woken up by every source that comes or goes; with a source for each request that costs more than the
 * request. Here the context sees one descriptor (epoll, edge-triggered), and a connection is called when
 * something about its socket has changed.
 *
 * All functions belong to the thread whose default main context it was made in.
 */
typedef struct _RegiaPoller RegiaPoller;

/** What is known of a socket. Set by the poller, cleared by whoever met EAGAIN. Must stay in place until
 * regia_poller_remove(). */
typedef struct _RegiaReadiness RegiaReadiness;
struct _RegiaReadiness {
  gboolean readable, writable;
  gboolean ended;                              /* the far end says no more, or there is an error */
  void (*changed) (RegiaReadiness *readiness); /* may remove itself, no other */
  GList link;                                  /* the poller's */
  gboolean queued;                             /* the poller's */
};

RegiaPoller *regia_poller_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_poller_free (RegiaPoller *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPoller, regia_poller_free)

/** regia_poller_add: watches @fd until it is closed. @readiness: zeroed but for `changed` */
void regia_poller_add (RegiaPoller *self, int fd, RegiaReadiness *readiness);
/** regia_poller_wake: has it called at the next turn, whatever its socket says. */
void regia_poller_wake (RegiaPoller *self, RegiaReadiness *readiness);
/** regia_poller_remove: not called any more; before its socket is closed. */
void regia_poller_remove (RegiaPoller *self, RegiaReadiness *readiness);
