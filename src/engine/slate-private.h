/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/config/config.h"

/** regia_slate_plain: (transfer full): one dark I420 frame of @width × @height, tightly packed. Any thread.
 */
GstBuffer *regia_slate_plain (guint width, guint height);

/** The slate is ready: @frame is (transfer full), (nullable). @error is set when what was asked for could not
 * be drawn: @frame is then the one with the event's name, or %NULL. Called on a thread of the slate's own. */
typedef void (*RegiaSlateFunc) (GstBuffer *frame, const GError *error, gpointer user_data);

/**
 * regia_slate_render:
 * @config: the event: its slate image, or its name and place; copied
 * @caps: format of the frame
 * @cancellable: ends the drawing at once
 *
 * Draws the slate on a thread of its own, since fonts and image files take their time, and calls @callback
 * once. Returns: (transfer full): the thread; join it before what @user_data points to goes away.
 */
GThread *regia_slate_render (const RegiaConfigValues *config, const char *caps, GCancellable *cancellable,
                             RegiaSlateFunc callback, gpointer user_data);

/** regia_slate_break_line: (transfer full): that it goes on soon, in each of @languages (nullable) (array
 * zero-terminated=1) (BCP 47) that there are words for, one line each; in English where there are none. Pure.
 */
char *regia_slate_break_line (const char *const *languages);

/**
 * regia_slate_draw_break: (transfer full) (nullable): what public readers see while the hall is private: the
 * event's own image, or name, place and regia_slate_break_line(), as a frame of format @caps. Blocks as
 * regia_slate_draw_image() does; any thread. As with RegiaSlateFunc, @error can be set beside a frame that
 * stands in.
 */
GstBuffer *regia_slate_draw_break (const RegiaConfigValues *config, const char *caps,
                                   GCancellable *cancellable, GError **error);

/**
 * regia_slate_draw_image: (transfer full): the picture file @path as a frame of format @caps, with borders
 * where its shape is another. Blocks, 10 s at most unless the disk hangs. Errors: REGIA_ERROR_CONFIG (no
 * file), REGIA_ERROR_MEDIA (no picture), REGIA_ERROR_UNAVAILABLE (an element is missing); the message begins
 * with the path. Any thread.
 */
GstBuffer *regia_slate_draw_image (const char *path, const char *caps, GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
