/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaFeedLink: a reader's way to the feed: one end of a socket pair, whose other end the engine has.
 * Whoever hands them out gives a new one whenever engine or reader was restarted; the newest counts.
 *
 * Clients (RegiaFeedClient) come and go on it, one at a time. Reference counted; a client holds a reference.
 */
typedef struct _RegiaFeedLink RegiaFeedLink;

/** regia_feed_link_new: with no descriptor yet. */
RegiaFeedLink *regia_feed_link_new (void);
RegiaFeedLink *regia_feed_link_ref (RegiaFeedLink *self);
/** Any thread; closes its descriptors with the last reference. Accepts NULL. */
void regia_feed_link_unref (RegiaFeedLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedLink, regia_feed_link_unref)

/**
 * regia_feed_link_use:
 * @fd: (transfer full): a connected Unix stream socket
 *
 * A client that waits goes on with it at once; one that reads from an earlier descriptor first takes what
 * lies ready there (a server that died may have left the end of its feed), but waits for nothing more from
 * it. Any thread; never blocks.
 */
void regia_feed_link_use (RegiaFeedLink *self, int fd);

/**
 * regia_feed_link_set_rests: of a reader that mostly reads nothing: while no client is there, the engine is
 * told so, and does not wait for it at its end. Others have a client soon and are waited for. Before the
 * first regia_feed_link_use().
 */
void regia_feed_link_set_rests (RegiaFeedLink *self);
