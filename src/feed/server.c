/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "regia/feed/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/socket.h"
#include "wire-private.h"

#define BATCH       16
#define READERS_MAX 128
/* The packets of one instant, a picture in each size and some sound, come out of their encoders within
 * milliseconds of each other: all readers are woken once for them. */
#define GATHER_US 10000

/* A message on its way to one reader: the header, and the packet whose payload follows it. */
typedef struct {
  RegiaFeedHeader header;
  RegiaPacket *packet; /* (owned) (nullable) */
  GBytes *body;        /* (owned) (nullable): what follows the header */
} Message;

/*
 * Reader: one connection. It first sends its request, then is only written to. It holds at most one batch of
 * messages, whatever it does or does not read; what it has not been given stays in the log or leaves it.
 */
typedef struct {
  int fd;
  RegiaFeedRequest request;
  char patterns[REGIA_FEED_PATTERNS_MAX_BYTES];
  gsize received; /* bytes of request + patterns so far */
  gboolean following;
  gboolean writable; /* the last write took everything it was given */
  gboolean ended;
  gboolean safe; /* its last word */
  guint64 mask, cursor;
  gint64 last_pts_ns;
  Message batch[BATCH + 1]; /* + 1: a gap before the packets */
  guint batch_count, batch_next;
  gsize batch_offset; /* bytes of the next message already sent */
} Reader;

/*
 * RegiaFeedServer: one thread, one poll() loop over the listening socket, the wake-up and the readers. The
 * log's wake-up writes to an eventfd and does nothing else, so the streaming threads never meet a reader.
 */
struct _RegiaFeedServer {
  RegiaFeedLog *log; /* (unowned) immutable */
  int listen_fd, wake_fd;
  char *path;   /* (owned) (nullable) immutable: the socket's name, where it is ours to remove */
  dev_t device; /* of the socket in the file system */
  ino_t inode;
  GThread *thread;

  /* The thread's own. */
  GPtrArray *readers; /* (owned) (element-type Reader) */
  GBytes *hello;      /* (owned) (nullable): the serialised track table */
  GPtrArray *tracks;  /* (owned) (nullable) */

  GMutex lock;   /* guards what follows; a leaf */
  GCond drained; /* or safe */
  guint n_readers, n_behind;
  gboolean stop;
  gboolean safe; /* a reader has said so */
};

static void
message_clear (Message *message)
{
  g_clear_pointer (&message->packet, regia_packet_unref);
  g_clear_pointer (&message->body, g_bytes_unref);
}

static void
reader_free (Reader *reader)
{
  for (guint i = reader->batch_next; i < reader->batch_count; i++)
    message_clear (&reader->batch[i]);
  close (reader->fd);
  g_free (reader);
}

static Message *
reader_add (Reader *reader, RegiaFeedMessage type)
{
  Message *message = &reader->batch[reader->batch_count++];

  memset (message, 0, sizeof *message);
  message->header.magic = REGIA_FEED_MAGIC;
  message->header.type = type;
  return message;
}

/* Reads the request bit by bit. FALSE: the connection is to be closed. */
static gboolean
reader_receive (Reader *reader)
{
  for (;;) {
    gboolean head = reader->received < sizeof reader->request;
    gsize want = head ? sizeof reader->request : sizeof reader->request + reader->request.patterns_bytes;
    char *into = head ? (char *)&reader->request + reader->received
                      : reader->patterns + (reader->received - sizeof reader->request);
    ssize_t n;

    if (reader->received == want && !head)
      return TRUE;
    n = recv (reader->fd, into, want - reader->received, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return TRUE;
    if (n <= 0)
      return FALSE;
    reader->received += (gsize)n;
    if (reader->received == sizeof reader->request && head)
      if (reader->request.magic != REGIA_FEED_MAGIC ||
          reader->request.patterns_bytes > sizeof reader->patterns ||
          reader->request.from > REGIA_FEED_FROM_SEQ)
        return FALSE;
  }
}

static gboolean
reader_is_asked (const Reader *reader)
{
  return reader->received >= sizeof reader->request &&
         reader->received == sizeof reader->request + reader->request.patterns_bytes;
}

/* The request is whole and the tracks are known: say hello and place the cursor. */
static void
reader_begin (RegiaFeedServer *self, Reader *reader)
{
  guint64 generation = regia_feed_log_get_generation (self->log);
  RegiaFeedFrom from = reader->request.from;
  Message *hello;

  /* A seq of another generation means nothing here: that reader has missed nothing of this one yet. */
  if (from == REGIA_FEED_FROM_SEQ && reader->request.generation != generation)
    from = REGIA_FEED_FROM_OLDEST;
  reader->mask = regia_feed_tracks_mask (self->tracks, reader->patterns, reader->request.patterns_bytes);
  reader->cursor = regia_feed_log_start (self->log, from, reader->request.seq, reader->mask);
  hello = reader_add (reader, REGIA_FEED_MESSAGE_HELLO);
  hello->header.seq = generation;
  hello->header.size = (guint32)g_bytes_get_size (self->hello);
  hello->body = g_bytes_ref (self->hello);
  reader->following = TRUE;
  reader->writable = TRUE;
}

/* Takes the next batch out of the log. FALSE when there is nothing new. */
static gboolean
reader_refill (RegiaFeedServer *self, Reader *reader)
{
  RegiaPacket *packets[BATCH];
  RegiaFeedRead result;

  reader->batch_count = reader->batch_next = 0;
  regia_feed_log_read (self->log, reader->cursor, reader->mask, reader->last_pts_ns, packets, BATCH, &result);
  reader->cursor = result.next;
  if (result.gap) {
    Message *gap = reader_add (reader, REGIA_FEED_MESSAGE_GAP);
    gap->header.pts_ns = result.gap_from_ns;
    gap->header.dts_ns = result.gap_to_ns;
  }
  for (guint i = 0; i < result.count; i++) {
    RegiaPacket *packet = packets[i];
    Message *message = reader_add (reader, REGIA_FEED_MESSAGE_PACKET);
    message->header.size = (guint32)g_bytes_get_size (packet->payload);
    message->header.track = packet->track;
    message->header.seq = packet->seq;
    message->header.pts_ns = packet->pts_ns;
    message->header.dts_ns = packet->dts_ns;
    message->header.duration_ns = packet->duration_ns;
    message->header.flags = packet->flags;
    message->body = g_bytes_ref (packet->payload);
    message->packet = packet;
    reader->last_pts_ns = packet->pts_ns;
  }
  if (result.end && !reader->ended && reader->batch_count < BATCH) {
    reader_add (reader, REGIA_FEED_MESSAGE_END);
    reader->ended = TRUE;
  }
  return reader->batch_count > 0;
}

/* Forgets @sent bytes of the batch. */
static void
reader_advance (Reader *reader, gsize sent)
{
  while (sent > 0) {
    Message *message = &reader->batch[reader->batch_next];
    gsize left = sizeof message->header + message->header.size - reader->batch_offset;

    if (sent < left) {
      reader->batch_offset += sent;
      return;
    }
    sent -= left;
    reader->batch_offset = 0;
    message_clear (message);
    reader->batch_next++;
  }
}

/* After its request a reader has nothing to say but its last word. TRUE: that, chatter or the end of file;
 * the connection is to be closed. */
static gboolean
reader_hear (Reader *reader)
{
  char byte = 0;

  if (recv (reader->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
    return FALSE;
  reader->safe = byte == REGIA_FEED_SAFE;
  return TRUE;
}

/* Writes until the socket is full or there is nothing more. FALSE: the connection is gone. */
static gboolean
reader_send (RegiaFeedServer *self, Reader *reader)
{
  for (;;) {
    struct iovec parts[2 * (BATCH + 1)];
    struct msghdr envelope = {.msg_iov = parts};
    gsize skip = reader->batch_offset;
    ssize_t n;

    if (reader->batch_next == reader->batch_count && !reader_refill (self, reader)) {
      reader->writable = TRUE;
      return TRUE;
    }
    for (guint i = reader->batch_next; i < reader->batch_count; i++) {
      Message *message = &reader->batch[i];
      gsize head = sizeof message->header, body = message->header.size;

      if (skip < head) {
        parts[envelope.msg_iovlen].iov_base = (char *)&message->header + skip;
        parts[envelope.msg_iovlen++].iov_len = head - skip;
        skip = 0;
      } else {
        skip -= head;
      }
      if (body > skip) {
        parts[envelope.msg_iovlen].iov_base = (char *)g_bytes_get_data (message->body, NULL) + skip;
        parts[envelope.msg_iovlen++].iov_len = body - skip;
      }
      skip = 0;
    }
    n = sendmsg (reader->fd, &envelope, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
      reader->writable = FALSE;
      return TRUE;
    }
    if (n <= 0) {
      reader_hear (reader); /* its last word may have come before it went */
      return FALSE;
    }
    reader_advance (reader, (gsize)n);
  }
}

static void
accept_reader (RegiaFeedServer *self)
{
  int fd = accept4 (self->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  int buffer_bytes = 1 << 20;
  Reader *reader;

  if (fd < 0)
    return;
  if (self->readers->len >= READERS_MAX) {
    close (fd);
    return;
  }
  /* Fewer wake-ups of both ends for the bursts around a keyframe; what the kernel holds is no part of the
   * log's promise. */
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  reader = g_new0 (Reader, 1);
  reader->fd = fd;
  g_ptr_array_add (self->readers, reader);
}

/* One round for one reader. FALSE: close it. */
static gboolean
serve_reader (RegiaFeedServer *self, Reader *reader, short events)
{
  if (!reader->following) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) && !reader_receive (reader))
      return FALSE;
    if (!reader_is_asked (reader) || self->tracks == NULL)
      return TRUE;
    reader_begin (self, reader);
  } else if (events & POLLIN) {
    if (reader_hear (reader))
      return FALSE;
  } else if (events & (POLLHUP | POLLERR)) {
    return FALSE;
  }
  if (!reader->writable && !(events & POLLOUT))
    return TRUE;
  return reader_send (self, reader);
}

static void
count_readers (RegiaFeedServer *self, gboolean safe)
{
  guint behind = 0;

  for (guint i = 0; i < self->readers->len; i++) {
    Reader *reader = g_ptr_array_index (self->readers, i);
    if (!reader->ended || reader->batch_next < reader->batch_count)
      behind++;
  }
  g_mutex_lock (&self->lock);
  self->n_readers = self->readers->len;
  self->n_behind = behind;
  self->safe |= safe;
  g_cond_broadcast (&self->drained);
  g_mutex_unlock (&self->lock);
}

static gpointer
serve_thread (gpointer user_data)
{
  RegiaFeedServer *self = user_data;
  gint64 served_us = 0;

  for (;;) {
    struct pollfd fds[READERS_MAX + 2];
    guint n_fds = 0, n_polled = self->readers->len;
    gboolean stop, safe = FALSE;
    guint64 count;

    g_mutex_lock (&self->lock);
    stop = self->stop;
    g_mutex_unlock (&self->lock);
    if (stop)
      return NULL;

    fds[n_fds++] = (struct pollfd){.fd = self->wake_fd, .events = POLLIN};
    fds[n_fds++] = (struct pollfd){.fd = self->listen_fd, .events = POLLIN};
    for (guint i = 0; i < n_polled; i++) {
      Reader *reader = g_ptr_array_index (self->readers, i);
      short events = POLLIN;
      if (reader->following && !reader->writable)
        events |= POLLOUT;
      fds[n_fds++] = (struct pollfd){.fd = reader->fd, .events = events};
    }
    if (poll (fds, n_fds, -1) < 0 && errno != EINTR) {
      g_critical ("the feed server cannot wait: %s", g_strerror (errno));
      return NULL;
    }
    if (fds[0].revents & POLLIN) {
      gint64 wait_us = served_us + GATHER_US - g_get_monotonic_time ();

      if (wait_us > 0)
        g_usleep ((gulong)wait_us);
    }
    served_us = g_get_monotonic_time ();
    if ((fds[0].revents & POLLIN) && read (self->wake_fd, &count, sizeof count) < 0)
      g_debug ("wake-up already read");
    if (self->tracks == NULL) {
      self->tracks = regia_feed_log_get_tracks (self->log);
      if (self->tracks != NULL)
        self->hello = regia_feed_tracks_to_bytes (self->tracks);
    }
    for (guint i = n_polled; i > 0; i--) {
      Reader *reader = g_ptr_array_index (self->readers, i - 1);
      if (!serve_reader (self, reader, fds[i + 1].revents)) {
        safe |= reader->safe;
        g_ptr_array_remove_index_fast (self->readers, i - 1);
      }
    }
    if (fds[1].revents & POLLIN)
      accept_reader (self);
    count_readers (self, safe);
  }
}

static void
wake_cb (gpointer user_data)
{
  RegiaFeedServer *self = user_data;
  guint64 one = 1;

  /* An eventfd write only fails when the counter is full, and then the thread is awake anyway. */
  if (write (self->wake_fd, &one, sizeof one) < 0)
    return;
}

RegiaFeedServer *
regia_feed_server_new_from_fd (int listen_fd, RegiaFeedLog *log, GError **error)
{
  g_autoptr (RegiaFeedServer) self = g_new0 (RegiaFeedServer, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->drained);
  self->log = log;
  self->readers = g_ptr_array_new_with_free_func ((GDestroyNotify)reader_free);
  self->listen_fd = listen_fd;
  self->wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (self->wake_fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot make an eventfd: %s",
                 g_strerror (errno));
    return NULL;
  }
  regia_feed_log_set_wake (log, wake_cb, self);
  self->thread = g_thread_new ("feed-server", serve_thread, self);
  return g_steal_pointer (&self);
}

RegiaFeedServer *
regia_feed_server_new (const char *path, RegiaFeedLog *log, GError **error)
{
  int listen_fd = regia_socket_listen (path, error);
  RegiaFeedServer *self = listen_fd >= 0 ? regia_feed_server_new_from_fd (listen_fd, log, error) : NULL;
  struct stat st;

  if (self != NULL && lstat (path, &st) == 0) {
    self->path = g_strdup (path);
    self->device = st.st_dev;
    self->inode = st.st_ino;
  }
  return self;
}

guint
regia_feed_server_get_readers (RegiaFeedServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_readers;
}

void
regia_feed_server_drain (RegiaFeedServer *self, guint timeout_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + (gint64)timeout_ms * 1000;

  g_mutex_lock (&self->lock);
  /* The thread counts after each round; the first count after the end was appended is the one that says the
   * truth. */
  self->n_behind = G_MAXUINT;
  g_mutex_unlock (&self->lock);
  wake_cb (self);
  g_mutex_lock (&self->lock);
  while (self->n_behind > 0)
    if (!g_cond_wait_until (&self->drained, &self->lock, deadline_us))
      break;
  g_mutex_unlock (&self->lock);
}

gboolean
regia_feed_server_wait_safe (RegiaFeedServer *self, guint timeout_ms)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 deadline_us = g_get_monotonic_time () + (gint64)timeout_ms * 1000;

  while (!self->safe && g_cond_wait_until (&self->drained, &self->lock, deadline_us))
    ;
  return self->safe;
}

void
regia_feed_server_free (RegiaFeedServer *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL) {
    regia_feed_log_set_wake (self->log, NULL, NULL);
    g_mutex_lock (&self->lock);
    self->stop = TRUE;
    g_mutex_unlock (&self->lock);
    wake_cb (self);
    g_thread_join (self->thread);
  }
  if (self->listen_fd >= 0) {
    struct stat st;

    /* Only our own: a successor may have put its socket in this place already. */
    if (self->path != NULL && lstat (self->path, &st) == 0 && st.st_dev == self->device &&
        st.st_ino == self->inode)
      unlink (self->path);
    close (self->listen_fd);
  }
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_ptr_array_unref (self->readers);
  g_clear_pointer (&self->hello, g_bytes_unref);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  g_cond_clear (&self->drained);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self);
}
