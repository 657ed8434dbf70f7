/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "bars-private.h"

#include <gst/video/video.h>

enum { BLACK = 16, WHITE = 235, NEUTRAL = 128 };

/* Y, Cb, Cr of white, yellow, cyan, green, magenta, red, blue and black. */
static const guint8 bars[][3] = {{180, 128, 128}, {168, 44, 136}, {145, 147, 44}, {133, 63, 52},
                                 {63, 193, 204},  {51, 109, 212}, {28, 212, 120}, {16, 128, 128}};

static void
draw_plane (GstVideoFrame *frame, guint plane)
{
  guint width = (guint)GST_VIDEO_FRAME_COMP_WIDTH (frame, plane),
        height = (guint)GST_VIDEO_FRAME_COMP_HEIGHT (frame, plane);

  for (guint y = 0; y < height; y++) {
    guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA (frame, plane) +
                  (gsize)y * (gsize)GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);

    for (guint x = 0; x < width; x++) {
      if (y < height * 4 / 5)
        row[x] = bars[x * G_N_ELEMENTS (bars) / width][plane];
      else
        row[x] = plane == 0 ? (guint8)(BLACK + (WHITE - BLACK) * x / MAX (width - 1, 1)) : NEUTRAL;
    }
  }
}

GstBuffer *
regia_bars_draw (guint width, guint height)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  GstBuffer *buffer;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, width, height);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  if (!gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE))
    return buffer;
  for (guint plane = 0; plane < 3; plane++)
    draw_plane (&frame, plane);
  gst_video_frame_unmap (&frame);
  return buffer;
}
