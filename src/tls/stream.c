/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-tls"

#include "regia/tls/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "tls-private.h"

/*
 * OpenSSL over the socket itself. Two rules of its interface shape this: its error queue belongs to the
 * thread, so it is emptied before each call; and a write that found the socket full has to be repeated with
 * the same bytes in the same place (with kTLS the kernel is given that very memory), so what is written goes
 * by way of `record`, which stays until it has left. There is one only while bytes are on their way: two
 * thousand idle connections have none.
 */
struct _RegiaTlsStream {
  SSL *ssl;     /* (owned) */
  char *record; /* (owned) (nullable): what OpenSSL is to write, until it has */
  gsize record_length;
  gboolean read_waits_to_write, write_waits_to_read;
  gboolean broken; /* the connection is at its end: OpenSSL must not be asked again */
  gboolean closed; /* the other end was told so */
  gboolean met_http;
};

#define RECORD_BYTES SSL3_RT_MAX_PLAIN_LENGTH

RegiaTlsStream *
regia_tls_stream_new (RegiaTls *tls, int fd)
{
  RegiaTlsStream *self = g_new0 (RegiaTlsStream, 1);

  self->ssl = SSL_new (regia_tls_get_context (tls));
  /* They fail for want of memory alone, for which GLib aborts. */
  if (self->ssl == NULL || SSL_set_fd (self->ssl, fd) != 1)
    g_error ("out of memory for a connection under TLS");
  SSL_set_accept_state (self->ssl);
  return self;
}

void
regia_tls_stream_free (RegiaTlsStream *self)
{
  if (self == NULL)
    return;
  SSL_free (self->ssl);
  g_free (self->record);
  g_free (self);
}

/* What OpenSSL said to an operation that gave no bytes, as an errno; 0 for the end. */
static int
judge (RegiaTlsStream *self, int result, gboolean *ret_wants_read, gboolean *ret_wants_write)
{
  int code = errno;

  switch (SSL_get_error (self->ssl, result)) {
  case SSL_ERROR_WANT_READ:
    *ret_wants_read = TRUE;
    return EAGAIN;
  case SSL_ERROR_WANT_WRITE:
    *ret_wants_write = TRUE;
    return EAGAIN;
  case SSL_ERROR_ZERO_RETURN:
    return 0;
  case SSL_ERROR_SYSCALL:
    self->broken = TRUE;
    return code != 0 ? code : ECONNRESET;
  default:
    break;
  }
  self->broken = TRUE;
  if (ERR_GET_LIB (ERR_peek_error ()) == ERR_LIB_SSL) {
    int reason = ERR_GET_REASON (ERR_peek_error ());

    self->met_http = reason == SSL_R_HTTP_REQUEST;
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
      return ECONNRESET;
  }
  return EPROTO;
}

static gboolean
is_broken (RegiaTlsStream *self)
{
  if (self->broken)
    errno = EPROTO;
  return self->broken;
}

gssize
regia_tls_stream_read (RegiaTlsStream *self, void *buffer, gsize count)
{
  gboolean wants_read = FALSE;
  int n, code;

  if (is_broken (self))
    return -1;
  self->read_waits_to_write = FALSE;
  ERR_clear_error ();
  errno = 0;
  n = SSL_read (self->ssl, buffer, (int)MIN (count, G_MAXINT));
  if (n > 0)
    return n;
  code = judge (self, n, &wants_read, &self->read_waits_to_write);
  ERR_clear_error ();
  errno = code;
  return code == 0 ? 0 : -1;
}

/* The next record's bytes: where they lie, if they lie together, else put together in @room. */
static const char *
next_record (const struct iovec *parts, guint n_parts, char room[RECORD_BYTES], gsize *ret_length)
{
  gsize length = 0;

  for (guint i = 0; i < n_parts && length < RECORD_BYTES; i++) {
    gsize n = MIN (parts[i].iov_len, RECORD_BYTES - length);

    if (length == 0 && (n == RECORD_BYTES || i + 1 == n_parts)) {
      *ret_length = n;
      return parts[i].iov_base;
    }
    if (n > 0)
      memcpy (room + length, parts[i].iov_base, n);
    length += n;
  }
  *ret_length = length;
  return room;
}

gssize
regia_tls_stream_write (RegiaTlsStream *self, const struct iovec *parts, guint n_parts)
{
  gboolean wants_write = FALSE;
  char room[RECORD_BYTES];
  const char *data = self->record;
  gsize length = self->record_length;
  int n, code = 0;

  if (is_broken (self))
    return -1;
  if (data == NULL)
    data = next_record (parts, n_parts, room, &length);
  self->write_waits_to_read = FALSE;
  ERR_clear_error ();
  errno = 0;
  n = length == 0 ? 0 : SSL_write (self->ssl, data, (int)length);
  if (n <= 0 && length > 0)
    code = judge (self, n, &self->write_waits_to_read, &wants_write);
  if (code != EAGAIN) {
    g_clear_pointer (&self->record, g_free);
    self->record_length = 0;
  } else if (self->record == NULL) { /* OpenSSL wants to be given it again, to the byte */
    self->record = g_memdup2 (data, length);
    self->record_length = length;
  }
  ERR_clear_error ();
  if (n > 0 || (n == 0 && code == 0 && !self->broken))
    return n;
  errno = code != 0 ? code : EPIPE;
  return -1;
}

void
regia_tls_stream_close (RegiaTlsStream *self)
{
  if (self->broken || self->closed || !SSL_is_init_finished (self->ssl))
    return;
  self->closed = TRUE;
  ERR_clear_error ();
  if (SSL_shutdown (self->ssl) < 0)
    self->broken = TRUE;
  ERR_clear_error ();
}

gboolean
regia_tls_stream_is_open (RegiaTlsStream *self)
{
  return !self->broken && SSL_is_init_finished (self->ssl);
}

gboolean
regia_tls_stream_has_buffered (RegiaTlsStream *self)
{
  return SSL_pending (self->ssl) > 0;
}

gboolean
regia_tls_stream_read_waits_to_write (RegiaTlsStream *self)
{
  return self->read_waits_to_write;
}

gboolean
regia_tls_stream_write_waits_to_read (RegiaTlsStream *self)
{
  return self->write_waits_to_read;
}

gboolean
regia_tls_stream_met_http (RegiaTlsStream *self)
{
  return self->met_http;
}

gboolean
regia_tls_stream_was_resumed (RegiaTlsStream *self)
{
  return SSL_session_reused (self->ssl) == 1;
}
