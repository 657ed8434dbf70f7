/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "pacer-private.h"

#include <math.h>

#include "grid-private.h"
#include "regia/base/clock.h"

/*
 * A function of values without threads or clocks, so that hours can be tested in a moment. What it is for is
 * said in the header.
 */

static gboolean
same_rate (const RegiaPacer *self)
{
  double period_ns = (double)REGIA_SECOND * self->rate_den / self->rate_num;

  return fabs (self->spacing_ns - period_ns) < 0.1 * period_ns;
}

gboolean
regia_pacer_place (RegiaPacer *self, gint64 pts_ns, gint64 *ret_pts_ns)
{
  gint64 period_ns = regia_grid_time (1, self->rate_num, self->rate_den);
  gint64 frame = regia_grid_frame (pts_ns, self->rate_num, self->rate_den);

  if (!self->started) {
    self->started = TRUE;
    self->spacing_ns = (double)period_ns; /* innocent until it shows another rate */
  } else {
    gint64 expected = self->last_frame + 1;
    gint64 distance = pts_ns - regia_grid_time (expected, self->rate_num, self->rate_den);
    /* A hole in the captured times as long as the distance: a frame was lost, not late. */
    gboolean lost = pts_ns - self->last_pts_ns > 7 * period_ns / 4 && distance > 3 * period_ns / 4;

    if (pts_ns <= self->last_pts_ns)
      return FALSE;
    self->spacing_ns += ((double)MIN (pts_ns - self->last_pts_ns, 2 * period_ns) - self->spacing_ns) / 64;
    self->error_ns += ((double)distance - self->error_ns) / 8;
    self->lasting_error_ns += ((double)distance - self->lasting_error_ns) / MIN (self->since_move + 1, 128u);
    if (!same_rate (self)) {
      self->last_pts_ns = *ret_pts_ns = pts_ns;
      self->last_frame = frame;
      self->error_ns = self->lasting_error_ns = 0;
      return TRUE;
    }
    gboolean near =
        !lost && ABS (distance) <= 3 * period_ns && fabs (self->error_ns) < 1.25 * (double)period_ns;
    gboolean lasting = self->since_move >= 32 && fabs (self->lasting_error_ns) >= 0.95 * (double)period_ns;

    if (near && !lasting)
      frame = expected;
    else {
      /* By the mean of many, not by this one frame's jitter: else the next correction would soon follow. */
      if (near)
        frame = expected + (self->lasting_error_ns > 0 ? 1 : -1);
      self->moved++;
      self->since_move = 0;
      self->error_ns = self->lasting_error_ns = 0;
      if (frame <= self->last_frame)
        return FALSE;
    }
  }
  self->since_move++;
  self->last_pts_ns = pts_ns;
  self->last_frame = frame;
  *ret_pts_ns = regia_grid_time (frame, self->rate_num, self->rate_den) + period_ns / 4;
  return TRUE;
}
