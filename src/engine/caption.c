/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "caption-private.h"

/* In parts of the picture's height, but for the margin beside it, which is one of the width. */
#define MARGIN_X    0.05
#define MARGIN_Y    0.07
#define PADDING_X   0.032
#define PADDING_Y   0.022
#define STRIPE      0.009
#define NAME_SIZE   0.048
#define LINE_SIZE   0.037
#define GAP         0.008
#define COVER       0.92
#define LINE_COVER  0.88
#define LEAST_WIDTH 0.30 /* of the width: a short name is no stamp */

typedef struct {
  PangoLayout *name, *line; /* (owned); line nullable */
  PangoRectangle name_seen, line_seen;
} Words;

static void
words_clear (Words *words)
{
  g_clear_object (&words->name);
  g_clear_object (&words->line);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

static void
fit (Words *words, cairo_t *cr, const RegiaStyle *style, const char *name, const char *line, int width,
     gboolean right)
{
  PangoAlignment side = right ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT;

  words->name = regia_lettering_fit (
      cr,
      &(RegiaLettering){
          .text = name, .bold = TRUE, .size = style->height * NAME_SIZE, .width = width, .lines = 3},
      side);
  pango_layout_get_pixel_extents (words->name, NULL, &words->name_seen);
  if (line == NULL || *line == '\0')
    return;
  words->line = regia_lettering_fit (
      cr, &(RegiaLettering){.text = line, .size = style->height * LINE_SIZE, .width = width, .lines = 3},
      side);
  pango_layout_get_pixel_extents (words->line, NULL, &words->line_seen);
}

static int
even (double value)
{
  return 2 * (int)(value / 2 + 0.5);
}

static void
draw (cairo_t *cr, const RegiaStyle *style, const Words *words, int width, int height, gboolean right)
{
  RegiaInk ink = regia_ink_on (style->background);
  int stripe = MAX (even (style->height * STRIPE), 2), pad = even (style->height * PADDING_X);
  double y = style->height * PADDING_Y, left = stripe + pad;

  cairo_set_source_rgba (cr, style->background.red, style->background.green, style->background.blue, COVER);
  cairo_rectangle (cr, right ? 0 : stripe, 0, width - stripe, height);
  cairo_fill (cr);
  cairo_set_source_rgb (cr, style->colour.red, style->colour.green, style->colour.blue);
  cairo_rectangle (cr, right ? width - stripe : 0, 0, stripe, height);
  cairo_fill (cr);
  regia_lettering_draw (cr, words->name, right ? width - left - words->name_seen.width : left, y, ink, 1);
  y += words->name_seen.height + style->height * GAP;
  if (words->line != NULL)
    regia_lettering_draw (cr, words->line, right ? width - left - words->line_seen.width : left, y, ink,
                          LINE_COVER);
}

cairo_surface_t *
regia_caption_surface (const RegiaStyle *style, const char *name, const char *line, guint *ret_x,
                       guint *ret_y)
{
  g_autoptr (cairo_surface_t) scratch = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 1, 1);
  g_autoptr (cairo_t) measure = cairo_create (scratch), cr = NULL;
  cairo_surface_t *surface;
  g_auto (Words) words = {0};
  gboolean right = regia_lettering_is_right_to_left (name);
  int margin = even (style->width * MARGIN_X), most = (int)style->width - 2 * margin, width, height;
  int around = 2 * even (style->height * PADDING_X) + MAX (even (style->height * STRIPE), 2); /* the words */

  fit (&words, measure, style, name, line, MAX (most - around, 1), right);
  width =
      MAX (MAX (words.name_seen.width, words.line_seen.width) + around, (int)(style->width * LEAST_WIDTH));
  width = MIN ((width + 1) & ~1, most);
  height = even (words.name_seen.height + 2 * style->height * PADDING_Y +
                 (words.line != NULL ? words.line_seen.height + style->height * GAP : 0) + 1);
  surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cr = cairo_create (surface);
  draw (cr, style, &words, width, height, right);
  *ret_x = (guint)(right ? (int)style->width - margin - width : margin);
  *ret_y = (guint)MAX (even (style->height * (1 - MARGIN_Y)) - height, 0);
  return surface;
}

RegiaRaster *
regia_caption_draw (const RegiaStyle *style, const char *name, const char *line)
{
  guint x, y;
  g_autoptr (cairo_surface_t) surface = regia_caption_surface (style, name, line, &x, &y);

  return regia_raster_new (surface, x, y);
}
