/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An hour of a camera whose sound clock is not its picture's, and with -m=slow eight of one with the clock of
 * a usual device, made fast: timeline, pacing, drift and a real audiomixer, set up as in the programme, on a
 * clock that this test moves.
 */
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/base/gstaggregator.h>
#include <gst/check/gsttestclock.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "../../src/engine/drift-private.h"
#include "../../src/engine/pacer-private.h"
#include "../../src/engine/timeline-private.h"
#include "regia/base/clock.h"

/* What the sanitizers look for shows in minutes, for which they take as long as others for an hour. */
#ifdef __SANITIZE_ADDRESS__
enum { SECONDS = 600 };
#else
enum { SECONDS = 3600 };
#endif
enum { RATE = 48000, BLOCKS_A_SECOND = 25, BLOCK = RATE / BLOCKS_A_SECOND };
#define START   (100 * REGIA_SECOND)
#define LATENCY (200 * REGIA_MSECOND)
#define CAPS    "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved,channel-mask=(bitmask)0x3"

/* The sound is +½ in even seconds and −½ in odd ones, as the microphone heard it: where it changes sign in
 * the programme is a full second of it, and what is near 0 is missing. */
typedef struct {
  GstElement *pipeline;
  GstAppSrc *source;
  GstTestClock *clock;
  GMutex lock;
  GCond more;
  gint64 mixed_ns; /* the programme's sound is complete until then */
  float last;
  guint64 missing; /* samples, since the first sound */
  guint silent;    /* the last so many samples were near 0 */
  gboolean heard;
  GArray *changes; /* (element-type gint64) */
} Mix;

static GstFlowReturn
on_mixed (GstAppSink *sink, gpointer user_data)
{
  Mix *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  gint64 pts_ns = (gint64)GST_BUFFER_PTS (buffer);
  GstMapInfo map;
  const float *samples;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  samples = (const float *)map.data;
  g_mutex_lock (&self->lock);
  for (gsize i = 0; i < map.size / 8; i++) {
    float value = samples[2 * i];

    self->heard |= fabsf (value) > 0.3f;
    /* One or two samples lie there whenever the sign changes. */
    self->silent = fabsf (value) < 0.05f ? self->silent + 1 : 0;
    if (self->heard && self->silent > 3)
      self->missing++;
    if (value * self->last < 0) {
      gint64 at_ns = pts_ns + (gint64)i * REGIA_SECOND / RATE;

      g_array_append_val (self->changes, at_ns);
    }
    if (value != 0)
      self->last = value;
  }
  self->mixed_ns = pts_ns + (gint64)(map.size / 8) * REGIA_SECOND / RATE;
  g_cond_signal (&self->more);
  g_mutex_unlock (&self->lock);
  gst_buffer_unmap (buffer, &map);
  return GST_FLOW_OK;
}

static void
mix_start (Mix *self)
{
  static const GstAppSinkCallbacks callbacks = {.new_sample = on_mixed};
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) mixer = NULL, sink = NULL;
  GstSegment segment;

  self->pipeline = gst_parse_launch (
      "appsrc name=in is-live=true format=time block=false max-bytes=0 max-buffers=0 max-time=3700000000 "
      "leaky-type=downstream caps=\"" CAPS "\" ! audiomixer name=mixer force-live=true latency=200000000 "
      "ignore-inactive-pads=true output-buffer-duration=20000000 ! " CAPS " ! appsink name=out sync=false",
      &error);
  g_assert_no_error (error);
  self->clock = GST_TEST_CLOCK (gst_test_clock_new_with_start_time (START));
  self->source = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (self->pipeline), "in"));
  self->changes = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->mixed_ns = START;
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "out");
  mixer = gst_bin_get_by_name (GST_BIN (self->pipeline), "mixer");
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, self, NULL);
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), GST_CLOCK (self->clock));
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (self->pipeline, 0);
  gst_element_set_state (self->pipeline, GST_STATE_PAUSED);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.base = segment.time = segment.position = START;
  gst_aggregator_update_segment (GST_AGGREGATOR (mixer), &segment);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

static void
mix_end (Mix *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->source);
  gst_clear_object (&self->pipeline);
  gst_clear_object (&self->clock);
  g_array_unref (self->changes);
}

/* Show time goes on to @now_ns. What the mixer has until then it mixes; what it has not when its time has
 * come, it goes without. */
static void
mix_until (Mix *self, gint64 now_ns)
{
  gint64 due_ns = (now_ns - LATENCY - START) / (20 * REGIA_MSECOND) * 20 * REGIA_MSECOND + START;
  gint64 until_us = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  gst_test_clock_set_time (self->clock, (GstClockTime)now_ns);
  for (;;) {
    GstClockID id = NULL;
    gboolean complete;

    g_mutex_lock (&self->lock);
    complete = self->mixed_ns >= due_ns;
    g_mutex_unlock (&self->lock);
    if (complete)
      return;
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    gst_test_clock_wait_for_next_pending_id (self->clock, &id);
    if (gst_clock_id_get_time (id) <= (GstClockTime)now_ns) {
      GstClockID fired = gst_test_clock_process_next_clock_id (self->clock);
      if (fired)
        gst_clock_id_unref (fired);
    }
    gst_clock_id_unref (id);
    g_thread_yield ();
  }
}

/* Waits until what was pushed has been mixed as far as it goes. */
static void
mix_settle (Mix *self, gint64 pushed_ns)
{
  gint64 until_us = g_get_monotonic_time () + 2 * G_TIME_SPAN_SECOND;
  gint64 full_ns = (pushed_ns - START) / (20 * REGIA_MSECOND) * 20 * REGIA_MSECOND + START;

  g_mutex_lock (&self->lock);
  while (self->mixed_ns < full_ns && g_cond_wait_until (&self->more, &self->lock, until_us))
    ;
  g_mutex_unlock (&self->lock);
}

typedef struct {
  double ppm; /* by which the sound's clock is slow */
  guint hours;
  double worst_ms; /* that sound and picture may be apart */
} Case;

static guint64
rss_bytes (void)
{
  g_autofree char *text = NULL;
  guint64 pages = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%*u %" G_GUINT64_FORMAT, &pages), ==, 1);
  return pages * (guint64)sysconf (_SC_PAGESIZE);
}

static void
test_hour (gconstpointer data)
{
  const Case *this = data;
  double slow = this->ppm * 1e-6, worst_ms = 0, mean_ppm, sum_ppm = 0;
  guint measured = 0;
  gint64 seconds = (gint64)SECONDS * this->hours;
  guint64 rss_first = 0;
  Mix mix = {.last = 0};
  RegiaTimeline timeline = {.limit_ns = LATENCY * 3 / 4, .sender_clock = TRUE};
  RegiaPacer pacer = {.rate_num = 25, .rate_den = 1};
  RegiaDrift *drift = regia_drift_new (RATE, 2);
  RegiaDriftStats stats;
  g_autoptr (GArray) picture_ns = g_array_new (FALSE, TRUE, sizeof (gint64));
  gint64 pushed_ns = START, sound_n = 0, checked = 0;

  g_mutex_init (&mix.lock);
  g_cond_init (&mix.more);
  g_array_set_size (picture_ns, (guint)seconds + 2);
  mix_start (&mix);
  for (gint64 n = 0; n < 25 * seconds; n++) {
    gint64 captured_ns = START + n * 40 * REGIA_MSECOND;
    gint64 arrival_ns = captured_ns + 20 * REGIA_MSECOND + g_test_rand_int_range (0, 5000) * 1000;
    gint64 placed_ns = 0, mapped_ns = 0;

    if (regia_timeline_map (&timeline, 0, captured_ns, arrival_ns, &mapped_ns) &&
        regia_pacer_place (&pacer, mapped_ns, &placed_ns) && n % 25 == 0)
      g_array_index (picture_ns, gint64, n / 25) = placed_ns - captured_ns - 10 * REGIA_MSECOND;
    /* The sound that has arrived until the next picture. Stamps count samples, whose clock is slow. */
    for (;;) {
      gint64 stamp_ns = START + sound_n * REGIA_SECOND / BLOCKS_A_SECOND;
      gint64 heard_ns = START + (gint64)((double)(stamp_ns - START) * (1 + slow));
      gint64 here_ns = heard_ns + 25 * REGIA_MSECOND + g_test_rand_int_range (0, 5000) * 1000;
      GstBuffer *buffer;
      GstMapInfo map;

      if (here_ns > captured_ns + 60 * REGIA_MSECOND)
        break;
      sound_n++;
      if (!regia_timeline_map (&timeline, 1, stamp_ns, here_ns, &mapped_ns))
        continue;
      buffer = gst_buffer_new_allocate (NULL, BLOCK * 8, NULL);
      g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
      for (int i = 0; i < BLOCK; i++) {
        gint64 at_ns = heard_ns + (gint64)((double)i * REGIA_SECOND / RATE * (1 + slow));

        ((float *)map.data)[2 * i] = ((float *)map.data)[2 * i + 1] = at_ns / REGIA_SECOND % 2 ? -0.5f : 0.5f;
      }
      gst_buffer_unmap (buffer, &map);
      regia_drift_expect (drift, regia_timeline_rate (&timeline, 1));
      buffer = regia_drift_take (drift, buffer, mapped_ns, FALSE);
      if (buffer) {
        pushed_ns = (gint64)(GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer));
        gst_app_src_push_buffer (mix.source, buffer);
      }
    }
    if (n == 25 * SECONDS / 2)
      rss_first = rss_bytes ();
    /* From second to second what is measured follows what jitters; of minutes it is the clock's. */
    if (n > 25 * seconds / 2 && n % 25 == 0) {
      regia_drift_get_stats (drift, &stats);
      sum_ppm += stats.drift_ppm;
      measured++;
    }
    if (n % 2 == 0) {
      if (pushed_ns > START)
        mix_settle (&mix, pushed_ns);
      mix_until (&mix, arrival_ns);
    }
  }
  regia_drift_get_stats (drift, &stats);
  mean_ppm = sum_ppm / measured;
  for (guint i = 0; i < mix.changes->len; i++) {
    gint64 at_ns = g_array_index (mix.changes, gint64, i), second = (at_ns + REGIA_SECOND / 2) / REGIA_SECOND;
    gint64 picture = g_array_index (picture_ns, gint64, second - START / REGIA_SECOND);

    if (at_ns < START + 3 * REGIA_SECOND)
      continue;
    checked++;
    worst_ms = MAX (worst_ms, fabs ((double)(at_ns - second * REGIA_SECOND - picture)) / REGIA_MSECOND);
  }
  g_test_message (
      "%+.0f ppm: %u samples missing, sound and picture %.1f ms apart at most in %u seconds looked at, "
      "%u resyncs, %u seams, drift %.0f ppm, memory %+.1f MB since half an hour",
      -slow * 1e6, (guint)mix.missing, worst_ms, (guint)checked, (guint)timeline.resyncs, (guint)stats.jumps,
      mean_ppm, ((double)rss_bytes () - (double)rss_first) / 1e6);
  g_assert_cmpint (checked, >, seconds - 10);
  g_assert_cmpuint (mix.missing, ==, 0);
  g_assert_cmpuint (stats.jumps, ==, 0);
  g_assert_cmpfloat (worst_ms, <, this->worst_ms);
  g_assert_cmpfloat (fabs (mean_ppm + slow * 1e6), <, 50);
  /* What the test itself notes is 16 bytes a second. */
  g_assert_cmpuint (rss_bytes (), <, rss_first + (4 << 20));
  mix_end (&mix);
  regia_drift_free (drift);
  g_mutex_clear (&mix.lock);
  g_cond_clear (&mix.more);
}

int
main (int argc, char **argv)
{
  /* A camera's clock may be a poor one; a device's is within 200 ppm, and lasts a day. */
  static const Case slow = {2000, 1, 100}, fast = {-2000, 1, 100}, day_slow = {200, 8, 40},
                    day_fast = {-200, 8, 40};

  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/engine/hour/sound-slow", &slow, test_hour);
  g_test_add_data_func ("/engine/hour/sound-fast", &fast, test_hour);
  if (g_test_slow ()) {
    g_test_add_data_func ("/engine/hour/eight-slow", &day_slow, test_hour);
    g_test_add_data_func ("/engine/hour/eight-fast", &day_fast, test_hour);
  }
  return g_test_run ();
}
