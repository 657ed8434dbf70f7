/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/fader-private.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <math.h>

#include "regia/base/clock.h"

/* Every sample that goes in is 1.0: what comes out is the gain. */

#define RATE    48000
#define BLOCK   960
#define BEGIN   (100 * REGIA_SECOND)
#define RAMP    (60 * RATE / 1000)
#define RAMP_NS (60 * REGIA_MSECOND)
#define CHANGE  1e-6

typedef struct {
  GstElement *pipeline;
  GstAppSrc *in;
  GstAppSink *out;
  RegiaFader *fader;
  gint64 pushed;
  GArray *gains; /* (element-type float) */
} Mix;

static void
mix_start (Mix *mix)
{
  static const char caps_text[] = "audio/x-raw,format=F32LE,rate=48000,channels=1,layout=interleaved";
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);

  *mix = (Mix){.pipeline = gst_pipeline_new (NULL),
               .in = GST_APP_SRC (gst_element_factory_make ("appsrc", NULL)),
               .out = GST_APP_SINK (gst_element_factory_make ("appsink", NULL)),
               .gains = g_array_new (FALSE, FALSE, sizeof (float))};
  g_object_set (mix->in, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  g_object_set (mix->out, "sync", FALSE, NULL);
  gst_bin_add_many (GST_BIN (mix->pipeline), GST_ELEMENT (mix->in), GST_ELEMENT (mix->out), NULL);
  mix->fader = regia_fader_new (GST_BIN (mix->pipeline));
  g_assert_true (gst_element_link_many (GST_ELEMENT (mix->in), regia_fader_get_element (mix->fader),
                                        GST_ELEMENT (mix->out), NULL));
  gst_element_set_state (mix->pipeline, GST_STATE_PLAYING);
}

static gint64
time_of (gint64 sample)
{
  return BEGIN + (gint64)gst_util_uint64_scale ((guint64)sample, REGIA_SECOND, RATE);
}

static void
mix_block (Mix *mix)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, BLOCK * sizeof (float), NULL);
  g_autoptr (GstSample) sample = NULL;
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < BLOCK; i++)
    ((float *)map.data)[i] = 1;
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = (GstClockTime)time_of (mix->pushed);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (BLOCK, REGIA_SECOND, RATE);
  mix->pushed += BLOCK;
  gst_app_src_push_buffer (mix->in, buffer);
  sample = gst_app_sink_try_pull_sample (mix->out, 20 * GST_SECOND);
  g_assert_nonnull (sample);
  buffer = gst_sample_get_buffer (sample);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_array_append_vals (mix->gains, map.data, (guint)(map.size / sizeof (float)));
  gst_buffer_unmap (buffer, &map);
}

static float
gain_at (const Mix *mix, gint64 sample)
{
  g_assert_cmpint (sample, <, mix->gains->len);
  return g_array_index (mix->gains, float, sample) * (float)REGIA_FADER_SCALE;
}

static void
mix_stop (Mix *mix)
{
  gst_element_set_state (mix->pipeline, GST_STATE_NULL);
  regia_fader_free (mix->fader);
  gst_object_unref (mix->pipeline);
  g_array_unref (mix->gains);
}

/* From one sample to the next never more than what a ramp over all of the range does. */
static void
check_smooth (const Mix *mix, double range)
{
  for (guint i = 1; i < mix->gains->len; i++)
    if (fabs (gain_at (mix, i) - gain_at (mix, i - 1)) > range / RAMP * 1.05 + CHANGE)
      g_error ("from %f to %f at sample %u", gain_at (mix, i - 1), gain_at (mix, i), i);
}

static void
test_ramp (void)
{
  Mix mix;
  gint64 change = 10 * BLOCK + 333;

  mix_start (&mix);
  for (guint i = 0; i < 5; i++)
    mix_block (&mix);
  regia_fader_set (mix.fader, 0.25, time_of (change), RAMP_NS);
  for (guint i = 0; i < 20; i++)
    mix_block (&mix);
  g_assert_cmpfloat_with_epsilon (gain_at (&mix, change - 1), 1, CHANGE);
  g_assert_cmpfloat_with_epsilon (gain_at (&mix, change + RAMP / 2), 0.625, 0.001);
  g_assert_cmpfloat_with_epsilon (gain_at (&mix, change + RAMP + 1), 0.25, CHANGE);
  check_smooth (&mix, 0.75);
  mix_stop (&mix);
}

/* Before the start: it is so from the first sample on. */
static void
test_at_once (void)
{
  Mix mix;

  mix_start (&mix);
  regia_fader_set (mix.fader, 0.5, -1, RAMP_NS);
  mix_block (&mix);
  g_assert_cmpfloat_with_epsilon (gain_at (&mix, 0), 0.5, CHANGE);
  regia_fader_set (mix.fader, 0, time_of (mix.pushed), RAMP_NS);
  for (guint i = 0; i < 10; i++)
    mix_block (&mix);
  g_assert_cmpfloat_with_epsilon (gain_at (&mix, mix.gains->len - 1), 0, CHANGE);
  check_smooth (&mix, 0.5);
  mix_stop (&mix);
}

/* A hand that does not rest: each change begins in the midst of the one before. */
static void
test_interrupted (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  Mix mix;

  mix_start (&mix);
  for (guint i = 0; i < 1000; i++) {
    regia_fader_set (mix.fader, g_rand_double (random) * 2,
                     time_of (mix.pushed) + g_rand_int_range (random, 0, 15000000), RAMP_NS);
    mix_block (&mix);
  }
  check_smooth (&mix, 2);
  mix_stop (&mix);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/fader/ramp", test_ramp);
  g_test_add_func ("/engine/fader/at-once", test_at_once);
  g_test_add_func ("/engine/fader/interrupted", test_interrupted);
  return g_test_run ();
}
