/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#define REGIA_TRUE_PEAK_TAPS 12
/* Frames that are looked at at once. */
#define REGIA_TRUE_PEAK_CHUNK 8

/**
 * RegiaTruePeak: how far a sound goes between its samples: 48 kHz stereo, oversampled four times (ITU-R
 * BS.1770-4 annex 2). A plain value of one thread; zeroed at first.
 */
typedef struct {
  float last[2 * REGIA_TRUE_PEAK_TAPS]; /* frames */
  float last_peaks[2];                  /* of the last two chunks, which hold at least as many */
} RegiaTruePeak;

/**
 * regia_true_peak_take:
 * @samples: (array length=2*frames): finite; left and right in turn
 * @floor: what need not be found
 *
 * Returns: the largest value between the samples, or @floor where none is larger. Those between the last six
 * samples come with the next call. Pure but for @self.
 */
float regia_true_peak_take (RegiaTruePeak *self, const float *samples, gsize frames, float floor);
