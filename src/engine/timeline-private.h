/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#define REGIA_TIMELINE_BRANCHES 2

/**
 * RegiaTimeline: the way from one run's own timestamps to show time, shared by its picture and its sound, so
 * that they move together. A plain value; the owner locks.
 *
 * Timestamps that are far from the present (a camera that jumps, a wrapped counter) are brought back to it; a
 * source that is always later than the mixer waits is put later as a whole, since late and visible is better
 * than punctual and never seen.
 *
 * With a sender's clock (`# clock: sender`) the distances of the timestamps are exact, but neither where they
 * begin nor how fast they go is known here. What was held up least on its way tells: the quickest arrival of
 * the first 1.5 s sets the beginning, and nothing is shown before; the quickest of each 8 s after that
 * corrects the drift. So a stall on the way, and the burst that follows it, move nothing.
 */
typedef struct {
  gint64 limit_ns; /* latest that the mixers still take */
  gboolean sender_clock;
  gint64 shift_ns; /* added to every timestamp */
  guint64 resyncs; /* how often shift_ns was changed */
  struct {
    gint64 began_ns;        /* first arrival, 0 for none */
    gint64 arrived_ns;      /* last arrival */
    gint64 window_start_ns; /* 0: none */
    gint64 least_late_ns;   /* in the present window: of 1 s, or of all that is learnt from */
    gboolean learnt;        /* its beginning is known */
  } branches[REGIA_TIMELINE_BRANCHES];
  /* with a sender's clock */
  guint windows;      /* complete ones since it was learnt, of the picture; of the sound when there is none */
  guint late_windows; /* the last so many were too late as a whole */
  gint64 quickest_ns; /* least_late_ns of the present 8 */
} RegiaTimeline;

/**
 * regia_timeline_map:
 * @branch: 0 picture, 1 sound
 * @time_ns: a buffer's time, show time by the source's own reckoning
 * @now_ns: show time now
 * @ret_time_ns: (out): the time to give it
 *
 * Returns: %FALSE while nobody knows: the buffer has to be left out. Pure but for @self.
 */
gboolean regia_timeline_map (RegiaTimeline *self, guint branch, gint64 time_ns, gint64 now_ns,
                             gint64 *ret_time_ns) G_GNUC_WARN_UNUSED_RESULT;
