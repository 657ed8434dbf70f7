/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/**
 * RegiaLimiter: holds the programme's sound (48 kHz, stereo, floats) below a peak that it never exceeds. It
 * looks ahead by a few milliseconds; what is below comes out as it went in. One thread at a time.
 */
typedef struct _RegiaLimiter RegiaLimiter;

/** regia_limiter_new: @peak: the largest sample that comes out, 0.0625 … 1. Errors: REGIA_ERROR_MEDIA. */
RegiaLimiter *regia_limiter_new (double peak, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_limiter_free (RegiaLimiter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLimiter, regia_limiter_free)

/**
 * regia_limiter_take:
 * @buffer: (transfer full): the next one, without a hole
 *
 * Returns: (transfer full) (nullable): the sound of 5 ms before, with the time that it had;
 * %NULL when there is none yet. Whatever the last buffer leaves inside is lost.
 */
GstBuffer *regia_limiter_take (RegiaLimiter *self, GstBuffer *buffer);
