/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/feed/client.h"
#include "regia/hls/window.h"

/**
 * RegiaHouse: the programme as the house has it, private or not, in segments like those that viewers get.
 * They are made while somebody asks for them, and not any more when nobody has for a while.
 *
 * A window is written by one thread, which follows the feed (console-feed.c), from regia_house_open() to
 * regia_house_close(); any thread looks up.
 */
typedef struct _RegiaHouse RegiaHouse;

/** How many segments are listed: they are for those who are here. */
#define REGIA_HOUSE_SEGMENTS 8

typedef struct {
  guint segment_ms; /* as the engine has it */
  RegiaEpoch epoch;
  gint64 idle_us; /* nobody has asked for so long: nobody wants it */
} RegiaHouseOptions;

/** regia_house_new: @options: copied */
RegiaHouse *regia_house_new (const RegiaHouseOptions *options);
void regia_house_free (RegiaHouse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHouse, regia_house_free)

/** regia_house_look_up: regia_hls_window_lookup(), of a window that may not be there yet: then
 * %REGIA_HLS_NOT_YET, and regia_house_is_wanted() from now on. Any thread. */
RegiaHlsFound regia_house_look_up (RegiaHouse *self, const char *path, RegiaHlsResource *ret_resource);
/** regia_house_is_wanted: somebody has asked not long ago. Any thread. */
gboolean regia_house_is_wanted (RegiaHouse *self);

/** regia_house_get_tracks: (transfer none) (array zero-terminated=1): what is read for it. */
const char *const *regia_house_get_tracks (void);
/** regia_house_open, regia_house_close: the window is there, empty, or is not. The writer. */
void regia_house_open (RegiaHouse *self);
void regia_house_close (RegiaHouse *self);
gboolean regia_house_is_open (RegiaHouse *self);
/** regia_house_take: @event of a feed that holds other tracks as well; does nothing while it is not open.
 * @connected: see regia_live_intake_take(). The writer. */
void regia_house_take (RegiaHouse *self, const RegiaFeedEvent *event, gboolean connected);
