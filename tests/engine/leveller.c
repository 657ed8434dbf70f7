/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/leveller-private.h"

#include <ebur128.h>
#include <math.h>

#define RATE   48000
#define BLOCK  960
#define TARGET (-16.0)
#define NEAR   1.5 /* LU */

/* What goes through a leveller: noise in the rhythm of speech. */
typedef struct {
  RegiaLeveller *leveller;
  ebur128_state *in, *out; /* since they were begun anew */
  GRand *random;
  double coloured;
  gint64 taken;
  double gain, largest_step; /* of the gain from one sample to the next, parts */
} Line;

static void
line_clear (Line *self)
{
  regia_leveller_free (self->leveller);
  ebur128_destroy (&self->in);
  ebur128_destroy (&self->out);
  g_rand_free (self->random);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Line, line_clear)

static void
measure_anew (Line *self)
{
  if (self->in != NULL) {
    ebur128_destroy (&self->in);
    ebur128_destroy (&self->out);
  }
  self->in = ebur128_init (2, RATE, EBUR128_MODE_I);
  self->out = ebur128_init (2, RATE, EBUR128_MODE_I);
}

static void
line_init (Line *self)
{
  *self = (Line){.leveller = regia_leveller_new (TARGET), .random = g_rand_new_with_seed (7)};
  measure_anew (self);
}

static double
loudness (ebur128_state *state)
{
  double lufs;

  g_assert_cmpint (ebur128_loudness_global (state, &lufs), ==, EBUR128_SUCCESS);
  return lufs;
}

/* Four syllables a second, and 2 s of every 8 s is nothing. */
static double
envelope (gint64 at)
{
  double seconds = (double)at / RATE;

  return fmod (seconds, 8) > 6 ? 0 : 0.6 + 0.4 * sin (2 * G_PI * 4 * seconds);
}

static void
check_block (Line *self, const float *in, const float *out)
{
  for (gsize i = 0; i < BLOCK; i++) {
    double gain = (double)out[2 * i] / (double)in[2 * i];

    g_assert_true (out[2 * i] == out[2 * i + 1]);
    if (fabs ((double)in[2 * i]) < 1e-4) { /* too little to tell a gain by */
      self->gain = 0;
      continue;
    }
    if (self->gain > 0)
      self->largest_step = MAX (self->largest_step, fabs (gain / self->gain - 1));
    self->gain = gain;
  }
}

/* Nothing is later than it was, and nothing is missing. */
static void
give (Line *self, double seconds, double scale)
{
  for (gint64 until = self->taken + (gint64)(seconds * RATE); self->taken < until; self->taken += BLOCK) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, BLOCK * 2 * sizeof (float), NULL);
    GstClockTime time = gst_util_uint64_scale ((guint64)self->taken, GST_SECOND, RATE);
    float in[2 * BLOCK];
    GstMapInfo map;

    for (gsize i = 0; i < BLOCK; i++) {
      self->coloured += 0.1 * (g_rand_double_range (self->random, -1, 1) - self->coloured);
      in[2 * i] = in[2 * i + 1] = (float)(scale * envelope (self->taken + (gint64)i) * self->coloured);
    }
    gst_buffer_fill (buffer, 0, in, sizeof in);
    GST_BUFFER_PTS (buffer) = time;
    buffer = regia_leveller_take (self->leveller, buffer);
    g_assert_cmpuint (gst_buffer_get_size (buffer), ==, sizeof in);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, time);
    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    check_block (self, in, (const float *)map.data);
    ebur128_add_frames_float (self->in, in, BLOCK);
    ebur128_add_frames_float (self->out, (const float *)map.data, BLOCK);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
}

/* What has to be given to be so loud. */
static double
scale_of (double lufs)
{
  static double whole = NAN; /* what 1 makes */

  if (isnan (whole)) {
    g_auto (Line) self;

    line_init (&self);
    give (&self, 16, 1);
    whole = loudness (self.in);
  }
  return pow (10, (lufs - whole) / 20);
}

static void
test_reached (void)
{
  static const double given[] = {-30, -16, -10};

  for (guint i = 0; i < G_N_ELEMENTS (given); i++) {
    g_auto (Line) self;
    double scale = scale_of (given[i]);

    line_init (&self);
    give (&self, 24, scale);
    measure_anew (&self);
    give (&self, 16, scale);
    g_test_message ("%.1f LUFS become %.1f", loudness (self.in), loudness (self.out));
    g_assert_cmpfloat_with_epsilon (loudness (self.in), given[i], 0.5);
    g_assert_cmpfloat_with_epsilon (loudness (self.out), TARGET, NEAR);
    /* 3 dB a second is 7 parts in a million a sample; floats tell some more. */
    g_assert_cmpfloat (self.largest_step, <, 2e-5);
  }
}

/* A speaker who comes nearer and goes: as fast as a hand would, and no faster. */
static void
test_pace (void)
{
  g_auto (Line) self;
  double loud = scale_of (-10), soft = scale_of (-26), before;

  line_init (&self);
  give (&self, 20, soft);
  g_assert_cmpfloat_with_epsilon (regia_leveller_get_gain_db (self.leveller), 10, NEAR);
  before = regia_leveller_get_gain_db (self.leveller);
  give (&self, 2, loud);
  g_assert_cmpfloat (regia_leveller_get_gain_db (self.leveller), >, before - 2 * REGIA_LEVELLER_DOWN - 0.01);
  give (&self, 14, loud);
  g_assert_cmpfloat_with_epsilon (regia_leveller_get_gain_db (self.leveller), -6, NEAR);
  before = regia_leveller_get_gain_db (self.leveller);
  give (&self, 6, soft);
  g_assert_cmpfloat (regia_leveller_get_gain_db (self.leveller), <, before + 6 * REGIA_LEVELLER_UP + 0.01);
}

/* Noise of an empty hall, and nothing at all: neither is turned up, however long, from the start or later. */
static void
test_silence (void)
{
  static const double scales[] = {-56, -HUGE_VAL};

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++) {
    g_auto (Line) self;
    double quiet = isfinite (scales[i]) ? scale_of (scales[i]) : 0, before;

    line_init (&self);
    give (&self, 8, quiet);
    g_assert_true (regia_leveller_get_gain_db (self.leveller) == 0);
    give (&self, 14, scale_of (-26));
    give (&self, 0.4, quiet); /* until what was said is out of what is momentary */
    before = regia_leveller_get_gain_db (self.leveller);
    give (&self, 30, quiet);
    g_assert_true (regia_leveller_get_gain_db (self.leveller) == before);
  }
}

/* Never by more than that. */
static void
test_most (void)
{
  g_auto (Line) self;

  line_init (&self);
  give (&self, 24, scale_of (-42));
  g_assert_cmpfloat_with_epsilon (regia_leveller_get_gain_db (self.leveller), REGIA_LEVELLER_MOST, 0.001);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/leveller/reached", test_reached);
  g_test_add_func ("/engine/leveller/pace", test_pace);
  g_test_add_func ("/engine/leveller/silence", test_silence);
  g_test_add_func ("/engine/leveller/most", test_most);
  return g_test_run ();
}
