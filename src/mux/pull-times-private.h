/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** Picture and sound. */
#define REGIA_PULL_STREAMS 2

/** All times in here are in this many ticks a second, those of MPEG-TS. */
#define REGIA_PULL_TICKS 90000

/**
 * RegiaPullTimes: from the timestamps that a server gives to ones that never leap, and when each is due. A
 * plain value; one thread at a time. Begin with zeros.
 */
typedef struct {
  struct {
    gboolean begun;
    gint64 offset; /* that is added to its timestamps */
    gint64 next;   /* where it goes on, if nothing leaps */
  } streams[REGIA_PULL_STREAMS];
} RegiaPullTimes;

/**
 * regia_pull_times_place: where a packet lies.
 * @stream: 0 or 1
 * @dts, @duration: of the packet (@duration 0: not known)
 *
 * Returns: what to add to its timestamps. Both streams get the same, for as long as their own timestamps are
 * of one clock; after a leap (a discontinuity, another encoder) a stream goes on where it was, or where the
 * other one went on. A gap of some seconds is a gap and stays one. Pure but for @self.
 */
gint64 regia_pull_times_place (RegiaPullTimes *self, guint stream, gint64 dts, gint64 duration);

/** RegiaPullPace: when what was placed is to be passed on. A plain value; begin with zeros. */
typedef struct {
  gboolean begun;
  gint64 zero_us; /* when the time 0 is due */
} RegiaPullPace;

/**
 * regia_pull_pace_wait: how long to wait before a packet is passed on.
 * @dts: as it was placed
 * @missed: it was not there yet when it was asked for
 * @now_us: CLOCK_MONOTONIC
 *
 * The first is due at once. One that comes late is passed on at once. If it was the far end that was late,
 * what follows is due later by as much, so that it is late no more than once; a busy machine of ours changes
 * nothing. Returns: microseconds, 0 for none. Pure but for @self.
 */
gint64 regia_pull_pace_wait (RegiaPullPace *self, gint64 dts, gboolean missed, gint64 now_us);
