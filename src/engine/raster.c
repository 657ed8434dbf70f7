/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "raster-private.h"

#include <string.h>

/*
 * What Cairo drew, converted once: three planes and the coverage of each pixel, at the luma's size and at the
 * chroma's. Colours are kept without their coverage, as blending multiplies by it.
 */

struct _RegiaRaster {
  guint x, y, width, height;  /* even */
  guint8 *planes[3];          /* (owned) Y, Cb, Cr */
  guint8 *cover, *half_cover; /* (owned) 255: nothing shines through */
};

typedef struct {
  guint red, green, blue, alpha; /* sums, colours with their coverage */
} Sum;

static guint8
to_byte (double value)
{
  return (guint8)CLAMP (value + 0.5, 0, 255);
}

static double
luma_of (const double *rgb)
{
  return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
}

/* The colour without its coverage, 0 … 1. */
static void
colour_of (const Sum *sum, double *ret_rgb)
{
  double whole = MAX (sum->alpha, 1u);

  ret_rgb[0] = sum->red / whole;
  ret_rgb[1] = sum->green / whole;
  ret_rgb[2] = sum->blue / whole;
}

static void
add_pixel (Sum *sum, guint32 pixel, gboolean opaque)
{
  sum->alpha += opaque ? 255 : pixel >> 24;
  sum->red += pixel >> 16 & 0xff;
  sum->green += pixel >> 8 & 0xff;
  sum->blue += pixel & 0xff;
}

static guint32
pixel_at (cairo_surface_t *surface, guint x, guint y)
{
  guint32 pixel = 0; /* what rounding to even sizes adds is empty */

  if (x < (guint)cairo_image_surface_get_width (surface) &&
      y < (guint)cairo_image_surface_get_height (surface))
    memcpy (&pixel,
            cairo_image_surface_get_data (surface) +
                (gsize)y * (gsize)cairo_image_surface_get_stride (surface) + (gsize)x * 4,
            sizeof pixel);
  return pixel;
}

static void
convert_luma (RegiaRaster *self, cairo_surface_t *surface, gboolean opaque)
{
  for (guint y = 0; y < self->height; y++)
    for (guint x = 0; x < self->width; x++) {
      gsize at = (gsize)y * self->width + x;
      Sum sum = {0};
      double rgb[3];

      add_pixel (&sum, pixel_at (surface, x, y), opaque);
      colour_of (&sum, rgb);
      self->planes[0][at] = to_byte (16 + 219 * luma_of (rgb));
      self->cover[at] = (guint8)sum.alpha;
    }
}

static void
convert_chroma (RegiaRaster *self, cairo_surface_t *surface, gboolean opaque)
{
  for (guint y = 0; y < self->height / 2; y++)
    for (guint x = 0; x < self->width / 2; x++) {
      gsize at = (gsize)y * (self->width / 2) + x;
      Sum sum = {0};
      double rgb[3], luma;

      for (guint i = 0; i < 4; i++)
        add_pixel (&sum, pixel_at (surface, 2 * x + i % 2, 2 * y + i / 2), opaque);
      colour_of (&sum, rgb);
      luma = luma_of (rgb);
      self->planes[1][at] = to_byte (128 + 224 * (rgb[2] - luma) / 1.8556);
      self->planes[2][at] = to_byte (128 + 224 * (rgb[0] - luma) / 1.5748);
      self->half_cover[at] = (guint8)((sum.alpha + 2) / 4);
    }
}

RegiaRaster *
regia_raster_new (cairo_surface_t *surface, guint x, guint y)
{
  RegiaRaster *self = g_atomic_rc_box_new0 (RegiaRaster);
  gboolean opaque = cairo_image_surface_get_format (surface) == CAIRO_FORMAT_RGB24;
  gsize pixels;

  cairo_surface_flush (surface);
  self->x = x;
  self->y = y;
  self->width = ((guint)cairo_image_surface_get_width (surface) + 1) & ~1u;
  self->height = ((guint)cairo_image_surface_get_height (surface) + 1) & ~1u;
  pixels = (gsize)self->width * self->height;
  self->planes[0] = g_malloc (pixels);
  self->planes[1] = g_malloc (pixels / 4);
  self->planes[2] = g_malloc (pixels / 4);
  self->cover = g_malloc (pixels);
  self->half_cover = g_malloc (pixels / 4);
  convert_luma (self, surface, opaque);
  convert_chroma (self, surface, opaque);
  return self;
}

static void
clear (gpointer data)
{
  RegiaRaster *self = data;

  for (guint i = 0; i < G_N_ELEMENTS (self->planes); i++)
    g_free (self->planes[i]);
  g_free (self->cover);
  g_free (self->half_cover);
}

RegiaRaster *
regia_raster_ref (RegiaRaster *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
regia_raster_unref (RegiaRaster *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/* Exact for 255: (t + t/256) / 256 with t = … + 128 is t / 255, rounded. */
static void
blend_row (guint8 *to, const guint8 *from, const guint8 *cover, guint count, guint level)
{
  for (guint i = 0; i < count; i++) {
    guint alpha = cover[i] * level >> 8;
    guint sum = to[i] * (255 - alpha) + from[i] * alpha + 128;

    to[i] = (guint8)((sum + (sum >> 8)) >> 8);
  }
}

void
regia_raster_blend (const RegiaRaster *self, GstVideoFrame *frame, guint level)
{
  for (guint i = 0; i < 3; i++) {
    guint by = i == 0 ? 1 : 2, x = self->x / by, y = self->y / by, width = self->width / by,
          height = self->height / by;
    const guint8 *cover = i == 0 ? self->cover : self->half_cover;
    guint whole_width = (guint)GST_VIDEO_FRAME_COMP_WIDTH (frame, i),
          whole_height = (guint)GST_VIDEO_FRAME_COMP_HEIGHT (frame, i);
    guint seen = x < whole_width ? MIN (width, whole_width - x) : 0;

    for (guint row = 0; row < height && y + row < whole_height; row++)
      blend_row ((guint8 *)GST_VIDEO_FRAME_PLANE_DATA (frame, i) +
                     (gsize)(y + row) * (gsize)GST_VIDEO_FRAME_PLANE_STRIDE (frame, i) + x,
                 self->planes[i] + (gsize)row * width, cover + (gsize)row * width, seen, level);
  }
}

GstBuffer *
regia_raster_to_frame (const RegiaRaster *self)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  GstBuffer *buffer;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, self->width, self->height);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  if (!gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE))
    return buffer;
  for (guint i = 0; i < 3; i++) {
    guint by = i == 0 ? 1 : 2;

    for (guint row = 0; row < self->height / by; row++)
      memcpy ((guint8 *)GST_VIDEO_FRAME_PLANE_DATA (&frame, i) +
                  (gsize)row * (gsize)GST_VIDEO_FRAME_PLANE_STRIDE (&frame, i),
              self->planes[i] + (gsize)row * (self->width / by), self->width / by);
  }
  gst_video_frame_unmap (&frame);
  return buffer;
}
