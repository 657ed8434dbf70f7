/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#define REGIA_CLOCK_LINE_POINTS 12

/**
 * RegiaClockLine: what arrivals tell of a far clock. Each point is the quickest arrival of about a second;
 * the line lies under all of them, as near as it can: what was held up on its way lies above it and moves
 * nothing (Moon, Skelly, Towsley: "Estimation and removal of clock skew from network delay measurements",
 * 1999). A plain value; zeroed: no points.
 */
typedef struct {
  struct {
    gint64 at_ns;   /* when it arrived */
    gint64 late_ns; /* arrival minus timestamp, whatever the timestamp counts from */
  } points[REGIA_CLOCK_LINE_POINTS];
  guint count, next; /* a ring */
} RegiaClockLine;

/** regia_clock_line_add: the oldest point goes. @at_ns: later than those before. */
void regia_clock_line_add (RegiaClockLine *self, gint64 at_ns, gint64 late_ns);
/** regia_clock_line_move: the timestamps count from elsewhere now. */
void regia_clock_line_move (RegiaClockLine *self, gint64 by_ns);
void regia_clock_line_clear (RegiaClockLine *self);

/** regia_clock_line_least: the least lateness of the newest @count points; needs one point. Pure. */
gint64 regia_clock_line_least (const RegiaClockLine *self, guint count);

/**
 * regia_clock_line_fit:
 * @now_ns: where to read the line
 * @ret_late_ns: (out): lateness there
 * @ret_rate: (out): seconds of lateness a second: how much slower than ours the far clock is; 0 while that
 * cannot be told from jitter
 *
 * Needs one point. Pure.
 */
void regia_clock_line_fit (const RegiaClockLine *self, gint64 now_ns, gint64 *ret_late_ns, double *ret_rate);
