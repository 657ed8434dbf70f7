/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config-private.h"

/**
 * regia_ladder_fill: what a rendition called by its height (1080p, 720p, 540p, 480p, 360p, 240p) is when its
 * size or its bit rate is not written: as wide as the programme's shape asks for, and half as many bits again
 * above 30 pictures a second. Pure.
 *
 * Source of the rates: Apple's HLS Authoring Specification, table of H.264 rates (1920x1080 6000 and 7800
 * kbit/s, 1280x720 3000 and 4500, 960x540 2000, 768x432 730 and 1100, 640x360 365), about a fifth less, since
 * a hall's picture moves little and its line has to carry all viewers; more at 360p and 240p, where slides
 * must stay readable.
 *
 * Returns: %FALSE when the name is none of these; then nothing is changed.
 */
gboolean regia_ladder_fill (RegiaConfigRendition *rendition, const RegiaConfigValues *values);

/** regia_config_complete_renditions: those of [programme] ladder in its order, else those that are @written
 * in groups, else the usual two; each with what its name says by itself. Faults: a name that says nothing, a
 * group that the ladder leaves out. */
void regia_config_complete_renditions (RegiaConfig *self, gboolean written, RegiaFaults *faults);

/** regia_ladder_names: static: "1080p, 720p, …", for messages. */
const char *regia_ladder_names (void);
