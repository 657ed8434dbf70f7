/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encoding-private.h"

/** Counters since the start; a copy. Times are CLOCK_MONOTONIC ns, 0 for never. */
typedef struct {
  guint64 packets, bytes, dropped;
  gint64 last_in_ns, last_packet_ns;
  guint64 restarts;    /* encoders that took the place of one that got stuck or gave up */
  gint64 restarted_ns; /* the last of them */
  guint waiting;       /* frames that wait for the encoder */
} RegiaEncoderStats;

/**
 * RegiaEncoder: what makes one track of a raw stream of the programme. Of sound and of the blank it is an
 * encoding and nothing else; a rendition has a queue of frames and encoders one after the other behind it.
 */
typedef struct _RegiaEncoder RegiaEncoder;

/** regia_encoder_new: adds what it needs to @pipeline behind @tee. Told again to @track_cb are parameters
 * that are not the ones told before. @in_caps of @spec is needed unless it is unqueued. Main thread, or the
 * blank's. Errors as of regia_launch_parse(). */
RegiaEncoder *regia_encoder_new (const RegiaEncoderSpec *spec, GstBin *pipeline, GstElement *tee,
                                 RegiaEncoderTrackFunc track_cb, RegiaEncoderPacketFunc packet_cb,
                                 gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_encoder_new_apart: of pictures that are brought by regia_encoder_push() alone; @in_caps of @spec is
 * needed. Never waits: what is wrong with its encode file is told by regia_encoder_get_error(), after the
 * next tick. Main thread. */
RegiaEncoder *regia_encoder_new_apart (const RegiaEncoderSpec *spec, RegiaEncoderTrackFunc track_cb,
                                       RegiaEncoderPacketFunc packet_cb, gpointer user_data);
/** regia_encoder_push: @frame (transfer none): the next one, its pts is show time. Never waits. One thread at
 * a time. */
void regia_encoder_push (RegiaEncoder *self, GstBuffer *frame);
/** regia_encoder_free: after its pipeline is shut down. */
void regia_encoder_free (RegiaEncoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEncoder, regia_encoder_free)

/**
 * regia_encoder_tick:
 * @ret_fell_back: (out): whether it has another encode file from now on
 *
 * Looks after a rendition's encoder: one that gave up, or into which frames went and out of which nothing has
 * come for 3 s, is replaced, and the new one is given the frames that were lost with it. After two that gave
 * nothing, one that is automatic takes the next encode file. Main thread; nothing for sound.
 *
 * Returns: whether another encoder was begun.
 */
gboolean regia_encoder_tick (RegiaEncoder *self, gint64 now_ns, gboolean *ret_fell_back);
/** regia_encoder_get_error: (transfer full): why the last one was replaced, "" as long as none was. Main
 * thread. */
char *regia_encoder_get_error (RegiaEncoder *self);

/** regia_encoder_set_shed: whether to leave out all frames of a rendition that may_shed. It begins again with
 * a keyframe period, so that its first segment is whole. Any thread. */
void regia_encoder_set_shed (RegiaEncoder *self, gboolean shed);

/** regia_encoder_force_keyframe: the first picture at or after show time @from_ns is a keyframe, whatever its
 * place in the keyframe period; the one that begins the next period is one all the same. Nothing for sound,
 * of which every packet is one. Asked again before that picture came, the later call counts. Any thread. */
void regia_encoder_force_keyframe (RegiaEncoder *self, gint64 from_ns);

/** Any thread. */
void regia_encoder_get_stats (RegiaEncoder *self, RegiaEncoderStats *ret_stats);
/** regia_encoder_wait_drained: waits until the end of the stream has passed through, or until @until_ns
 * (CLOCK_MONOTONIC). Returns: whether it has, or there is no encoder that it could pass through. Any thread
 * but its streaming one. */
gboolean regia_encoder_wait_drained (RegiaEncoder *self, gint64 until_ns) G_GNUC_WARN_UNUSED_RESULT;
/** regia_encoder_get_encoder: (transfer full): the encode file in use. Any thread. */
char *regia_encoder_get_encoder (RegiaEncoder *self);
/** (transfer none): immutable, but for the encoder of one that is automatic: that is the main thread's. */
const RegiaEncoderSpec *regia_encoder_get_spec (RegiaEncoder *self);
/** "h264", "aac", "opus", or "" while unknown. Any thread. */
const char *regia_encoder_get_codec (RegiaEncoder *self);
