/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/log.h"

/**
 * RegiaFeedServer: serves a log to the readers it is given, from a thread of its own. It has no address:
 * nobody reads who was not let in. Writes are non-blocking and gathered straight from the packets' memory; a
 * reader that does not read is merely behind, until it falls out of the log.
 */
typedef struct _RegiaFeedServer RegiaFeedServer;

#define REGIA_FEED_READERS_MAX 128

/** regia_feed_server_new: without readers. @log must outlive the server. */
RegiaFeedServer *regia_feed_server_new (RegiaFeedLog *log);

/**
 * regia_feed_server_add_reader:
 * @fd: (transfer full): one end of a Unix stream socket pair, whose other end the reader has
 *      (regia_feed_link_use()); closed on failure too
 * @name: of the reader, for example `gateway` or `relay youtube`: a reader of the same name, of which this is
 *        the successor, is dropped
 *
 * Any thread; never blocks. Errors: G_IO_ERROR_INVALID_ARGUMENT when @fd is no stream socket,
 * G_IO_ERROR_TOO_MANY_OPEN_FILES when there are %REGIA_FEED_READERS_MAX readers already.
 */
gboolean regia_feed_server_add_reader (RegiaFeedServer *self, int fd, const char *name,
                                       RegiaFeedRights rights, GError **error);

/** Readers that it serves. Any thread. */
guint regia_feed_server_get_readers (RegiaFeedServer *self);
/** regia_feed_server_get_wanted: which tracks of the log's newest table somebody reads: bit i for track i. As
 * of the server's last round: a little old, never for long. Any thread. */
guint64 regia_feed_server_get_wanted (RegiaFeedServer *self);
/** regia_feed_server_drain: waits until every reader that reads has been sent all of an ended or closed log,
 * or
 * @timeout_ms; one of the house, or that keeps, which has not said yet what it wants is waited for, too. */
void regia_feed_server_drain (RegiaFeedServer *self, guint timeout_ms);
/** regia_feed_server_wait_safe: waits until a reader of the house, or that keeps, has said that all it was
 * given is in safety, or
 * @timeout_ms; readers are served meanwhile. Returns: whether one has. */
gboolean regia_feed_server_wait_safe (RegiaFeedServer *self, guint timeout_ms);
/** Ends the thread, closes every connection. */
void regia_feed_server_free (RegiaFeedServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedServer, regia_feed_server_free)
