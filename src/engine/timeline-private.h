/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "clock-line-private.h"

#define REGIA_TIMELINE_BRANCHES 2

/** One branch of a source: 0 its picture, 1 its sound. */
typedef struct {
  gint64 began_ns;   /* first arrival, 0 for none */
  gint64 arrived_ns; /* last arrival of a buffer whose timestamp was believed */
  gint64 time_ns;    /* that timestamp */
  gint64 mapped_ns;  /* the time that the last buffer was given */
  gint64 late_ns;    /* how late it was then */
  gint64 spacing_ns; /* smoothed distance of timestamps */
  guint64 moves;     /* how often its time was set anew */
  /* What is added to timestamps: a line over the time of arrival. */
  gint64 shift_ns;
  gint64 shift_at_ns;
  double rate;
  gboolean known; /* where its clock begins; of a sender's clock only */
  /* How it usually arrives. */
  gint64 window_start_ns; /* 0: none */
  gint64 window_least_ns; /* arrival minus timestamp of the quickest in it … */
  gint64 window_least_at_ns;
  guint late_windows; /* the last so many came too late as a whole */
  gint64 usual_ns;    /* lateness of its quickest, which is held */
  gboolean has_usual;
  gint64 stepped_ns; /* timestamps have leapt by so much, less than would not be believed; 0: not */
  RegiaClockLine line;
  gboolean stuck; /* timestamps stand still, or have stepped back */
  /* A timestamp that cannot be: the first of a new row, or a single wild one. */
  struct {
    guint count;
    gboolean held_up; /* the timestamp goes on well, but is seconds late */
    gint64 began_ns, began_late_ns, arrived_ns, time_ns;
  } candidate;
} RegiaTimelineBranch;

/**
 * RegiaTimeline: the way from one run's own timestamps to show time. A plain value; the owner locks.
 *
 * Each branch has its own place in time and its own faults; what binds them is that they begin together and
 * that sound goes with its picture for as long as nothing speaks against it:
 *
 * - A timestamp that leaps by more than half a second against the clock on the wall is not believed. Its
 *   buffer is laid where the row goes on. Three that agree are a new row, which goes on without a seam; one
 *   that is alone was that buffer's affair only.
 * - With a sender's clock (`# clock: sender`) the distances of timestamps are exact, but neither where they
 *   begin nor how fast they go is known here. What was held up least on its way tells: the quickest arrival
 *   of the first 0.8 s sets the beginning, and nothing is shown before; a line under the quickest arrivals
 *   of the last 12 s is followed. So a stall on the way, and the burst that follows it, move nothing.
 * - Sound whose clock is another than its picture's (cheap cameras, no sender reports) shows by arriving ever
 *   later, or earlier, than it did when the two began. From 20 ms on it is followed by a line of its own.
 * - A branch that has become later than the mixer waits is put later, since late and visible is better than
 *   punctual and never seen; the sound goes with the picture, not the picture with the sound.
 */
typedef struct {
  gint64 limit_ns; /* latest that the mixers still take */
  gboolean sender_clock;
  gboolean own_clock; /* the sound is followed apart from its picture */
  guint64 resyncs;    /* how often a branch's time, or that of both at once, was set anew */
  RegiaTimelineBranch branches[REGIA_TIMELINE_BRANCHES];
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

/**
 * regia_timeline_apart: how much later the sound is laid than its picture, ns, held against how the two
 * arrived when they began: what has not been followed yet, or cannot be. 0 while one of them is missing, or
 * nothing is known yet. How far apart they were made nobody can tell from when they arrive. Pure.
 */
gint64 regia_timeline_apart (const RegiaTimeline *self, gint64 now_ns);

/** regia_timeline_rate: how much slower than ours the branch's clock is taken to be, seconds a second. Pure.
 */
double regia_timeline_rate (const RegiaTimeline *self, guint branch);
