/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaHlsSegmenter: cuts the packets of one track into numbered fMP4 segments. Not MT-safe: the window's
 * writing thread.
 */
typedef struct _RegiaHlsSegmenter RegiaHlsSegmenter;

/** A finished segment. bytes is %NULL when there is none. */
typedef struct {
  gint64 number;
  gint64 start_ns, duration_ns; /* show time of the first packet; to the end of the last one */
  GBytes *bytes;                /* (owned) (nullable): one or more moof + mdat */
} RegiaHlsSegment;

void regia_hls_segment_clear (RegiaHlsSegment *segment);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaHlsSegment, regia_hls_segment_clear)

/** regia_hls_segmenter_new: errors from the muxer when @track's parameters are not usable. */
RegiaHlsSegmenter *regia_hls_segmenter_new (RegiaTrack *track, gint64 segment_ns,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_hls_segmenter_free (RegiaHlsSegmenter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHlsSegmenter, regia_hls_segmenter_free)

/** (transfer none): the initialisation segment; the same for all tracks of the same parameters. */
GBytes *regia_hls_segmenter_get_init (RegiaHlsSegmenter *self);

/** regia_hls_segmenter_set_whole: the next packets come from the middle of the stream: begin at the next
 * number of which nothing is missing, so that a segment made again has the bytes that it had. */
void regia_hls_segmenter_set_whole (RegiaHlsSegmenter *self);

/** regia_hls_segmenter_skip_to: numbers up to and including @number are over; their packets are dropped.
 * Nothing may be open below. */
void regia_hls_segmenter_skip_to (RegiaHlsSegmenter *self, gint64 number);

/** The number being made, −1 when there is none. */
gint64 regia_hls_segmenter_get_open (RegiaHlsSegmenter *self);

/**
 * regia_hls_segmenter_push:
 * @packet: of this track or of another table's track of the same parameters, whatever its id
 * @ret_done: (out): the segment that ended before @packet, if one did; filled on failure as well
 *
 * Packets that cannot be used (late, time not rising, before the first keyframe) are dropped and counted;
 * that is no error.
 */
gboolean regia_hls_segmenter_push (RegiaHlsSegmenter *self, RegiaPacket *packet, RegiaHlsSegment *ret_done,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_hls_segmenter_finish: ends what is open. */
gboolean regia_hls_segmenter_finish (RegiaHlsSegmenter *self, RegiaHlsSegment *ret_done,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Packets dropped so far. */
guint64 regia_hls_segmenter_get_dropped (RegiaHlsSegmenter *self);
