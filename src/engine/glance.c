/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "glance-private.h"

#include <gst/video/video.h>
#include <string.h>

/* Black is 16 (ITU-R BT.601-7 §2.5.3); a covered lens has some noise above it, a dark stage has lamps. */
#define BLACK_MOST 32

void
regia_glance_take (RegiaGlance *self, const guint8 luma[REGIA_GLANCE_SAMPLES], gint64 now_ns)
{
  gboolean first = self->looked_ns == 0;

  if (first || memcmp (self->luma, luma, REGIA_GLANCE_SAMPLES) != 0) {
    self->changed_ns = now_ns;
    self->moved |= !first;
  }
  self->looked_ns = now_ns;
  memcpy (self->luma, luma, REGIA_GLANCE_SAMPLES);
  self->black = TRUE;
  for (guint i = 0; i < REGIA_GLANCE_SAMPLES; i++)
    self->black &= luma[i] <= BLACK_MOST;
}

void
regia_glance_at (RegiaGlance *self, GstBuffer *buffer, GstCaps *caps, gint64 now_ns)
{
  guint8 luma[REGIA_GLANCE_SAMPLES];
  GstVideoInfo info;
  GstVideoFrame frame;

  if ((self->looked_ns != 0 && now_ns - self->looked_ns < REGIA_GLANCE_NS) ||
      !gst_video_info_from_caps (&info, caps) || !GST_VIDEO_INFO_IS_YUV (&info) ||
      GST_VIDEO_INFO_COMP_DEPTH (&info, 0) != 8 || !gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ))
    return;
  for (guint row = 0; row < REGIA_GLANCE_ROWS; row++) {
    guint y = (2 * row + 1) * (guint)info.height / (2 * REGIA_GLANCE_ROWS);
    const guint8 *line = GST_VIDEO_FRAME_COMP_DATA (&frame, 0);

    line += (gsize)y * (gsize)GST_VIDEO_FRAME_COMP_STRIDE (&frame, 0);
    for (guint column = 0; column < REGIA_GLANCE_COLUMNS; column++) {
      guint x = (2 * column + 1) * (guint)info.width / (2 * REGIA_GLANCE_COLUMNS);

      luma[row * REGIA_GLANCE_COLUMNS + column] =
          line[(gsize)x * (gsize)GST_VIDEO_FRAME_COMP_PSTRIDE (&frame, 0)];
    }
  }
  gst_video_frame_unmap (&frame);
  regia_glance_take (self, luma, now_ns);
}

gint64
regia_glance_still_ns (const RegiaGlance *self)
{
  return self->moved ? self->looked_ns - self->changed_ns : 0;
}
