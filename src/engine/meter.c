/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "meter-private.h"

#include <ebur128.h>
#include <math.h>

#include "regia/base/clock.h"
#include "true-peak-private.h"

/*
 * RegiaMeter counts samples from its first one on, and is put right where their timestamps say that some are
 * missing or come again: so its steps lie on the same grid as everybody else's, and loudness, whose windows
 * are longer than a step, never skips over a hole.
 *
 * libebur128 does the filters and weights the channels; what is between the samples is true-peak.c's, and the
 * rest is a sum or two here. So are the windows of loudness, 400 ms and 3 s (EBU Tech 3341 §2.2): they are
 * whole steps, and their loudness is that of their steps' mean energy. The library would go through all the
 * samples of both at every step.
 *
 * A sound that is gone is silence, which costs as much as sound. After more of it than the longest window
 * everything in there is 0, and it need not be measured any more.
 *
 * Life: made with the engine, referred to by those who bring sound, gone with the last of them. Owner:
 * RegiaMeters. All fields are guarded by `lock`.
 */

#define RATE        48000
#define STEP_FRAMES (RATE / 10)
/* Timestamps of live sound wander around its samples by less. */
#define SLACK_NS (8 * REGIA_MSECOND)
/* Of nobody sound is so late. */
#define GONE_NS (500 * REGIA_MSECOND)
/* Windows of loudness. */
#define MOMENTARY_STEPS  4
#define SHORT_TERM_STEPS 30
/* Until the longest window and the filters have nothing of what was before. */
#define FORGOTTEN_STEPS 34
/* The largest sample that 16 bits have. */
#define FULL_SCALE (32767.0f / 32768)
/* 3 dB below: what was cut off flat comes wavy out of a resampler, and is one clip all the same. */
#define CLIP_OVER 0.7f
/* Steps that are kept: sound may be as much earlier than the mix that is waited for. */
#define STEPS      256
#define HOLD_STEPS (REGIA_METER_HOLD_NS / REGIA_METER_STEP_NS)

typedef struct {
  gint64 number; /* its time divided by the step's length, −1 for none */
  double power[2], peak, true_peak, correlation;
  double energy; /* weighted, 0 for silence */
  double momentary, short_term;
  guint64 clips;
} Step;

struct _RegiaMeter {
  gatomicrefcount ref_count;
  GMutex lock;
  ebur128_state *state; /* (owned) */
  gint64 frames;        /* measured, counted from show time 0; −1 before the first */
  RegiaTruePeak between;
  guint silent_steps; /* in a row, at the end */
  Step steps[STEPS];  /* by number */
  /* of the step that is being measured */
  double squares[2], product, peak, true_peak;
  guint64 clips;
  gboolean clipping[2];
};

RegiaMeter *
regia_meter_new (void)
{
  RegiaMeter *self = g_new0 (RegiaMeter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->state = ebur128_init (2, RATE, EBUR128_MODE_M);
  if (self->state == NULL)
    g_error ("no memory for a meter");
  self->frames = -1;
  self->silent_steps = FORGOTTEN_STEPS;
  for (guint i = 0; i < STEPS; i++)
    self->steps[i].number = -1;
  return self;
}

RegiaMeter *
regia_meter_ref (RegiaMeter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_meter_unref (RegiaMeter *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  ebur128_destroy (&self->state);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gint64
to_frames (gint64 time_ns)
{
  return time_ns / REGIA_SECOND * RATE + (time_ns % REGIA_SECOND * RATE + REGIA_SECOND / 2) / REGIA_SECOND;
}

static gint64
to_time (gint64 frames)
{
  return frames / RATE * REGIA_SECOND + frames % RATE * REGIA_SECOND / RATE;
}

/* ITU-R BS.1770-4 annex 1, equation 2; and back. */
static double
to_energy (double lufs)
{
  return pow (10, (lufs + 0.691) / 10);
}

static double
to_loudness (double energy)
{
  return energy > 0 ? 10 * log10 (energy) - 0.691 : -HUGE_VAL;
}

/* With the lock held: of the @count steps up to @number. */
static double
get_loudness (const RegiaMeter *self, gint64 number, gint64 count)
{
  double energy = 0;

  for (gint64 i = MAX (number - count + 1, 0); i <= number; i++)
    if (self->steps[i % STEPS].number == i)
      energy += self->steps[i % STEPS].energy;
  return to_loudness (energy / (double)count);
}

/* With the lock held: the step is whole. */
static void
end_step (RegiaMeter *self)
{
  gint64 number = self->frames / STEP_FRAMES - 1;
  Step *step = &self->steps[number % STEPS];
  double both = self->squares[0] * self->squares[1];

  *step = (Step){.number = number,
                 .power = {self->squares[0] / STEP_FRAMES, self->squares[1] / STEP_FRAMES},
                 .peak = self->peak,
                 .true_peak = self->true_peak,
                 .correlation = both > 0 ? self->product / sqrt (both) : 0,
                 .momentary = -HUGE_VAL,
                 .short_term = -HUGE_VAL,
                 .clips = self->clips};
  self->silent_steps = self->peak > 0 ? 0 : self->silent_steps + 1;
  if (self->silent_steps < FORGOTTEN_STEPS) {
    double lufs = -HUGE_VAL;

    ebur128_loudness_window (self->state, REGIA_METER_STEP_NS / REGIA_MSECOND, &lufs);
    step->energy = to_energy (lufs);
    step->momentary = get_loudness (self, number, MOMENTARY_STEPS);
    step->short_term = get_loudness (self, number, SHORT_TERM_STEPS);
  } else
    self->silent_steps = FORGOTTEN_STEPS;
  self->squares[0] = self->squares[1] = self->product = self->peak = self->true_peak = 0;
}

static const float silence[2 * STEP_FRAMES] = {0};

/* With the lock held. Each way up to full scale is counted once, however long it stays near it. */
static void
count_clips (RegiaMeter *self, const float *samples, gsize count)
{
  for (gsize i = 0; i < count; i++)
    for (guint j = 0; j < 2; j++) {
      float size = fabsf (samples[2 * i + j]);

      self->clips += size >= FULL_SCALE && !self->clipping[j];
      self->clipping[j] = size >= FULL_SCALE || (self->clipping[j] && size >= CLIP_OVER);
    }
}

/* With the lock held: @count frames, of one step. */
static void
measure (RegiaMeter *self, const float *samples, gsize count)
{
  double squares[2] = {0, 0}, product = 0;
  float peak = 0;

  for (gsize i = 0; i < count; i++) {
    float left = samples[2 * i], right = samples[2 * i + 1];

    squares[0] += (double)left * (double)left;
    squares[1] += (double)right * (double)right;
    product += (double)left * (double)right;
    peak = MAX (peak, MAX (fabsf (left), fabsf (right)));
  }
  /* What is no number would stay in the filters for ever. */
  if (!isfinite (squares[0] + squares[1])) {
    measure (self, silence, count);
    return;
  }
  self->squares[0] += squares[0];
  self->squares[1] += squares[1];
  self->product += product;
  self->peak = MAX (self->peak, (double)peak);
  if (peak >= FULL_SCALE || self->clipping[0] || self->clipping[1])
    count_clips (self, samples, count);
  if (peak == 0 && self->silent_steps >= FORGOTTEN_STEPS)
    return;
  ebur128_add_frames_float (self->state, samples, count);
  self->true_peak =
      (double)regia_true_peak_take (&self->between, samples, count, (float)MAX (self->true_peak, self->peak));
}

/* With the lock held. @samples: (nullable): silence */
static void
add (RegiaMeter *self, const float *samples, gint64 frames)
{
  while (frames > 0) {
    gint64 count = MIN (frames, STEP_FRAMES - self->frames % STEP_FRAMES);

    measure (self, samples != NULL ? samples : silence, (gsize)count);
    self->frames += count;
    frames -= count;
    if (samples != NULL)
      samples += 2 * count;
    if (self->frames % STEP_FRAMES == 0)
      end_step (self);
  }
}

/* With the lock held. A long hole is not walked through: what is forgotten behind it need not be made. */
static void
add_silence (RegiaMeter *self, gint64 until)
{
  gint64 ahead = until - (FORGOTTEN_STEPS + 1) * STEP_FRAMES, end;

  if (self->frames >= until)
    return;
  if (ahead > self->frames) {
    add (self, NULL, (FORGOTTEN_STEPS + 1) * STEP_FRAMES - self->frames % STEP_FRAMES);
    end = until - until % STEP_FRAMES;
    for (gint64 at = MAX (self->frames, end - (STEPS - 1) * STEP_FRAMES); at < end; at += STEP_FRAMES) {
      self->frames = at + STEP_FRAMES;
      end_step (self);
    }
  }
  add (self, NULL, until - self->frames);
}

void
regia_meter_take (RegiaMeter *self, const float *samples, gsize frames, gint64 time_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 begin = to_frames (MAX (time_ns, 0)), skip;

  if (self->frames < 0)
    self->frames = begin;
  if (ABS (to_time (self->frames) - time_ns) <= SLACK_NS)
    begin = self->frames;
  add_silence (self, begin);
  skip = MIN (self->frames - begin, (gint64)frames);
  add (self, samples + 2 * skip, (gint64)frames - skip);
}

void
regia_meter_take_buffer (RegiaMeter *self, GstBuffer *buffer)
{
  GstMapInfo map;

  if (!GST_BUFFER_PTS_IS_VALID (buffer) || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  regia_meter_take (self, (const float *)map.data, map.size / (2 * sizeof (float)),
                    (gint64)GST_BUFFER_PTS (buffer));
  gst_buffer_unmap (buffer, &map);
}

gint64
regia_meter_get_end (RegiaMeter *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->frames < 0 ? -1 : to_time (self->frames);
}

static double
to_db (double factor)
{
  return factor > 0 ? MAX (20 * log10 (factor), REGIA_METER_SILENCE) : REGIA_METER_SILENCE;
}

double
regia_meter_look (RegiaMeter *self, gint64 now_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 number = self->frames / STEP_FRAMES - 1;
  const Step *step = &self->steps[MAX (number, 0) % STEPS];

  if (self->frames < 0 || step->number != number || now_ns - to_time (self->frames) > GONE_NS)
    return REGIA_METER_SILENCE;
  return to_db (sqrt (MAX (step->power[0], step->power[1])));
}

void
regia_meter_settle (RegiaMeter *self, gint64 until_ns, RegiaMeterValues *ret_values)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 number = until_ns / REGIA_METER_STEP_NS - 1;
  const Step *step = &self->steps[number % STEPS];
  double peak = 0, true_peak = 0;

  g_return_if_fail (number >= 0);

  if (self->frames < 0)
    self->frames = number * STEP_FRAMES;
  add_silence (self, (number + 1) * STEP_FRAMES);
  for (gint64 i = MAX (number - HOLD_STEPS + 1, 0); i <= number; i++)
    if (self->steps[i % STEPS].number == i) {
      peak = MAX (peak, self->steps[i % STEPS].peak);
      true_peak = MAX (true_peak, self->steps[i % STEPS].true_peak);
    }
  *ret_values = REGIA_METER_NOTHING;
  ret_values->peak_db = to_db (peak);
  ret_values->true_peak_db = to_db (true_peak);
  ret_values->clips = self->clips;
  /* Its place has another one: sound that is so much earlier than the rest. */
  if (step->number != number)
    return;
  for (guint j = 0; j < 2; j++)
    ret_values->channel_db[j] = to_db (sqrt (step->power[j]));
  ret_values->rms_db = MAX (ret_values->channel_db[0], ret_values->channel_db[1]);
  ret_values->momentary_lufs = MAX (step->momentary, REGIA_METER_SILENCE);
  ret_values->short_term_lufs = MAX (step->short_term, REGIA_METER_SILENCE);
  ret_values->correlation = CLAMP (step->correlation, -1, 1);
  ret_values->clips = step->clips;
}

static double
to_cents (double value)
{
  return round (value * 100) / 100 + 0.0; /* never −0 */
}

void
regia_meter_values_add (const RegiaMeterValues *values, GVariantDict *dict)
{
  const double channels[2] = {to_cents (values->channel_db[0]), to_cents (values->channel_db[1])};

  g_variant_dict_insert (dict, "rms-db", "d", to_cents (values->rms_db));
  g_variant_dict_insert (dict, "peak-db", "d", to_cents (values->peak_db));
  g_variant_dict_insert (dict, "momentary-lufs", "d", to_cents (values->momentary_lufs));
  g_variant_dict_insert (dict, "short-term-lufs", "d", to_cents (values->short_term_lufs));
  g_variant_dict_insert (dict, "true-peak-db", "d", to_cents (values->true_peak_db));
  g_variant_dict_insert (dict, "clips", "t", values->clips);
  g_variant_dict_insert_value (
      dict, "channel-db", g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, channels, 2, sizeof (double)));
  g_variant_dict_insert (dict, "correlation", "d", to_cents (values->correlation));
}
