/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/**
 * RegiaDrift: keeps the sound of a live source in step with show time by resampling it, so that neither a
 * sample clock that is a little fast or slow nor the jitter of timestamps is ever heard: what comes out is
 * one row of samples without a seam, and its time is counted in samples. One streaming thread at a time.
 */
typedef struct _RegiaDrift RegiaDrift;

/** What was found out; a copy. */
typedef struct {
  double drift_ppm; /* how much faster the source's clock is than the machine's; 0 until known */
  guint64 jumps;    /* times that sound was set anew, with a seam */
} RegiaDriftStats;

/** regia_drift_new: for 32-bit floats, channels interleaved; @rate: of what comes out. */
RegiaDrift *regia_drift_new (guint rate, guint channels);
void regia_drift_free (RegiaDrift *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaDrift, regia_drift_free)

/** regia_drift_set_input: the rate of what is taken from now on; at first that of what comes out. */
void regia_drift_set_input (RegiaDrift *self, guint rate);

/**
 * regia_drift_take:
 * @buffer: (transfer full): sound
 * @time_ns: when its first sample was captured, show time, by its timestamp
 * @jump: the source says itself that sound is missing before this: its timestamp holds, not the row
 *
 * Returns: (transfer full) (nullable): the sound that is ready, with its show time as timestamp; %NULL while
 * the resampler fills. After a jump it is marked as discontinuous.
 */
GstBuffer *regia_drift_take (RegiaDrift *self, GstBuffer *buffer, gint64 time_ns,
                             gboolean jump) G_GNUC_WARN_UNUSED_RESULT;

/** regia_drift_expect: timestamps go by @rate seconds a second faster than the samples from now on. */
void regia_drift_expect (RegiaDrift *self, double rate);

void regia_drift_get_stats (RegiaDrift *self, RegiaDriftStats *ret_stats);
