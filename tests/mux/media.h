/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/*
 * Media: a real H.264 and AAC programme for tests, encoded in memory with libavcodec: 25 pictures of 160×120
 * a second with a keyframe each 2 s, and a stereo tone at 48 kHz. Packets are in show time, interleaved as
 * the engine would append them. Deterministic.
 */
typedef struct {
  GPtrArray *tracks;  /* (element-type RegiaTrack) 0: video/120p, 1: audio/it, 2: audio/en (the same sound) */
  GPtrArray *packets; /* (element-type RegiaPacket) */
} Media;

/** media_new: @seconds of programme, beginning at @from_ns of show time. */
Media *media_new (guint seconds, gint64 from_ns);
void media_free (Media *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Media, media_free)

/** media_decode: decodes every frame of every stream of @path; asserts that there is no error. Returns:
 * pictures and (nullable) sound samples of the first audio stream. */
guint media_decode (const char *path, guint64 *ret_samples);
