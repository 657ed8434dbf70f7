/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaFmp4: fragmented MP4 (ISO/IEC 14496-12, CMAF-like: empty moov, default-base-is-moof, absolute tfdt in
 * show time) into memory, through libavformat. Used for HLS segments (one track) and for the live recording
 * (several). Not MT-safe: one thread at a time; no locks inside.
 *
 * libavformat flags: frag_custom+empty_moov+default_base_moof+frag_discont+skip_sidx+skip_trailer, so that
 * tfdt = dts of the first sample in show time and nothing is shifted. Timescales: video 90000, audio its
 * sample rate.
 */
typedef struct _RegiaFmp4 RegiaFmp4;

/** regia_fmp4_new: @tracks (element-type RegiaTrack), in the order of the file; any subset of a generation's
 * table. */
RegiaFmp4 *regia_fmp4_new (GPtrArray *tracks, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_fmp4_free (RegiaFmp4 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFmp4, regia_fmp4_free)

/** regia_fmp4_get_header: (transfer none): ftyp + moov, the initialisation segment. */
GBytes *regia_fmp4_get_header (RegiaFmp4 *self);

/** regia_fmp4_write: adds @packet (of one of the tracks, by RegiaPacket.track = RegiaTrack.id) to the
 * fragment being made. A dts that does not rise, or a track that the file does not have, is an error
 * REGIA_ERROR_MEDIA and changes nothing. A packet from before show time 0 (an encoder's priming) cannot be
 * expressed in tfdt and is left out without an error. The last sample of a fragment is as long as its
 * packet's duration says. */
gboolean regia_fmp4_write (RegiaFmp4 *self, RegiaPacket *packet, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_fmp4_flush: (transfer full) (nullable): moof + mdat of all packets since the last flush; %NULL
 * without error when there were none. */
GBytes *regia_fmp4_flush (RegiaFmp4 *self, GError **error);
