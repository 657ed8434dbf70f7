/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#define REGIA_GLANCE_COLUMNS 12
#define REGIA_GLANCE_ROWS    8
#define REGIA_GLANCE_SAMPLES (REGIA_GLANCE_COLUMNS * REGIA_GLANCE_ROWS)
/** A picture is looked at so often. */
#define REGIA_GLANCE_NS G_GINT64_CONSTANT (1000000000)

/**
 * RegiaGlance: whether a source's pictures are black, or the same again and again, from some points of one in
 * a second. A plain value, zeroes at the start of a run.
 */
typedef struct {
  gint64 looked_ns;  /* CLOCK_MONOTONIC of the last look, 0 for none */
  gint64 changed_ns; /* … of the last that was another one than that before */
  gboolean moved;    /* it has been another one at least once */
  gboolean black;
  guint8 luma[REGIA_GLANCE_SAMPLES];
} RegiaGlance;

/** regia_glance_at: @buffer: a picture of @caps; not kept, and not looked at where the last look was just
 * now, or where its format has no 8-bit luma. One thread at a time. */
void regia_glance_at (RegiaGlance *self, GstBuffer *buffer, GstCaps *caps, gint64 now_ns);
/** regia_glance_take: the judgement of one look. Pure. */
void regia_glance_take (RegiaGlance *self, const guint8 luma[REGIA_GLANCE_SAMPLES], gint64 now_ns);
/** regia_glance_still_ns: for how long the picture has stood still after it had moved; a still picture that
 * never did, as a photograph, is meant to be one: 0. Pure. */
gint64 regia_glance_still_ns (const RegiaGlance *self);
