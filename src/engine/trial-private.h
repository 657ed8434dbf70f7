/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encoding-private.h"

/**
 * regia_trial_encode:
 * @spec: of a rendition, as it will be used
 *
 * Encodes a second for real: every picture comes out, in order, with a keyframe where
 * one is asked for; and hardware takes less than that second for it. An encoder that hangs is left behind.
 * Takes as long as it takes, at most 3 s, software 10. Any thread.
 *
 * Errors: of regia_launch_parse(); REGIA_ERROR_UNAVAILABLE when hardware or package is missing;
 * REGIA_ERROR_MEDIA.
 */
gboolean regia_trial_encode (const RegiaEncoderSpec *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_trial_next: the next candidate behind @encoder that has what it needs, tried or not; the first
 * behind all when @encoder is none of them. (nullable): static. Any thread. */
const char *regia_trial_next (const char *encoder);

/**
 * regia_trial_choose:
 * @spec: its encoder does not count
 * @ret_why: (out) (transfer full): in words, why those before the one that was found were not taken; "" for
 * none
 *
 * The first encode file that works, hardware before software: vah264, qsvh264, nvh264, vaapih264, v4l2h264,
 * x264, openh264. Any thread.
 *
 * Returns: (nullable): static; %NULL when there is none.
 */
const char *regia_trial_choose (const RegiaEncoderSpec *spec, char **ret_why);
