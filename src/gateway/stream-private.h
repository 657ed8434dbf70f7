/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/uio.h>

#include "poller-private.h"
#include "regia/tls/tls.h"

/**
 * RegiaStream: the bytes to and from one client. All that the guard reads or writes goes through here, so
 * that what lies between it and the socket (nothing, or TLS) is one table of functions.
 *
 * The socket is non-blocking and watched by a RegiaPoller; regia_stream_note_unread() and
 * regia_stream_note_unwritten() note what has to change about it before another try is worth it. After a
 * write of any kind took less than it was given, the next one must begin with the same bytes. All functions
 * belong to the connection's worker.
 */
typedef struct _RegiaStream RegiaStream;

typedef struct {
  /** As recv(2): bytes, 0 at the end, −1 with errno. Fewer than @count: there is nothing more now. */
  gssize (*read) (RegiaStream *self, void *buffer, gsize count);
  /** As writev(2), without a signal: bytes taken, −1 with errno. Fewer than there are: it takes no more now.
   * @more: something follows at once */
  gssize (*write) (RegiaStream *self, const struct iovec *parts, guint n, gboolean more);
  /** Sends bytes of a file that are in memory: bytes taken, 0 when the file has ended, −1 with errno. */
  gssize (*send_file) (RegiaStream *self, int file, guint64 offset, gsize count);
  /** Nothing more is written, and the client is told so; what was is still on its way. */
  void (*end_writing) (RegiaStream *self);
  /** Frees the stream, not its socket. @in_order: the client may be told that this is the end. */
  void (*free) (RegiaStream *self, gboolean in_order);
  gboolean is_zero_copy; /* send_file() copies nothing: it is worth it for what lies in memory, too */
} RegiaStreamClass;

/** What every stream begins with. */
struct _RegiaStream {
  const RegiaStreamClass *class;
  int fd;           /* (unowned) */
  gboolean is_open; /* what is said by whom is agreed: in the clear at once, under TLS after the handshake */
  gboolean read_needs_write; /* the last read found the socket full */
  gboolean write_needs_read; /* the last write needs something of the client first */
  gboolean has_unread;       /* a read would find something without the socket, be it the end */
  gboolean was_told; /* the client was told in the clear to come by https: give it time to read that */
};

/** regia_stream_plain_new: nothing lies between. @fd: (transfer none): a connected socket */
RegiaStream *regia_stream_plain_new (int fd);
/** regia_stream_tls_new: TLS lies between; the handshake happens within the first reads. @fd: (transfer
 * none): a connected socket; @tls: (transfer none). SIGPIPE must be ignored by the process. */
RegiaStream *regia_stream_tls_new (int fd, RegiaTls *tls);

static inline void
regia_stream_free (RegiaStream *self, gboolean in_order)
{
  if (self != NULL)
    self->class->free (self, in_order);
}

/** Whether to try is worth it. */
static inline gboolean
regia_stream_is_readable (const RegiaStream *self, const RegiaReadiness *ready)
{
  return self->has_unread || (self->read_needs_write ? ready->writable : ready->readable);
}

static inline gboolean
regia_stream_is_writable (const RegiaStream *self, const RegiaReadiness *ready)
{
  return self->write_needs_read ? ready->readable : ready->writable;
}

/** regia_stream_note_unread: a read met EAGAIN, or found less than it had room for. */
static inline void
regia_stream_note_unread (const RegiaStream *self, RegiaReadiness *ready)
{
  if (self->read_needs_write)
    ready->writable = FALSE;
  else
    ready->readable = FALSE;
}

/** regia_stream_note_unwritten: a write met EAGAIN, or took less than it was given. */
static inline void
regia_stream_note_unwritten (const RegiaStream *self, RegiaReadiness *ready)
{
  if (self->write_needs_read)
    ready->readable = FALSE;
  else
    ready->writable = FALSE;
}
