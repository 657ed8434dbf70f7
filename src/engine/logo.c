/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "logo-private.h"

#include <string.h>

#include "picture-private.h"
#include "regia/base/error.h"
#include "regia/base/named.h"
#include "slate-private.h"

#define MARGIN   0.05
#define SIDE_MAX 4096 /* Cairo's own limit is 32767; nobody's logo is larger than this */

static guint8
times (guint8 value, guint8 alpha)
{
  return (guint8)((value * alpha + 127) / 255);
}

/* BGRA as decoded has its colours without their coverage; Cairo's have it. */
static cairo_surface_t *
to_surface (GstBuffer *frame, guint width, guint height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, (int)width, (int)height);
  guint8 *to = cairo_image_surface_get_data (surface);
  g_autofree guint8 *from = g_malloc ((gsize)width * height * 4);

  gst_buffer_extract (frame, 0, from, (gsize)width * height * 4);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++) {
      const guint8 *pixel = from + ((gsize)y * width + x) * 4;
      guint32 out = (guint32)pixel[3] << 24 | (guint32)times (pixel[2], pixel[3]) << 16 |
                    (guint32)times (pixel[1], pixel[3]) << 8 | times (pixel[0], pixel[3]);

      memcpy (to + (gsize)y * (gsize)cairo_image_surface_get_stride (surface) + (gsize)x * 4, &out,
              sizeof out);
    }
  cairo_surface_mark_dirty (surface);
  return surface;
}

cairo_surface_t *
regia_logo_load (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) content =
      regia_named_read (path, REGIA_PICTURE_MAX_BYTES, "name a PNG or JPEG picture", error);
  g_autofree char *caps = NULL;
  g_autoptr (GstBuffer) frame = NULL;
  RegiaPicture picture;

  if (content == NULL || !regia_picture_measure (content->data, content->len, &picture, error)) {
    g_prefix_error (error, "%s ", path);
    return NULL;
  }
  if (MAX (picture.width, picture.height) > SIDE_MAX) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                 "%s is %u x %u pixels large; a logo has at most %d a side: save it smaller", path,
                 picture.width, picture.height, SIDE_MAX);
    return NULL;
  }
  caps = g_strdup_printf ("video/x-raw,format=BGRA,width=%u,height=%u,pixel-aspect-ratio=1/1", picture.width,
                          picture.height);
  frame = regia_slate_draw_image (path, caps, cancellable, error);
  return frame != NULL ? to_surface (frame, picture.width, picture.height) : NULL;
}

void
regia_logo_paint (cairo_t *cr, cairo_surface_t *logo, double x, double y, double width, double height,
                  double opacity)
{
  double own_width = cairo_image_surface_get_width (logo), own_height = cairo_image_surface_get_height (logo);
  double scale = MIN (width / own_width, height / own_height);

  cairo_save (cr);
  cairo_translate (cr, x + (width - own_width * scale) / 2, y + (height - own_height * scale) / 2);
  cairo_scale (cr, scale, scale);
  cairo_set_source_surface (cr, logo, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_BEST);
  cairo_paint_with_alpha (cr, opacity);
  cairo_restore (cr);
}

static int
even (double value)
{
  return 2 * (int)(value / 2 + 0.5);
}

RegiaRaster *
regia_logo_draw (const RegiaStyle *style, const RegiaConfigValues *config, cairo_surface_t *logo)
{
  double own_width = cairo_image_surface_get_width (logo), own_height = cairo_image_surface_get_height (logo);
  double most = style->width * config->look_logo_percent / 100.0;
  double scale = MIN (most / own_width, style->height * 0.3 / own_height);
  int width = MAX (even (own_width * scale), 2), height = MAX (even (own_height * scale), 2);
  int beside = even (style->width * MARGIN), above = even (style->height * MARGIN);
  gboolean right = g_str_has_suffix (config->look_logo_corner, "right"),
           bottom = g_str_has_prefix (config->look_logo_corner, "bottom");
  g_autoptr (cairo_surface_t) surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  g_autoptr (cairo_t) cr = cairo_create (surface);

  regia_logo_paint (cr, logo, 0, 0, width, height, config->look_logo_opacity / 100.0);
  return regia_raster_new (surface, (guint)(right ? (int)style->width - beside - width : beside),
                           (guint)(bottom ? (int)style->height - above - height : above));
}
