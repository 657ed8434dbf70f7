/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/base/clock.h"
#include "regia/feed/client.h"
#include "regia/hls/window.h"

/**
 * RegiaLiveIntake: what becomes of the feed's events in an HLS window, whoever reads the feed. One thread,
 * the window's writer, but for regia_live_intake_note() and regia_live_intake_errors(), which any may call.
 */
typedef struct _RegiaLiveIntake RegiaLiveIntake;

/** regia_live_intake_new: @window: (transfer none), outlives it, and has no other writer */
RegiaLiveIntake *regia_live_intake_new (RegiaHlsWindow *window, const RegiaEpoch *epoch);
void regia_live_intake_free (RegiaLiveIntake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLiveIntake, regia_live_intake_free)

/** regia_live_intake_take: @connected: see regia_feed_client_is_connected() */
void regia_live_intake_take (RegiaLiveIntake *self, const RegiaFeedEvent *event, gboolean connected);
/** regia_live_intake_advance: nothing comes: while the engine is away, or silent for long, show time goes on
 * by the clock. */
void regia_live_intake_advance (RegiaLiveIntake *self, gboolean connected);
/** regia_live_intake_end: it is over, whether the feed said so or not. */
void regia_live_intake_end (RegiaLiveIntake *self);

/** regia_live_intake_note: counts @error, which is of the feed. */
void regia_live_intake_note (RegiaLiveIntake *self, const GError *error);
/** regia_live_intake_errors: packets and tables that the window did not take, and what was noted.
 * @ret_last: (transfer full) (nullable) */
guint64 regia_live_intake_errors (RegiaLiveIntake *self, char **ret_last);
