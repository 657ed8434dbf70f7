/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * RegiaLiveness: whether a process that was asked and does not answer hangs, or only does not get to it. What
 * it does meanwhile tells: see liveness.c.
 */

/** What a process was doing at one moment. */
typedef struct {
  gboolean main_active;   /* its main thread runs, waits for a processor or for a disk */
  gboolean active;        /* any thread does */
  guint64 main_ran_ns;    /* processor time of its main thread */
  guint64 ran_ns;         /* … of all threads that are there */
  guint64 main_waited_ns; /* for a processor, as far as that is over */
  guint64 waited_ns;
} RegiaLivenessSample;

/** One question; all 0 before the first look. */
typedef struct {
  RegiaLivenessSample first, last;
  gint64 looked_us; /* µs of any one clock */
  gint64 still_us, blocked_us, unanswered_us;
} RegiaLiveness;

/** How often to look, in ms; stretches in which nobody looked do not count. */
#define REGIA_LIVENESS_LOOK_MS 250

/** regia_liveness_sample: of the threads of @pid, from /proc; all 0 when it is gone. Does not wait. */
void regia_liveness_sample (int pid, RegiaLivenessSample *ret_sample);

/** regia_liveness_look: it has not answered yet. The first look at a question, a moment after it, is what the
 * others are held against. @starting: it has not got going, and is given more time. Returns: %NULL, or in
 * words why it hangs. Pure. */
const char *regia_liveness_look (RegiaLiveness *self, const RegiaLivenessSample *sample, gint64 now_us,
                                 gboolean starting);
