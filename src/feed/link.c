/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "link-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (256u << 10)
/* More than a socket holds: who still finds something on an old connection after that much is talking to a
 * server that lives, and its successor has it all. */
#define LEFT_OVER_BYTES (4u << 20)

/*
 * RegiaFeedLink: the connection outlives the clients on it, so whatever belongs to the stream of bytes is
 * kept here: the receive buffer and the message that is half received. Small messages are cut out of the
 * buffer; a payload goes from there, or straight from the socket, into its own memory: one copy.
 *
 * A descriptor that is handed over waits in `handed` until the client's thread takes it, so no descriptor is
 * closed under somebody who polls it.
 */
struct _RegiaFeedLink {
  gatomicrefcount ref_count;
  int wake_fd; /* eventfd, immutable: written when a descriptor is handed over */

  GMutex lock;    /* guards the following four; a leaf */
  int handed;     /* newer than fd; −1: none */
  gboolean rests; /* says of every connection without a client that nobody reads it */
  gboolean safe;  /* told, or to be told, on every connection */
  gboolean used;  /* a client is there */

  /* The client's thread's own. */
  int fd;
  guint32 number;  /* of the newest START */
  gsize left_over; /* bytes read since a newer descriptor was there */
  char *buffer;    /* (owned) BUFFER_BYTES */
  gsize begin, end;
  RegiaFeedHeader header;
  gboolean have_header;
  char *payload; /* (owned) (nullable): of the message being received */
  gsize payload_received;
};

RegiaFeedLink *
regia_feed_link_new (void)
{
  RegiaFeedLink *self = g_new0 (RegiaFeedLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->handed = self->fd = -1;
  self->wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (self->wake_fd < 0)
    g_error ("no eventfd: %s", g_strerror (errno));
  self->buffer = g_malloc (BUFFER_BYTES);
  return self;
}

RegiaFeedLink *
regia_feed_link_ref (RegiaFeedLink *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_feed_link_unref (RegiaFeedLink *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  regia_feed_link_close (self);
  if (self->handed >= 0)
    close (self->handed);
  close (self->wake_fd);
  g_mutex_clear (&self->lock);
  g_free (self->buffer);
  g_free (self);
}

/* Requests are a few kB into a socket that nothing else is written to: one that does not take them whole at
 * once has a server that has not read for a long time. */
static gboolean
send_request (int fd, const RegiaFeedRequest *request, const GString *patterns)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *)request, sizeof *request);
  if (patterns != NULL)
    g_byte_array_append (bytes, (const guint8 *)patterns->str, (guint)patterns->len);
  return send (fd, bytes->data, bytes->len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes->len;
}

static gboolean
send_word (int fd, RegiaFeedRequestType type)
{
  const RegiaFeedRequest request = {.magic = REGIA_FEED_MAGIC, .type = type};

  return send_request (fd, &request, NULL);
}

void
regia_feed_link_use (RegiaFeedLink *self, int fd)
{
  const guint64 one = 1;
  int replaced;

  g_return_if_fail (fd >= 0);

  fcntl (fd, F_SETFD, FD_CLOEXEC);
  g_mutex_lock (&self->lock);
  replaced = self->handed;
  self->handed = fd;
  if ((self->rests && !self->used && !send_word (fd, REGIA_FEED_REQUEST_STOP)) ||
      (self->safe && !send_word (fd, REGIA_FEED_REQUEST_SAFE)))
    g_debug ("a descriptor was handed over that leads nowhere");
  g_mutex_unlock (&self->lock);
  if (replaced >= 0)
    close (replaced);
  /* Fails only when the counter is full, and then whoever waits is awake anyway. */
  if (write (self->wake_fd, &one, sizeof one) < 0)
    g_debug ("already woken");
}

void
regia_feed_link_set_rests (RegiaFeedLink *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->rests = TRUE;
}

void
regia_feed_link_enter (RegiaFeedLink *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_return_if_fail (!self->used);
  self->used = TRUE;
  self->safe = FALSE;
}

void
regia_feed_link_leave (RegiaFeedLink *self)
{
  if (self->fd >= 0 && !send_word (self->fd, REGIA_FEED_REQUEST_STOP))
    regia_feed_link_close (self);
  g_mutex_lock (&self->lock);
  self->used = FALSE;
  g_mutex_unlock (&self->lock);
}

gboolean
regia_feed_link_is_open (RegiaFeedLink *self)
{
  return self->fd >= 0;
}

void
regia_feed_link_close (RegiaFeedLink *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->left_over = 0;
  self->begin = self->end = 0;
  self->have_header = FALSE;
  g_clear_pointer (&self->payload, g_free);
}

static int
steal_handed (RegiaFeedLink *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 count;
  int fd = self->handed;

  self->handed = -1;
  /* Also when there is none: a wake-up may come after its descriptor was taken. */
  if (read (self->wake_fd, &count, sizeof count) < 0)
    return fd;
  return fd;
}

gboolean
regia_feed_link_move (RegiaFeedLink *self)
{
  int fd = steal_handed (self);

  if (fd < 0)
    return FALSE;
  regia_feed_link_close (self);
  self->fd = fd;
  return TRUE;
}

gboolean
regia_feed_link_is_overdue (RegiaFeedLink *self)
{
  return self->left_over > LEFT_OVER_BYTES;
}

gboolean
regia_feed_link_start (RegiaFeedLink *self, RegiaFeedFrom from, guint64 generation, guint64 seq,
                       const GString *patterns)
{
  RegiaFeedRequest request = {.magic = REGIA_FEED_MAGIC,
                              .type = REGIA_FEED_REQUEST_START,
                              .number = ++self->number,
                              .from = from,
                              .generation = generation,
                              .seq = seq,
                              .patterns_bytes = (guint32)patterns->len};

  if (send_request (self->fd, &request, patterns))
    return TRUE;
  regia_feed_link_close (self);
  return FALSE;
}

void
regia_feed_link_tell_safe (RegiaFeedLink *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  int fd = self->handed >= 0 ? self->handed : self->fd;

  self->safe = TRUE;
  if (fd >= 0 && !send_word (fd, REGIA_FEED_REQUEST_SAFE))
    g_debug ("the engine does not hear that all is safe; its successor will");
}

/* Takes @size bytes from the receive buffer into @into. Returns how many there were. */
static gsize
take_buffered (RegiaFeedLink *self, void *into, gsize size)
{
  gsize n = MIN (size, self->end - self->begin);

  memcpy (into, self->buffer + self->begin, n);
  self->begin += n;
  if (self->begin == self->end)
    self->begin = self->end = 0;
  return n;
}

/* Moves a message on with what is buffered. */
static gboolean
assemble (RegiaFeedLink *self, gboolean *ret_whole, GError **error)
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

gboolean
regia_feed_link_take (RegiaFeedLink *self, RegiaFeedHeader *ret_header, GBytes **ret_bytes,
                      gboolean *ret_whole, GError **error)
{
  while (TRUE) {
    if (!assemble (self, ret_whole, error)) {
      regia_feed_link_close (self);
      return FALSE;
    }
    if (!*ret_whole)
      return TRUE;
    self->have_header = FALSE;
    if (self->header.request == self->number)
      break;
    g_clear_pointer (&self->payload, g_free);
  }
  *ret_header = self->header;
  *ret_bytes = g_bytes_new_take (g_steal_pointer (&self->payload), self->header.size);
  return TRUE;
}

/* Into the payload when it is large and nothing is buffered, else into the buffer. */
gssize
regia_feed_link_receive (RegiaFeedLink *self)
{
  gboolean direct = self->have_header && self->begin == self->end &&
                    self->header.size - self->payload_received > BUFFER_BYTES / 4;
  ssize_t n;

  if (self->fd < 0)
    return -1;
  if (!direct && self->begin > 0) {
    memmove (self->buffer, self->buffer + self->begin, self->end - self->begin);
    self->end -= self->begin;
    self->begin = 0;
  }
  n = recv (self->fd, direct ? self->payload + self->payload_received : self->buffer + self->end,
            direct ? self->header.size - self->payload_received : BUFFER_BYTES - self->end, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;
  if (n <= 0) {
    regia_feed_link_close (self);
    return -1;
  }
  if (direct)
    self->payload_received += (gsize)n;
  else
    self->end += (gsize)n;
  g_mutex_lock (&self->lock);
  self->left_over = self->handed >= 0 ? self->left_over + (gsize)n : 0;
  g_mutex_unlock (&self->lock);
  return n;
}

void
regia_feed_link_wait (RegiaFeedLink *self, const GPollFD *cancel_fd, gint64 deadline_us)
{
  GPollFD fds[3] = {{.fd = self->wake_fd, .events = G_IO_IN}};
  guint n_fds = 1;
  int timeout_ms = -1;

  if (self->fd >= 0)
    fds[n_fds++] = (GPollFD){.fd = self->fd, .events = G_IO_IN};
  if (cancel_fd != NULL)
    fds[n_fds++] = *cancel_fd;
  if (deadline_us >= 0)
    timeout_ms = (int)CLAMP ((deadline_us - g_get_monotonic_time () + 999) / 1000, 0, 60000);
  g_poll (fds, n_fds, timeout_ms);
}
