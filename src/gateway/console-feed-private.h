/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "house-private.h"
#include "regia/feed/link.h"

/**
 * RegiaConsoleFeed: what the console's pages see of the feed: the newest packet of each track that one of
 * them looks at, meters and previews, which are made only while somebody reads them. Nothing is queued: who
 * comes late finds what is newest. And the programme in segments, for those who play it (house-private.h).
 *
 * One thread of its own follows the feed, and does not while nobody looks.
 */
typedef struct _RegiaConsoleFeed RegiaConsoleFeed;

/** The newest of a track. */
typedef struct {
  guint64 number;  /* of all that came, in order; 0: nothing has */
  gint64 time_ns;  /* show time */
  GBytes *payload; /* (owned) (nullable) */
} RegiaConsoleLatest;

void regia_console_latest_clear (RegiaConsoleLatest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaConsoleLatest, regia_console_latest_clear)

/** regia_console_feed_new: @link: (transfer none); @house: see regia_house_new() */
RegiaConsoleFeed *regia_console_feed_new (RegiaFeedLink *link, const RegiaHouseOptions *house);
/** regia_console_feed_free: after whoever is woken has gone. */
void regia_console_feed_free (RegiaConsoleFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConsoleFeed, regia_console_feed_free)

/** regia_console_feed_set_waker: @source, of whatever context, is made ready when something new has come;
 * %NULL: nobody. (transfer none): the caller takes it back before it goes. Any thread. */
void regia_console_feed_set_waker (RegiaConsoleFeed *self, GSource *source);
/** regia_console_feed_want: @names: (array zero-terminated=1): tracks that are looked at from now on; empty:
 * none. What others had is forgotten. Any thread. */
void regia_console_feed_want (RegiaConsoleFeed *self, const char *const *names);
/** regia_console_feed_get: the newest of the track @name, if it is newer than @after. Any thread.
 * Returns: whether there is one. */
gboolean regia_console_feed_get (RegiaConsoleFeed *self, const char *name, guint64 after,
                                 RegiaConsoleLatest *ret_latest);
/** regia_console_feed_look_up: of the programme as the house has it, which is read from now on if it was not:
 * see regia_house_look_up(). Any thread. */
RegiaHlsFound regia_console_feed_look_up (RegiaConsoleFeed *self, const char *path,
                                          RegiaHlsResource *ret_resource);
