/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../feed/pair.h"
#include "../mux/sample.h"
#include "regia/base/clock.h"

/** Feeder: an engine's stand-in: gives the sample to its readers in real time, over and over, from a thread
 * of its own. */
typedef struct _Feeder Feeder;

Feeder *feeder_new (Sample *sample, const RegiaEpoch *epoch, guint64 generation);
/** feeder_hand: a further reader. Returns: its end (transfer full). Any thread. */
int feeder_hand (Feeder *self, const char *name, RegiaFeedRights rights);
/** feeder_get_frames: video frames put into the feed so far. */
guint feeder_get_frames (Feeder *self);
/** feeder_wait: until @frames more have been put into it. */
void feeder_wait (Feeder *self, guint frames);
/** feeder_end: ends the feed in order. */
void feeder_end (Feeder *self);
/** feeder_free: drops the readers, in order or not. */
void feeder_free (Feeder *self);
