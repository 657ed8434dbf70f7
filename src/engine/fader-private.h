/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/**
 * RegiaFader: how loud one source is in one mix: an element of the programme's pipeline whose gain is changed
 * sample by sample, so that no change is heard as a click. Buffers' timestamps are show time.
 */
typedef struct _RegiaFader RegiaFader;

/** What comes out is so much quieter than it is to be; the pad of the mixer behind it makes up for that. */
#define REGIA_FADER_SCALE 10.0

/** regia_fader_new: @bin gets its element, of which the gain is 1. */
RegiaFader *regia_fader_new (GstBin *bin);
void regia_fader_free (RegiaFader *self);

/** regia_fader_get_element: (transfer none): with the pads sink and src. */
GstElement *regia_fader_get_element (RegiaFader *self);

/**
 * regia_fader_set:
 * @gain: factor, 0 … 10
 * @from_ns: show time of the first sound that it is for; negative: at once
 * @ramp_ns: how long the way there takes, from the gain of before; at least a millisecond
 *
 * One thread at a time.
 */
void regia_fader_set (RegiaFader *self, double gain, gint64 from_ns, gint64 ramp_ns);
