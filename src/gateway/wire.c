/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "wire-private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Life of a wire: made by the acceptor for an accepted socket; told by the poller when the socket has
 * something or takes something. It reads heads, has them judged, and asks for the answer. An answer that is
 * in memory (playlists, segments, pages, status) it sends by itself; a request that has to wait for the disk
 * is lent to the library, which reads and writes through the two doors (doors.c) from then on and closes the
 * wire when it is at its end. Viewers who only watch never meet the library. The acceptor holds a reference
 * until the wire is closed, and until a refused one has lingered. One worker's thread touches it, nobody
 * else.
 *
 * Bytes of the request stay at the start of `in` until it is answered, because the request points into them.
 */

#define IN_FIRST_BYTES 1024
#define HELD_MAX_BYTES REGIA_REPLY_HEAD_BYTES
#define BURST          32 /* answers in a row before other connections have their turn */
#define LINGER_BYTES   (256 * 1024)

G_DEFINE_FINAL_TYPE (RegiaWire, regia_wire, G_TYPE_IO_STREAM)

#define COUNT(self, field, n)                                                                                \
  __atomic_store_n (&(self)->owner->stats->field, (self)->owner->stats->field + (n), __ATOMIC_RELAXED)

static void
set_phase (RegiaWire *self, RegiaWirePhase phase, guint limit_ms)
{
  gint64 now_us = g_get_monotonic_time ();

  self->phase = phase;
  self->deadline_us = now_us + (gint64)limit_ms * 1000;
  self->idle_since_us = now_us;
  self->unsent = -1;
}

/* The answer is complete: room for the next request. */
static void
finish_answer (RegiaWire *self)
{
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

/* Both parts, as far as the socket takes them. Returns what it took of @buffer, −1 when it takes nothing now
 * or the client is gone (errno). */
static gssize
send_parts (RegiaWire *self, const void *buffer, gsize count)
{
  for (;;) {
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};
    gsize held = self->held_length - self->held_sent;
    gssize n;

    if (held > 0)
      parts[message.msg_iovlen++] = (struct iovec){self->held + self->held_sent, held};
    if (count > 0)
      parts[message.msg_iovlen++] = (struct iovec){(void *)buffer, count};
    if (message.msg_iovlen == 0)
      return 0;
    n = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      self->ready.writable = errno != EAGAIN;
      return -1;
    }
    COUNT (self, bytes_sent, n);
    self->deadline_us = g_get_monotonic_time () + (gint64)self->owner->limits->progress_ms * 1000;
    if ((gsize)n < held) {
      self->held_sent += n;
      continue;
    }
    self->held_length = self->held_sent = 0;
    if ((gsize)n > held || count == 0)
      return n - (gssize)held;
  }
}

/* Sends our own answer: 1 when it is out, 0 when the socket is full, −1 when the client is gone. */
static int
flush (RegiaWire *self)
{
  for (;;) {
    gsize size = 0;
    const char *data = self->body != NULL ? g_bytes_get_data (self->body, &size) : NULL;
    gssize n;

    if (self->held_length == 0 && self->body_sent == size)
      break;
    n = send_parts (self, data + self->body_sent, size - self->body_sent);
    if (n < 0)
      return errno == EAGAIN ? 0 : -1;
    self->body_sent += (gsize)n;
  }
  g_clear_pointer (&self->body, g_bytes_unref);
  self->body_sent = 0;
  return 1;
}

static void
start_answer (RegiaWire *self, const RegiaReply *reply, RegiaMethod method, gboolean last)
{
  if (self->held == NULL)
    self->held = g_malloc (HELD_MAX_BYTES);
  self->held_length = regia_reply_write_head (reply, last, self->held);
  self->held_sent = 0;
  if (regia_reply_has_body (reply, method))
    self->body = g_bytes_ref (reply->body);
  self->closing = last;
}

/* Whatever the answer to it is, a request that cannot be understood must be the last thing read from its
 * connection. */
static void
refuse (RegiaWire *self, const RegiaRefusal *refusal)
{
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  regia_reply_error (&reply, refusal->status, refusal->json, refusal->words);
  if (refusal->status == 405)
    reply.allow = REGIA_REQUEST_ALLOW;
  set_phase (self, REGIA_WIRE_ANSWER, self->owner->limits->progress_ms);
  start_answer (self, &reply, refusal->head ? REGIA_METHOD_HEAD : REGIA_METHOD_GET, TRUE);
  self->refused = TRUE;
  COUNT (self, refused, 1);
}

typedef enum { HEAD_COMPLETE, HEAD_TOO_LONG, HEAD_WAIT, HEAD_END } Head;

static Head
collect_head (RegiaWire *self)
{
  while (self->head_bytes == 0) {
    gssize n;

    self->head_bytes = regia_request_head_length (self->in, self->in_length, &self->scanned);
    if (self->head_bytes > 0)
      break;
    if (self->in_length == REGIA_REQUEST_MAX_HEAD_BYTES)
      return HEAD_TOO_LONG;
    if (self->in_length == self->in_room)
      self->in = g_realloc (self->in, self->in_room = MIN (self->in_room * 2, REGIA_REQUEST_MAX_HEAD_BYTES));
    n = recv (self->fd, self->in + self->in_length, self->in_room - self->in_length, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
      self->ready.readable = FALSE;
      return HEAD_WAIT;
    }
    if (n <= 0)
      return HEAD_END;
    if (self->in_length == 0 && self->phase == REGIA_WIRE_IDLE)
      set_phase (self, REGIA_WIRE_HEAD, self->owner->limits->head_ms);
    self->in_length += n;
  }
  return HEAD_COMPLETE;
}

/* Nothing more is read. The library, if it has the wire, finds out at its door (see say_farewell). */
static void
end (RegiaWire *self)
{
  self->ended = TRUE;
  if (!self->attached)
    g_io_stream_close (G_IO_STREAM (self), NULL, NULL);
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

static void
lend (RegiaWire *self)
{
  self->show = fixed_head (&self->request);
  self->lent = TRUE;
  if (self->attached)
    return; /* its source finds it at the next turn */
  self->attached = TRUE;
  if (!self->owner->lend (self, self->owner->lend_data))
    g_io_stream_close (G_IO_STREAM (self), NULL, NULL);
}

static void
answer (RegiaWire *self)
{
  g_auto (RegiaReply) reply;

  self->requests++;
  COUNT (self, requests, 1);
  set_phase (self, REGIA_WIRE_ANSWER, self->owner->limits->progress_ms);
  regia_reply_init (&reply);
  self->owner->answer (&self->request, &self->peer, FALSE, &reply, self->owner->answer_data);
  if (reply.is_slow || reply.fd >= 0)
    lend (self);
  else
    start_answer (self, &reply, self->request.method, regia_wire_is_last (self));
}

/* One request, or what there is of it. FALSE when nothing more can be done now. */
static gboolean
step (RegiaWire *self)
{
  static const RegiaRefusal too_long = {431, "The request's head is longer than 16 KiB", FALSE, FALSE};
  RegiaRefusal refusal;

  if (self->phase >= REGIA_WIRE_LINGER || self->lent || self->ended)
    return FALSE;
  if (self->phase == REGIA_WIRE_ANSWER) {
    int out = flush (self);
    if (out < 0 || (out > 0 && self->closing))
      end (self);
    if (out <= 0 || self->closing)
      return FALSE;
    finish_answer (self);
  }
  switch (collect_head (self)) {
  case HEAD_WAIT:
    return FALSE;
  case HEAD_END:
    end (self);
    return FALSE;
  case HEAD_TOO_LONG:
    refuse (self, &too_long);
    return TRUE;
  case HEAD_COMPLETE:
    break;
  }
  if (regia_request_parse (self->in, self->head_bytes, self->owner->hosts, &self->request, &refusal))
    answer (self);
  else
    refuse (self, &refusal);
  return TRUE;
}

static gboolean again_cb (gpointer data);

/* Does what can be done; who sends requests without end waits for their turn. */
static void
pump (RegiaWire *self)
{
  g_object_ref (self); /* it may be closed on the way */
  for (guint i = 0; step (self); i++) {
    if (i < BURST || self->again != NULL)
      continue;
    self->again = g_idle_source_new ();
    g_source_set_priority (self->again, G_PRIORITY_DEFAULT);
    g_source_set_callback (self->again, again_cb, g_object_ref (self), g_object_unref);
    g_source_attach (self->again, g_main_context_get_thread_default ());
    break;
  }
  g_object_unref (self);
}

static gboolean
again_cb (gpointer data)
{
  RegiaWire *self = data;

  g_clear_pointer (&self->again, g_source_unref);
  pump (self);
  return G_SOURCE_REMOVE;
}

static void
readiness_changed (RegiaReadiness *readiness)
{
  pump ((RegiaWire *)(void *)((char *)readiness - G_STRUCT_OFFSET (RegiaWire, ready)));
}

/* The library's side. */

void
regia_wire_wait (RegiaWire *self)
{
  if (self->lent && self->show == NULL) {
    self->lent = FALSE;
    finish_answer (self);
  }
  pump (self);
}

/*
 * libsoup 3.2 forgets a kept-alive connection that ends before the next request's first byte: it frees the
 * message and never closes the connection. So it is shown a last request of our own, which is answered into
 * nothing and closes the connection by the book.
 */
static void
say_farewell (RegiaWire *self)
{
  self->farewell = TRUE;
  self->show = "GET http://a/ HTTP/1.0\r\n\r\n";
}

gssize
regia_wire_read (RegiaWire *self, void *buffer, gsize count, GError **error)
{
  gsize left, n;

  if (self->show == NULL)
    regia_wire_wait (self);
  if (self->show == NULL && self->ended && !self->farewell)
    say_farewell (self);
  if (self->show == NULL) {
    if (self->ended)
      return 0;
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "no request");
    return -1;
  }
  left = strlen (self->show);
  n = MIN (left, count);
  memcpy (buffer, self->show, n);
  self->show = n == left ? NULL : self->show + n;
  return (gssize)n;
}

gssize
regia_wire_write (RegiaWire *self, const void *buffer, gsize count, GError **error)
{
  gssize n;

  if (self->farewell)
    return (gssize)count;
  /* The head waits for the first bytes of the body, so that both are one packet and one system call. */
  if (self->hold_next && count <= HELD_MAX_BYTES) {
    if (self->held == NULL)
      self->held = g_malloc (HELD_MAX_BYTES);
    memcpy (self->held, buffer, count);
    self->held_length = count;
    self->held_sent = 0;
    self->hold_next = FALSE;
    return (gssize)count;
  }
  self->hold_next = FALSE;
  n = send_parts (self, buffer, count);
  if (n < 0) {
    int code = errno;
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), "send");
  }
  return n;
}

/* The wire itself. */

static void
close_fd (RegiaWire *self)
{
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
  if (self->again != NULL) {
    g_source_destroy (self->again);
    g_clear_pointer (&self->again, g_source_unref);
  }
  if (self->refused || has_unread (self)) {
    /* Closing now, with unread bytes of the client, would reset the connection and take the last answer with
     * it. */
    shutdown (self->fd, SHUT_WR);
    set_phase (self, REGIA_WIRE_LINGER, self->owner->limits->linger_ms);
  } else {
    close_fd (self);
  }
  self->owner->closed (self, self->owner->closed_data);
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
  g_clear_pointer (&self->body, g_bytes_unref);
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
regia_wire_new (int fd, const RegiaPeer *peer, const RegiaWireOwner *owner)
{
  RegiaWire *self = g_object_new (REGIA_TYPE_WIRE, NULL);

  self->fd = fd;
  self->peer = *peer;
  self->owner = owner;
  self->in = g_malloc (self->in_room = IN_FIRST_BYTES);
  self->ready.changed = readiness_changed;
  regia_poller_add (owner->poller, fd, &self->ready);
  /* The first request is due at once: a connection that says nothing is worth less than one that was useful.
   */
  set_phase (self, REGIA_WIRE_IDLE, owner->limits->head_ms);
  return self;
}

const RegiaPeer *
regia_wire_get_peer (RegiaWire *self)
{
  return &self->peer;
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
  return self->farewell;
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

gint64
regia_wire_get_idle_since (RegiaWire *self)
{
  return self->phase == REGIA_WIRE_IDLE ? self->idle_since_us : G_MAXINT64;
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
  COUNT (self, cut, 1);
  regia_wire_shutdown (self);
  return TRUE;
}
