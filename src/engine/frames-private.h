/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** What a queue of frames did; a copy. Times are CLOCK_MONOTONIC ns, 0 for never. */
typedef struct {
  guint waiting;     /* not taken by the encoder yet */
  guint64 dropped;   /* left out since the start */
  gint64 last_in_ns; /* a frame came from the mix, whether it was kept or not */
  gint64 owed_ns;    /* since when there has been a frame of which no packet has come out; 0: there is none */
} RegiaFramesStats;

/**
 * RegiaFrames: the raw frames between the mix and the encoder of one rendition. The mix never waits for it:
 * when it is full the oldest frame goes. A frame is kept until its packet is there, so that an encoder that
 * takes the place of one that got stuck is given those that were lost with it.
 *
 * Reference counted; any thread: an encoder that hangs may hold it after everybody else.
 */
typedef struct _RegiaFrames RegiaFrames;

/** regia_frames_new: @room: how many it may hold, also of those that are inside the encoder */
RegiaFrames *regia_frames_new (guint room);
RegiaFrames *regia_frames_ref (RegiaFrames *self);
void regia_frames_unref (RegiaFrames *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFrames, regia_frames_unref)

/** regia_frames_push: @frame is (transfer full), its pts is show time. */
void regia_frames_push (RegiaFrames *self, GstBuffer *frame);
/** regia_frames_skip: a frame came that is not to be encoded: counted, and nothing else. */
void regia_frames_skip (RegiaFrames *self);
/** regia_frames_drop: those that wait are left out, and those that are inside are not asked for any more. */
void regia_frames_drop (RegiaFrames *self);
/** regia_frames_end: no more will come. */
void regia_frames_end (RegiaFrames *self);

/** regia_frames_begin: an encoder's life begins: all frames that are still here are for it, from the oldest
 * on; whoever takes for an earlier life is sent away. Returns: its number, from 1. */
guint regia_frames_begin (RegiaFrames *self);
/**
 * regia_frames_take: waits for the next frame.
 * @ret_end: the stream is over; told once in a life
 *
 * Returns: (transfer full) (nullable): %NULL at the end, or when @life is not the present one any more.
 */
GstBuffer *regia_frames_take (RegiaFrames *self, guint life, gboolean *ret_end);
/** regia_frames_wait_over: waits until @life is not the present one any more. */
void regia_frames_wait_over (RegiaFrames *self, guint life);
/** regia_frames_done: packets of all frames up to @pts_ns have come out. */
void regia_frames_done (RegiaFrames *self, gint64 pts_ns);

void regia_frames_get_stats (RegiaFrames *self, RegiaFramesStats *ret_stats);
