/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** regia_bars_draw: (transfer full): an I420 frame of @width × @height pixels (even) with colour bars of 75 %
 * (ITU-R BT.471, values of BT.709 in video range) and, in the lowest fifth, grey from black to white. Any
 * thread. */
GstBuffer *regia_bars_draw (guint width, guint height);
