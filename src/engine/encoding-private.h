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
  const char *in_caps;       /* (nullable): its format; of a rendition that has a queue */
  guint rate_num, rate_den;  /* video */
  gint64 keyframe_ns;        /* video: distance of keyframes in show time */
  gboolean
      may_shed; /* may be shed when the machine does not keep up; never the first rendition, never sound */
  gboolean automatic; /* another encode file may take its place when it does not work */
  gboolean unqueued;  /* encodes on the thread that brings the frames, as sound always does */
} RegiaEncoderSpec;

/** regia_encoder_spec_copy: @ret_copy becomes a copy of its own, to be given to regia_encoder_spec_clear().
 */
void regia_encoder_spec_copy (const RegiaEncoderSpec *self, RegiaEncoderSpec *ret_copy);
void regia_encoder_spec_clear (RegiaEncoderSpec *self);

/** What an encoding tells whoever has it. On its streaming threads, one call at a time, with its lock held:
 * nothing of it may be called in them. */
typedef struct {
  /** A raw frame or block goes in. Returns: whether it has to become a keyframe wherever it is in its period.
   */
  gboolean (*raw_cb) (gint64 pts_ns, gpointer user_data);
  /** Its parameters are known: once, before its first packet. (transfer full) */
  RegiaEncoderTrackFunc track_cb;
  /** (transfer full) */
  RegiaEncoderPacketFunc packet_cb;
  /** The end of the stream has passed through. */
  void (*end_cb) (gpointer user_data);
} RegiaEncodingCallbacks;

/**
 * RegiaEncoding: the elements of one encode file, with a scaler where needed, and the way from GStreamer's
 * buffers to packets of the feed.
 */
typedef struct _RegiaEncoding RegiaEncoding;

/**
 * regia_encoding_new:
 * @after_ns: where an encoding before this one ended, show time: nothing earlier comes out, and what is
 * missing in between is marked; 0 for none
 * @callbacks: static
 *
 * Adds the elements to @bin, which must be shut down before the encoding is freed. Errors as of
 * regia_launch_parse(). Any thread.
 */
RegiaEncoding *regia_encoding_new (const RegiaEncoderSpec *spec, gint64 after_ns, GstBin *bin,
                                   const RegiaEncodingCallbacks *callbacks, gpointer user_data,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_encoding_free (RegiaEncoding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEncoding, regia_encoding_free)

/** regia_encoding_get_head: (transfer none): the element that takes the raw stream. */
GstElement *regia_encoding_get_head (RegiaEncoding *self);
/** regia_encoding_cut: once it has returned, nothing is called back any more. Any thread that holds no lock
 * which the callbacks take. Returns: where what came out of it ends, show time; 0 for nothing. */
gint64 regia_encoding_cut (RegiaEncoding *self);
