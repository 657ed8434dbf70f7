/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaPacer: lays the frames of one source on the programme's frame grid. A plain value of one streaming
 * thread; zeroed but for the rate.
 *
 * Captured frames come with the jitter of their network or driver. A mixer that asks "which frame was there
 * at t" then shows one twice and the next never, although none was missing. When a source's own rate is the
 * programme's (within 10 %), its frames are laid on successive places of the grid, and only a lasting
 * difference of nearly a whole frame (one was lost, a clock drifts) moves the count.
 */
typedef struct {
  guint rate_num, rate_den; /* the programme's */
  gboolean started;
  gint64 last_frame;       /* grid place of the last frame */
  gint64 last_pts_ns;      /* of the last frame, as captured */
  double spacing_ns;       /* smoothed distance of captured frames */
  double error_ns;         /* smoothed distance of the captured time from the place given */
  double lasting_error_ns; /* … over some seconds */
  guint since_move;        /* frames placed since the count was moved last */
  guint64 moved;           /* how often the count was moved */
} RegiaPacer;

/**
 * regia_pacer_place:
 * @pts_ns: capture time of a frame, show time
 * @ret_pts_ns: (out): the time to give it: the middle of its place in the grid, or @pts_ns for a source of
 * another rate
 *
 * Returns: %FALSE when the frame has to be left out. Pure but for @self.
 */
gboolean regia_pacer_place (RegiaPacer *self, gint64 pts_ns, gint64 *ret_pts_ns) G_GNUC_WARN_UNUSED_RESULT;
