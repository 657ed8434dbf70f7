/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "regia/base/clock.h"
#include "regia/feed/track.h"

/**
 * The text of HLS playlists (RFC 8216 and draft-pantos-hls-rfc8216bis, protocol version 8 for EXT-X-GAP).
 * Pure functions of values: no state, no locks, any thread. Lines end in LF; the text is UTF-8 without
 * control characters.
 */

/** One number of a media playlist. */
typedef struct {
  guint64 number;     /* media sequence number = show time / segment duration */
  gint64 start_ns;    /* show time of the first packet; of the number's beginning for a gap */
  gint64 duration_ns; /* from the first packet to the end of the last one; the segment duration for a gap */
  gboolean gap;       /* nothing was encoded: EXT-X-GAP */
  gboolean discontinuity; /* the decoder's parameters change before it */
  const char *map;        /* (nullable) (unowned): file name of the init segment; NULL for a gap */
} RegiaHlsEntry;

typedef struct {
  gint64 segment_ns;            /* target duration */
  RegiaEpoch epoch;             /* for EXT-X-PROGRAM-DATE-TIME */
  const RegiaHlsEntry *entries; /* (array length=n_entries) (unowned): numbers without holes, oldest first */
  gsize n_entries;              /* at least 1 */
  guint64 discontinuity_sequence; /* discontinuities that have left the list */
  gboolean ended;                 /* nothing will be added */
} RegiaHlsMedia;

/** regia_hls_media_playlist: (transfer full): the text of one track's playlist, RFC 8216 §4.3.3. */
char *regia_hls_media_playlist (const RegiaHlsMedia *media);

/** What a multivariant playlist says of a track. */
typedef struct {
  RegiaTrack *track;   /* (unowned): H.264 or AAC */
  guint64 peak_bps;    /* no segment is above it */
  guint64 average_bps; /* of the whole */
} RegiaHlsRendition;

/**
 * regia_hls_multivariant_playlist:
 * @renditions: (array length=n): in the order in which they are offered: the first video is where players
 * start, the first audio language is the default one
 * @sound_alone: the sound is a variant by itself as well, the last one, for lines that carry no picture
 *
 * Audio tracks become one group (EXT-X-MEDIA), each video track one EXT-X-STREAM-INF with it; without video
 * the audio tracks are variants themselves. RFC 8216 §4.3.4.
 *
 * Returns: (transfer full): the text; addresses are relative, `NAME/index.m3u8` behind @prefix ("" or
 * `SHOW/`).
 */
char *regia_hls_multivariant_playlist (const RegiaHlsRendition *renditions, gsize n, gboolean sound_alone,
                                       const char *prefix);

/**
 * regia_hls_codec_string:
 * @track: H.264 or AAC
 *
 * Returns: (transfer full) (nullable): RFC 6381 name computed from the extradata: `avc1.PPCCLL` (ISO/IEC
 * 14496-15 §5.3.3.1.2) or `mp4a.40.N` (ISO/IEC 14496-3 §1.6.2.1); %NULL when that cannot be read or the codec
 * is another.
 */
char *regia_hls_codec_string (const RegiaTrack *track);
