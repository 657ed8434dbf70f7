/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cairo.h>
#include <gst/video/video.h>

/**
 * RegiaRaster: a drawn picture as the programme's frames are made (I420, BT.709, video range), with its
 * coverage beside it, so that laying it over a frame converts nothing. Immutable and reference counted; any
 * thread.
 */
typedef struct _RegiaRaster RegiaRaster;

/**
 * regia_raster_new:
 * @surface: (transfer none): a finished image surface, ARGB32 or RGB24
 * @x, @y: where it lies in a frame, from its upper left; even
 *
 * Chroma is that of BT.709 for sRGB values (ITU-R BT.709-6, 3.3 and 3.5), the mean of four pixels by their
 * coverage.
 */
RegiaRaster *regia_raster_new (cairo_surface_t *surface, guint x, guint y);
RegiaRaster *regia_raster_ref (RegiaRaster *self);
void regia_raster_unref (RegiaRaster *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRaster, regia_raster_unref)

/** How much of a raster is seen at most. */
#define REGIA_RASTER_WHOLE 256u

/** regia_raster_blend: lays it over @frame (mapped for writing, I420); what lies outside is left out.
 * @level: 0 … REGIA_RASTER_WHOLE */
void regia_raster_blend (const RegiaRaster *self, GstVideoFrame *frame, guint level);

/** regia_raster_to_frame: (transfer full): it alone as a frame of its own size, without its coverage. */
GstBuffer *regia_raster_to_frame (const RegiaRaster *self);
