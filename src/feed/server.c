/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "regia/feed/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire-private.h"

#define BATCH 16
/* One that was under way for an earlier START, HELLO, TRACKS and a gap go before the packets. */
#define MESSAGES_MAX (BATCH + 4)
/* Each START searches the log; an honest reader sends one when it connects. */
#define REQUESTS_MAX     32
#define REQUESTS_SPAN_US G_USEC_PER_SEC
/* The packets of one instant, a picture in each size and some sound, come out of their encoders within
 * milliseconds of each other: all readers are woken once for them. */
#define GATHER_US 10000

/* A message on its way to one reader: the header, and the body that follows it. */
typedef struct {
  RegiaFeedHeader header;
  GBytes *body; /* (owned) (nullable): what follows the header */
} Message;

/*
 * Reader: one connection. It says what it wants, as often as it likes, and is written to. It holds at most
 * one batch of messages, whatever it does or does not read; what it has not been given stays in the log or
 * leaves it.
 */
typedef struct {
  int fd;
  char *name; /* (owned) */
  RegiaFeedRights rights;

  RegiaFeedRequest incoming;
  char patterns[REGIA_FEED_PATTERNS_MAX_BYTES];
  gsize received;          /* bytes of incoming + patterns so far */
  guint requests;          /* since … */
  gint64 requests_from_us; /* … then */

  RegiaFeedRequest request; /* the newest START */
  gboolean spoken;          /* it has sent something */
  gboolean started;         /* there is a START that no STOP followed */
  gboolean told;            /* some table of tracks since */
  gboolean writable;        /* the last write took everything it was given */
  gboolean ended;
  gboolean safe;           /* it has said so */
  RegiaFeedCursor *cursor; /* (owned) (nullable): while it is following */
  Message batch[MESSAGES_MAX];
  guint batch_count, batch_next;
  gsize batch_offset; /* bytes of the next message already sent */
} Reader;

/*
 * RegiaFeedServer: one thread, one poll() loop over the wake-up and the readers. The log's wake-up writes to
 * an eventfd and does nothing else, so the streaming threads never meet a reader.
 */
struct _RegiaFeedServer {
  RegiaFeedLog *log; /* (unowned) immutable */
  int wake_fd;       /* immutable */
  GThread *thread;

  /* The thread's own. */
  GPtrArray *readers;  /* (owned) (element-type Reader) */
  gboolean has_tracks; /* the log knows some */

  GMutex lock;         /* guards what follows; a leaf */
  GCond drained;       /* or safe */
  GPtrArray *arrivals; /* (owned) (element-type Reader): added, not yet seen by the thread */
  guint n_readers, n_behind;
  guint64 wanted; /* tracks that somebody reads */
  gboolean stop;
  gboolean safe; /* a reader has said so */
};

static void
message_clear (Message *message)
{
  g_clear_pointer (&message->body, g_bytes_unref);
}

static void
reader_free (Reader *reader)
{
  for (guint i = reader->batch_next; i < reader->batch_count; i++)
    message_clear (&reader->batch[i]);
  close (reader->fd);
  regia_feed_cursor_free (reader->cursor);
  g_free (reader->name);
  g_free (reader);
}

static Message *
reader_add (Reader *reader, RegiaFeedMessage type)
{
  Message *message = &reader->batch[reader->batch_count++];

  g_assert (reader->batch_count <= MESSAGES_MAX);
  memset (message, 0, sizeof *message);
  message->header.magic = REGIA_FEED_MAGIC;
  message->header.type = type;
  message->header.request = reader->request.number;
  return message;
}

/* Drops what has not gone out, but for the rest of a message whose beginning has. */
static void
reader_drop_unsent (Reader *reader)
{
  guint keep = reader->batch_offset > 0 ? 1 : 0;

  for (guint i = reader->batch_next + keep; i < reader->batch_count; i++)
    message_clear (&reader->batch[i]);
  if (keep > 0)
    reader->batch[0] = reader->batch[reader->batch_next];
  reader->batch_next = 0;
  reader->batch_count = keep;
}

static void
reader_start (RegiaFeedServer *self, Reader *reader)
{
  reader_drop_unsent (reader);
  reader->request = reader->incoming;
  reader->started = TRUE;
  reader->told = reader->ended = FALSE;
  g_clear_pointer (&reader->cursor, regia_feed_cursor_free);
  reader->writable = TRUE;
  reader_add (reader, REGIA_FEED_MESSAGE_HELLO)->header.seq = regia_feed_log_get_generation (self->log);
}

/* A whole request. FALSE: the connection is to be closed. */
static gboolean
reader_obey (RegiaFeedServer *self, Reader *reader)
{
  gint64 now_us = g_get_monotonic_time ();

  if (now_us - reader->requests_from_us > REQUESTS_SPAN_US) {
    reader->requests_from_us = now_us;
    reader->requests = 0;
  }
  reader->received = 0;
  if (++reader->requests > REQUESTS_MAX)
    return FALSE;
  reader->spoken = TRUE;
  switch ((RegiaFeedRequestType)reader->incoming.type) {
  case REGIA_FEED_REQUEST_START:
    reader_start (self, reader);
    return TRUE;
  case REGIA_FEED_REQUEST_STOP:
    reader_drop_unsent (reader);
    reader->started = FALSE;
    g_clear_pointer (&reader->cursor, regia_feed_cursor_free);
    return TRUE;
  case REGIA_FEED_REQUEST_SAFE:
    reader->safe = reader->rights != REGIA_FEED_PUBLIC;
    return reader->safe;
  }
  return FALSE;
}

/* Reads requests bit by bit, at most one a round. FALSE: the connection is to be closed. */
static gboolean
reader_hear (RegiaFeedServer *self, Reader *reader)
{
  for (;;) {
    gboolean head = reader->received < sizeof reader->incoming;
    gsize want = head ? sizeof reader->incoming : sizeof reader->incoming + reader->incoming.patterns_bytes;
    char *into = head ? (char *)&reader->incoming + reader->received
                      : reader->patterns + (reader->received - sizeof reader->incoming);
    ssize_t n = recv (reader->fd, into, want - reader->received, MSG_DONTWAIT);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return TRUE;
    if (n <= 0)
      return FALSE;
    reader->received += (gsize)n;
    if (head && reader->received == sizeof reader->incoming) {
      if (!regia_feed_request_check (&reader->incoming))
        return FALSE;
      want += reader->incoming.patterns_bytes;
    }
    if (reader->received == want && want >= sizeof reader->incoming)
      return reader_obey (self, reader);
  }
}

/* The tracks are known: place the cursor. A seq of another generation means nothing here: that reader has
 * missed nothing of this one yet. */
static void
reader_begin (RegiaFeedServer *self, Reader *reader)
{
  const RegiaFeedRequest *request = &reader->request;
  RegiaFeedFrom from = request->from;

  if (from == REGIA_FEED_FROM_SEQ && request->generation != regia_feed_log_get_generation (self->log))
    from = REGIA_FEED_FROM_OLDEST;
  reader->cursor = regia_feed_cursor_new (self->log, reader->rights, reader->patterns,
                                          request->patterns_bytes, from, request->seq);
}

static void
reader_add_table (Reader *reader, GBytes *table)
{
  Message *message = reader_add (reader, REGIA_FEED_MESSAGE_TRACKS);

  message->header.size = (guint32)g_bytes_get_size (table);
  message->body = table;
  reader->told = TRUE;
}

static void
reader_add_packet (Reader *reader, RegiaPacket *packet)
{
  Message *message = reader_add (reader, REGIA_FEED_MESSAGE_PACKET);

  message->header.size = (guint32)g_bytes_get_size (packet->payload);
  message->header.track = packet->track;
  message->header.seq = packet->seq;
  message->header.pts_ns = packet->pts_ns;
  message->header.dts_ns = packet->dts_ns;
  message->header.duration_ns = packet->duration_ns;
  message->header.flags = packet->flags;
  message->body = g_bytes_ref (packet->payload);
  regia_packet_unref (packet);
}

/* Takes the next batch out of the log. FALSE when there is nothing new. */
static gboolean
reader_refill (Reader *reader)
{
  RegiaPacket *packets[BATCH];
  RegiaFeedRead result;

  reader->batch_count = reader->batch_next = 0;
  regia_feed_cursor_read (reader->cursor, packets, BATCH, &result);
  if (result.table != NULL)
    reader_add_table (reader, result.table);
  if (result.gap) {
    Message *gap = reader_add (reader, REGIA_FEED_MESSAGE_GAP);

    gap->header.pts_ns = result.gap_from_ns;
    gap->header.dts_ns = result.gap_to_ns;
  }
  for (guint i = 0; i < result.count; i++)
    reader_add_packet (reader, packets[i]);
  if (result.end && !reader->ended && reader->batch_count < BATCH) {
    reader->ended = TRUE;
    if (reader->told && result.over)
      reader_add (reader, REGIA_FEED_MESSAGE_END);
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

/* Writes until the socket is full or there is nothing more. FALSE: the connection is gone. */
static gboolean
reader_send (RegiaFeedServer *self, Reader *reader)
{
  for (;;) {
    struct iovec parts[2 * MESSAGES_MAX];
    struct msghdr envelope = {.msg_iov = parts};
    gsize skip = reader->batch_offset;
    ssize_t n;

    if (reader->batch_next == reader->batch_count && !(reader->cursor != NULL && reader_refill (reader))) {
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
      /* Its last word may have come before it went. */
      for (guint i = 0; i < 3 && !reader->safe && reader_hear (self, reader); i++)
        ;
      return FALSE;
    }
    reader_advance (reader, (gsize)n);
  }
}

/* One round for one reader. FALSE: close it. */
static gboolean
serve_reader (RegiaFeedServer *self, Reader *reader, short events)
{
  if ((events & (POLLIN | POLLHUP | POLLERR)) && !reader_hear (self, reader))
    return FALSE;
  if (reader->started && reader->cursor == NULL && self->has_tracks)
    reader_begin (self, reader);
  if (!reader->writable && !(events & POLLOUT))
    return TRUE;
  return reader_send (self, reader);
}

/* Those who were added since, each in the place of the one that had its name. */
static void
welcome_readers (RegiaFeedServer *self)
{
  g_autoptr (GPtrArray) arrivals = NULL;

  g_mutex_lock (&self->lock);
  if (self->arrivals->len > 0) {
    arrivals = self->arrivals;
    self->arrivals = g_ptr_array_new_with_free_func ((GDestroyNotify)reader_free);
  }
  g_mutex_unlock (&self->lock);
  while (arrivals != NULL && arrivals->len > 0) {
    Reader *reader = g_ptr_array_steal_index (arrivals, 0);

    for (guint i = self->readers->len; i > 0; i--)
      if (strcmp (((Reader *)g_ptr_array_index (self->readers, i - 1))->name, reader->name) == 0)
        g_ptr_array_remove_index_fast (self->readers, i - 1);
    if (self->readers->len < REGIA_FEED_READERS_MAX)
      g_ptr_array_add (self->readers, reader);
    else
      reader_free (reader);
  }
}

/* A reader that has gone or never came is not waited for; one of the house that is just beginning is. */
static gboolean
is_behind (const Reader *reader)
{
  if (!reader->started)
    return !reader->spoken && reader->rights != REGIA_FEED_PUBLIC;
  /* The log has no tracks: there is nothing that it could be given. */
  if (reader->cursor == NULL)
    return reader->batch_next < reader->batch_count;
  return !reader->ended || reader->batch_next < reader->batch_count;
}

static void
count_readers (RegiaFeedServer *self, gboolean safe)
{
  guint behind = 0;
  guint64 wanted = 0;

  for (guint i = 0; i < self->readers->len; i++) {
    Reader *reader = g_ptr_array_index (self->readers, i);

    behind += is_behind (reader);
    wanted |= reader->cursor != NULL ? regia_feed_cursor_get_wanted (reader->cursor) : 0;
    safe |= reader->safe;
  }
  g_mutex_lock (&self->lock);
  self->n_readers = self->readers->len;
  self->n_behind = behind + self->arrivals->len;
  self->wanted = wanted;
  self->safe |= safe;
  g_cond_broadcast (&self->drained);
  g_mutex_unlock (&self->lock);
}

static gboolean
must_stop (RegiaFeedServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->stop;
}

static void
look_for_tracks (RegiaFeedServer *self)
{
  g_autoptr (GPtrArray) tracks = self->has_tracks ? NULL : regia_feed_log_get_tracks (self->log);

  self->has_tracks = self->has_tracks || tracks != NULL;
}

static gpointer
serve_thread (gpointer user_data)
{
  RegiaFeedServer *self = user_data;
  gint64 served_us = 0;

  while (!must_stop (self)) {
    struct pollfd fds[REGIA_FEED_READERS_MAX + 1];
    guint n_polled = self->readers->len;
    gboolean safe = FALSE;
    guint64 count;

    fds[0] = (struct pollfd){.fd = self->wake_fd, .events = POLLIN};
    for (guint i = 0; i < n_polled; i++) {
      Reader *reader = g_ptr_array_index (self->readers, i);
      short events = POLLIN;

      if (!reader->writable)
        events |= POLLOUT;
      fds[i + 1] = (struct pollfd){.fd = reader->fd, .events = events};
    }
    if (poll (fds, n_polled + 1, -1) < 0 && errno != EINTR) {
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
    look_for_tracks (self);
    for (guint i = n_polled; i > 0; i--) {
      Reader *reader = g_ptr_array_index (self->readers, i - 1);

      if (!serve_reader (self, reader, fds[i].revents)) {
        safe |= reader->safe;
        g_ptr_array_remove_index_fast (self->readers, i - 1);
      }
    }
    welcome_readers (self);
    count_readers (self, safe);
  }
  return NULL;
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
regia_feed_server_new (RegiaFeedLog *log)
{
  RegiaFeedServer *self = g_new0 (RegiaFeedServer, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->drained);
  self->log = log;
  self->readers = g_ptr_array_new_with_free_func ((GDestroyNotify)reader_free);
  self->arrivals = g_ptr_array_new_with_free_func ((GDestroyNotify)reader_free);
  self->wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (self->wake_fd < 0)
    g_error ("no eventfd: %s", g_strerror (errno));
  regia_feed_log_set_wake (log, wake_cb, self);
  self->thread = g_thread_new ("feed-server", serve_thread, self);
  return self;
}

gboolean
regia_feed_server_add_reader (RegiaFeedServer *self, int fd, const char *name, RegiaFeedRights rights,
                              GError **error)
{
  int buffer_bytes = 1 << 20, type = 0;
  socklen_t type_bytes = sizeof type;
  gboolean full;
  Reader *reader;

  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) != 0 || type != SOCK_STREAM) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: what was handed over to read the feed by is no stream socket", name);
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  fcntl (fd, F_SETFD, FD_CLOEXEC);
  /* Fewer wake-ups of both ends for the bursts around a keyframe; what the kernel holds is no part of the
   * log's promise. */
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  reader = g_new0 (Reader, 1);
  reader->fd = fd;
  reader->name = g_strdup (name);
  reader->rights = rights;
  reader->writable = TRUE;
  g_mutex_lock (&self->lock);
  full = self->n_readers + self->arrivals->len >= REGIA_FEED_READERS_MAX;
  if (!full)
    g_ptr_array_add (self->arrivals, reader);
  g_mutex_unlock (&self->lock);
  if (full) {
    reader_free (reader);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "the feed has too many readers");
    return FALSE;
  }
  wake_cb (self);
  return TRUE;
}

guint
regia_feed_server_get_readers (RegiaFeedServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_readers;
}

guint64
regia_feed_server_get_wanted (RegiaFeedServer *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->wanted;
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
  regia_feed_log_set_wake (self->log, NULL, NULL);
  g_mutex_lock (&self->lock);
  self->stop = TRUE;
  g_mutex_unlock (&self->lock);
  wake_cb (self);
  g_thread_join (self->thread);
  close (self->wake_fd);
  g_ptr_array_unref (self->readers);
  g_ptr_array_unref (self->arrivals);
  g_cond_clear (&self->drained);
  g_mutex_clear (&self->lock);
  g_free (self);
}
