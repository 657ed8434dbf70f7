/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/** What an encoder's packets go to; called from its streaming thread. @packet is (transfer full). */
typedef void (*RegiaEncoderPacketFunc) (RegiaPacket *packet, gpointer user_data);
/** The encoder knows its parameters now; once, before its first packet. @track is (transfer full). */
typedef void (*RegiaEncoderTrackFunc) (RegiaTrack *track, gpointer user_data);

/** What to make; copied. */
typedef struct {
  guint track_id;
  const char *track_name, *language, *title;
  const char *encoder;       /* pipeline file in encode/ */
  GHashTable *parameters;    /* (element-type utf8 utf8) of that file */
  guint bitrate_bps;         /* aimed at */
  guint width, height;       /* video; 0 for audio */
  guint in_width, in_height; /* size of the programme */
  guint rate_num, rate_den;  /* video */
  gint64 keyframe_ns;        /* video: distance of keyframes in show time */
  gboolean may_shed; /* may lose frames when it does not keep up; never the first rendition, never sound */
  gboolean unqueued; /* encodes on the thread that brings the frames, as sound always does */
} RegiaEncoderSpec;

/** Counters since the start; a copy. */
typedef struct {
  guint64 frames_in, packets, bytes, dropped;
  gint64 last_in_ns, last_packet_ns; /* CLOCK_MONOTONIC, 0 for never */
  gint64 last_drop_ns;
} RegiaEncoderStats;

/**
 * RegiaEncoder: one branch of the programme: queue, scaler where needed, encode file, and the way from
 * GStreamer's buffers to packets of the feed.
 */
typedef struct _RegiaEncoder RegiaEncoder;

/** regia_encoder_new: adds the branch to @pipeline behind @tee. Errors as of regia_launch_parse(). */
RegiaEncoder *regia_encoder_new (const RegiaEncoderSpec *spec, GstBin *pipeline, GstElement *tee,
                                 RegiaEncoderTrackFunc track_cb, RegiaEncoderPacketFunc packet_cb,
                                 gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_encoder_free: after its pipeline is shut down. */
void regia_encoder_free (RegiaEncoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEncoder, regia_encoder_free)

/** regia_encoder_force_keyframe: the first picture at or after show time @from_ns is a keyframe, whatever its
 * place in the keyframe period; the one that begins the next period is one all the same. Nothing for sound,
 * of which every packet is one. Asked again before that picture came, the later call counts. Any thread. */
void regia_encoder_force_keyframe (RegiaEncoder *self, gint64 from_ns);

/** Any thread. */
void regia_encoder_get_stats (RegiaEncoder *self, RegiaEncoderStats *ret_stats);
/** regia_encoder_wait_drained: waits until the end of the stream has passed through, or until @until_ns
 * (CLOCK_MONOTONIC). Returns: whether it has. Any thread but its streaming one. */
gboolean regia_encoder_wait_drained (RegiaEncoder *self, gint64 until_ns) G_GNUC_WARN_UNUSED_RESULT;
/** (transfer none): immutable. */
const RegiaEncoderSpec *regia_encoder_get_spec (RegiaEncoder *self);
/** "h264", "aac", "opus", or "" while unknown. Any thread. */
const char *regia_encoder_get_codec (RegiaEncoder *self);
