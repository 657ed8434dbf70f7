/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "limits-private.h"
#include "wire-private.h"

/**
 * regia_listen:
 * @key: where the event file has the address (`[web] listen`), for words
 * @address: `A.B.C.D:PORT`, `[V6]:PORT` or `localhost:PORT`; port 0 takes a free one
 * @count: sockets wanted, one a worker (SO_REUSEPORT: the kernel spreads connections over them)
 * @ret_fds: (array length=count) (out caller-allocates) (transfer full): non-blocking listening sockets
 * @ret_bound: (out) (transfer full): the address they listen on
 *
 * The first socket is bound without SO_REUSEPORT, so that a second show on the same port is an error and not
 * half of the viewers. Errors: REGIA_ERROR_STATE when somebody else has the address, G_IO_ERROR otherwise;
 * the message says what to do.
 */
gboolean regia_listen (const char *key, const char *address, guint count, int *ret_fds,
                       GSocketAddress **ret_bound, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * RegiaAcceptor: one worker's way in: accepts, counts, turns away, and keeps every connection to its
 * deadlines. When descriptors run out it pauses 200 ms and goes on. When all places are taken, somebody
 * who is not being served makes room (see connections-private.h).
 *
 * All functions but regia_acceptor_read_stats() belong to the worker's thread.
 */
typedef struct _RegiaAcceptor RegiaAcceptor;

/**
 * regia_acceptor_new: starts accepting in the thread's default main context.
 * @listen_fd: (transfer none)
 * @owner: (transfer none): what is all workers' and the worker's of it is set, and must outlive the acceptor;
 * it adds its own
 */
RegiaAcceptor *regia_acceptor_new (int listen_fd, const RegiaWireOwner *owner,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_acceptor_stop: accepts no more; connections go on. */
void regia_acceptor_stop (RegiaAcceptor *self);
/** regia_acceptor_busy: connections with an answer on its way. */
guint regia_acceptor_busy (RegiaAcceptor *self);
/** regia_acceptor_close: cuts every connection. */
void regia_acceptor_close (RegiaAcceptor *self);
/** regia_acceptor_free: the library has closed what it had before; what is left is cut. */
void regia_acceptor_free (RegiaAcceptor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAcceptor, regia_acceptor_free)

/** regia_acceptor_read_stats: adds this worker's counters to @stats. Any thread. */
void regia_acceptor_read_stats (RegiaAcceptor *self, RegiaWireStats *stats);
