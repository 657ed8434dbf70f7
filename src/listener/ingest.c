/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "ingest-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outlet-private.h"
#include "publisher-private.h"
#include "regia/base/address.h"
#include "regia/base/error.h"
#include "regia/config/ingest.h"

/*
 * RegiaIngest: three tables, all of the main thread: the streams (one for each source), the endpoints (one
 * for each address that is listened at), the connections. A connection is made by accept() and is freed where
 * its conversation ends, by its own callback or by the tick.
 *
 * Keys are compared in constant time; a sender that fails hears why and is dropped, and its source says so: a
 * technician at the far end sees only that it does not work.
 */

#define PATIENCE_US   (10 * G_USEC_PER_SEC) /* until it was let in */
#define SILENCE_US    (15 * G_USEC_PER_SEC) /* of a sender */
#define TAKEN_OVER_US (5 * G_USEC_PER_SEC)
#define TICK_MS       500
#define PENDING_MAX   256 /* who has not been let in */
#define BACKLOG       512
#define READ_BYTES    (64 * 1024)
#define READS         8 /* in a row, before others have their turn */
#define ANSWER_BYTES  (256 * 1024)
#define SAY_US        (10 * G_USEC_PER_SEC) /* no more often is a wrong key in the log … */
#define TELL_US       G_USEC_PER_SEC        /* … and in the status of its source */
#define HELLO_BYTES   4096

typedef struct _Connection Connection;

typedef struct {
  RegiaConfigIngest *config; /* (owned) */
  char *name;                /* (owned): of the source */
  char *waits;               /* (owned): in words, with the address to be given to a sender */
  RegiaOutlet *outlet;       /* (owned) */
  Connection *connection;    /* (nullable): who sends */
  gint64 told_us;            /* when it last said who was refused */
} Stream;

typedef struct {
  RegiaIngest *ingest;
  char *address; /* (owned): ADDRESS:PORT */
  int fd;        /* (owned) */
  guint watch;
} Endpoint;

struct _Connection {
  RegiaIngest *ingest;
  Endpoint *endpoint;
  Stream *stream;            /* (nullable): where it was let in */
  RegiaPublisher *publisher; /* (owned) */
  int fd;                    /* (owned) */
  guint reads, writes;       /* sources */
  char *from;                /* (owned): its IP address */
  guint from_hash;
  gint64 came_us, heard_us;
};

struct _RegiaIngest {
  GPtrArray *streams, *endpoints, *connections; /* (owned) */
  guint tick, link;
  int engine_fd;
  gint64 said_us;
  guint pending;
  guint8 buffer[READ_BYTES];
};

static gint64
now_us (void)
{
  return g_get_monotonic_time ();
}

/* Connections */

static void
connection_free (gpointer data)
{
  Connection *self = data;

  g_clear_handle_id (&self->reads, g_source_remove);
  g_clear_handle_id (&self->writes, g_source_remove);
  close (self->fd);
  regia_publisher_free (self->publisher);
  g_free (self->from);
  g_free (self);
}

/* @self is gone after this. @why: (nullable): in words, for the log. */
static void
drop (Connection *self, const char *why)
{
  RegiaIngest *ingest = self->ingest;
  Stream *stream = self->stream;

  if (stream != NULL && stream->connection == self) {
    stream->connection = NULL;
    regia_outlet_end (stream->outlet);
    g_message ("source %s: %s %s", stream->name, self->from, why != NULL ? why : "has ended");
  } else if (stream == NULL)
    ingest->pending--;
  g_ptr_array_remove_fast (ingest->connections, self);
}

static gboolean writable_cb (int fd, GIOCondition condition, gpointer user_data);

/* %FALSE when it cannot be told any more. */
static gboolean
answer (Connection *self)
{
  GByteArray *words = regia_publisher_get_answer (self->publisher);

  while (words->len > 0) {
    ssize_t sent = send (self->fd, words->data, words->len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && errno == EAGAIN && words->len <= ANSWER_BYTES) {
      if (self->writes == 0)
        self->writes = g_unix_fd_add (self->fd, G_IO_OUT, writable_cb, self);
      return TRUE;
    }
    if (sent < 0)
      return FALSE;
    g_byte_array_remove_range (words, 0, (guint)sent);
  }
  return TRUE;
}

static gboolean
writable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Connection *self = user_data;

  self->writes = 0;
  if (!answer (self))
    drop (self, "has broken off");
  return G_SOURCE_REMOVE;
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Connection *self = user_data;
  RegiaIngest *ingest = self->ingest;

  for (guint i = 0; i < READS; i++) {
    g_autoptr (GError) error = NULL;
    ssize_t got = recv (fd, ingest->buffer, sizeof ingest->buffer, MSG_DONTWAIT);
    gboolean goes_on;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return G_SOURCE_CONTINUE;
    if (got <= 0) {
      self->reads = 0;
      drop (self, got == 0 ? NULL : "has broken off");
      return G_SOURCE_REMOVE;
    }
    self->heard_us = now_us ();
    goes_on = regia_publisher_take (self->publisher, ingest->buffer, (gsize)got, &error);
    if (answer (self) && goes_on)
      continue;
    if (error != NULL && self->stream == NULL)
      g_debug ("%s at %s: %s", self->from, self->endpoint->address, error->message);
    self->reads = 0;
    drop (self, error != NULL ? error->message : goes_on ? "has broken off" : NULL);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

/* How long it takes tells nothing about where they differ. */
static gboolean
are_same (const char *a, const char *b)
{
  g_autofree char *hash_a = g_compute_checksum_for_string (G_CHECKSUM_SHA256, a, -1);
  g_autofree char *hash_b = g_compute_checksum_for_string (G_CHECKSUM_SHA256, b, -1);
  guint different = 0;

  for (guint i = 0; hash_a[i] != '\0'; i++)
    different |= (guint)(hash_a[i] ^ hash_b[i]);
  return different == 0;
}

G_GNUC_PRINTF (3, 4)
static void
note_refused (Connection *self, Stream *stream, const char *format, ...)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *clock = g_date_time_format (now, "%H:%M:%S"), *what = NULL, *words = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  if (now_us () - self->ingest->said_us >= SAY_US || self->ingest->said_us == 0) {
    g_message ("source %s: %s %s", stream->name, self->from, what);
    self->ingest->said_us = now_us ();
  }
  if (stream->connection != NULL || (stream->told_us != 0 && now_us () - stream->told_us < TELL_US))
    return;
  stream->told_us = now_us ();
  words = g_strdup_printf ("%s; at %s %s %s", stream->waits, clock, self->from, what);
  regia_outlet_say (stream->outlet, words);
}

static gboolean
may_publish_cb (const char *application, const char *key, char **ret_why, gpointer user_data)
{
  Connection *self = user_data;
  RegiaIngest *ingest = self->ingest;
  Stream *wanted = NULL, *near = NULL;

  for (guint i = 0; i < ingest->streams->len; i++) {
    Stream *stream = g_ptr_array_index (ingest->streams, i);

    if (!g_str_equal (stream->config->listen, self->endpoint->address) ||
        !g_str_equal (stream->config->application, application))
      continue;
    near = stream;
    if (are_same (stream->config->key, key))
      wanted = stream;
  }
  if (wanted == NULL) {
    if (near != NULL)
      note_refused (self, near, "came with a wrong key");
    *ret_why = g_strdup ("the address or the key is wrong");
    return FALSE;
  }
  if (wanted->connection != NULL && now_us () - wanted->connection->heard_us < TAKEN_OVER_US) {
    note_refused (self, wanted, "has the key as well, and was refused: %s sends already",
                  wanted->connection->from);
    *ret_why = g_strdup ("somebody else sends with this key");
    return FALSE;
  }
  if (wanted->connection != NULL)
    drop (wanted->connection, "is silent, another one takes its place");
  self->stream = wanted;
  wanted->connection = self;
  ingest->pending--;
  regia_outlet_say (wanted->outlet, wanted->waits);
  g_message ("source %s: %s sends", wanted->name, self->from);
  return TRUE;
}

static void
media_cb (guint8 type, guint32 time_ms, const guint8 *data, gsize size, gpointer user_data)
{
  regia_outlet_send (((Connection *)user_data)->stream->outlet, type, time_ms, data, size);
}

/* Of the address that has most of those who were not let in yet, the earliest. By hashes, because it is done
 * for each that comes while many do; two addresses with the same one make room for each other. */
static void
make_room (RegiaIngest *self)
{
  Connection *earliest = NULL;
  guint most = 0;

  for (guint i = 0; i < self->connections->len; i++) {
    Connection *one = g_ptr_array_index (self->connections, i);
    guint same = 0;

    for (guint j = 0; one->stream == NULL && j < self->connections->len; j++) {
      const Connection *other = g_ptr_array_index (self->connections, j);

      same += other->stream == NULL && other->from_hash == one->from_hash;
    }
    if (same > most ||
        (same == most && earliest != NULL && one->stream == NULL && one->came_us < earliest->came_us)) {
      most = same;
      earliest = one;
    }
  }
  if (earliest != NULL)
    drop (earliest, NULL);
}

/* Endpoints */

static char *
ip_of (const struct sockaddr_storage *address, socklen_t length)
{
  g_autoptr (GSocketAddress) socket_address = g_socket_address_new_from_native ((gpointer)address, length);

  return G_IS_INET_SOCKET_ADDRESS (socket_address)
             ? g_inet_address_to_string (
                   g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (socket_address)))
             : g_strdup ("somebody");
}

static void
add_connection (Endpoint *endpoint, int fd, char *from)
{
  static const RegiaPublisherCallbacks callbacks = {.may_publish = may_publish_cb, .media = media_cb};
  RegiaIngest *ingest = endpoint->ingest;
  Connection *connection = g_new0 (Connection, 1);

  if (ingest->pending >= PENDING_MAX)
    make_room (ingest);
  connection->ingest = ingest;
  connection->endpoint = endpoint;
  connection->fd = fd;
  connection->from = from;
  connection->from_hash = g_str_hash (from);
  connection->came_us = connection->heard_us = now_us ();
  connection->publisher = regia_publisher_new (&callbacks, connection);
  connection->reads = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, connection);
  ingest->pending++;
  g_ptr_array_add (ingest->connections, connection);
}

static gboolean
accept_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Endpoint *self = user_data;

  for (guint i = 0; i < READS; i++) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int connection_fd = accept4 (fd, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (connection_fd >= 0) {
      add_connection (self, connection_fd, ip_of (&address, length));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE)
      make_room (self->ingest);
    break;
  }
  return G_SOURCE_CONTINUE;
}

static void
endpoint_free (gpointer data)
{
  Endpoint *self = data;

  g_clear_handle_id (&self->watch, g_source_remove);
  close (self->fd);
  g_free (self->address);
  g_free (self);
}

/* Returns: a listening socket, or −1. @address is known to be one. */
static int
listen_at (const char *address, GError **error)
{
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) ip = NULL;
  g_autoptr (GSocketAddress) socket_address = NULL;
  struct sockaddr_storage native;
  int on = 1, fd;
  guint port;

  if (!regia_address_split (address, &host, &port) || (ip = regia_address_ip (host)) == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s is no ADDRESS:PORT", address);
    return -1;
  }
  socket_address = g_inet_socket_address_new (ip, (guint16)port);
  g_socket_address_to_native (socket_address, &native, sizeof native, NULL);
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* A listener that was just killed leaves connections behind; it is not in the way of the next one. */
  if (fd >= 0 && setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind (fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (socket_address)) ==
          0 &&
      listen (fd, BACKLOG) == 0)
    return fd;
  regia_error_set_errno (error, errno, "cannot wait for senders at %s; free it, or choose another port",
                         address);
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
open_endpoint (RegiaIngest *self, const char *address, GError **error)
{
  Endpoint *endpoint;
  int fd;

  for (guint i = 0; i < self->endpoints->len; i++)
    if (g_str_equal (((Endpoint *)g_ptr_array_index (self->endpoints, i))->address, address))
      return TRUE;
  fd = listen_at (address, error);
  if (fd < 0)
    return FALSE;
  endpoint = g_new0 (Endpoint, 1);
  endpoint->ingest = self;
  endpoint->address = g_strdup (address);
  endpoint->fd = fd;
  g_ptr_array_add (self->endpoints, endpoint);
  return TRUE;
}

/* The engine's sockets */

static void
hand_to_stream (RegiaIngest *self, const char *hello, int fd)
{
  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = g_ptr_array_index (self->streams, i);

    if (!g_str_equal (stream->config->hello, hello))
      continue;
    regia_outlet_use (stream->outlet, fd);
    return;
  }
  g_debug ("the engine has a source that nobody is listened for");
  close (fd);
}

static gboolean
engine_cb (int fd, GIOCondition condition, gpointer user_data)
{
  RegiaIngest *self = user_data;
  char hello[HELLO_BYTES + 1];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control;
  struct iovec part = {hello, HELLO_BYTES};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  struct cmsghdr *handed = got >= 0 ? CMSG_FIRSTHDR (&message) : NULL;
  int socket_fd;

  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (got <= 0) { /* the director holds the other end: it is going away as well */
    self->link = 0;
    return G_SOURCE_REMOVE;
  }
  if (handed == NULL || handed->cmsg_type != SCM_RIGHTS || handed->cmsg_len != CMSG_LEN (sizeof (int)))
    return G_SOURCE_CONTINUE;
  memcpy (&socket_fd, CMSG_DATA (handed), sizeof socket_fd);
  hello[got] = '\0';
  hand_to_stream (self, hello, socket_fd);
  explicit_bzero (hello, sizeof hello);
  return G_SOURCE_CONTINUE;
}

/* All of it */

static gboolean
tick_cb (gpointer user_data)
{
  RegiaIngest *self = user_data;
  gint64 now = now_us ();

  for (guint i = self->connections->len; i-- > 0;) {
    Connection *connection = g_ptr_array_index (self->connections, i);

    if (connection->stream == NULL && now - connection->came_us > PATIENCE_US)
      drop (connection, NULL);
    else if (connection->stream != NULL && now - connection->heard_us > SILENCE_US)
      drop (connection, "has fallen silent");
  }
  return G_SOURCE_CONTINUE;
}

static void
stream_free (gpointer data)
{
  Stream *self = data;

  regia_config_ingest_free (self->config);
  regia_outlet_free (self->outlet);
  g_free (self->name);
  g_free (self->waits);
  g_free (self);
}

static gboolean
add_stream (RegiaIngest *self, const RegiaConfigSource *source, GError **error)
{
  g_autoptr (RegiaConfigIngest) config = regia_config_source_ingest (source, error);
  Stream *stream;

  if (config == NULL || !open_endpoint (self, config->listen, error)) {
    g_prefix_error (error, "[source %s] ", source->name);
    return FALSE;
  }
  stream = g_new0 (Stream, 1);
  stream->config = g_steal_pointer (&config);
  stream->name = g_strdup (source->name);
  stream->waits = g_strdup_printf ("waits for a sender at %s", stream->config->url);
  stream->outlet = regia_outlet_new ();
  regia_outlet_say (stream->outlet, stream->waits);
  g_ptr_array_add (self->streams, stream);
  return TRUE;
}

RegiaIngest *
regia_ingest_new (const RegiaConfigValues *values, GError **error)
{
  g_autoptr (RegiaIngest) self = g_new0 (RegiaIngest, 1);

  self->streams = g_ptr_array_new_with_free_func (stream_free);
  self->endpoints = g_ptr_array_new_with_free_func (endpoint_free);
  self->connections = g_ptr_array_new_with_free_func (connection_free);
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    if (regia_config_source_has_ingest (source) && !add_stream (self, source, error))
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
regia_ingest_open (RegiaIngest *self, int engine_fd)
{
  self->link = g_unix_fd_add (engine_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, engine_cb, self);
  for (guint i = 0; i < self->endpoints->len; i++) {
    Endpoint *endpoint = g_ptr_array_index (self->endpoints, i);

    endpoint->watch = g_unix_fd_add (endpoint->fd, G_IO_IN, accept_cb, endpoint);
  }
  self->tick = g_timeout_add (TICK_MS, tick_cb, self);
}

RegiaIngestCounts
regia_ingest_get_counts (RegiaIngest *self)
{
  return (RegiaIngestCounts){self->connections->len, self->connections->len - self->pending};
}

void
regia_ingest_free (RegiaIngest *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->link, g_source_remove);
  g_ptr_array_unref (self->connections);
  g_ptr_array_unref (self->endpoints);
  g_ptr_array_unref (self->streams);
  g_free (self);
}
