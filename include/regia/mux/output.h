/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaOutput: packets into a libavformat muxer that writes to an address (rtmp://, rtmps://, srt://) or a
 * file descriptor. Timestamps are rebased to 0 at the first packet; all tracks share that offset. Each packet
 * leaves at once. Every call may block until the deadline set; not MT-safe: one thread at a time, which need
 * not be the one that opened it.
 */
typedef struct _RegiaOutput RegiaOutput;

/** Where an output goes. A plain value; the strings are borrowed for the length of regia_output_open(). */
typedef struct {
  const char *url; /* as regia_destination_parse() takes it, or fd:N, which stays the caller's. Never logged
                    * and never in an error's text */
  const char *key; /* (nullable) RTMP: the stream's key, taken as it is; SRT: passphrase of 10 to 79
                      characters. Never shown */
  const char *stream_id; /* (nullable) SRT, at most 512 characters */
  guint latency_ms;      /* SRT; 0 for its default of 120 */
} RegiaOutputTarget;

/**
 * regia_output_open:
 * @format: libavformat's name: "flv" (one H.264 and one AAC track at most), "mpegts", "matroska"
 * @tracks: (element-type RegiaTrack): any subset of a generation's table
 * @timeout_ms: longest time any single call may block (connect, write), but for the resolver's; after it the
 * call fails with G_IO_ERROR_TIMED_OUT
 * @cancellable: (nullable): makes a blocked call return at once
 *
 * Connects and writes the header.
 *
 * Errors, in plain words and without address or key: G_IO_ERROR_CONNECTION_REFUSED, _TIMED_OUT,
 * _HOST_NOT_FOUND, _CONNECTION_CLOSED, _CANCELLED, …; G_IO_ERROR_PERMISSION_DENIED when the far end rejected
 * us (key, passphrase, stream id): trying again soon is of no use; REGIA_ERROR_CONFIG for an address or key
 * of the wrong form; REGIA_ERROR_MEDIA for tracks the format cannot take.
 */
RegiaOutput *regia_output_open (const RegiaOutputTarget *target, const char *format, GPtrArray *tracks,
                                guint timeout_ms, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_output_follow:
 * @tracks: (element-type RegiaTrack): the table of another generation, from which the next packets come
 *
 * Returns: %TRUE when each track of the output has its twin there, of the same name and parameters, so that
 * the output can go on; %FALSE, with nothing changed, when it must be opened anew.
 */
gboolean regia_output_follow (RegiaOutput *self, GPtrArray *tracks) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_output_write:
 *
 * Packets of other tracks, and packets from before the first one's dts, are passed over. A dts that does not
 * rise on its track is REGIA_ERROR_MEDIA and changes nothing; after any other error the output is of no more
 * use. The payload is not copied.
 */
gboolean regia_output_write (RegiaOutput *self, RegiaPacket *packet,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_output_get_bytes: what the far end's socket (or the descriptor) has taken since open. */
guint64 regia_output_get_bytes (RegiaOutput *self);

/** Writes the trailer if it can within at most 1.5 s, and not when cancelled; closes. Accepts NULL. */
void regia_output_free (RegiaOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaOutput, regia_output_free)
