/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "reply-private.h"
#include "request-private.h"
#include "wire-private.h"

/**
 * RegiaHttp: the HTTP library behind four words: accept a wire, hand up a request, respond with a value,
 * stream a file. http.c is the one file that includes libsoup; another library takes its place by
 * implementing this header.
 *
 * One per worker; everything happens in the main context that was the thread's default in regia_http_new().
 */
typedef struct _RegiaHttp RegiaHttp;

/**
 * RegiaHttpAnswerFunc: fills @reply (already initialised).
 * @may_wait: %FALSE on the worker's thread: nothing may block there, an answer that needs the disk sets
 * is_slow; %TRUE when it is asked again on a disk thread
 *
 * Called on several threads at once.
 */
typedef void (*RegiaHttpAnswerFunc) (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait,
                                     RegiaReply *reply, gpointer user_data);

/** regia_http_pair: the socket pair that regia_http_new() is given: made before the process is isolated and
 * can make none. Errors: G_IO_ERROR. */
gboolean regia_http_pair (int ret_pair[2], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_http_new:
 * SOUP_SERVER_HTTP2 must not be in the environment (unset it before there are threads).
 * @disk: (transfer none): the pool that waits for the disk, made by regia_http_disk_new() and shared by all
 * workers
 * @pair: (transfer full): of regia_http_pair(), also when this fails
 */
RegiaHttp *regia_http_new (GThreadPool *disk, const int pair[2], RegiaHttpAnswerFunc answer,
                           gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_http_close: closes every connection; disk jobs still running come back to the context and find
 * theirs closed. */
void regia_http_close (RegiaHttp *self);
/** regia_http_free: after the last disk job came back (regia_http_close(), g_thread_pool_free(), the context
 * run empty). */
void regia_http_free (RegiaHttp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHttp, regia_http_free)

/** regia_http_accept: serves @wire from here on; its reference is the caller's own. @local, @remote: its
 * ends. */
gboolean regia_http_accept (RegiaHttp *self, RegiaWire *wire, GSocketAddress *local, GSocketAddress *remote,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_http_disk_new: (transfer full): a pool of @threads; free with g_thread_pool_free() after the last
 * RegiaHttp. */
GThreadPool *regia_http_disk_new (guint threads);
