/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>

/**
 * RegiaStream: the bytes to and from one client. All that the guard reads or writes goes through here, so
 * that what lies between it and the socket (nothing, or TLS) is one table of functions.
 *
 * The socket is non-blocking and watched by a RegiaPoller; a stream that has to read in order to write, or
 * the other way round, answers EAGAIN until it could: both are tried again whenever the socket changes. All
 * functions belong to the connection's worker.
 */
typedef struct _RegiaStream RegiaStream;

typedef struct {
  /** As recv(2): bytes, 0 at the end, −1 with errno. Fewer than @count: there is nothing more now. */
  gssize (*read) (RegiaStream *self, void *buffer, gsize count);
  /** As writev(2), without a signal: bytes taken, −1 with errno. @more: something follows at once */
  gssize (*write) (RegiaStream *self, const struct iovec *parts, guint n, gboolean more);
  /** Sends bytes of a file that are in memory: bytes taken, 0 when the file has ended, −1 with errno. */
  gssize (*send_file) (RegiaStream *self, int file, guint64 offset, gsize count);
  /** Nothing more is written; what was is still on its way. */
  void (*end_writing) (RegiaStream *self);
  /** Frees the stream, not its socket. */
  void (*free) (RegiaStream *self);
} RegiaStreamClass;

/** What every stream begins with. */
struct _RegiaStream {
  const RegiaStreamClass *class;
  int fd; /* (unowned) */
};

/** regia_stream_plain_new: nothing lies between. @fd: (transfer none): a connected socket */
RegiaStream *regia_stream_plain_new (int fd);

static inline void
regia_stream_free (RegiaStream *self)
{
  if (self != NULL)
    self->class->free (self);
}
