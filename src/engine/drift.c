/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "drift-private.h"

#include <math.h>

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#include "regia/base/clock.h"

/*
 * A control loop. The error is the distance between a buffer's timestamp and the end of the row of samples
 * that was put out; its mean over a second drives the rate of the resampler:
 *
 *   rate = P × error + I        I, the sum of the errors, comes to rest at the drift of the source's clock
 *
 * critically damped, at rest after about 40 s, and for an error no more than 500 ppm (a semitone is 60,000)
 * unless it is one that lips would show. In the first seconds, while the timestamps may still tell of a slow
 * start, the error alone is followed and ten times as fast. More than 100 ms, or what the source itself calls
 * a gap, is no drift: there the row begins anew. Where the timestamps' way to show time is known to have a
 * slope of its own (a slow clock in a camera), the loop is told, so that no error has to grow first.
 *
 * The same resampler brings sound to the programme's rate: one before it would hide the samples' own count,
 * and make a seam wherever a timestamp is wrong.
 *
 * Owner and thread: the streaming thread of one branch of a hand-over.
 */

#define WINDOW_NS       REGIA_SECOND
#define SETTLING        10   /* windows */
#define SETTLING_P      0.5  /* a second */
#define SETTLING_LIMIT  5e-3 /* seconds a second */
#define P               0.1
#define I               (P * P / 4)
#define LIMIT           500e-6
#define LIP_ERROR       0.02 /* seconds, from which on … */
#define LIP_LIMIT       2500e-6
#define DRIFT_MAX       0.025
#define JUMP_NS         (100 * REGIA_MSECOND)
#define GAP_NS          (5 * REGIA_MSECOND)
#define RATE_RESOLUTION 1000 /* seconds over which the resampler is told of whole samples to add */

struct _RegiaDrift {
  SwrContext *resampler; /* (owned) */
  guint rate, in_rate, frame_size;
  gboolean started;
  gint64 origin_ns;    /* show time of the row's first sample */
  guint64 samples_out; /* in the row so far */
  double error_sum_ns; /* of the present window */
  guint error_count;
  gint64 window_ns;  /* sound taken in it */
  guint windows;     /* since the row began */
  double correction; /* of the error, of the last window */
  double drift;      /* the loop's I part, seconds a second */
  double expected;   /* what of it was told */
  RegiaDriftStats stats;
};

RegiaDrift *
regia_drift_new (guint rate, guint channels)
{
  RegiaDrift *self = g_new0 (RegiaDrift, 1);

  self->rate = rate;
  self->frame_size = channels * (guint)sizeof (float);
  regia_drift_set_input (self, rate);
  return self;
}

void
regia_drift_set_input (RegiaDrift *self, guint rate)
{
  AVChannelLayout layout;

  if (rate == self->in_rate)
    return;
  av_channel_layout_default (&layout, (int)(self->frame_size / sizeof (float)));
  swr_free (&self->resampler);
  self->in_rate = rate;
  self->started = FALSE;
  self->windows = 0;
  /* Linear interpolation between the phases of the filter: else their steps are heard as noise at −60 dB. */
  if (swr_alloc_set_opts2 (&self->resampler, &layout, AV_SAMPLE_FMT_FLT, (int)self->rate, &layout,
                           AV_SAMPLE_FMT_FLT, (int)rate, 0, NULL) < 0 ||
      av_opt_set_int (self->resampler, "flags", SWR_FLAG_RESAMPLE, 0) < 0 ||
      av_opt_set_int (self->resampler, "linear_interp", 1, 0) < 0 || swr_init (self->resampler) < 0)
    g_error ("the resampler does not start"); /* parameters that it knows: only without memory */
}

void
regia_drift_free (RegiaDrift *self)
{
  if (self == NULL)
    return;
  swr_free (&self->resampler);
  g_free (self);
}

static gint64
samples_to_ns (const RegiaDrift *self, guint64 samples)
{
  return (gint64)gst_util_uint64_scale_round (samples, REGIA_SECOND, self->rate);
}

/* Show time at which the next sample taken will come to lie. */
static gint64
end_of_row (RegiaDrift *self)
{
  return self->origin_ns + samples_to_ns (self, self->samples_out) +
         swr_get_delay (self->resampler, REGIA_SECOND);
}

static void
set_rate (RegiaDrift *self, double rate)
{
  int distance = (int)self->rate * RATE_RESOLUTION;

  if (swr_set_compensation (self->resampler, (int)lrint (rate * distance), distance) < 0)
    g_warning ("the resampler refuses a rate of %.0f ppm", rate * 1e6);
}

static void
begin_row (RegiaDrift *self, gint64 time_ns)
{
  self->origin_ns = time_ns - swr_get_delay (self->resampler, REGIA_SECOND);
  self->samples_out = 0;
  self->error_sum_ns = 0;
  self->error_count = 0;
  self->window_ns = 0;
}

/* At the end of a window. */
static void
steer (RegiaDrift *self)
{
  double error = self->error_sum_ns / self->error_count / REGIA_SECOND, limit;

  self->error_sum_ns = 0;
  self->error_count = 0;
  self->window_ns = 0;
  self->windows++;
  if (self->windows <= SETTLING)
    self->correction = CLAMP (SETTLING_P * error, -SETTLING_LIMIT, SETTLING_LIMIT);
  else {
    limit = ABS (error) < LIP_ERROR ? LIMIT : LIP_LIMIT;
    self->correction = CLAMP (P * error, -limit, limit);
    if (ABS (P * error) < limit) /* an error that is only being worked off says nothing of the drift */
      self->drift = CLAMP (self->drift + I * error, -DRIFT_MAX, DRIFT_MAX);
    self->stats.drift_ppm = -self->drift * 1e6;
  }
  set_rate (self, self->correction + self->drift);
}

void
regia_drift_expect (RegiaDrift *self, double rate)
{
  if (rate == self->expected)
    return;
  self->drift = CLAMP (self->drift + rate - self->expected, -DRIFT_MAX, DRIFT_MAX);
  self->expected = rate;
  set_rate (self, self->correction + self->drift);
}

GstBuffer *
regia_drift_take (RegiaDrift *self, GstBuffer *buffer, gint64 time_ns, gboolean jump)
{
  gsize size = gst_buffer_get_size (buffer) / self->frame_size;
  gint64 error_ns = self->started ? time_ns - end_of_row (self) : 0;
  gboolean seam = self->started && ABS (error_ns) > (jump ? GAP_NS : JUMP_NS);
  GstMapInfo in, out;
  GstBuffer *ready;
  int room, count = 0;

  if (!self->started || seam) {
    begin_row (self, time_ns);
    if (!jump)
      self->windows = 0;
    self->stats.jumps += seam;
    self->started = TRUE;
  } else {
    self->error_sum_ns += (double)error_ns;
    self->error_count++;
    self->window_ns += (gint64)gst_util_uint64_scale_round (size, REGIA_SECOND, self->in_rate);
    if (self->window_ns >= WINDOW_NS)
      steer (self);
  }

  room = swr_get_out_samples (self->resampler, (int)size);
  ready = gst_buffer_new_allocate (NULL, (gsize)MAX (room, 1) * self->frame_size, NULL);
  if (gst_buffer_map (buffer, &in, GST_MAP_READ)) {
    const guint8 *from = in.data;

    if (gst_buffer_map (ready, &out, GST_MAP_WRITE)) {
      guint8 *to = out.data;

      count = swr_convert (self->resampler, &to, room, &from, (int)size);
      gst_buffer_unmap (ready, &out);
    }
    gst_buffer_unmap (buffer, &in);
  }
  gst_buffer_unref (buffer);
  if (count < 0)
    g_warning_once ("the resampler refuses sound; it is missing in the programme");
  if (count <= 0) {
    gst_buffer_unref (ready);
    return NULL;
  }
  gst_buffer_set_size (ready, (gssize)count * self->frame_size);
  GST_BUFFER_PTS (ready) = (GstClockTime)MAX (self->origin_ns + samples_to_ns (self, self->samples_out), 0);
  GST_BUFFER_DURATION (ready) = (GstClockTime)samples_to_ns (self, (guint64)count);
  self->samples_out += (guint64)count;
  if (seam)
    GST_BUFFER_FLAG_SET (ready, GST_BUFFER_FLAG_DISCONT);
  return ready;
}

void
regia_drift_get_stats (RegiaDrift *self, RegiaDriftStats *ret_stats)
{
  *ret_stats = self->stats;
}
