/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "wire-streams-private.h"

/*
 * A wire as the library sees it: a connection on which canonical requests arrive, and nothing else. It is
 * shown to the library with the first request that is the library's, and stays with it: between two of those
 * the lane may have answered others.
 *
 * The library reads a head, then the request's body, and then asks for the next head: that is how the wire
 * knows that an answer is complete.
 */

/* `a.b.c.d` or the network of an IPv6 address. */
static void
format_peer (const RegiaPeer *peer, char ret_text[INET6_ADDRSTRLEN])
{
  static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

  if (memcmp (peer->bytes, mapped, sizeof mapped) == 0)
    inet_ntop (AF_INET, peer->bytes + sizeof mapped, ret_text, INET6_ADDRSTRLEN);
  else
    inet_ntop (AF_INET6, peer->bytes, ret_text, INET6_ADDRSTRLEN);
}

static void
set_show (RegiaWire *self, char *text)
{
  g_free (self->show);
  self->show = text;
  self->show_sent = 0;
}

gboolean
regia_wire_show_request (RegiaWire *self)
{
  const RegiaLimits *limits = self->owner->limits;
  gboolean last = self->request.close || self->requests >= limits->max_requests;
  char client[INET6_ADDRSTRLEN];

  format_peer (&self->client, client);
  set_show (self, regia_request_canonical (&self->request, last, client, self->from_proxy));
  self->is_librarys = TRUE;
  self->body_left = self->request.body_bytes;
  if (self->request.rule != NULL)
    self->body_deadline_us = g_get_monotonic_time () + (gint64)self->request.rule->deadline_ms * 1000;
  if (self->is_shown)
    return TRUE;
  self->is_shown = self->owner->show (self, self->owner->show_data);
  return self->is_shown;
}

/*
 * libsoup 3.2 forgets a kept-alive connection that ends before the next request's first byte: it frees the
 * message and never closes the connection. So it is shown a last request of our own, which is answered into
 * nothing and closes the connection by the book. libsoup 3.6.5 closes it by itself: this goes with Debian 12.
 */
void
regia_wire_show_last (RegiaWire *self)
{
  self->is_last_shown = TRUE;
  set_show (self, g_strdup ("OPTIONS /over HTTP/1.0\r\nHost: localhost\r\n\r\n"));
}

static gssize
would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "not yet");
  return -1;
}

static gssize
fail_closed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  return -1;
}

/* The body lies behind the head where that was read, and then comes from the client. */
static gssize
read_body (RegiaWire *self, void *buffer, gsize count, GError **error)
{
  gsize buffered = self->in_length - self->head_bytes;
  gssize n;

  count = MIN (count, self->body_left);
  if (buffered > 0) {
    n = (gssize)MIN (count, buffered);
    memcpy (buffer, self->in + self->head_bytes, (gsize)n);
    self->in_length -= (gsize)n;
    memmove (self->in + self->head_bytes, self->in + self->head_bytes + n, buffered - (gsize)n);
  } else {
    n = self->stream->class->read (self->stream, buffer, count);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      regia_stream_note_unread (self->stream, &self->ready);
      return would_block (error);
    }
    if (n <= 0)
      return fail_closed (error);
  }
  self->body_left -= (gsize)n;
  return n;
}

gssize
regia_wire_read (RegiaWire *self, void *buffer, gsize count, GError **error)
{
  if (self->show != NULL) {
    gsize left = strlen (self->show) - self->show_sent, n = MIN (left, count);

    memcpy (buffer, self->show + self->show_sent, n);
    self->show_sent += n;
    if (n == left)
      set_show (self, NULL);
    return (gssize)n;
  }
  if (self->phase >= REGIA_WIRE_LINGER)
    return fail_closed (error);
  if (self->body_left > 0)
    return read_body (self, buffer, count, error);
  if (self->is_librarys) {
    regia_wire_finish_answer (self);
    regia_poller_wake (self->owner->poller, &self->ready);
  }
  return would_block (error);
}

gboolean
regia_wire_is_readable (RegiaWire *self)
{
  if (self->show != NULL || self->phase >= REGIA_WIRE_LINGER)
    return TRUE;
  if (self->body_left > 0)
    return regia_stream_is_readable (self->stream, &self->ready) || self->in_length > self->head_bytes;
  return self->is_librarys;
}

/* A WebSocket begins behind the library's own yes (RFC 6455 §4.2.2): not before, so that nothing that was
 * sent ahead of it, or behind a no, is ever read as a request. From then on both ends are passed through, for
 * as long as the client takes what it is sent. */
static void
heed_switch (RegiaWire *self, const void *buffer, gsize count)
{
  static const char yes[] = "HTTP/1.1 101 ";

  if (!self->is_librarys || self->request.websocket_key == NULL || self->body_left > 0 ||
      count < sizeof yes - 1 || memcmp (buffer, yes, sizeof yes - 1) != 0)
    return;
  self->body_left = G_MAXUINT64;
  self->body_deadline_us = G_MAXINT64;
}

gssize
regia_wire_write (RegiaWire *self, const void *buffer, gsize count, GError **error)
{
  const struct iovec part = {(void *)buffer, count};
  gssize n;

  if (self->is_last_shown)
    return (gssize)count;
  if (self->phase >= REGIA_WIRE_LINGER)
    return fail_closed (error);
  heed_switch (self, buffer, count);
  n = self->stream->class->write (self->stream, &part, 1, FALSE);
  if (n < 0) {
    int code = errno;
    if (code == EAGAIN)
      regia_stream_note_unwritten (self->stream, &self->ready);
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), "send");
    return -1;
  }
  regia_wire_count_sent (self, (gsize)n);
  return n;
}

gboolean
regia_wire_is_writable (RegiaWire *self)
{
  return self->is_last_shown || self->phase >= REGIA_WIRE_LINGER ||
         regia_stream_is_writable (self->stream, &self->ready);
}
