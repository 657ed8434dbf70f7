/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/feed/packet.h"

/**
 * RegiaPace: which packets go out: from a keyframe on, and never far behind the live edge. A plain value,
 * pure functions; one connection, one thread.
 */
typedef struct {
  gint64 floor_ns;    /* the least that a packet was old when it came to us: what capture and encoding take */
  gboolean begun;     /* a packet went out */
  gboolean wants_key; /* nothing goes out before a keyframe of the video … */
  gboolean catching_up; /* … which must be a fresh one */
  gboolean has_video;   /* without video every packet is a keyframe */
  guint64 dropped;      /* packets passed over after the first one that went out */
} RegiaPace;

/** regia_pace_start: for a new connection. The count of dropped packets goes on. */
void regia_pace_start (RegiaPace *self, gboolean has_video);

/** regia_pace_gap: something is missing before the next packet. */
void regia_pace_gap (RegiaPace *self);

/**
 * regia_pace_take:
 * @is_video: whether @packet belongs to the video track
 * @now_ns: show time
 *
 * Returns: whether @packet is to be sent.
 */
gboolean regia_pace_take (RegiaPace *self, const RegiaPacket *packet, gboolean is_video, gint64 now_ns);
