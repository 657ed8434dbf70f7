/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/limiter-private.h"

#include <math.h>
#include <time.h>

#include "regia/base/clock.h"

#define RATE  48000
#define BLOCK 960
#define BEGIN (100 * REGIA_SECOND)
#define PEAK  0.8912509 /* −1 dBFS */

typedef struct {
  RegiaLimiter *limiter;
  gint64 taken;
  GArray *in, *out; /* (element-type float) of left */
  gint64 first_ns;  /* time of the first sample that came out, −1 before */
} Line;

static void
line_start (Line *line)
{
  g_autoptr (GError) error = NULL;

  *line = (Line){.limiter = regia_limiter_new (PEAK, &error),
                 .in = g_array_new (FALSE, FALSE, sizeof (float)),
                 .out = g_array_new (FALSE, FALSE, sizeof (float)),
                 .first_ns = -1};
  g_assert_no_error (error);
}

static void
line_end (Line *line)
{
  regia_limiter_free (line->limiter);
  g_array_unref (line->in);
  g_array_unref (line->out);
}

static gint64
time_of (gint64 frame)
{
  return BEGIN + frame * REGIA_SECOND / RATE;
}

/* Right is left turned over. Each buffer's time has to be where the one before ended. */
static void
give (Line *line, const float *samples, gint64 frames)
{
  for (gint64 at = 0; at < frames; at += BLOCK) {
    gint64 count = MIN (BLOCK, frames - at);
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, (gsize)count * 2 * sizeof (float), NULL);
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
    for (gint64 i = 0; i < count; i++) {
      ((float *)map.data)[2 * i] = samples[at + i];
      ((float *)map.data)[2 * i + 1] = -samples[at + i];
    }
    gst_buffer_unmap (buffer, &map);
    g_array_append_vals (line->in, samples + at, (guint)count);
    GST_BUFFER_PTS (buffer) = (GstClockTime)time_of (line->taken);
    line->taken += count;
    buffer = regia_limiter_take (line->limiter, buffer);
    if (buffer == NULL)
      continue;
    if (line->first_ns < 0)
      line->first_ns = (gint64)GST_BUFFER_PTS (buffer);
    g_assert_cmpint (ABS ((gint64)GST_BUFFER_PTS (buffer) - time_of (line->out->len)), <, 2);
    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    for (gsize i = 0; i < map.size / sizeof (float); i += 2) {
      g_array_append_val (line->out, ((float *)map.data)[i]);
      g_assert_cmpfloat_with_epsilon (((float *)map.data)[i], -((float *)map.data)[i + 1], 1e-6);
    }
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
}

static float
in_at (const Line *line, guint i)
{
  return g_array_index (line->in, float, i);
}

static float
out_at (const Line *line, guint i)
{
  return g_array_index (line->out, float, i);
}

static float *
sine (double hz, double amplitude, gint64 frames)
{
  float *samples = g_new (float, frames);

  for (gint64 i = 0; i < frames; i++)
    samples[i] = (float)(amplitude * sin (2 * G_PI * hz * (double)i / RATE));
  return samples;
}

/* What is below comes out as it went in, sample by sample and with its time; blocks of any size. */
static void
test_below (void)
{
  static const gint64 sizes[] = {100, 50, 89, 1, 960, 4800, 48000};
  Line line;
  g_autofree float *samples = sine (440, PEAK * 0.999, RATE);

  line_start (&line);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    give (&line, samples, sizes[i]);
  g_assert_cmpint (line.first_ns, ==, BEGIN);
  g_assert_cmpuint (line.out->len, >, line.in->len - RATE / 100);
  for (guint i = 0; i < line.out->len; i++)
    g_assert_cmpfloat_with_epsilon (out_at (&line, i), in_at (&line, i), 1e-7);
  line_end (&line);
}

/* Tones, noise and single samples, up to 24 dB too loud: never above. */
static void
test_above (void)
{
  Line line;
  g_autofree float *loud = sine (1000, 16, RATE), *low = sine (60, 2, RATE), *noise = g_new (float, RATE);
  double most = 0;

  for (guint i = 0; i < RATE; i++) {
    noise[i] = (float)(g_test_rand_double_range (-3, 3));
    low[i] += i % 4801 == 0 ? 9 : 0;
  }
  line_start (&line);
  give (&line, loud, RATE);
  give (&line, low, RATE);
  give (&line, noise, RATE);
  for (guint i = 0; i < line.out->len; i++)
    most = MAX (most, fabs ((double)out_at (&line, i)));
  g_assert_cmpfloat (most, <=, PEAK + 1e-6);
  g_assert_cmpfloat (most, >, PEAK * 0.98);
  line_end (&line);
}

/* One shout: what is before it is left alone but for the moment of looking ahead, what comes after is as it
 * was soon. */
static void
test_back (void)
{
  Line line;
  g_autofree float *soft = sine (440, 0.25, RATE), *shout = sine (440, 4, RATE / 10);

  line_start (&line);
  give (&line, soft, RATE);
  give (&line, shout, RATE / 10);
  give (&line, soft, RATE);
  for (guint i = 0; i < RATE - RATE / 100; i++)
    g_assert_cmpfloat_with_epsilon (out_at (&line, i), in_at (&line, i), 1e-6);
  for (guint i = RATE * 16 / 10; i < line.out->len; i++)
    g_assert_cmpfloat_with_epsilon (out_at (&line, i), in_at (&line, i), 0.003); /* 0.1 dB of 0.25 */
  line_end (&line);
}

static void
test_cost (void)
{
  Line line;
  g_autofree float *samples = sine (1000, 1.5, 10 * RATE);
  clock_t begin;
  double percent;

  line_start (&line);
  begin = clock ();
  give (&line, samples, 10 * RATE);
  percent = (double)(clock () - begin) / CLOCKS_PER_SEC * 10;
  g_test_message ("%.2f %% of a processor, with what this test does itself", percent);
  g_assert_cmpfloat (percent, <, 50);
  line_end (&line);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/limiter/below", test_below);
  g_test_add_func ("/engine/limiter/above", test_above);
  g_test_add_func ("/engine/limiter/back", test_back);
  g_test_add_func ("/engine/limiter/cost", test_cost);
  return g_test_run ();
}
