/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

#include "reply-private.h"
#include "wire-private.h"

/**
 * RegiaHttp: libsoup, for everything that does not lie ready: a SoupServer for each worker, whose connections
 * are the wires (wire-private.h), so that it reads nothing but canonical requests that were judged before.
 * Handlers are ordinary ones, found by path, as its documentation says (soup_server_add_handler()); they run
 * in the worker's main context and must not wait. Whoever has to, uses regia_http_respond_later().
 *
 * Every answer carries the security fields of data (see reply-private.h) unless its handler sets others.
 */
typedef struct _RegiaHttp RegiaHttp;

/** RegiaHttpHandlersFunc: adds the handlers to a worker's @server; called once for each worker, on the thread
 * that starts them. */
typedef void (*RegiaHttpHandlersFunc) (RegiaHttp *http, SoupServer *server, gpointer user_data);

/** regia_http_pair: the socket pair that regia_http_new() is given: made before the process is isolated and
 * can make none. Errors: G_IO_ERROR. */
gboolean regia_http_pair (int ret_pair[2], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_http_new: in the thread's default main context, in which everything of it happens.
 * SOUP_SERVER_HTTP2 must not be in the environment (unset it before there are threads).
 * @disk: (transfer none): outlives regia_http_close()
 * @pair: (transfer full): of regia_http_pair(), also when this fails
 */
RegiaHttp *regia_http_new (RegiaDisk *disk, const int pair[2], RegiaHttpHandlersFunc add_handlers,
                           gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_http_close: closes every connection; disk jobs still running come back to the context and find
 * theirs closed. */
void regia_http_close (RegiaHttp *self);
/** regia_http_free: after the last disk job came back (regia_http_close(), regia_disk_free(), the context run
 * empty). */
void regia_http_free (RegiaHttp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHttp, regia_http_free)

/** regia_http_accept: libsoup has @wire from here on; its reference is the caller's own. @local, @remote: its
 * ends. */
gboolean regia_http_accept (RegiaHttp *self, RegiaWire *wire, GSocketAddress *local, GSocketAddress *remote,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_http_respond: @reply is the answer to @message; for a handler. Its body is in memory. */
void regia_http_respond (SoupServerMessage *message, const RegiaReply *reply);

/** RegiaHttpPending: a message whose answer is not there yet. */
typedef struct _RegiaHttpPending RegiaHttpPending;
/** regia_http_pause: has @message wait for regia_http_resume(); for a handler, which returns then. */
RegiaHttpPending *regia_http_pause (RegiaHttp *self, SoupServerMessage *message) G_GNUC_WARN_UNUSED_RESULT;
/** regia_http_resume: @reply is its answer, if it is still there. In the worker's context, not after it was
 * run empty (regia_http_free()). @self: (transfer full) */
void regia_http_resume (RegiaHttpPending *self, const RegiaReply *reply);

/** regia_http_take_back: (transfer full) (nullable): the message, still paused, for whoever answers it by
 * himself; %NULL: it is not there any more. As regia_http_resume(). */
SoupServerMessage *regia_http_take_back (RegiaHttpPending *self) G_GNUC_WARN_UNUSED_RESULT;

/** RegiaHttpMakeFunc: makes the answer to a request for @path; on a disk thread. */
typedef void (*RegiaHttpMakeFunc) (const char *path, RegiaReply *reply, gpointer user_data);
/** regia_http_respond_later: has the answer made on a disk thread; for a handler, which returns then.
 * @user_data: outlives the server */
void regia_http_respond_later (RegiaHttp *self, SoupServerMessage *message, const char *path,
                               RegiaHttpMakeFunc make, gpointer user_data);
