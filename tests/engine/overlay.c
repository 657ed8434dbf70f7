/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/overlay-private.h"

#include <string.h>

/* A grey frame of 64 × 36, and a white square of 16 × 8 at 10, 4 whose left half is half transparent. */
enum { WIDTH = 64, HEIGHT = 36, GREY = 100, WHITE = 235 };

static GstBuffer *
grey_frame (void)
{
  gsize size = WIDTH * HEIGHT * 3 / 2;
  GstBuffer *frame = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (frame, 0, GREY, WIDTH * HEIGHT);
  gst_buffer_memset (frame, WIDTH * HEIGHT, 128, size - WIDTH * HEIGHT);
  return frame;
}

static RegiaRaster *
square (guint8 red, guint8 green, guint8 blue, guint x, guint y)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 16, 8);
  RegiaRaster *raster;

  for (int row = 0; row < 8; row++)
    for (int column = 0; column < 16; column++) {
      guint32 alpha = column < 8 ? 128 : 255;
      guint32 pixel = alpha << 24 | red * alpha / 255 << 16 | green * alpha / 255 << 8 | blue * alpha / 255;

      memcpy (cairo_image_surface_get_data (surface) + row * cairo_image_surface_get_stride (surface) +
                  column * 4,
              &pixel, sizeof pixel);
    }
  cairo_surface_mark_dirty (surface);
  raster = regia_raster_new (surface, x, y);
  cairo_surface_destroy (surface);
  return raster;
}

static int
byte_at (GstBuffer *frame, gsize at)
{
  guint8 value = 0;

  g_assert_cmpuint (gst_buffer_extract (frame, at, &value, 1), ==, 1);
  return value;
}

static int
luma_at (GstBuffer *frame, guint x, guint y)
{
  return byte_at (frame, y * WIDTH + x);
}

static GstBuffer *
next (RegiaOverlay *overlay)
{
  return regia_overlay_next_frame (overlay, grey_frame ());
}

static int
next_luma (RegiaOverlay *overlay)
{
  g_autoptr (GstBuffer) frame = next (overlay);

  return luma_at (frame, 20, 6);
}

/* To the pixel, and half where it is half; nothing beside it. */
static void
test_place (void)
{
  RegiaOverlay *overlay = regia_overlay_new (WIDTH, HEIGHT, 25, 1);
  g_autoptr (RegiaRaster) raster = square (255, 255, 255, 10, 4);
  g_autoptr (GstBuffer) frame = NULL;

  regia_overlay_show (overlay, REGIA_OVERLAY_CAPTION, raster, TRUE);
  frame = next (overlay);
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++) {
      gboolean inside = x >= 10 && x < 26 && y >= 4 && y < 12;
      int wanted = !inside ? GREY : x < 18 ? GREY + (WHITE - GREY) * 128 / 255 : WHITE;

      g_assert_cmpint (ABS (luma_at (frame, x, y) - wanted), <=, inside ? 1 : 0);
    }
  regia_overlay_free (overlay);
}

/* ITU-R BT.709 in video range; by hand: red is 63, 102, 240. */
static void
test_colour (void)
{
  RegiaOverlay *overlay = regia_overlay_new (WIDTH, HEIGHT, 25, 1);
  g_autoptr (RegiaRaster) raster = square (255, 0, 0, 10, 4);
  g_autoptr (GstBuffer) frame = NULL;
  gsize chroma = WIDTH * HEIGHT + (6 / 2) * (WIDTH / 2) + 20 / 2;

  regia_overlay_show (overlay, REGIA_OVERLAY_LOGO, raster, TRUE);
  frame = next (overlay);
  g_assert_cmpint (luma_at (frame, 20, 6), ==, 63);
  g_assert_cmpint (byte_at (frame, chroma), ==, 102);
  g_assert_cmpint (byte_at (frame, chroma + WIDTH * HEIGHT / 4), ==, 240);
  regia_overlay_free (overlay);
}

/* What lies partly or wholly outside is left out. */
static void
test_outside (void)
{
  static const guint places[][2] = {{60, 32}, {64, 0}, {0, 36}, {1000, 1000}, {0, 0}};
  RegiaOverlay *overlay = regia_overlay_new (WIDTH, HEIGHT, 25, 1);

  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autoptr (RegiaRaster) raster = square (255, 255, 255, places[i][0], places[i][1]);
    g_autoptr (GstBuffer) frame = NULL;

    regia_overlay_show (overlay, REGIA_OVERLAY_CAPTION, raster, TRUE);
    frame = next (overlay);
    g_assert_cmpint (luma_at (frame, 40, 20), ==, GREY);
  }
  regia_overlay_free (overlay);
}

/* Six frames at 25 a second, rising; away in as many, falling; and a frame that has nothing over it is the
 * very same one. */
static void
test_fade (void)
{
  RegiaOverlay *overlay = regia_overlay_new (WIDTH, HEIGHT, 25, 1);
  g_autoptr (RegiaRaster) raster = square (255, 255, 255, 10, 4);
  GstBuffer *same = grey_frame ();
  int before = GREY;

  g_assert_true (regia_overlay_next_frame (overlay, same) == same);
  gst_buffer_unref (same);
  regia_overlay_show (overlay, REGIA_OVERLAY_CAPTION, raster, FALSE);
  g_assert_cmpint (next_luma (overlay), ==, GREY);
  for (guint i = 0; i < 6; i++) {
    int now = next_luma (overlay);

    g_assert_cmpint (now, >, before);
    before = now;
  }
  g_assert_cmpint (before, ==, WHITE);
  g_assert_cmpint (next_luma (overlay), ==, WHITE);
  regia_overlay_show (overlay, REGIA_OVERLAY_CAPTION, NULL, FALSE);
  for (guint i = 0; i < 6; i++) {
    int now = next_luma (overlay);

    g_assert_cmpint (now, <, before);
    before = now;
  }
  same = grey_frame ();
  g_assert_true (regia_overlay_next_frame (overlay, same) == same);
  gst_buffer_unref (same);
  regia_overlay_free (overlay);
}

/* Changed each frame, or turned round in between: no frame leaps, and what came last is there at the end. */
static void
test_changes (void)
{
  RegiaOverlay *overlay = regia_overlay_new (WIDTH, HEIGHT, 25, 1);
  g_autoptr (RegiaRaster) white = square (255, 255, 255, 10, 4), black = square (0, 0, 0, 10, 4);
  int before = GREY;

  for (guint i = 0; i < 200; i++) {
    int now;

    regia_overlay_show (overlay, REGIA_OVERLAY_CAPTION, i % 7 == 0 ? NULL : i % 2 ? white : black, FALSE);
    now = next_luma (overlay);
    g_assert_cmpint (ABS (now - before), <=, (WHITE - GREY) / 6 + 1);
    before = now;
  }
  regia_overlay_show (overlay, REGIA_OVERLAY_CAPTION, black, FALSE);
  for (guint i = 0; i < 13; i++)
    before = next_luma (overlay);
  g_assert_cmpint (before, ==, 16);
  regia_overlay_free (overlay);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/overlay/place", test_place);
  g_test_add_func ("/engine/overlay/colour", test_colour);
  g_test_add_func ("/engine/overlay/outside", test_outside);
  g_test_add_func ("/engine/overlay/fade", test_fade);
  g_test_add_func ("/engine/overlay/changes", test_changes);
  return g_test_run ();
}
