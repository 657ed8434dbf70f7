/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

typedef enum {
  REGIA_PACKET_KEYFRAME = 1 << 0,      /* decoding can start here; set on every audio packet too */
  REGIA_PACKET_DISCONTINUITY = 1 << 1, /* the packet before it on this track was lost or never encoded */
} RegiaPacketFlags;

/** Largest payload that is accepted anywhere: an access unit of 1080p at full quality is far below. */
#define REGIA_PACKET_MAX_BYTES (8u << 20)

/**
 * RegiaPacket: one encoded access unit. Immutable and reference counted; any thread.
 */
typedef struct {
  /*< private >*/
  gatomicrefcount ref_count;
  /*< public, immutable >*/
  guint64 seq;   /* position in the log, from 0 in each generation, over all tracks */
  guint track;   /* RegiaTrack.id */
  guint flags;   /* RegiaPacketFlags */
  gint64 pts_ns; /* show time */
  gint64 dts_ns; /* show time, strictly rising on a track; ≤ pts, and equal to it where no B-frames are */
  gint64 duration_ns; /* > 0 */
  GBytes *payload;    /* (owned) */
} RegiaPacket;

/** regia_packet_new: @payload is (transfer full). seq is set by the log. */
RegiaPacket *regia_packet_new (guint track, guint flags, gint64 pts_ns, gint64 dts_ns, gint64 duration_ns,
                               GBytes *payload);
RegiaPacket *regia_packet_ref (RegiaPacket *self);
void regia_packet_unref (RegiaPacket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPacket, regia_packet_unref)

gboolean regia_packet_is_keyframe (const RegiaPacket *self);
