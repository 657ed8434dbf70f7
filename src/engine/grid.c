/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "grid-private.h"

#include "regia/base/clock.h"

/*
 * Where the programme's frames lie in show time. Functions of values.
 */

/* a × b / c rounded to nearest, without overflow for any show: a stays below 2^40, b / c are rates. */
static gint64
scale_round (gint64 a, gint64 b, gint64 c)
{
  __int128 product = (__int128)a * b;

  return (gint64)((product + (product < 0 ? -c : c) / 2) / c);
}

gint64
regia_grid_time (gint64 n, guint rate_num, guint rate_den)
{
  return scale_round (n, (gint64)rate_den * REGIA_SECOND, rate_num);
}

gint64
regia_grid_frame (gint64 time_ns, guint rate_num, guint rate_den)
{
  return scale_round (time_ns, rate_num, (gint64)rate_den * REGIA_SECOND);
}

gint64
regia_grid_frame_after (gint64 time_ns, guint rate_num, guint rate_den)
{
  gint64 n = regia_grid_frame (time_ns, rate_num, rate_den);

  return regia_grid_time (n, rate_num, rate_den) < time_ns ? n + 1 : n;
}
