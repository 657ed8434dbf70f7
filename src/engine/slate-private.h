/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/config/config.h"

/** regia_slate_plain: (transfer full): one dark I420 frame of @width × @height, tightly packed. Any thread.
 */
GstBuffer *regia_slate_plain (guint width, guint height);

/** The slate is ready: @frame is (transfer full), (nullable) with @error set when it could not be drawn.
 * Called on a thread of the slate's own. */
typedef void (*RegiaSlateFunc) (GstBuffer *frame, const GError *error, gpointer user_data);

/**
 * regia_slate_render:
 * @config: the event: its slate image, or its name and place; copied
 * @caps: format of the frame
 *
 * Draws the slate on a thread of its own, since fonts and image files take their time, and calls @callback
 * once. Returns: (transfer full): the thread; join it before what @user_data points to goes away.
 */
GThread *regia_slate_render (const RegiaConfigValues *config, const char *caps, RegiaSlateFunc callback,
                             gpointer user_data);
