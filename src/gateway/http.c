/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <libsoup/soup.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/thread.h"

/*
 * What libsoup does for us: the sequence of requests and answers on a connection, writing heads and bodies as
 * the socket takes them, pausing and going on. What it is not asked to do: listen, read strangers' bytes,
 * know paths, ranges, bodies, time-outs (see wire.c).
 *
 * A message's life: "request-started" → "got-headers", where the answer is asked for and filled in → libsoup
 * writes it → "finished". An answer that needs the disk pauses the message, is made on a disk thread, and
 * comes back to the worker's context. A file's body goes the same way piece by piece, unless the page cache
 * has it already (RWF_NOWAIT): a hanging disk stalls downloads, never HLS.
 */
struct _RegiaHttp {
  SoupServer *soup;      /* (owned) */
  GMainContext *context; /* (owned) the worker's */
  GThreadPool *disk;     /* (unowned) */
  RegiaHttpAnswerFunc answer;
  gpointer user_data;
  int quiet_fd; /* far end of libsoup's own "listener" */
};

/* Something a disk thread does for a message, and what follows on the worker's context. */
typedef struct _DiskJob DiskJob;
struct _DiskJob {
  void (*work) (DiskJob *job); /* disk thread */
  void (*done) (DiskJob *job); /* worker's context; frees the job */
  GMainContext *context;       /* (owned) */
};

#define PIECE_BYTES (256 * 1024)
/* A disk that hangs must not gather requests without end: they hold connections that viewers need. */
#define DISK_QUEUE_MAX 64

static GQuark
wire_quark (void)
{
  return g_quark_from_static_string ("regia-wire");
}

static RegiaWire *
wire_of (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);
  return remote != NULL ? g_object_get_qdata (G_OBJECT (remote), wire_quark ()) : NULL;
}

static gboolean
job_done_cb (gpointer data)
{
  DiskJob *job = data;
  job->done (job);
  return G_SOURCE_REMOVE;
}

static void
disk_thread_func (gpointer data, gpointer user_data)
{
  DiskJob *job = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  job->work (job);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, job_done_cb, job, NULL);
  g_source_attach (source, job->context);
}

GThreadPool *
regia_http_disk_new (guint threads)
{
  return g_thread_pool_new (disk_thread_func, NULL, (gint)threads, FALSE, NULL);
}

/* FileBody: the rest of a file on its way out. Owned by its message; a job on a disk thread holds a reference
 * of its own. */
typedef struct {
  gatomicrefcount ref_count;
  RegiaHttp *http;
  /* (unowned): gone once it is NULL (finished) or the wire is closed (a server that ends drops its messages
   * without a word): then nothing may be appended */
  SoupServerMessage *message;
  RegiaWire *wire; /* (owned) */
  int fd;          /* (owned) */
  guint64 offset, left;
} FileBody;

static void
file_body_unref (gpointer data)
{
  FileBody *self = data;
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  close (self->fd);
  g_object_unref (self->wire);
  g_free (self);
}

typedef struct {
  DiskJob job;
  FileBody *file; /* (owned) */
  void *piece;
  gssize n;
} PieceJob;

static void file_body_append (FileBody *self, void *piece, gssize n);

static void
piece_work_cb (DiskJob *job)
{
  PieceJob *self = (PieceJob *)job;

  do
    self->n =
        pread (self->file->fd, self->piece, MIN (self->file->left, PIECE_BYTES), (off_t)self->file->offset);
  while (self->n < 0 && errno == EINTR);
}

static void
piece_done_cb (DiskJob *job)
{
  PieceJob *self = (PieceJob *)job;
  SoupServerMessage *message = self->file->message;

  if (message != NULL && !g_io_stream_is_closed (G_IO_STREAM (self->file->wire))) {
    file_body_append (self->file, self->piece, self->n);
    soup_server_message_unpause (message);
  } else {
    g_free (self->piece);
  }
  file_body_unref (self->file);
  g_main_context_unref (job->context);
  g_free (self);
}

/* @piece is (transfer full). A file that became shorter cannot be answered any more: the connection ends
 * before the promised length. */
static void
file_body_append (FileBody *self, void *piece, gssize n)
{
  g_autoptr (GBytes) bytes = NULL;

  if (n <= 0) {
    g_free (piece);
    self->left = 0;
    regia_wire_shutdown (wire_of (self->message));
    soup_message_body_complete (soup_server_message_get_response_body (self->message));
    return;
  }
  bytes = g_bytes_new_take (piece, n);
  self->offset += n;
  self->left -= n;
  soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), bytes);
  if (self->left == 0)
    soup_message_body_complete (soup_server_message_get_response_body (self->message));
}

/* The next piece: at once when it is in memory, else by way of a disk thread; libsoup pauses the message by
 * itself meanwhile. */
static void
file_body_next (FileBody *self)
{
  gsize wanted = MIN (self->left, PIECE_BYTES);
  struct iovec part;
  PieceJob *job;
  void *piece;
  gssize n;

  if (wanted == 0)
    return;
  piece = g_malloc (wanted);
  part = (struct iovec){piece, wanted};
  n = preadv2 (self->fd, &part, 1, (off_t)self->offset, RWF_NOWAIT);
  if (n > 0) {
    file_body_append (self, piece, n);
    return;
  }
  if (g_thread_pool_unprocessed (self->http->disk) >= DISK_QUEUE_MAX) {
    file_body_append (self, piece, -1);
    return;
  }
  job = g_new0 (PieceJob, 1);
  job->job.work = piece_work_cb;
  job->job.done = piece_done_cb;
  job->job.context = g_main_context_ref (self->http->context);
  job->piece = piece;
  g_atomic_ref_count_inc (&self->ref_count);
  job->file = self;
  g_thread_pool_push (self->http->disk, job, NULL);
}

static void
wrote_chunk_cb (SoupServerMessage *message, gpointer data)
{
  file_body_next (data);
}

static void
file_finished_cb (SoupServerMessage *message, gpointer data)
{
  ((FileBody *)data)->message = NULL;
}

static void
respond_file (RegiaHttp *self, SoupServerMessage *message, RegiaReply *reply)
{
  FileBody *file = g_new0 (FileBody, 1);

  g_atomic_ref_count_init (&file->ref_count);
  file->http = self;
  file->message = message;
  file->wire = g_object_ref (wire_of (message));
  file->fd = reply->fd;
  file->offset = reply->offset;
  file->left = reply->length;
  reply->fd = -1;
  posix_fadvise (file->fd, (off_t)file->offset, (off_t)file->left, POSIX_FADV_SEQUENTIAL);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  g_object_set_data_full (G_OBJECT (message), "regia-file", file, file_body_unref);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (wrote_chunk_cb), file);
  g_signal_connect (message, "finished", G_CALLBACK (file_finished_cb), file);
  file_body_next (file);
}

#define PAGE_CSP                                                                                             \
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' "   \
  "blob:; "                                                                                                  \
  "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "    \
  "frame-ancestors 'self'"

static void
append_guard (SoupMessageHeaders *headers, RegiaGuard guard)
{
  soup_message_headers_append (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_append (headers, "Referrer-Policy", "no-referrer");
  if (guard == REGIA_GUARD_PAGE) {
    soup_message_headers_append (headers, "Content-Security-Policy", PAGE_CSP);
    soup_message_headers_append (headers, "X-Frame-Options", "SAMEORIGIN");
    soup_message_headers_append (headers, "Permissions-Policy",
                                 "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
  } else {
    soup_message_headers_append (headers, "Content-Security-Policy",
                                 "default-src 'none'; frame-ancestors 'none'");
  }
}

static void
append_text (SoupMessageHeaders *headers, const char *name, const char *value)
{
  if (value != NULL && value[0] != '\0')
    soup_message_headers_append (headers, name, value);
}

static void
respond (RegiaHttp *self, SoupServerMessage *message, RegiaWire *wire, RegiaReply *reply)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  guint64 length = regia_reply_length (reply);
  gboolean no_body = regia_wire_get_request (wire)->method == REGIA_METHOD_HEAD || reply->status == 304 ||
                     reply->status == 204;

  soup_server_message_set_status (message, reply->status, NULL);
  append_text (headers, "Content-Type", reply->content_type);
  append_text (headers, "Content-Encoding", no_body && reply->status == 304 ? NULL : reply->encoding);
  if (reply->vary_encoding)
    soup_message_headers_append (headers, "Vary", "Accept-Encoding");
  append_text (headers, "Cache-Control", reply->cache_control);
  append_text (headers, "ETag", reply->etag);
  append_text (headers, "Last-Modified", reply->last_modified);
  append_text (headers, "Content-Range", reply->content_range);
  append_text (headers, "Content-Disposition", reply->disposition);
  append_text (headers, "Allow", reply->allow);
  if (reply->accept_ranges)
    soup_message_headers_append (headers, "Accept-Ranges", "bytes");
  if (reply->cors)
    soup_message_headers_append (headers, "Access-Control-Allow-Origin", "*");
  if (reply->cors_preflight) {
    soup_message_headers_append (headers, "Access-Control-Allow-Methods", REGIA_REQUEST_ALLOW);
    soup_message_headers_append (headers, "Access-Control-Allow-Headers", "X-Regia-Viewer, Range");
    soup_message_headers_append (headers, "Access-Control-Max-Age", "86400");
  }
  append_guard (headers, reply->guard);
  if (regia_wire_is_last (wire))
    soup_message_headers_append (headers, "Connection", "close");

  if (reply->status == 304 || reply->status == 204) {
    soup_message_headers_set_encoding (
        headers,
        SOUP_ENCODING_NONE); /* else libsoup, 3.6.5 too, says Content-Length: 0 for what is not empty */
    return;
  }
  soup_message_headers_set_content_length (headers, (goffset)length);
  if (no_body || length == 0)
    return;
  regia_wire_expect_body (wire);
  if (reply->fd >= 0)
    respond_file (self, message, reply);
  else
    soup_message_body_append_bytes (soup_server_message_get_response_body (message), reply->body);
}

/* SlowJob: an answer that is made on a disk thread. The request's strings belong to the wire, which stays as
 * it is while unanswered. */
typedef struct {
  DiskJob job;
  RegiaHttp *http;
  SoupServerMessage *message; /* (owned) */
  RegiaWire *wire;            /* (owned) */
  RegiaReply reply;
} SlowJob;

static void
slow_work_cb (DiskJob *job)
{
  SlowJob *self = (SlowJob *)job;
  self->http->answer (regia_wire_get_request (self->wire), regia_wire_get_peer (self->wire), TRUE,
                      &self->reply, self->http->user_data);
}

static void
slow_done_cb (DiskJob *job)
{
  SlowJob *self = (SlowJob *)job;

  if (!g_io_stream_is_closed (G_IO_STREAM (self->wire))) {
    respond (self->http, self->message, self->wire, &self->reply);
    soup_server_message_unpause (self->message);
  }
  regia_reply_clear (&self->reply);
  g_object_unref (self->message);
  g_object_unref (self->wire);
  g_main_context_unref (job->context);
  g_free (self);
}

static void
got_headers_cb (SoupServerMessage *message, gpointer data)
{
  RegiaHttp *self = data;
  RegiaWire *wire = wire_of (message);
  g_auto (RegiaReply) reply;
  SlowJob *job;

  regia_reply_init (&reply);
  if (wire == NULL) { /* cannot be: nothing but our wires is accepted */
    soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
    return;
  }
  if (regia_wire_is_over (wire)) {
    soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
    return;
  }
  if (regia_wire_has_too_many (wire))
    regia_reply_error (&reply, 503, regia_wire_get_request (wire)->path,
                       "Too many connections from your address; try again in some seconds.");
  else
    self->answer (regia_wire_get_request (wire), regia_wire_get_peer (wire), FALSE, &reply, self->user_data);
  if (!reply.is_slow) {
    respond (self, message, wire, &reply);
    return;
  }
  if (g_thread_pool_unprocessed (self->disk) >= DISK_QUEUE_MAX) {
    reply.is_slow = FALSE;
    regia_reply_error (&reply, 503, regia_wire_get_request (wire)->path,
                       "The disk is busy; try again in some seconds.");
    respond (self, message, wire, &reply);
    return;
  }
  job = g_new0 (SlowJob, 1);
  job->job.work = slow_work_cb;
  job->job.done = slow_done_cb;
  job->job.context = g_main_context_ref (self->context);
  job->http = self;
  job->message = g_object_ref (message);
  job->wire = g_object_ref (wire);
  regia_reply_init (&job->reply);
  soup_server_message_pause (message);
  g_thread_pool_push (self->disk, job, NULL);
}

static void
request_started_cb (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  g_signal_connect (message, "got-headers", G_CALLBACK (got_headers_cb), data);
}

gboolean
regia_http_pair (int ret_pair[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_pair) < 0)
    return regia_error_set_errno (error, errno, "socketpair");
  return TRUE;
}

RegiaHttp *
regia_http_new (GThreadPool *disk, const int pair[2], RegiaHttpAnswerFunc answer, gpointer user_data,
                GError **error)
{
  g_autoptr (RegiaHttp) self = g_new0 (RegiaHttp, 1);
  g_autoptr (GSocket) quiet = NULL;

  self->context = g_main_context_ref_thread_default ();
  self->disk = disk;
  self->answer = answer;
  self->user_data = user_data;
  self->soup = soup_server_new (NULL, NULL);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (request_started_cb), self);

  /* libsoup keeps connections alive only while it has a listener. It is given one end of a socket pair whose
   * other end never says anything: unlike a listening socket, nobody can reach that. So it is from 3.2.3 to
   * 3.6.5 at least. */
  self->quiet_fd = pair[1];
  quiet = g_socket_new_from_fd (pair[0], error);
  if (quiet == NULL) {
    close (pair[0]);
    return NULL;
  }
  if (!soup_server_listen_socket (self->soup, quiet, 0, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
regia_http_close (RegiaHttp *self)
{
  REGIA_ON_THREAD (self->context);
  soup_server_disconnect (self->soup);
}

void
regia_http_free (RegiaHttp *self)
{
  if (self == NULL)
    return;
  if (self->soup != NULL)
    regia_http_close (self);
  g_clear_object (&self->soup);
  g_clear_pointer (&self->context, g_main_context_unref);
  if (self->quiet_fd >= 0)
    close (self->quiet_fd);
  g_free (self);
}

gboolean
regia_http_accept (RegiaHttp *self, RegiaWire *wire, GSocketAddress *local, GSocketAddress *remote,
                   GError **error)
{
  REGIA_ON_THREAD_VAL (self->context, FALSE);
  g_object_set_qdata_full (G_OBJECT (remote), wire_quark (), g_object_ref (wire), g_object_unref);
  return soup_server_accept_iostream (self->soup, G_IO_STREAM (wire), local, remote, error);
}
