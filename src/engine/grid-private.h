/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * regia_grid_time:
 * @n: number of a frame of show time, from 0
 * @rate_num, @rate_den: frames per second
 *
 * Returns: when frame @n begins, ns of show time. Pure.
 */
gint64 regia_grid_time (gint64 n, guint rate_num, guint rate_den);
/** regia_grid_frame: the frame whose beginning is nearest to @time_ns; the reverse of regia_grid_time().
 * Pure. */
gint64 regia_grid_frame (gint64 time_ns, guint rate_num, guint rate_den);
/** regia_grid_frame_after: the first frame that begins at @time_ns or later. Pure. */
gint64 regia_grid_frame_after (gint64 time_ns, guint rate_num, guint rate_den);
