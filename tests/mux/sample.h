/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * Sample: a few seconds of real H.264 (25 fps, a keyframe every 2 s) and AAC, encoded by ffmpeg when the test
 * starts, that can be repeated for ever as a feed's packets.
 */
typedef struct {
  GPtrArray *tracks; /* (owned) (element-type RegiaTrack) 0: video/test, 1: audio/it */
  GPtrArray *frames; /* (owned) (element-type GBytes) access units, the first one a keyframe */
  GPtrArray *sounds; /* (owned) (element-type GBytes) AAC frames */
} Sample;

#define SAMPLE_GOP 50

Sample *sample_new (guint kbps);
void sample_free (Sample *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sample, sample_free)

/** sample_next: (transfer full): the packet after @index packets since @start_ns, in the order of their
 * times. */
RegiaPacket *sample_next (Sample *self, guint64 *frame, guint64 *sound, gint64 start_ns);

/** sample_run: the output of a command line, asserted to succeed. (transfer full) */
char *sample_run (const char *first, ...) G_GNUC_NULL_TERMINATED;
/** sample_count: packets that ffprobe finds in @path on the stream @which ("v:0", "a:0"). */
guint sample_count (const char *path, const char *which);
