/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "raster-private.h"

/**
 * RegiaOverlay: what lies over the programme's picture, above all scenes: the logo and, above it, the
 * caption. The compositor would blend every pixel of every frame with alpha for a picture that has some (it
 * takes such a one only if its output has alpha as well), so the few pixels are laid over what it has made.
 */
typedef struct _RegiaOverlay RegiaOverlay;

/** From below. */
typedef enum {
  REGIA_OVERLAY_LOGO,
  REGIA_OVERLAY_CAPTION,
  REGIA_OVERLAY_LAYERS,
} RegiaOverlayLayer;

/** regia_overlay_new: for frames of @width × @height pixels, I420, at @rate_num / @rate_den. */
RegiaOverlay *regia_overlay_new (guint width, guint height, guint rate_num, guint rate_den);
void regia_overlay_free (RegiaOverlay *self);

/**
 * regia_overlay_show: from the next frame on; what was there fades out before, which takes a quarter of a
 * second, and the new one fades in. A change while one is on its way turns it round: the last one counts.
 * @raster: (nullable) (transfer none): %NULL: nothing any more
 * @at_once: without fading
 * Any thread.
 */
void regia_overlay_show (RegiaOverlay *self, RegiaOverlayLayer layer, RegiaRaster *raster, gboolean at_once);

/** regia_overlay_next_frame: (transfer full): @frame (transfer full) with what is shown; itself, untouched,
 * where nothing is. The compositor's thread. */
GstBuffer *regia_overlay_next_frame (RegiaOverlay *self, GstBuffer *frame);
