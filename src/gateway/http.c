/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "http-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/thread.h"

/*
 * What libsoup does for us: reading requests, finding handlers, writing heads and bodies as the socket takes
 * them, pausing and going on. What it is not asked to do: listen, read strangers' bytes, keep deadlines.
 *
 * A message's life: "request-started" → "got-headers", where the fields that all answers have are set → its
 * handler, which responds, or pauses it until a disk thread has made the answer → "finished".
 */
struct _RegiaHttp {
  SoupServer *soup;      /* (owned) */
  GMainContext *context; /* (owned) the worker's */
  RegiaDisk *disk;       /* (unowned) */
  gboolean is_closed;
  int quiet_fd; /* far end of libsoup's own "listener" */
};

static void
set_field_cb (const char *name, const char *value, gpointer headers)
{
  soup_message_headers_replace (headers, name, value);
}

void
regia_http_respond (SoupServerMessage *message, const RegiaReply *reply)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  gboolean is_head = soup_server_message_get_method (message) == SOUP_METHOD_HEAD;

  soup_server_message_set_status (message, reply->status, NULL);
  regia_reply_each_field (reply, set_field_cb, headers);
  if (reply->status == 304 || reply->status == 204) {
    soup_message_headers_set_encoding (
        headers,
        SOUP_ENCODING_NONE); /* else libsoup, 3.6.5 too, says Content-Length: 0 for what is not empty */
    return;
  }
  soup_message_headers_set_content_length (headers, (goffset)regia_reply_length (reply));
  if (regia_reply_has_body (reply, is_head))
    soup_message_body_append_bytes (soup_server_message_get_response_body (message), reply->body);
}

/* What is answered later. libsoup tells of a connection that ended meanwhile, but not of a server that does.
 */
struct _RegiaHttpPending {
  RegiaHttp *http;            /* (unowned) */
  SoupServerMessage *message; /* (owned) */
  gboolean is_gone;           /* its connection is */
};

static void
pending_gone_cb (SoupServerMessage *message, gpointer data)
{
  ((RegiaHttpPending *)data)->is_gone = TRUE;
}

RegiaHttpPending *
regia_http_pause (RegiaHttp *self, SoupServerMessage *message)
{
  RegiaHttpPending *pending;

  REGIA_ON_THREAD_VAL (self->context, NULL);
  pending = g_new0 (RegiaHttpPending, 1);
  pending->http = self;
  pending->message = g_object_ref (message);
  g_signal_connect (message, "finished", G_CALLBACK (pending_gone_cb), pending);
  g_signal_connect (message, "disconnected", G_CALLBACK (pending_gone_cb), pending);
  soup_server_message_pause (message);
  return pending;
}

void
regia_http_resume (RegiaHttpPending *self, const RegiaReply *reply)
{
  g_signal_handlers_disconnect_by_data (self->message, self);
  if (!self->is_gone && !self->http->is_closed) {
    regia_http_respond (self->message, reply);
    soup_server_message_unpause (self->message);
  }
  g_object_unref (self->message);
  g_free (self);
}

SoupServerMessage *
regia_http_take_back (RegiaHttpPending *self)
{
  gboolean is_gone = self->is_gone || self->http->is_closed;
  SoupServerMessage *message = self->message;

  g_signal_handlers_disconnect_by_data (message, self);
  g_free (self);
  if (is_gone)
    g_clear_object (&message);
  return message;
}

/* LaterJob: an answer that is made on a disk thread. */
typedef struct {
  RegiaDiskJob job;
  RegiaHttpPending *pending; /* (owned) */
  char *path;                /* (owned) */
  RegiaHttpMakeFunc make;
  gpointer user_data;
  RegiaReply reply;
} LaterJob;

static void
later_work_cb (RegiaDiskJob *job)
{
  LaterJob *self = (LaterJob *)job;
  self->make (self->path, &self->reply, self->user_data);
}

static void
later_done_cb (RegiaDiskJob *job)
{
  LaterJob *self = (LaterJob *)job;

  regia_http_resume (self->pending, &self->reply);
  regia_reply_clear (&self->reply);
  g_free (self->path);
  g_free (self);
}

void
regia_http_respond_later (RegiaHttp *self, SoupServerMessage *message, const char *path,
                          RegiaHttpMakeFunc make, gpointer user_data)
{
  LaterJob *job;

  REGIA_ON_THREAD (self->context);
  if (regia_disk_is_busy (self->disk)) {
    g_auto (RegiaReply) reply;

    regia_reply_init (&reply);
    regia_reply_error (&reply, 503, path, "The disk is busy; try again in some seconds.");
    regia_http_respond (message, &reply);
    return;
  }
  job = g_new0 (LaterJob, 1);
  job->job = (RegiaDiskJob){later_work_cb, later_done_cb, self->context};
  job->path = g_strdup (path);
  job->make = make;
  job->user_data = user_data;
  regia_reply_init (&job->reply);
  job->pending = regia_http_pause (self, message);
  regia_disk_push (self->disk, &job->job);
}

static void
got_headers_cb (SoupServerMessage *message, gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Content-Security-Policy",
                                "default-src 'none'; frame-ancestors 'none'");
  if (soup_server_message_get_http_version (message) == SOUP_HTTP_1_0 ||
      soup_message_headers_header_contains (soup_server_message_get_request_headers (message), "Connection",
                                            "close"))
    soup_message_headers_replace (headers, "Connection", "close");
}

static void
request_started_cb (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  g_signal_connect (message, "got-headers", G_CALLBACK (got_headers_cb), NULL);
}

gboolean
regia_http_pair (int ret_pair[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_pair) < 0)
    return regia_error_set_errno (error, errno, "socketpair");
  return TRUE;
}

RegiaHttp *
regia_http_new (RegiaDisk *disk, const int pair[2], RegiaHttpHandlersFunc add_handlers, gpointer user_data,
                GError **error)
{
  g_autoptr (RegiaHttp) self = g_new0 (RegiaHttp, 1);
  g_autoptr (GSocket) quiet = NULL;

  self->context = g_main_context_ref_thread_default ();
  self->disk = disk;
  self->soup = soup_server_new (NULL, NULL);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (request_started_cb), NULL);

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
  add_handlers (self, self->soup, user_data);
  return g_steal_pointer (&self);
}

void
regia_http_close (RegiaHttp *self)
{
  REGIA_ON_THREAD (self->context);
  self->is_closed = TRUE;
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
  return soup_server_accept_iostream (self->soup, G_IO_STREAM (wire), local, remote, error);
}
