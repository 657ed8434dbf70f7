/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/uio.h>

#include "regia/tls/tls.h"

/**
 * RegiaTlsStream: the server's end of one connection under TLS, over a non-blocking socket. It never waits,
 * has no thread and no timer: the handshake happens within the first reads, as its pieces arrive; deadlines
 * are the caller's. One thread at a time.
 *
 * SIGPIPE must be ignored by the process: OpenSSL writes by write(2).
 */
typedef struct _RegiaTlsStream RegiaTlsStream;

/** regia_tls_stream_new: @fd: (transfer none): connected, non-blocking, must outlive the stream. */
RegiaTlsStream *regia_tls_stream_new (RegiaTls *tls, int fd);
/** regia_tls_stream_free: says nothing to the other end. */
void regia_tls_stream_free (RegiaTlsStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaTlsStream, regia_tls_stream_free)

/**
 * regia_tls_stream_read: as recv(2). Returns: bytes; 0 when the other end has said that no more comes
 * (close_notify); −1 with errno:
 *  - EAGAIN: the socket has to become readable, or writable when regia_tls_stream_read_waits_to_write();
 *  - ECONNRESET: the connection ended without close_notify: what came before may be cut short (RFC 8446
 * §6.1);
 *  - EPROTO: no handshake came about, or a record was forged: nothing more is possible;
 *  - others of the socket.
 */
gssize regia_tls_stream_read (RegiaTlsStream *self, void *buffer, gsize count);

/**
 * regia_tls_stream_write: as writev(2), at most one record (16 KiB) at a time; what stands in several @parts
 * leaves in one record. Returns: bytes taken, −1 with errno as of regia_tls_stream_read(). EAGAIN: the socket
 * has to become writable, or readable as long as the handshake is not done; the next write must begin with
 * the same bytes, of which some are on their way already.
 */
gssize regia_tls_stream_write (RegiaTlsStream *self, const struct iovec *parts, guint n_parts);

/** regia_tls_stream_close: tells the other end that no more comes (close_notify), if that can be said at
 * once. */
void regia_tls_stream_close (RegiaTlsStream *self);

/** regia_tls_stream_is_open: the handshake is done. */
gboolean regia_tls_stream_is_open (RegiaTlsStream *self);
/** regia_tls_stream_has_buffered: a read would find something without the socket. */
gboolean regia_tls_stream_has_buffered (RegiaTlsStream *self);
/** regia_tls_stream_read_waits_to_write: the last read found the socket full. */
gboolean regia_tls_stream_read_waits_to_write (RegiaTlsStream *self);
/** regia_tls_stream_write_waits_to_read: the last write needs something of the other end first. */
gboolean regia_tls_stream_write_waits_to_read (RegiaTlsStream *self);
/** regia_tls_stream_met_http: instead of a handshake there came a request in the clear. */
gboolean regia_tls_stream_met_http (RegiaTlsStream *self);
/** regia_tls_stream_was_resumed: the handshake went on from a ticket. */
gboolean regia_tls_stream_was_resumed (RegiaTlsStream *self);
