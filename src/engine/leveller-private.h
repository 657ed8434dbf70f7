/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** How fast it makes a mix louder and quieter, dB a second, and by how much at most, dB. */
#define REGIA_LEVELLER_UP   1.0
#define REGIA_LEVELLER_DOWN 3.0
#define REGIA_LEVELLER_MOST 15.0

/**
 * RegiaLeveller: brings the loudness of a mix (48 kHz, stereo, floats) slowly to where it is wanted, as a
 * hand at a fader would. What is not louder than −50 LUFS is silence, in which nothing is changed. One thread
 * at a time, but for regia_leveller_get_gain_db().
 */
typedef struct _RegiaLeveller RegiaLeveller;

/** regia_leveller_new: @target_lufs: −30 … −10. */
RegiaLeveller *regia_leveller_new (double target_lufs);
void regia_leveller_free (RegiaLeveller *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLeveller, regia_leveller_free)

/**
 * regia_leveller_take:
 * @buffer: (transfer full): the next one
 *
 * Returns: (transfer full): the same samples, louder or quieter, at the same times.
 */
GstBuffer *regia_leveller_take (RegiaLeveller *self, GstBuffer *buffer);

/** regia_leveller_get_gain_db: by how much it makes it louder just now. Any thread. */
double regia_leveller_get_gain_db (RegiaLeveller *self);
