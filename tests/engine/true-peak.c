/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is between the samples, as libebur128 finds it with far more work. */
#include "../../src/engine/true-peak-private.h"

#include <ebur128.h>
#include <math.h>

#define RATE   48000
#define FRAMES (20 * RATE)

typedef float (*Sound) (GRand *random, guint frame);

static float
noise (GRand *random, guint frame)
{
  return (float)g_rand_double_range (random, -0.7, 0.7);
}

/* Syllables: loud for a moment, and quieter by 40 dB between. */
static float
speech (GRand *random, guint frame)
{
  double t = (double)frame / RATE;

  return (float)(pow (sin (9 * t) * sin (1.3 * t), 4) * sin (2 * G_PI * 830 * t) +
                 g_rand_double_range (random, -0.01, 0.01));
}

/* Its samples are nowhere near its peaks. */
static float
quarter (GRand *random, guint frame)
{
  return (float)(0.5 * sin (G_PI / 2 * frame + G_PI / 4));
}

static float
clicks (GRand *random, guint frame)
{
  return frame % 4801 == 17 ? 0.9f : frame % 997 == 3 ? -0.6f : 0.0f;
}

static float
square (GRand *random, guint frame)
{
  return frame / 37 % 2 ? 0.5f : -0.5f;
}

static const struct {
  const char *name;
  Sound sound;
} rows[] = {
    {"noise", noise}, {"speech", speech}, {"quarter", quarter}, {"clicks", clicks}, {"square", square}};

/* In blocks of any length; the largest so far begins anew every 5 blocks, as it does with each step. */
static void
test_sound (gconstpointer data)
{
  Sound sound = *(const Sound *)data;
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autofree float *samples = g_new (float, 2 * FRAMES);
  ebur128_state *state = ebur128_init (2, RATE, EBUR128_MODE_TRUE_PEAK);
  RegiaTruePeak between = {0};
  float ours = 0;
  double theirs = 0;
  guint compared = 0;

  for (guint i = 0; i < FRAMES; i++) {
    samples[2 * i] = sound (random, i);
    samples[2 * i + 1] = 0.8f * sound (random, i + 11);
  }
  for (guint at = 0, block = 0, count; at < FRAMES; at += count, block++) {
    float peak = 0;

    count = MIN (block % 3 == 0 ? 960 : (guint)g_rand_int_range (random, 1, 960), FRAMES - at);
    /* the other one's filter gives the samples themselves as well, six frames late */
    for (guint i = 2 * (at - MIN (at, 6)); i < 2 * (at + count); i++)
      peak = MAX (peak, fabsf (samples[i]));
    ours = regia_true_peak_take (&between, samples + 2 * at, count, MAX (ours, peak));
    ebur128_add_frames_float (state, samples + 2 * at, count);
    for (guint j = 0; j < 2; j++) {
      double found = 0;

      ebur128_prev_true_peak (state, j, &found);
      theirs = MAX (theirs, found);
    }
    g_assert_cmpfloat_with_epsilon ((double)ours, theirs, 2e-6);
    compared++;
    if (block % 5 == 4) {
      ours = 0;
      theirs = 0;
    }
  }
  g_test_message ("%u blocks", compared);
  g_assert_cmpuint (compared, >, 1000);
  ebur128_destroy (&state);
}

/* The worst that samples of a size can do is not passed over, although it is far above them. */
static void
test_worst (void)
{
  /* signs of the taps half way between two samples, the newest sample first */
  static const int signs[] = {-1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1};

  for (guint offset = 0; offset < 3 * REGIA_TRUE_PEAK_CHUNK; offset++) {
    float samples[2 * 64] = {0};
    RegiaTruePeak between = {0};

    for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
      samples[2 * (offset + i) + 1] = 0.5f * (float)signs[i];
    g_assert_cmpfloat_with_epsilon ((double)regia_true_peak_take (&between, samples, 64, 0.9315f), 0.93209,
                                    1e-5);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/engine/true-peak/", rows[i].name, NULL);

    g_test_add_data_func (path, &rows[i].sound, test_sound);
  }
  g_test_add_func ("/engine/true-peak/worst", test_worst);
  return g_test_run ();
}
