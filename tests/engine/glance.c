/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gst/gst.h>
#include <string.h>

#include "../../src/engine/glance-private.h"

#define SECOND G_GINT64_CONSTANT (1000000000)

/* A picture of one luma all over, with one spot of another. */
static GstBuffer *
make (guint width, guint height, guint8 luma, guint8 spot)
{
  gsize size = (gsize)width * height * 3 / 2;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 128, size);
  gst_buffer_memset (buffer, 0, luma, (gsize)width * height);
  /* the point that is looked at in the middle of the picture: column 6 of 12, row 4 of 8 */
  gst_buffer_memset (buffer, (gsize)(9 * height / 16) * width + 13 * width / 24, spot, 1);
  return buffer;
}

static void
show (RegiaGlance *self, guint8 luma, guint8 spot, gint64 now_ns)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw,format=I420,width=640,height=360");
  g_autoptr (GstBuffer) buffer = make (640, 360, luma, spot);

  regia_glance_at (self, buffer, caps, now_ns);
}

static void
test_black (void)
{
  RegiaGlance look = {0};

  show (&look, 16, 16, SECOND);
  g_assert_true (look.black);
  show (&look, 32, 20, 2 * SECOND); /* the noise of a covered lens */
  g_assert_true (look.black);
  show (&look, 16, 90, 3 * SECOND); /* a lamp on a dark stage */
  g_assert_false (look.black);
  show (&look, 16, 16, 4 * SECOND);
  g_assert_true (look.black);
}

static void
test_still (void)
{
  RegiaGlance look = {0};

  /* what never moved is a still picture */
  for (guint s = 1; s <= 60; s++)
    show (&look, 100, 100, s * SECOND);
  g_assert_cmpint (regia_glance_still_ns (&look), ==, 0);
  show (&look, 100, 101, 61 * SECOND);
  g_assert_cmpint (regia_glance_still_ns (&look), ==, 0);
  for (guint s = 62; s <= 70; s++)
    show (&look, 100, 101, s * SECOND);
  g_assert_cmpint (regia_glance_still_ns (&look), ==, 9 * SECOND);
  show (&look, 100, 100, 71 * SECOND);
  g_assert_cmpint (regia_glance_still_ns (&look), ==, 0);
}

static void
test_once_a_second (void)
{
  RegiaGlance look = {0};

  show (&look, 100, 100, SECOND);
  show (&look, 16, 16, 2 * SECOND - 1);
  g_assert_false (look.black);
  show (&look, 16, 16, 2 * SECOND);
  g_assert_true (look.black);
}

/* Rows that are padded, the programme's other format, a picture of a few points, and what has no such luma.
 */
static void
test_formats (void)
{
  static const char *const caps[] = {"video/x-raw,format=NV12,width=66,height=34",
                                     "video/x-raw,format=YUY2,width=66,height=34",
                                     "video/x-raw,format=I420,width=2,height=2"};
  RegiaGlance nothing = {0};
  g_autoptr (GstCaps) rgb = gst_caps_from_string ("video/x-raw,format=RGB,width=64,height=36");
  g_autoptr (GstBuffer) picture = gst_buffer_new_allocate (NULL, 66 * 36 * 4, NULL);

  gst_buffer_memset (picture, 0, 16, 66 * 36 * 4);
  for (guint i = 0; i < G_N_ELEMENTS (caps); i++) {
    g_autoptr (GstCaps) one = gst_caps_from_string (caps[i]);
    RegiaGlance look = {0};

    regia_glance_at (&look, picture, one, SECOND);
    g_assert_cmpint (look.looked_ns, ==, SECOND);
    g_assert_true (look.black);
  }
  regia_glance_at (&nothing, picture, rgb, SECOND);
  g_assert_cmpint (nothing.looked_ns, ==, 0);
  g_assert_false (nothing.black);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/look/black", test_black);
  g_test_add_func ("/look/still", test_still);
  g_test_add_func ("/look/once-a-second", test_once_a_second);
  g_test_add_func ("/look/formats", test_formats);
  return g_test_run ();
}
