/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "overlay-private.h"

/*
 * Each layer has what is seen of it, how much of that, and what is wanted. Frame by frame it goes towards
 * what is wanted: what is seen and not wanted fades out, then what is wanted fades in. So whatever comes in
 * between, no frame leaps.
 *
 * Owner: RegiaProgramme. `lock` guards the layers; it is not held while pixels are counted.
 */

#define FADE_MS 240u

typedef struct {
  RegiaRaster *seen, *wanted; /* (owned) (nullable) */
  guint step;                 /* of the fade: 0 … steps */
} Layer;

struct _RegiaOverlay {
  GstVideoInfo info;
  guint steps; /* frames that a fade takes */
  GMutex lock;
  Layer layers[REGIA_OVERLAY_LAYERS];
};

RegiaOverlay *
regia_overlay_new (guint width, guint height, guint rate_num, guint rate_den)
{
  RegiaOverlay *self = g_new0 (RegiaOverlay, 1);

  gst_video_info_set_format (&self->info, GST_VIDEO_FORMAT_I420, width, height);
  self->steps = (guint)MAX (gst_util_uint64_scale (FADE_MS, rate_num, (guint64)rate_den * 1000), 1);
  g_mutex_init (&self->lock);
  return self;
}

void
regia_overlay_free (RegiaOverlay *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < REGIA_OVERLAY_LAYERS; i++) {
    g_clear_pointer (&self->layers[i].seen, regia_raster_unref);
    g_clear_pointer (&self->layers[i].wanted, regia_raster_unref);
  }
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
take (RegiaRaster **place, RegiaRaster *raster)
{
  RegiaRaster *before = *place;

  *place = raster != NULL ? regia_raster_ref (raster) : NULL;
  g_clear_pointer (&before, regia_raster_unref);
}

void
regia_overlay_show (RegiaOverlay *self, RegiaOverlayLayer layer, RegiaRaster *raster, gboolean at_once)
{
  Layer *to = &self->layers[layer];
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  take (&to->wanted, raster);
  if (!at_once)
    return;
  take (&to->seen, raster);
  to->step = raster != NULL ? self->steps : 0;
}

/* Under the lock. */
static void
go_on (RegiaOverlay *self, Layer *layer)
{
  if (layer->seen != layer->wanted) {
    if (layer->step > 0)
      layer->step--;
    if (layer->step == 0)
      take (&layer->seen, layer->wanted);
  } else if (layer->seen != NULL && layer->step < self->steps)
    layer->step++;
}

GstBuffer *
regia_overlay_next_frame (RegiaOverlay *self, GstBuffer *frame)
{
  RegiaRaster *seen[REGIA_OVERLAY_LAYERS] = {NULL};
  guint levels[REGIA_OVERLAY_LAYERS] = {0};
  GstVideoFrame mapped;
  gboolean any = FALSE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < REGIA_OVERLAY_LAYERS; i++) {
    Layer *layer = &self->layers[i];

    go_on (self, layer);
    levels[i] = layer->step * REGIA_RASTER_WHOLE / self->steps;
    if (layer->seen == NULL || levels[i] == 0)
      continue;
    seen[i] = regia_raster_ref (layer->seen);
    any = TRUE;
  }
  g_mutex_unlock (&self->lock);
  if (!any)
    return frame;
  frame = gst_buffer_make_writable (frame);
  if (gst_video_frame_map (&mapped, &self->info, frame, GST_MAP_READWRITE)) {
    for (guint i = 0; i < REGIA_OVERLAY_LAYERS; i++)
      if (seen[i] != NULL)
        regia_raster_blend (seen[i], &mapped, levels[i]);
    gst_video_frame_unmap (&mapped);
  }
  for (guint i = 0; i < REGIA_OVERLAY_LAYERS; i++)
    g_clear_pointer (&seen[i], regia_raster_unref);
  return frame;
}
