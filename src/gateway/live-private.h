/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/base/clock.h"
#include "regia/feed/link.h"
#include "regia/hls/window.h"

/** RegiaLive: the thread that follows the feed and fills the HLS window. */
typedef struct _RegiaLive RegiaLive;

/** regia_live_new: starts the thread. @feed: (transfer none), followed by this thread's client alone.
 * @window: (transfer none), written by this thread alone from now on, and must outlive it. */
RegiaLive *regia_live_new (RegiaFeedLink *feed, RegiaHlsWindow *window, const RegiaEpoch *epoch);
/** regia_live_free: ends the thread and waits for it. */
void regia_live_free (RegiaLive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLive, regia_live_free)

/** regia_live_finish: the event is over: closes the window (viewers see the end), whether the feed said so or
 * not. Any thread. */
void regia_live_finish (RegiaLive *self);

/** regia_live_tick_age_ms: since when the thread has not moved. Any thread. */
gint64 regia_live_tick_age_ms (RegiaLive *self);
/** regia_live_errors: packets and tables the window did not take, and feeds that did not speak our language.
 * Any thread. */
guint64 regia_live_errors (RegiaLive *self, char **ret_last);
