/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/tone-private.h"

#include <math.h>
#include <string.h>

#include "../../src/engine/bars-private.h"

enum { BLOCK = 960 };

/* A block of 20 ms, all samples @value, that says that it is silence. */
static GstBuffer *
block (guint number, float value)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, BLOCK * 2 * sizeof (float), NULL);
  float samples[BLOCK * 2];

  for (guint i = 0; i < BLOCK * 2; i++)
    samples[i] = value;
  gst_buffer_fill (buffer, 0, samples, sizeof samples);
  GST_BUFFER_PTS (buffer) = number * 20 * GST_MSECOND;
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  return buffer;
}

static void
take (RegiaTone *tone, guint number, float value, float *ret_samples)
{
  g_autoptr (GstBuffer) buffer = regia_tone_take_buffer (tone, block (number, value));

  g_assert_false (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP));
  gst_buffer_extract (buffer, 0, ret_samples, BLOCK * 2 * sizeof (float));
}

/* 1 kHz, peak a tenth, on both sides, in place of what was there; without a leap wherever it begins and ends.
 */
static void
test_wave (void)
{
  RegiaTone *tone = regia_tone_new ();
  float samples[BLOCK * 2], last = 0.5f;
  GstBuffer *same = block (0, 0.5f);

  g_assert_true (regia_tone_take_buffer (tone, same) == same);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (same, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (same);
  regia_tone_set (tone, TRUE);
  for (guint number = 7; number < 12; number++) {
    take (tone, number, 0.5f, samples);
    for (guint i = 0; i < BLOCK; i++) {
      guint64 at = (guint64)number * BLOCK + i;
      double wanted = 0.1 * sin (2 * G_PI * 1000.0 * (double)at / 48000);

      g_assert_cmpfloat (samples[2 * i], ==, samples[2 * i + 1]);
      g_assert_cmpfloat (fabsf (samples[2 * i] - last), <, 0.02f);
      last = samples[2 * i];
      if (number > 7)
        g_assert_cmpfloat_with_epsilon (samples[2 * i], wanted, 1e-6);
    }
  }
  regia_tone_set (tone, FALSE);
  take (tone, 12, 0.5f, samples);
  for (guint i = 0; i < BLOCK; i++) {
    g_assert_cmpfloat (fabsf (samples[2 * i] - last), <, 0.02f);
    last = samples[2 * i];
  }
  g_assert_cmpfloat (last, ==, 0.5f);
  same = block (13, 0.5f);
  g_assert_true (regia_tone_take_buffer (tone, same) == same);
  gst_buffer_unref (same);
  regia_tone_free (tone);
}

/* Eight bars in their order, each of its values, and grey that rises. */
static void
test_bars (void)
{
  static const guint8 luma[] = {180, 168, 145, 133, 63, 51, 28, 16};
  g_autoptr (GstBuffer) frame = regia_bars_draw (640, 360);
  guint8 row[640], foot[640];

  g_assert_cmpuint (gst_buffer_get_size (frame), ==, 640 * 360 * 3 / 2);
  gst_buffer_extract (frame, 640 * 100, row, sizeof row);
  gst_buffer_extract (frame, 640 * 350, foot, sizeof foot);
  for (guint x = 0; x < 640; x++) {
    g_assert_cmpuint (row[x], ==, luma[x / 80]);
    g_assert_true (x == 0 || foot[x] >= foot[x - 1]);
  }
  g_assert_cmpuint (foot[0], ==, 16);
  g_assert_cmpuint (foot[639], ==, 235);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/tone/wave", test_wave);
  g_test_add_func ("/engine/tone/bars", test_bars);
  return g_test_run ();
}
