/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/log.h"

/**
 * RegiaFeedServer: serves a log on a Unix stream socket (mode 0600) from a thread of its own. Writes are
 * non-blocking and gathered straight from the packets' memory; a reader that does not read is merely behind,
 * until it falls out of the log.
 */
typedef struct _RegiaFeedServer RegiaFeedServer;

/** regia_feed_server_new: replaces a socket left over at @path. @log must outlive the server. Errors:
 * G_IO_ERROR. */
RegiaFeedServer *regia_feed_server_new (const char *path, RegiaFeedLog *log,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_feed_server_new_from_fd: serves a log on a socket that listens already, and that others may hold as
 * well: an engine that dies leaves it to its successor, with those who wait on it. Takes @listen_fd. */
RegiaFeedServer *regia_feed_server_new_from_fd (int listen_fd, RegiaFeedLog *log,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Readers connected. Any thread. */
guint regia_feed_server_get_readers (RegiaFeedServer *self);
/** regia_feed_server_drain: waits until every reader has been sent the end of the log, or @timeout_ms. */
void regia_feed_server_drain (RegiaFeedServer *self, guint timeout_ms);
/** regia_feed_server_wait_safe: waits until a reader has said that all it was given is in safety, or
 * @timeout_ms; new readers are served meanwhile. Returns: whether one has. */
gboolean regia_feed_server_wait_safe (RegiaFeedServer *self, guint timeout_ms);
/** Ends the thread, closes every connection, removes the socket where it made it. */
void regia_feed_server_free (RegiaFeedServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedServer, regia_feed_server_free)
