/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/link.h"
#include "wire-private.h"

/*
 * A client's side of the link: requests out, whole messages in. For the thread of the one client that there
 * is.
 */

/** A new client begins, or goes. */
void regia_feed_link_enter (RegiaFeedLink *self);
void regia_feed_link_leave (RegiaFeedLink *self);

/** Whether there is a connection at all; it may be broken without anybody having noticed. */
gboolean regia_feed_link_is_open (RegiaFeedLink *self);

/**
 * regia_feed_link_move: goes over to a newer descriptor, if there is one. Returns: whether it did; what is to
 * be read must then be asked for anew.
 */
gboolean regia_feed_link_move (RegiaFeedLink *self);

/** Whether what is left of an older descriptor has been read for long enough, though more comes: move now. */
gboolean regia_feed_link_is_overdue (RegiaFeedLink *self);

/** regia_feed_link_start: numbers and sends a START. FALSE: the connection is broken and closed. */
gboolean regia_feed_link_start (RegiaFeedLink *self, RegiaFeedFrom from, guint64 generation, guint64 seq,
                                const GString *patterns) G_GNUC_WARN_UNUSED_RESULT;

/** regia_feed_link_tell_safe: on the newest connection, and on every one to come until a client begins. */
void regia_feed_link_tell_safe (RegiaFeedLink *self);

/**
 * regia_feed_link_take: a whole message out of what was received, of the newest START alone.
 * @ret_header, @ret_bytes: (out): only when there is one; the bytes (transfer full)
 * @ret_whole: (out): whether there is one
 *
 * Returns: FALSE with REGIA_ERROR_PROTOCOL when the server sends what cannot be; the connection is closed.
 */
gboolean regia_feed_link_take (RegiaFeedLink *self, RegiaFeedHeader *ret_header, GBytes **ret_bytes,
                               gboolean *ret_whole, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_feed_link_receive: what lies ready, without waiting. Returns: bytes, 0 for none, −1: the connection
 * is gone and closed, or there was none. */
gssize regia_feed_link_receive (RegiaFeedLink *self);

/** regia_feed_link_wait: until something comes, a newer descriptor is there, @cancel_fd (nullable) or
 * @deadline_us (monotonic; −1: none), whichever is first. */
void regia_feed_link_wait (RegiaFeedLink *self, const GPollFD *cancel_fd, gint64 deadline_us);

/** regia_feed_link_close: gives the connection up. */
void regia_feed_link_close (RegiaFeedLink *self);
