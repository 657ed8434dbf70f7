/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire-streams-private.h"

#include "regia/base/thread.h"

/*
 * Life of a wire: made by the acceptor for an accepted socket; called by the poller whenever something about
 * the socket has changed (run()); goes when the client does, when a deadline is missed, or behind a refusal
 * or a last answer. The acceptor holds a reference until it is closed, the library while it has it, a disk
 * thread while it works for it. One worker's thread touches it; a disk thread looks at its request and lane.
 *
 * A head is parsed in place and stays at the start of `in`, because the request points into it, until its
 * answer is complete; what is behind it is the next head (pipelining) or the request's body. So one request
 * is answered at a time, in order.
 */

#define IN_FIRST_BYTES 1024
#define LINGER_BYTES   (256 * 1024)
#define SEND_BYTES     (256 * 1024)
#define NOTSENT_BYTES  (128 * 1024)
#define WIDE_BYTES     (4 * 1024 * 1024)  /* instead of what listen.c gives at first */
#define WIDE_AFTER     (16 * 1024 * 1024) /* bytes taken within … */
#define WIDE_WITHIN_US 250000
#define WIDE_PERCENT   70 /* of the budget: nobody gets more then */
#define BOUND_PERCENT  85 /* … everybody gets little */
#define TURNS          16 /* requests of one connection in a row before others have their turn */

G_DEFINE_FINAL_TYPE (RegiaWire, regia_wire, G_TYPE_IO_STREAM)

static void
set_phase (RegiaWire *self, RegiaWirePhase phase, guint limit_ms)
{
  gint64 now_us = g_get_monotonic_time ();

  if (phase == REGIA_WIRE_ANSWER || self->phase == REGIA_WIRE_HANDSHAKE) /* which has sent something, too */
    self->took_us = now_us;
  if (phase == REGIA_WIRE_ANSWER) {
    self->begun_us = now_us;
    self->sent = 0;
  }
  self->phase = phase;
  self->deadline_us = now_us + (gint64)limit_ms * 1000;
}

/* Behind a proxy a connection speaks for many: each request counts as a connection of the one it is for.
 * FALSE: that one has its share. */
static gboolean
count_client (RegiaWire *self)
{
  self->client = self->peer;
  if (!self->from_proxy ||
      !regia_proxies_client (self->owner->proxies, self->request.forwarded_for, &self->client))
    return TRUE;
  self->is_counted = regia_connections_begin (self->owner->connections, &self->client);
  return self->is_counted;
}

static void
count_client_out (RegiaWire *self)
{
  if (self->is_counted)
    regia_connections_end (self->owner->connections, &self->client);
  self->is_counted = FALSE;
}

void
regia_wire_count_sent (RegiaWire *self, gsize bytes)
{
  if (bytes == 0)
    return;
  REGIA_WIRE_COUNT (self, bytes_sent, bytes);
  self->sent += bytes;
  self->took_us = g_get_monotonic_time ();
}

/* The end. */

static void
count_kernel_bytes (RegiaWire *self, guint bytes)
{
  if (bytes != self->kernel_bytes)
    regia_budget_add (self->owner->budget, (gint64)bytes - (gint64)self->kernel_bytes);
  self->kernel_bytes = bytes;
}

/*
 * As long as there is room in the budget, the kernel may hold for a connection what listen.c gives it, and
 * more for one that takes half a gigabit a second or more, which is then woken less often; else 256 KiB.
 * Sticky: what was bounded stays so.
 */
static void
bound_kernel (RegiaWire *self)
{
  const int send_bytes = SEND_BYTES, notsent_bytes = NOTSENT_BYTES, wide_bytes = WIDE_BYTES;
  guint used = regia_budget_get_percent (self->owner->budget);

  if (!self->is_bounded && used >= BOUND_PERCENT) {
    self->is_bounded = TRUE;
    setsockopt (self->fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    setsockopt (self->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent_bytes, sizeof notsent_bytes);
  } else if (!self->is_bounded && !self->is_wide && used < WIDE_PERCENT && self->sent >= WIDE_AFTER &&
             self->took_us - self->begun_us < WIDE_WITHIN_US) {
    self->is_wide = TRUE;
    setsockopt (self->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &wide_bytes, sizeof wide_bytes);
    count_kernel_bytes (self, WIDE_BYTES); /* until the next sweep counts: others ask before that */
  }
}

static void
close_fd (RegiaWire *self)
{
  if (self->fd < 0)
    return;
  count_client_out (self);
  count_kernel_bytes (self, 0);
  if (!self->is_waiting)
    regia_lane_clear (&self->lane);
  regia_connections_leave (self->owner->connections, &self->guest);
  regia_poller_remove (self->owner->poller, &self->ready);
  regia_stream_free (g_steal_pointer (&self->stream), !self->was_cut);
  close (self->fd);
  self->fd = -1;
}

static void
hang_up (RegiaWire *self)
{
  if (self->phase == REGIA_WIRE_CLOSED)
    return;
  close_fd (self);
  self->phase = REGIA_WIRE_CLOSED;
  if (self->is_shown && !self->is_librarys)
    regia_wire_show_last (self);
  self->owner->closed (self, self->owner->closed_data);
}

void
regia_wire_linger (RegiaWire *self)
{
  count_client_out (self);
  self->stream->class->end_writing (self->stream);
  regia_connections_linger (self->owner->connections, &self->guest);
  set_phase (self, REGIA_WIRE_LINGER, self->owner->limits->linger_ms);
}

void
regia_wire_end (RegiaWire *self)
{
  int unread = 0;

  if (self->phase >= REGIA_WIRE_LINGER)
    return;
  /* Closing now, with unread bytes of the client, would reset the connection and take the last answer with
   * it. */
  if (self->in_length > self->head_bytes || (ioctl (self->fd, FIONREAD, &unread) == 0 && unread > 0))
    regia_wire_linger (self);
  else
    hang_up (self);
}

void
regia_wire_cut (RegiaWire *self)
{
  const struct linger at_once = {.l_onoff = 1};

  if (self->phase == REGIA_WIRE_CLOSED)
    return;
  if (!self->was_cut)
    REGIA_WIRE_COUNT (self, cut, 1);
  self->was_cut = TRUE;
  /* Else the kernel would keep what the client does not take for minutes more. */
  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  hang_up (self);
}

/* What still arrives after a refusal is read and dropped, under TLS as it is. TRUE when the client is done.
 */
static gboolean
drop_rest (RegiaWire *self)
{
  char scrap[16384];
  gssize n;

  for (gsize total = 0; total < LINGER_BYTES; total += (gsize)n) {
    n = recv (self->fd, scrap, sizeof scrap, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      return TRUE;
    if (n < 0)
      return FALSE;
  }
  return FALSE;
}

/* Heads. */

typedef enum { COLLECTED, INCOMPLETE, ENDED, REFUSED } Collected;

static Collected
collect_head (RegiaWire *self)
{
  while (self->head_bytes == 0) {
    gsize room;
    gssize n;

    self->head_bytes = regia_request_head_length (self->in, self->in_length, &self->scanned);
    if (self->head_bytes > 0)
      break;
    if (self->in_length == REGIA_REQUEST_MAX_HEAD_BYTES) {
      RegiaRefusal refusal = {431, "The request's head is longer than 16 KiB", FALSE, FALSE};
      regia_wire_refuse (self, &refusal);
      return REFUSED;
    }
    if (!regia_stream_is_readable (self->stream, &self->ready))
      return INCOMPLETE;
    if (self->in_length == self->in_room)
      self->in = g_realloc (self->in, self->in_room = MIN (self->in_room * 2, REGIA_REQUEST_MAX_HEAD_BYTES));
    room = self->in_room - self->in_length;
    n = self->stream->class->read (self->stream, self->in + self->in_length, room);
    if (self->phase == REGIA_WIRE_HANDSHAKE && self->stream->is_open)
      set_phase (self, REGIA_WIRE_IDLE, self->owner->limits->head_ms);
    if (n < 0 && errno == EAGAIN) {
      regia_stream_note_unread (self->stream, &self->ready);
      return INCOMPLETE;
    }
    if (n <= 0)
      return ENDED;
    if ((gsize)n < room && !self->ready.ended) /* epoll(7): that was all; what comes later is told */
      regia_stream_note_unread (self->stream, &self->ready);
    if (self->in_length == 0 && self->phase == REGIA_WIRE_IDLE)
      set_phase (self, REGIA_WIRE_HEAD, self->owner->limits->head_ms);
    self->in_length += (gsize)n;
  }
  return COLLECTED;
}

static gboolean
is_last (RegiaWire *self)
{
  return self->request.close || self->request.http10 || self->requests >= self->owner->limits->max_requests;
}

void
regia_wire_finish_answer (RegiaWire *self)
{
  regia_lane_clear (&self->lane);
  count_client_out (self);
  regia_connections_rest (self->owner->connections, &self->guest);
  self->is_librarys = FALSE;
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

/* Answers by the lane. */

/* A disk thread's work for a wire: an answer that needs the disk, or the next piece of a file. */
typedef struct {
  RegiaDiskJob job;
  RegiaWire *wire; /* (owned) */
  RegiaReply reply;
} WireJob;

static void run (RegiaWire *self);

static WireJob *
wire_job_new (RegiaWire *self, void (*work) (RegiaDiskJob *job), void (*done) (RegiaDiskJob *job))
{
  WireJob *job = g_new0 (WireJob, 1);

  job->job = (RegiaDiskJob){work, done, self->owner->context};
  job->wire = g_object_ref (self);
  regia_reply_init (&job->reply);
  self->is_waiting = TRUE;
  return job;
}

/* Back from the disk. FALSE: the connection has gone meanwhile. */
static gboolean
stop_waiting (RegiaWire *self)
{
  self->is_waiting = FALSE;
  self->took_us = g_get_monotonic_time (); /* it was us who kept the client waiting */
  if (self->phase == REGIA_WIRE_ANSWER)
    return TRUE;
  regia_lane_clear (&self->lane);
  return FALSE;
}

static void
wire_job_free (WireJob *job)
{
  regia_reply_clear (&job->reply);
  g_object_unref (job->wire);
  g_free (job);
}

static void
piece_work_cb (RegiaDiskJob *job)
{
  RegiaLane *lane = &((WireJob *)job)->wire->lane;
  gsize piece = regia_lane_piece (lane);

  /* What cannot be read is not there for sendfile either, which then says so. */
  if (!regia_disk_warm (lane->fd, lane->offset, piece))
    g_debug ("the file has lost its end, or cannot be read");
}

static void
piece_done_cb (RegiaDiskJob *job)
{
  WireJob *self = (WireJob *)job;

  if (stop_waiting (self->wire)) {
    regia_lane_set_warm (&self->wire->lane, regia_lane_piece (&self->wire->lane));
    run (self->wire);
  }
  wire_job_free (self);
}

/* What the kernel still holds: as long as it becomes less, the client takes it. */
static void
look_at_client (RegiaWire *self, gint64 now_us)
{
  int unsent = 0;

  if (ioctl (self->fd, SIOCOUTQ, &unsent) < 0 || unsent < 0)
    unsent = 0;
  if ((guint)unsent < self->kernel_bytes) {
    self->took_us = now_us;
    if (self->phase == REGIA_WIRE_IDLE)
      self->deadline_us = MAX (self->deadline_us, now_us + (gint64)self->owner->limits->progress_ms * 1000);
  }
  count_kernel_bytes (self, (guint)unsent);
}

/* TRUE when the answer is complete and the connection goes on. */
static gboolean
take_state (RegiaWire *self, RegiaLaneState state)
{
  switch (state) {
  case REGIA_LANE_DONE:
    if (!is_last (self)) {
      regia_wire_finish_answer (self);
      return TRUE;
    }
    regia_wire_end (self);
    return FALSE;
  case REGIA_LANE_FULL:
    regia_stream_note_unwritten (self->stream, &self->ready);
    if (self->kernel_bytes == 0) /* two thousand may come between two sweeps */
      look_at_client (self, self->took_us);
    bound_kernel (self);
    return FALSE;
  case REGIA_LANE_COLD:
    regia_disk_push (self->owner->disk, &wire_job_new (self, piece_work_cb, piece_done_cb)->job);
    return FALSE;
  case REGIA_LANE_BROKEN:
    hang_up (self);
    return FALSE;
  }
  return FALSE;
}

static gboolean
send_reply (RegiaWire *self, RegiaReply *reply)
{
  gboolean has_body = regia_reply_has_body (reply, self->request.method == REGIA_METHOD_HEAD);
  char head[REGIA_REPLY_HEAD_BYTES];
  gsize length = regia_reply_write_head (reply, is_last (self), regia_reply_date_now (), head), sent = 0;
  RegiaLaneState state = regia_lane_start (&self->lane, self->owner->budget, self->owner->arena, self->stream,
                                           head, length, has_body ? reply : NULL, &sent);

  regia_wire_count_sent (self, sent);
  return take_state (self, state);
}

static void
slow_work_cb (RegiaDiskJob *job)
{
  WireJob *self = (WireJob *)job;
  const RegiaWireOwner *owner = self->wire->owner;

  owner->answer (&self->wire->request, &self->wire->client, TRUE, &self->reply, owner->answer_data);
}

static void
slow_done_cb (RegiaDiskJob *job)
{
  WireJob *self = (WireJob *)job;

  if (stop_waiting (self->wire) && send_reply (self->wire, &self->reply))
    run (self->wire);
  wire_job_free (self);
}

/* TRUE when it is answered already and the connection goes on. */
static gboolean
answer (RegiaWire *self)
{
  g_auto (RegiaReply) reply;
  const RegiaWireOwner *owner = self->owner;

  regia_reply_init (&reply);
  if (!count_client (self)) {
    regia_reply_error (&reply, 503, self->request.path,
                       "Too many connections from your address; try again in some seconds.");
    self->request.close = TRUE; /* with its body, if it has one */
    return send_reply (self, &reply);
  }
  switch (owner->answer (&self->request, &self->client, FALSE, &reply, owner->answer_data)) {
  case REGIA_ANSWER_READY:
    return send_reply (self, &reply);
  case REGIA_ANSWER_SLOW:
    if (!regia_disk_is_busy (owner->disk)) {
      regia_disk_push (owner->disk, &wire_job_new (self, slow_work_cb, slow_done_cb)->job);
      return FALSE;
    }
    regia_reply_error (&reply, 503, self->request.path, "The disk is busy; try again in some seconds.");
    return send_reply (self, &reply);
  case REGIA_ANSWER_OTHER:
    if (!regia_wire_show_request (self))
      hang_up (self);
    return FALSE;
  }
  return FALSE;
}

/* There is no request, and there will be none. */
static void
end_unheard (RegiaWire *self)
{
  if (!self->stream->was_told) {
    hang_up (self);
    return;
  }
  REGIA_WIRE_COUNT (self, refused, 1);
  regia_wire_linger (self);
}

/* The next request, judged and begun. TRUE when it is answered already. */
static gboolean
next_request (RegiaWire *self)
{
  RegiaRefusal refusal;

  switch (collect_head (self)) {
  case INCOMPLETE:
  case REFUSED:
    return FALSE;
  case ENDED:
    end_unheard (self);
    return FALSE;
  case COLLECTED:
    break;
  }
  if (!regia_request_parse (self->in, self->head_bytes, self->owner->hosts, self->owner->rules,
                            &self->request, &refusal)) {
    regia_wire_refuse (self, &refusal);
    return FALSE;
  }
  self->requests++;
  REGIA_WIRE_COUNT (self, requests, 1);
  if (self->owner->redirect_port != 0) {
    regia_wire_redirect (self);
    return FALSE;
  }
  regia_connections_serve (self->owner->connections, &self->guest);
  set_phase (self, REGIA_WIRE_ANSWER, 0);
  return answer (self);
}

static gboolean
go_on (RegiaWire *self)
{
  RegiaLaneState state;
  gsize sent;

  if (self->is_librarys || self->is_waiting ||
      (!regia_stream_is_writable (self->stream, &self->ready) && self->lane.warm == 0))
    return FALSE;
  state = regia_lane_go_on (&self->lane, self->stream, &sent);
  regia_wire_count_sent (self, sent);
  return take_state (self, state);
}

static void
run (RegiaWire *self)
{
  g_autoptr (RegiaWire) keep = g_object_ref (self);

  for (guint turn = 0; turn < TURNS; turn++) {
    switch (self->phase) {
    case REGIA_WIRE_HANDSHAKE:
    case REGIA_WIRE_IDLE:
    case REGIA_WIRE_HEAD:
      if (!next_request (self))
        return;
      break;
    case REGIA_WIRE_ANSWER:
      if (!go_on (self))
        return;
      break;
    case REGIA_WIRE_LINGER: /* the sweep takes a little now and then: nobody is to send us a body at full
                               speed */
    case REGIA_WIRE_CLOSED:
      return;
    }
  }
  regia_poller_wake (self->owner->poller, &self->ready);
}

static void
changed_cb (RegiaReadiness *readiness)
{
  run ((RegiaWire *)((char *)readiness - G_STRUCT_OFFSET (RegiaWire, ready)));
}

/* Deadlines. */

static gboolean
is_overdue (RegiaWire *self, gint64 now_us)
{
  gint64 stalled_us = regia_wire_get_stalled_since (self);

  if (self->body_left > 0 && now_us >= self->body_deadline_us)
    return TRUE;
  if (stalled_us != G_MAXINT64)
    return now_us - stalled_us >= (gint64)self->owner->limits->stalled_ms * 1000;
  return self->phase != REGIA_WIRE_ANSWER && now_us >= self->deadline_us;
}

void
regia_wire_sweep (RegiaWire *self, gint64 now_us)
{
  if (self->phase == REGIA_WIRE_CLOSED)
    return;
  if (self->phase == REGIA_WIRE_LINGER) {
    if (drop_rest (self) || now_us >= self->deadline_us)
      hang_up (self);
    return;
  }
  look_at_client (self, now_us);
  if (is_overdue (self, now_us))
    regia_wire_cut (self);
}

gint64
regia_wire_get_stalled_since (RegiaWire *self)
{
  gboolean lane_is_full = self->phase == REGIA_WIRE_ANSWER && !self->is_librarys && !self->is_waiting;

  /* What the kernel holds may belong to an answer that is complete for us; without it the library's is still
   * being made (or waits for events). */
  if (lane_is_full || (self->kernel_bytes > 0 && !self->is_waiting &&
                       (self->phase == REGIA_WIRE_ANSWER || self->phase == REGIA_WIRE_IDLE)))
    return self->took_us;
  return G_MAXINT64;
}

/* The object. */

static gboolean
wire_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  RegiaWire *self = REGIA_WIRE (stream);

  REGIA_ON_THREAD_VAL (self->owner->context, FALSE);
  self->is_shown = FALSE;
  regia_wire_end (self);
  return TRUE;
}

/* GIO's own would close it in a thread of its pool, beside the worker: a WebSocket is closed in this way. */
static void
wire_close_async (GIOStream *stream, int priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_priority (task, priority);
  g_task_return_boolean (task, wire_close (stream, cancellable, NULL));
}

static gboolean
wire_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
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
  g_free (self->show);
  G_OBJECT_CLASS (regia_wire_parent_class)->finalize (object);
}

static void
regia_wire_class_init (RegiaWireClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = regia_wire_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = wire_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream = wire_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = wire_close;
  G_IO_STREAM_CLASS (klass)->close_async = wire_close_async;
  G_IO_STREAM_CLASS (klass)->close_finish = wire_close_finish;
}

static void
regia_wire_init (RegiaWire *self)
{
  self->fd = -1;
  self->lane.fd = -1;
  self->input = regia_wire_input_new (self);
  self->output = regia_wire_output_new (self);
}

RegiaWire *
regia_wire_new (int fd, const struct sockaddr *remote, RegiaTls *tls, const RegiaWireOwner *owner,
                RegiaAdmission *ret_admission)
{
  g_autoptr (RegiaWire) self = g_object_new (REGIA_TYPE_WIRE, NULL);
  gboolean shut;

  regia_peer_from_sockaddr (remote, &self->peer);
  self->client = self->peer;
  self->from_proxy = regia_proxies_trust (owner->proxies, remote);
  self->owner = owner;
  *ret_admission = regia_connections_enter (owner->connections, &self->guest,
                                            self->from_proxy ? NULL : &self->peer, fd, &shut);
  if (*ret_admission != REGIA_ADMISSION_IN)
    return NULL;
  if (shut)
    REGIA_WIRE_COUNT (self, cut, 1);
  self->fd = fd;
  self->stream = tls != NULL ? regia_stream_tls_new (fd, tls) : regia_stream_plain_new (fd);
  self->in = g_malloc (self->in_room = IN_FIRST_BYTES);
  self->ready.changed = changed_cb;
  regia_poller_add (owner->poller, fd, &self->ready);
  /* The first request is due at once: a connection that says nothing is worth less than one that was useful.
   */
  if (tls != NULL)
    set_phase (self, REGIA_WIRE_HANDSHAKE, owner->limits->handshake_ms);
  else
    set_phase (self, REGIA_WIRE_IDLE, owner->limits->head_ms);
  return g_steal_pointer (&self);
}

const RegiaPeer *
regia_wire_get_peer (RegiaWire *self)
{
  return &self->client;
}

RegiaWirePhase
regia_wire_get_phase (RegiaWire *self)
{
  return self->phase;
}
