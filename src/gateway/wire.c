/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "wire-streams-private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Life of a wire: made by the acceptor for an accepted socket and handed to the library, which reads and
 * writes through the two stream objects below and closes the wire when it is done with it. The acceptor holds
 * a reference until then, and until a refused wire has lingered. One worker's thread touches it, nobody else.
 *
 * Reading: bytes go into `in`; a complete head is parsed in place and stays there, because the request points
 * into it, until the library asks for the next one: that is how the wire knows that an answer is complete.
 *
 * Writing: the head of an answer is held back until the first bytes of the body come, so that a playlist is
 * one packet and one system call.
 */

#define IN_FIRST_BYTES 1024
#define HELD_MAX_BYTES 2048
#define LINGER_BYTES   (256 * 1024)

G_DEFINE_FINAL_TYPE (RegiaWire, regia_wire, G_TYPE_IO_STREAM)

#define COUNT(self, field, n)                                                                                \
  __atomic_store_n (&(self)->owner->stats->field, (self)->owner->stats->field + (n), __ATOMIC_RELAXED)

static void
set_phase (RegiaWire *self, RegiaWirePhase phase, guint limit_ms)
{
  self->phase = phase;
  self->deadline_us = g_get_monotonic_time () + (gint64)limit_ms * 1000;
  self->unsent = -1;
}

/* Behind a proxy a connection speaks for many: each request counts as a connection of the one it is for. */
static void
count_client (RegiaWire *self)
{
  self->client = self->peer;
  self->is_counted = self->has_too_many = FALSE;
  if (!self->from_proxy ||
      !regia_proxies_client (self->owner->proxies, self->request.forwarded_for, &self->client))
    return;
  self->is_counted = regia_house_begin (self->owner->house, &self->client);
  self->has_too_many = !self->is_counted;
}

static void
count_client_out (RegiaWire *self)
{
  if (self->is_counted)
    regia_house_end (self->owner->house, &self->client);
  self->is_counted = FALSE;
}

/* Whatever the answer to it is, a request that cannot be understood must be the last thing read from its
 * connection. */
static void
write_refusal (RegiaWire *self, const RegiaRefusal *refusal)
{
  static const struct {
    guint status;
    const char *phrase;
  } phrases[] = {{400, "Bad Request"},
                 {405, "Method Not Allowed"},
                 {411, "Length Required"},
                 {414, "URI Too Long"},
                 {417, "Expectation Failed"},
                 {421, "Misdirected Request"},
                 {431, "Request Header Fields Too Large"},
                 {505, "HTTP Version Not Supported"}};
  g_autofree char *body = NULL, *text = NULL;
  const char *phrase = "Bad Request";

  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == refusal->status)
      phrase = phrases[i].phrase;
  body = refusal->json
             ? g_strdup_printf ("{\"status\":%u,\"error\":\"%s\"}\n", refusal->status, refusal->words)
             : g_strdup_printf ("%s.\n", refusal->words);
  text = g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                          "Connection: close\r\n"
                          "Content-Type: %s\r\n"
                          "Content-Length: %zu\r\n"
                          "%s"
                          "Cache-Control: no-store\r\n"
                          "X-Content-Type-Options: nosniff\r\n"
                          "Referrer-Policy: no-referrer\r\n"
                          "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                          "\r\n%s",
                          refusal->status, phrase,
                          refusal->json ? "application/json" : "text/plain; charset=utf-8", strlen (body),
                          refusal->status == 405 ? "Allow: " REGIA_REQUEST_ALLOW "\r\n" : "",
                          refusal->head ? "" : body);
  /* A fresh or drained socket takes this whole; one that does not is not worth waiting for. */
  if (send (self->fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("refusal not sent: %s", g_strerror (errno));
  self->refused = TRUE;
  COUNT (self, refused, 1);
}

/* The library asks for something to read: the answer before, if there was one, is complete. */
static void
finish_answer (RegiaWire *self)
{
  if (self->phase != REGIA_WIRE_ANSWER)
    return;
  count_client_out (self);
  regia_house_rest (self->owner->house, &self->guest);
  self->in_length -= self->head_bytes;
  memmove (self->in, self->in + self->head_bytes, self->in_length);
  self->head_bytes = self->scanned = 0;
  if (self->in_length == 0 && self->in_room > IN_FIRST_BYTES)
    self->in = g_realloc (self->in, self->in_room = IN_FIRST_BYTES);
  if (self->in_length > 0)
    set_phase (self, REGIA_WIRE_HEAD, self->owner->limits->head_ms);
  else
    set_phase (self, REGIA_WIRE_IDLE, self->owner->limits->idle_ms);
}

/* The only requests that the library ever sees: as short as it takes them, which is the absolute form without
 * fields. */
static const char *
fixed_head (const RegiaRequest *request)
{
  static const char *const heads[3][2] = {
      {"GET http://a/ HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/1.0\r\n\r\n"},
      {"HEAD http://a/ HTTP/1.1\r\n\r\n", "HEAD http://a/ HTTP/1.0\r\n\r\n"},
      {"OPTIONS http://a/ HTTP/1.1\r\n\r\n", "OPTIONS http://a/ HTTP/1.0\r\n\r\n"},
  };
  return heads[request->method][request->http10 ? 1 : 0];
}

/* Reads until a head is complete. Returns 1 when there is one, 0 at the end of the connection, −1 with
 * WOULD_BLOCK or a failure. */
static int
collect_head (RegiaWire *self, GError **error)
{
  while (self->head_bytes == 0) {
    gssize n;

    self->head_bytes = regia_request_head_length (self->in, self->in_length, &self->scanned);
    if (self->head_bytes > 0)
      return 1;
    if (self->in_length == REGIA_REQUEST_MAX_HEAD_BYTES) {
      RegiaRefusal refusal = {431, "The request's head is longer than 16 KiB", FALSE, FALSE};
      write_refusal (self, &refusal);
      return 0;
    }
    if (self->in_length == self->in_room)
      self->in = g_realloc (self->in, self->in_room = MIN (self->in_room * 2, REGIA_REQUEST_MAX_HEAD_BYTES));
    n = recv (self->fd, self->in + self->in_length, self->in_room - self->in_length, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
      self->ready.readable = FALSE;
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "recv");
      return -1;
    }
    if (n <= 0)
      return 0;
    if (self->in_length == 0 && self->phase == REGIA_WIRE_IDLE)
      set_phase (self, REGIA_WIRE_HEAD, self->owner->limits->head_ms);
    self->in_length += n;
  }
  return 1;
}

/*
 * libsoup 3.2 forgets a kept-alive connection that ends before the next request's first byte: it frees the
 * message and never closes the connection. So it is shown a last request of our own, which is answered into
 * nothing and closes the connection by the book. libsoup 3.6.5 closes it by itself: this goes with Debian 12.
 */
static gboolean
send_last_request (RegiaWire *self)
{
  if (self->requests == 0 || self->last_request)
    return FALSE;
  self->last_request = TRUE;
  self->show = "GET http://a/ HTTP/1.0\r\n\r\n";
  return TRUE;
}

/* The next request, judged. TRUE when there is something to show; else *ret_ended says whether the connection
 * is at its end. */
static gboolean
take_request (RegiaWire *self, gboolean *ret_ended, GError **error)
{
  RegiaRefusal refusal;
  int collected = 0;

  finish_answer (self);
  if (!self->refused && !self->last_request)
    collected = collect_head (self, error);
  *ret_ended = collected == 0;
  if (collected == 1 &&
      regia_request_parse (self->in, self->head_bytes, self->owner->hosts, &self->request, &refusal)) {
    self->requests++;
    COUNT (self, requests, 1);
    regia_house_serve (self->owner->house, &self->guest);
    count_client (self);
    set_phase (self, REGIA_WIRE_ANSWER, self->owner->limits->progress_ms);
    self->show = fixed_head (&self->request);
    return TRUE;
  }
  if (collected == 1) {
    write_refusal (self, &refusal);
    *ret_ended = TRUE;
  }
  return *ret_ended && send_last_request (self);
}

gssize
regia_wire_read (RegiaWire *self, void *buffer, gsize count, GError **error)
{
  gboolean ended = FALSE;

  if (self->show == NULL && !take_request (self, &ended, error))
    return ended ? 0 : -1;
  gsize left = strlen (self->show), n = MIN (left, count);
  memcpy (buffer, self->show, n);
  self->show = n == left ? NULL : self->show + n;
  return n;
}

gssize
regia_wire_write (RegiaWire *self, const void *buffer, gsize count, GError **error)
{
  struct iovec parts[2];
  struct msghdr message = {.msg_iov = parts};
  gssize n;

  if (self->last_request)
    return (gssize)count;
  if (self->hold_next) {
    self->hold_next = FALSE;
    if (count <= HELD_MAX_BYTES) {
      if (self->held == NULL)
        self->held = g_malloc (HELD_MAX_BYTES);
      memcpy (self->held, buffer, count);
      self->held_length = count;
      self->held_sent = 0;
      return count;
    }
  }
  do {
    if (self->held_length > 0)
      parts[message.msg_iovlen++] =
          (struct iovec){self->held + self->held_sent, self->held_length - self->held_sent};
    parts[message.msg_iovlen++] = (struct iovec){(void *)buffer, count};
    n = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    message.msg_iovlen = 0;
    if (n < 0) {
      int code = errno;
      if (code == EAGAIN)
        self->ready.writable = FALSE;
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), "send");
      return -1;
    }
    COUNT (self, bytes_sent, n);
    if (self->held_length > 0) {
      gsize head = MIN ((gsize)n, self->held_length - self->held_sent);
      self->held_sent += head;
      n -= head;
      if (self->held_sent == self->held_length)
        self->held_length = self->held_sent = 0;
    }
  } while (n == 0 && count > 0);
  self->deadline_us = g_get_monotonic_time () + (gint64)self->owner->limits->progress_ms * 1000;
  self->unsent = -1; /* measured anew: this write has filled the queue that the client had emptied */
  return n;
}

gboolean
regia_wire_has_buffered (RegiaWire *self)
{
  finish_answer (self);
  if (self->show != NULL || self->refused)
    return TRUE;
  if (self->head_bytes == 0)
    self->head_bytes = regia_request_head_length (self->in, self->in_length, &self->scanned);
  return self->head_bytes > 0;
}

/* The wire itself. */

static void
close_fd (RegiaWire *self)
{
  count_client_out (self);
  if (self->owner != NULL)
    regia_house_leave (self->owner->house, &self->guest);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->phase = REGIA_WIRE_CLOSED;
}

static gboolean
has_unread (RegiaWire *self)
{
  int unread = 0;
  return self->phase == REGIA_WIRE_ANSWER && ioctl (self->fd, FIONREAD, &unread) == 0 && unread > 0;
}

static gboolean
wire_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  RegiaWire *self = REGIA_WIRE (stream);

  if (self->phase >= REGIA_WIRE_LINGER)
    return TRUE;
  if (self->refused || has_unread (self)) {
    /* Closing now, with unread bytes of the client, would reset the connection and take the last answer with
     * it. */
    shutdown (self->fd, SHUT_WR);
    count_client_out (self);
    regia_house_linger (self->owner->house, &self->guest);
    set_phase (self, REGIA_WIRE_LINGER, self->owner->limits->linger_ms);
  } else {
    close_fd (self);
  }
  self->owner->closed (self, self->owner->user_data);
  return TRUE;
}

static GInputStream *
wire_get_input (GIOStream *stream)
{
  return REGIA_WIRE (stream)->input;
}

static GOutputStream *
wire_get_output (GIOStream *stream)
{
  return REGIA_WIRE (stream)->output;
}

static void
regia_wire_finalize (GObject *object)
{
  RegiaWire *self = REGIA_WIRE (object);

  close_fd (self);
  regia_wire_input_detach (self->input);
  regia_wire_output_detach (self->output);
  g_object_unref (self->input);
  g_object_unref (self->output);
  g_free (self->in);
  g_free (self->held);
  G_OBJECT_CLASS (regia_wire_parent_class)->finalize (object);
}

static void
regia_wire_class_init (RegiaWireClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = regia_wire_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = wire_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream = wire_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = wire_close;
}

static void
regia_wire_init (RegiaWire *self)
{
  self->fd = -1;
  self->input = regia_wire_input_new (self);
  self->output = regia_wire_output_new (self);
}

RegiaWire *
regia_wire_new (int fd, const struct sockaddr *remote, const RegiaWireOwner *owner,
                RegiaAdmission *ret_admission)
{
  g_autoptr (RegiaWire) self = g_object_new (REGIA_TYPE_WIRE, NULL);
  gboolean shut;

  regia_peer_from_sockaddr (remote, &self->peer);
  self->client = self->peer;
  self->from_proxy = regia_proxies_trust (owner->proxies, remote);
  self->owner = owner;
  *ret_admission =
      regia_house_enter (owner->house, &self->guest, self->from_proxy ? NULL : &self->peer, fd, &shut);
  if (*ret_admission != REGIA_ADMISSION_IN)
    return NULL;
  if (shut)
    COUNT (self, cut, 1);
  self->fd = fd;
  self->in = g_malloc (self->in_room = IN_FIRST_BYTES);
  regia_poller_add (owner->poller, fd, &self->ready);
  /* The first request is due at once: a connection that says nothing is worth less than one that was useful.
   */
  set_phase (self, REGIA_WIRE_IDLE, owner->limits->head_ms);
  return g_steal_pointer (&self);
}

const RegiaPeer *
regia_wire_get_peer (RegiaWire *self)
{
  return &self->client;
}

gboolean
regia_wire_has_too_many (RegiaWire *self)
{
  return self->has_too_many;
}

RegiaWirePhase
regia_wire_get_phase (RegiaWire *self)
{
  return self->phase;
}

const RegiaRequest *
regia_wire_get_request (RegiaWire *self)
{
  return &self->request;
}

gboolean
regia_wire_is_last (RegiaWire *self)
{
  return self->request.close || self->request.http10 || self->requests >= self->owner->limits->max_requests;
}

gboolean
regia_wire_is_over (RegiaWire *self)
{
  return self->last_request;
}

void
regia_wire_expect_body (RegiaWire *self)
{
  self->hold_next = TRUE;
}

void
regia_wire_shutdown (RegiaWire *self)
{
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_RDWR);
}

/* After a refusal: what still arrives is read and dropped. TRUE when the client is done or its time is up. */
static gboolean
linger_is_over (RegiaWire *self, gint64 now_us)
{
  char scrap[16384];
  gssize n;

  for (gsize total = 0; total < LINGER_BYTES; total += n) {
    n = recv (self->fd, scrap, sizeof scrap, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      return TRUE;
    if (n < 0)
      break;
  }
  return now_us >= self->deadline_us;
}

/* What was written may still be on its way: as long as the client takes it, the deadline moves. */
static gboolean
is_draining (RegiaWire *self, gint64 now_us)
{
  int unsent = 0, before = self->unsent;

  if (ioctl (self->fd, SIOCOUTQ, &unsent) < 0 || unsent == 0)
    return FALSE;
  self->unsent = unsent;
  if (before >= 0 && unsent >= before)
    return FALSE;
  self->deadline_us = now_us + (gint64)self->owner->limits->progress_ms * 1000;
  return TRUE;
}

gboolean
regia_wire_sweep (RegiaWire *self, gint64 now_us)
{
  switch (self->phase) {
  case REGIA_WIRE_LINGER:
    if (linger_is_over (self, now_us))
      close_fd (self);
    return FALSE;
  case REGIA_WIRE_CLOSED:
    return FALSE;
  case REGIA_WIRE_IDLE:
  case REGIA_WIRE_ANSWER:
    if (now_us < self->deadline_us || is_draining (self, now_us))
      return FALSE;
    break;
  case REGIA_WIRE_HEAD:
    if (now_us < self->deadline_us)
      return FALSE;
    break;
  }
  if (!self->cut)
    COUNT (self, cut, 1);
  self->cut = TRUE; /* one that waits for the disk is met again and again until the disk answers */
  regia_wire_shutdown (self);
  return TRUE;
}
