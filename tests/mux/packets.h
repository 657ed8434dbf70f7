/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "regia/base/clock.h"
#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/* Synthetic tracks and packets for tests of containers, where the payload's meaning does not matter. */

#define AAC_NS(i)   (REGIA_SECOND * 1024 * (i) / 48000)
#define FRAME_NS(i) (REGIA_SECOND * (i) / 25)

static inline RegiaTrack *
packets_video_track (guint id)
{
  /* avcC of a 64x64 baseline stream, as x264 writes it. */
  static const guint8 avcc[] = {1,    0x42, 0xc0, 0x0a, 0xff, 0xe1, 0x00, 0x16, 0x67, 0x42, 0xc0, 0x0a, 0xd9,
                                0x04, 0x26, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8,
                                0x3c, 0x48, 0x99, 0x20, 0x01, 0x00, 0x05, 0x68, 0xcb, 0x83, 0xcb, 0x20};
  g_autoptr (GBytes) extradata = g_bytes_new_static (avcc, sizeof avcc);
  RegiaTrack *track = regia_track_new (id, "video/64p", "", REGIA_CODEC_H264, extradata);

  track->width = track->height = 64;
  track->rate_num = 25;
  track->rate_den = 1;
  return track;
}

static inline RegiaTrack *
packets_audio_track (guint id, const char *language)
{
  static const guint8 config[] = {0x11, 0x90}; /* AAC-LC, 48 kHz, stereo */
  g_autofree char *name = g_strdup_printf ("audio/%s", language);
  g_autoptr (GBytes) extradata = g_bytes_new_static (config, sizeof config);
  RegiaTrack *track = regia_track_new (id, name, language, REGIA_CODEC_AAC, extradata);

  track->sample_rate = 48000;
  track->channels = 2;
  return track;
}

static inline RegiaPacket *
packets_new (guint track, gint64 dts_ns, gint64 duration_ns, gboolean key, gsize bytes)
{
  guint8 *data = g_malloc (bytes);

  for (gsize i = 0; i < bytes; i++)
    data[i] = (guint8)(dts_ns / REGIA_MSECOND + track + i);
  return regia_packet_new (track, key ? REGIA_PACKET_KEYFRAME : 0, dts_ns, dts_ns, duration_ns,
                           g_bytes_new_take (data, bytes));
}

static inline RegiaPacket *
packets_frame (guint track, guint i)
{
  return packets_new (track, FRAME_NS (i), FRAME_NS (1), i % 50 == 0, 100 + i % 7);
}

static inline RegiaPacket *
packets_aac (guint track, guint i)
{
  return packets_new (track, AAC_NS (i), AAC_NS (i + 1) - AAC_NS (i), TRUE, 40 + i % 5);
}
