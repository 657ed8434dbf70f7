/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaOutput: packets into a libavformat muxer that writes to an address (rtmp://, srt://) or a file descriptor. Timestamps are
 * rebased to 0 at the first packet. Every call may block until the deadline set; not MT-safe.
 */
typedef struct _RegiaOutput RegiaOutput;

/**
 * regia_output_open:
 * @url: address; `fd:N` writes to a descriptor. Never logged and never in an error's text: errors name the scheme only
 * @format: libavformat's name: "flv", "mpegts", "matroska"
 * @tracks: (element-type RegiaTrack)
 * @timeout_ms: longest time any single call may block (connect, write); after it the call fails with G_IO_ERROR_TIMED_OUT
 * @cancellable: (nullable): makes a blocked call return at once
 */
RegiaOutput *regia_output_open (const char *url, const char *format, GPtrArray *tracks, guint timeout_ms,
                                GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean regia_output_write (RegiaOutput *self, RegiaPacket *packet, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint64 regia_output_get_bytes (RegiaOutput *self);
/** Writes the trailer if it can within the deadline, closes. Accepts NULL. */
void regia_output_free (RegiaOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaOutput, regia_output_free)
