/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "regia/feed/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/socket.h"
#include "wire-private.h"

#define RECONNECT_MS 100
#define BUFFER_BYTES (256u << 10)

/*
 * RegiaFeedClient: a blocking reader on its owner's thread. It is always in one of three conditions: away (fd
 * −1, tries again every 100 ms), greeted (connected, waiting for the hello), following. It remembers the
 * generation and the next seq, so that whatever happens to the connection the stream of events stays exact.
 *
 * Small messages are cut out of one receive buffer; a payload goes from there, or straight from the socket,
 * into its own memory: one copy.
 */
struct _RegiaFeedClient {
  char *path;         /* (owned) immutable */
  GString *patterns;  /* (owned) immutable: as sent */
  RegiaFeedFrom from; /* how to begin when there is nothing to resume */
  int fd;
  gint64 retry_at_us;

  gboolean following;
  guint64 generation; /* of the last hello; 0 before */
  guint64 next_seq;
  gboolean resumable; /* generation and next_seq are known */
  gboolean ended;     /* this generation's end was told */
  gboolean new_generation;
  gint64 last_end_ns; /* end of the last packet given, 0 before */

  char *buffer; /* (owned) BUFFER_BYTES */
  gsize begin, end;
  RegiaFeedHeader header;
  gboolean have_header;
  char *payload; /* (owned) (nullable): of the message being received */
  gsize payload_received;
  RegiaPacket *held; /* (owned) (nullable): given after the gap before it was told */
};

void
regia_feed_event_clear (RegiaFeedEvent *event)
{
  g_clear_pointer (&event->tracks, g_ptr_array_unref);
  g_clear_pointer (&event->packet, regia_packet_unref);
  event->type = REGIA_FEED_EVENT_NONE;
}

RegiaFeedClient *
regia_feed_client_new (const char *path, const char *const *tracks, RegiaFeedFrom from, guint64 generation,
                       guint64 seq)
{
  RegiaFeedClient *self = g_new0 (RegiaFeedClient, 1);

  self->path = g_strdup (path);
  self->patterns = g_string_new (NULL);
  for (gsize i = 0; tracks != NULL && tracks[i] != NULL; i++)
    g_string_append_printf (self->patterns, "%s\n", tracks[i]);
  self->from = from;
  if (from == REGIA_FEED_FROM_SEQ) {
    self->generation = generation;
    self->next_seq = seq;
    self->resumable = TRUE;
    self->from = REGIA_FEED_FROM_OLDEST;
  }
  self->fd = -1;
  self->buffer = g_malloc (BUFFER_BYTES);
  return self;
}

static void
disconnect_feed (RegiaFeedClient *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->following = FALSE;
  self->begin = self->end = 0;
  self->have_header = FALSE;
  g_clear_pointer (&self->payload, g_free);
  self->retry_at_us = g_get_monotonic_time () + RECONNECT_MS * 1000;
}

void
regia_feed_client_free (RegiaFeedClient *self)
{
  if (self == NULL)
    return;
  disconnect_feed (self);
  g_clear_pointer (&self->held, regia_packet_unref);
  g_string_free (self->patterns, TRUE);
  g_free (self->buffer);
  g_free (self->path);
  g_free (self);
}

gboolean
regia_feed_client_is_connected (RegiaFeedClient *self)
{
  return self->following;
}

/* Connects and asks. Nobody there is no error: the engine is away, and we try again. */
static gboolean
connect_feed (RegiaFeedClient *self, GError **error)
{
  g_autoptr (GByteArray) request = g_byte_array_new ();
  RegiaFeedRequest head = {.magic = REGIA_FEED_MAGIC};

  if (self->patterns->len > REGIA_FEED_PATTERNS_MAX_BYTES) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_FAILED, "%s: the list of tracks is too long", self->path);
    return FALSE;
  }
  self->fd = regia_socket_connect (self->path);
  if (self->fd < 0) {
    disconnect_feed (self);
    return TRUE;
  }
  head.from = self->resumable ? REGIA_FEED_FROM_SEQ : self->from;
  head.generation = self->generation;
  head.seq = self->next_seq;
  head.patterns_bytes = (guint32)self->patterns->len;
  g_byte_array_append (request, (const guint8 *)&head, sizeof head);
  g_byte_array_append (request, (const guint8 *)self->patterns->str, (guint)self->patterns->len);
  /* A few kB into a fresh socket: cannot block, cannot be short. */
  if (send (self->fd, request->data, request->len, MSG_NOSIGNAL) != (ssize_t)request->len)
    disconnect_feed (self);
  return TRUE;
}

void
regia_feed_client_tell_safe (RegiaFeedClient *self)
{
  const char safe = REGIA_FEED_SAFE;
  gboolean told = FALSE;

  /* Twice: what we are connected with may be a server that has gone. */
  for (guint i = 0; i < 2 && !told; i++) {
    if (self->fd < 0 && !connect_feed (self, NULL))
      break;
    told = self->fd >= 0 && send (self->fd, &safe, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
    disconnect_feed (self);
  }
}

/* Takes @size bytes from the socket's buffer into @into. Returns how many there were. */
static gsize
take_buffered (RegiaFeedClient *self, void *into, gsize size)
{
  gsize n = MIN (size, self->end - self->begin);

  memcpy (into, self->buffer + self->begin, n);
  self->begin += n;
  if (self->begin == self->end)
    self->begin = self->end = 0;
  return n;
}

/* Moves a message on with what is buffered. TRUE when it is whole. */
static gboolean
assemble (RegiaFeedClient *self, GError **error, gboolean *ret_whole)
{
  *ret_whole = FALSE;
  if (!self->have_header) {
    if (self->end - self->begin < sizeof self->header)
      return TRUE;
    take_buffered (self, &self->header, sizeof self->header);
    if (!regia_feed_header_check (&self->header, error))
      return FALSE;
    self->have_header = TRUE;
    self->payload = self->header.size > 0 ? g_malloc (self->header.size) : NULL;
    self->payload_received = 0;
  }
  if (self->payload_received < self->header.size)
    self->payload_received += take_buffered (self, self->payload + self->payload_received,
                                             self->header.size - self->payload_received);
  *ret_whole = self->payload_received == self->header.size;
  return TRUE;
}

/* One recv(): into the payload when it is large and nothing is buffered, else into the buffer. Returns the
 * bytes that came, 0 for none yet, −1 when the connection is gone. */
static gssize
receive (RegiaFeedClient *self)
{
  gboolean direct = self->have_header && self->begin == self->end &&
                    self->header.size - self->payload_received > BUFFER_BYTES / 4;
  ssize_t n;

  if (!direct && self->begin > 0) {
    memmove (self->buffer, self->buffer + self->begin, self->end - self->begin);
    self->end -= self->begin;
    self->begin = 0;
  }
  n = recv (self->fd, direct ? self->payload + self->payload_received : self->buffer + self->end,
            direct ? self->header.size - self->payload_received : BUFFER_BYTES - self->end, MSG_DONTWAIT);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (n == 0)
    return -1;
  if (direct)
    self->payload_received += (gsize)n;
  else
    self->end += (gsize)n;
  return n;
}

static gboolean
handle_hello (RegiaFeedClient *self, GBytes *bytes, RegiaFeedEvent *event, GError **error)
{
  guint64 generation = self->header.seq;
  gboolean known = self->resumable && generation == self->generation;
  g_autoptr (GPtrArray) tracks = NULL;

  /* The engine has ended this generation and is on its way out: nothing new here. */
  if (known && self->ended) {
    disconnect_feed (self);
    return TRUE;
  }
  tracks = regia_feed_tracks_from_bytes (bytes, error);
  if (tracks == NULL)
    return FALSE;
  self->following = TRUE;
  if (known && self->last_end_ns > 0)
    return TRUE;
  self->new_generation = self->last_end_ns > 0;
  if (!known)
    self->next_seq = 0;
  self->generation = generation;
  self->resumable = known;
  self->ended = FALSE;
  event->type = REGIA_FEED_EVENT_TRACKS;
  event->generation = generation;
  event->tracks = g_steal_pointer (&tracks);
  return TRUE;
}

static void
give_packet (RegiaFeedClient *self, RegiaPacket *packet, RegiaFeedEvent *event)
{
  if (self->new_generation) {
    event->type = REGIA_FEED_EVENT_GAP;
    event->gap_reason = REGIA_FEED_GAP_GENERATION;
    event->gap_from_ns = self->last_end_ns;
    event->gap_to_ns = packet->pts_ns;
    self->new_generation = FALSE;
    self->held = packet;
    return;
  }
  self->last_end_ns = packet->pts_ns + packet->duration_ns;
  event->type = REGIA_FEED_EVENT_PACKET;
  event->generation = self->generation;
  event->packet = packet;
}

/* A whole message has arrived; some become an event. */
static gboolean
handle_message (RegiaFeedClient *self, RegiaFeedEvent *event, GError **error)
{
  const RegiaFeedHeader *header = &self->header;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&self->payload), header->size);
  RegiaPacket *packet;

  self->have_header = FALSE;
  switch ((RegiaFeedMessage)header->type) {
  case REGIA_FEED_MESSAGE_HELLO:
    return handle_hello (self, bytes, event, error);
  case REGIA_FEED_MESSAGE_PACKET:
    packet = regia_packet_new (header->track, header->flags, header->pts_ns, header->dts_ns,
                               header->duration_ns, g_steal_pointer (&bytes));
    packet->seq = header->seq;
    self->next_seq = header->seq + 1;
    self->resumable = TRUE;
    give_packet (self, packet, event);
    return TRUE;
  case REGIA_FEED_MESSAGE_GAP:
    event->type = REGIA_FEED_EVENT_GAP;
    event->gap_reason = REGIA_FEED_GAP_OVERRUN;
    event->gap_from_ns = self->last_end_ns > 0 ? self->last_end_ns : header->pts_ns;
    event->gap_to_ns = header->dts_ns;
    return TRUE;
  case REGIA_FEED_MESSAGE_END:
    self->ended = TRUE;
    event->type = REGIA_FEED_EVENT_END;
    event->generation = self->generation;
    return TRUE;
  }
  return TRUE;
}

/* Waits for the socket, the time to reconnect, the cancellable or the deadline, whichever comes first. */
static void
wait_for_more (RegiaFeedClient *self, GPollFD *cancel_fd, gint64 deadline_us)
{
  GPollFD fds[2];
  guint n_fds = 0;
  gint64 now_us = g_get_monotonic_time ();
  gint64 until_us = deadline_us;
  int timeout_ms = -1;

  if (self->fd >= 0)
    fds[n_fds++] = (GPollFD){.fd = self->fd, .events = G_IO_IN};
  else
    until_us = until_us < 0 ? self->retry_at_us : MIN (until_us, self->retry_at_us);
  if (cancel_fd != NULL)
    fds[n_fds++] = *cancel_fd;
  if (until_us >= 0)
    timeout_ms = (int)CLAMP ((until_us - now_us + 999) / 1000, 0, 60000);
  g_poll (fds, n_fds, timeout_ms);
}

gboolean
regia_feed_client_next (RegiaFeedClient *self, int timeout_ms, GCancellable *cancellable,
                        RegiaFeedEvent *ret_event, GError **error)
{
  gint64 deadline_us = timeout_ms < 0 ? -1 : g_get_monotonic_time () + (gint64)timeout_ms * 1000;
  GPollFD cancel_fd;
  gboolean have_cancel_fd = FALSE, ok = TRUE;

  regia_feed_event_clear (ret_event);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->held != NULL) {
    give_packet (self, g_steal_pointer (&self->held), ret_event);
    return TRUE;
  }
  while (ok) {
    gboolean whole = FALSE;
    gssize received;

    if (self->fd < 0 && g_get_monotonic_time () >= self->retry_at_us && !connect_feed (self, error)) {
      ok = FALSE;
      break;
    }
    if (!assemble (self, error, &whole) ||
        (whole && self->have_header && !handle_message (self, ret_event, error))) {
      disconnect_feed (self);
      ok = FALSE;
      break;
    }
    if (ret_event->type != REGIA_FEED_EVENT_NONE)
      break;
    if (whole)
      continue;
    if (!have_cancel_fd && cancellable != NULL)
      have_cancel_fd = g_cancellable_make_pollfd (cancellable, &cancel_fd);
    wait_for_more (self, have_cancel_fd ? &cancel_fd : NULL, deadline_us);
    if (g_cancellable_set_error_if_cancelled (cancellable, error)) {
      ok = FALSE;
      break;
    }
    received = self->fd >= 0 ? receive (self) : 0;
    if (received < 0)
      disconnect_feed (self);
    /* Only when nothing came, so that a timeout of 0 still takes what is there. A message half received waits
     * for the next call. */
    if (received <= 0 && deadline_us >= 0 && g_get_monotonic_time () >= deadline_us)
      break;
  }
  if (have_cancel_fd)
    g_cancellable_release_fd (cancellable);
  return ok;
}
