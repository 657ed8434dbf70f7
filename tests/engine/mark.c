/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/engine/mark.h"

#include <string.h>

typedef struct {
  int width, height, stride;
  guint8 *luma;
} Picture;

static Picture
picture_new (int width, int height)
{
  Picture self = {width, height, width + 16, NULL};

  self.luma = g_malloc ((gsize)self.stride * (gsize)height);
  for (int i = 0; i < self.stride * height; i++)
    self.luma[i] = (guint8)(i * 7 % 200 + 20);
  return self;
}

/* Area average with a phase that does not fit the blocks, and some noise, as a scaler and a coder leave it.
 */
static Picture
picture_scale (const Picture *from, int width, int height)
{
  Picture self = picture_new (width, height);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int x0 = x * from->width / width, x1 = MAX ((x + 1) * from->width / width, x0 + 1);
      int y0 = y * from->height / height, y1 = MAX ((y + 1) * from->height / height, y0 + 1), sum = 0;
      for (int v = y0; v < y1; v++)
        for (int u = x0; u < x1; u++)
          sum += from->luma[v * from->stride + u];
      sum = sum / ((x1 - x0) * (y1 - y0)) + g_test_rand_int_range (-25, 26);
      self.luma[y * self.stride + x] = (guint8)CLAMP (sum, 0, 255);
    }
  return self;
}

static void
test_roundtrip (void)
{
  const int sizes[][2] = {{1280, 720}, {640, 360}, {320, 180}, {192, 108}, {854, 480}, {1920, 1080}};

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int n = 0; n < 20; n++) {
      Picture picture = picture_new (1280, 720);
      guint32 frame = n ? (guint32)g_test_rand_int () : G_MAXUINT32, got_frame = 0;
      gint64 wall = G_GINT64_CONSTANT (1790000000000) + g_test_rand_int (), got_wall = 0;
      Picture scaled;

      regia_mark_draw (picture.luma, picture.stride, picture.width, picture.height, frame, wall, n % 2);
      scaled = picture_scale (&picture, sizes[i][0], sizes[i][1]);
      g_assert_true (
          regia_mark_read (scaled.luma, scaled.stride, scaled.width, scaled.height, &got_frame, &got_wall));
      g_assert_cmpuint (got_frame, ==, frame);
      g_assert_cmpint (got_wall, ==, wall);
      g_assert_cmpint (regia_mark_read_flash (scaled.luma, scaled.stride, scaled.width, scaled.height), ==,
                       n % 2);
      g_free (picture.luma);
      g_free (scaled.luma);
    }
}

static void
test_damage (void)
{
  Picture picture = picture_new (640, 360);
  guint32 frame = 7;

  g_assert_false (regia_mark_read (picture.luma, picture.stride, 640, 360, &frame, NULL));
  for (int block = 2; block < 48; block++) {
    int left = block * 640 / 48, right = (block + 1) * 640 / 48;

    regia_mark_draw (picture.luma, picture.stride, 640, 360, 123456, 1790000000123, FALSE);
    g_assert_true (regia_mark_read (picture.luma, picture.stride, 640, 360, NULL, NULL));
    for (int y = 0; y < 13; y++)
      for (int x = left; x < right; x++)
        picture.luma[y * picture.stride + x] = (guint8)(251 - picture.luma[y * picture.stride + x]);
    g_assert_false (regia_mark_read (picture.luma, picture.stride, 640, 360, &frame, NULL));
  }
  g_assert_cmpuint (frame, ==, 7);
  memset (picture.luma, 16, (gsize)picture.stride * 360);
  g_assert_false (regia_mark_read (picture.luma, picture.stride, 640, 360, NULL, NULL));
  g_free (picture.luma);
}

/* Nothing may be written outside of the plane, whatever the size; small pictures are left alone. */
static void
test_bounds (void)
{
  for (int width = 2; width < 2000; width += 61)
    for (int height = 2; height < 1100; height += 97) {
      guint8 *luma = g_malloc ((gsize)width * (gsize)height);
      guint8 *last = luma + (gsize)width * (gsize)height - 1;

      *last = 77;
      regia_mark_draw (luma, width, width, height, 1, 2, TRUE);
      if (height > regia_mark_rows_height (width) || width < REGIA_MARK_MIN_WIDTH)
        g_assert_cmpint (*last, ==, 77);
      if (width < REGIA_MARK_MIN_WIDTH || height < regia_mark_rows_height (width))
        g_assert_false (regia_mark_read (luma, width, width, height, NULL, NULL));
      else
        g_assert_true (regia_mark_read (luma, width, width, height, NULL, NULL));
      g_free (luma);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/mark/roundtrip", test_roundtrip);
  g_test_add_func ("/engine/mark/damage", test_damage);
  g_test_add_func ("/engine/mark/bounds", test_bounds);
  return g_test_run ();
}
