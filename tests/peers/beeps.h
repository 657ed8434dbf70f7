/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * Beeps: finds the onsets of a tone of one frequency in sound that may hold speech as well, and the longest
 * silence. Fed sample by sample with times; one thread.
 */
typedef struct _Beeps Beeps;

Beeps *beeps_new (int rate, double hz);
void beeps_free (Beeps *self);
/** One sample, −1 … 1, and when it sounds. */
void beeps_push (Beeps *self, double ms, float value);
/** The times jump here: nothing before and after belongs together. */
void beeps_jump (Beeps *self, double ms);
/** (transfer none) (element-type double): onsets in ms, in order. Call once, at the end. */
GArray *beeps_finish (Beeps *self);
/** The longest stretch below −70 dBFS, a missing stretch counted in. */
double beeps_longest_silence_ms (Beeps *self);
