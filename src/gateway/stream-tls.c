/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "regia/tls/stream.h"
#include "stream-private.h"

/*
 * The stream under TLS. Owned by its connection. RegiaTlsStream reads and writes one record at a time; here
 * as many as there are, or as the socket takes, because the guard takes "less than was asked for" as the word
 * to wait for the socket.
 */
typedef struct {
  RegiaStream parent;
  RegiaTlsStream *tls; /* (owned) */
} TlsStream;

#define RECORD_BYTES 16384 /* RFC 8446 §5.1 */
#define MAX_PARTS    4

/* Who comes by http to the address of https has typed it so; a browser shows nothing but an error of its own
 * unless it is told in the clear. */
static void
tell_clear_text (int fd)
{
  static const char text[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 57\r\n"
                             "Cache-Control: no-store\r\n\r\n"
                             "This address speaks https; put https:// in front of it.\r\n";

  if (send (fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("not told to use https: %s", g_strerror (errno));
}

static gssize
tls_read (RegiaStream *stream, void *buffer, gsize count)
{
  TlsStream *self = (TlsStream *)stream;
  gsize total = 0;
  gssize n;
  int code;

  do {
    n = regia_tls_stream_read (self->tls, (char *)buffer + total, count - total);
    code = errno;
    total += (gsize)MAX (n, 0);
  } while (n > 0 && total < count);
  stream->is_open = stream->is_open || regia_tls_stream_is_open (self->tls);
  stream->read_needs_write = n < 0 && code == EAGAIN && regia_tls_stream_read_waits_to_write (self->tls);
  /* The end, or a fault: behind what came before it, and no matter of the socket any more. */
  stream->has_unread = total > 0 && (n == 0 || (n < 0 && code != EAGAIN));
  if (n < 0 && regia_tls_stream_met_http (self->tls) && !stream->was_told) {
    stream->was_told = TRUE;
    tell_clear_text (stream->fd);
  }
  errno = code;
  return total > 0 ? (gssize)total : n;
}

/* Puts @parts behind the first @skip bytes into @rest. Returns: how many there are. */
static guint
skip_bytes (const struct iovec *parts, guint n, gsize skip, struct iovec rest[MAX_PARTS])
{
  guint count = 0;

  for (guint i = 0; i < n; i++) {
    gsize gone = MIN (skip, parts[i].iov_len);

    skip -= gone;
    if (gone < parts[i].iov_len)
      rest[count++] = (struct iovec){(char *)parts[i].iov_base + gone, parts[i].iov_len - gone};
  }
  return count;
}

static gssize
tls_write (RegiaStream *stream, const struct iovec *parts, guint n_parts, gboolean more)
{
  TlsStream *self = (TlsStream *)stream;
  struct iovec rest[MAX_PARTS];
  gsize total = 0;
  gssize n = 0;
  guint left;
  int code = 0;

  g_return_val_if_fail (n_parts <= MAX_PARTS, -1);
  while ((left = skip_bytes (parts, n_parts, total, rest)) > 0) {
    n = regia_tls_stream_write (self->tls, rest, left);
    if (n <= 0)
      break;
    total += (gsize)n;
  }
  code = errno;
  stream->write_needs_read = n < 0 && code == EAGAIN && regia_tls_stream_write_waits_to_read (self->tls);
  errno = code;
  return total > 0 ? (gssize)total : n;
}

/* The bytes are in memory (see lane.c), so that pread() does not wait any more than sendfile() would. */
static gssize
tls_send_file (RegiaStream *stream, int file, guint64 offset, gsize count)
{
  gsize total = 0;

  while (total < count) {
    char piece[RECORD_BYTES];
    gssize n = pread (file, piece, MIN (sizeof piece, count - total), (off_t)(offset + total)), sent;

    if (n > 0) {
      sent = tls_write (stream, &(struct iovec){piece, (gsize)n}, 1, FALSE);
      total += (gsize)MAX (sent, 0);
      if (sent == n)
        continue;
      n = sent;
    }
    return total > 0 ? (gssize)total : n;
  }
  return (gssize)total;
}

static void
tls_end_writing (RegiaStream *stream)
{
  regia_tls_stream_close (((TlsStream *)stream)->tls);
  shutdown (stream->fd, SHUT_WR);
}

static void
tls_free (RegiaStream *stream, gboolean in_order)
{
  TlsStream *self = (TlsStream *)stream;

  if (in_order)
    regia_tls_stream_close (self->tls);
  regia_tls_stream_free (self->tls);
  g_free (self);
}

RegiaStream *
regia_stream_tls_new (int fd, RegiaTls *tls)
{
  static const RegiaStreamClass class = {tls_read, tls_write, tls_send_file, tls_end_writing, tls_free};
  TlsStream *self = g_new0 (TlsStream, 1);

  self->parent.class = &class;
  self->parent.fd = fd;
  self->tls = regia_tls_stream_new (tls, fd);
  return &self->parent;
}
