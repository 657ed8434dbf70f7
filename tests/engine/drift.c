/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/drift-private.h"

#include <math.h>

#include "regia/base/clock.h"

enum { RATE = 48000, BLOCK = 480 };

/*
 * A sound card of its own clock, faster than ours by `ppm`: a tone of the real world, in which a seam can be
 * seen, and whose distance from the same tone in show time is how far the sound is displaced.
 */
typedef struct {
  RegiaDrift *drift;
  double ppm;
  guint64 taken; /* samples of the card so far */
  gint64 next_ns;
  double steepest;
  float last;
  double earliest_ms, latest_ms; /* how far displaced, since it was last cleared */
  guint64 seams;
} Card;

static const double HZ = 20; /* can tell displacements up to 12 ms */

static double
true_time (const Card *self, guint64 sample)
{
  return 1 + (double)sample / (RATE * (1 + self->ppm / 1e6));
}

static void
check_row (Card *self, GstBuffer *buffer)
{
  GstMapInfo map;
  const float *samples;

  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    self->seams++;
  else if (self->next_ns)
    g_assert_cmpint (ABS ((gint64)GST_BUFFER_PTS (buffer) - self->next_ns), <=, 1);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  samples = (const float *)map.data;
  for (gsize i = 0; i < map.size / 8; i++) {
    double seconds = (double)GST_BUFFER_PTS (buffer) / 1e9 + (double)i / RATE;
    /* where the tone rises through zero, its value tells the displacement */
    double phase = fmod (seconds * HZ, 1);

    if (self->next_ns && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
      self->steepest = MAX (self->steepest, fabs ((double)samples[2 * i] - (double)self->last));
    self->last = samples[2 * i];
    g_assert_cmpfloat (samples[2 * i], ==, samples[2 * i + 1]);
    if (phase < 0.5 / RATE * HZ || phase > 1 - 0.5 / RATE * HZ) {
      double late_ms = -asin (CLAMP ((double)samples[2 * i], -1, 1)) / (2 * G_PI * HZ) * 1000;

      self->earliest_ms = MIN (self->earliest_ms, late_ms);
      self->latest_ms = MAX (self->latest_ms, late_ms);
    }
  }
  self->next_ns = (gint64)GST_BUFFER_PTS (buffer) +
                  (gint64)gst_util_uint64_scale_round (map.size / 8, REGIA_SECOND, RATE);
  gst_buffer_unmap (buffer, &map);
}

/* @wrong_ns: what the timestamp is off */
static void
take (Card *self, gint64 wrong_ns, gboolean jump)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, BLOCK * 2 * sizeof (float), NULL);
  gint64 time_ns = (gint64)(true_time (self, self->taken) * 1e9) + wrong_ns;
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < BLOCK; i++)
    ((float *)map.data)[2 * i] = ((float *)map.data)[2 * i + 1] =
        (float)sin (2 * G_PI * fmod (true_time (self, self->taken + i) * HZ, 1));
  gst_buffer_unmap (buffer, &map);
  self->taken += BLOCK;
  buffer = regia_drift_take (self->drift, buffer, time_ns, jump);
  if (buffer == NULL)
    return;
  check_row (self, buffer);
  gst_buffer_unref (buffer);
}

static double
drift_of (const Card *self)
{
  RegiaDriftStats stats;

  regia_drift_get_stats (self->drift, &stats);
  return stats.drift_ppm;
}

static void
clear (Card *self)
{
  self->earliest_ms = 100;
  self->latest_ms = -100;
}

static void
assert_displaced (const Card *self, double from_ms, double to_ms)
{
  g_assert_cmpfloat (self->earliest_ms, >=, from_ms);
  g_assert_cmpfloat (self->latest_ms, <=, to_ms);
}

/* Between two samples the tone itself changes by 0.00262; what is more would be heard. */
static void
assert_no_seam (const Card *self)
{
  g_assert_cmpuint (self->seams, ==, 0);
  g_assert_cmpfloat (self->steepest, <, 0.0028);
}

/* The sound has no seam, is never off by more than some milliseconds, soon by next to nothing, and the drift
 * is known. */
static void
test_drifts (void)
{
  static const double ppm[] = {0, 30, -30, 200, -200, 400};

  for (gsize i = 0; i < G_N_ELEMENTS (ppm); i++) {
    Card card = {.drift = regia_drift_new (RATE, 2), .ppm = ppm[i]};

    for (int n = 0; n < 100 * 120; n++)
      take (&card, 0, FALSE);
    assert_displaced (&card, -6, 6);
    clear (&card);
    for (int n = 0; n < 100 * 120; n++)
      take (&card, 0, FALSE);
    assert_displaced (&card, -0.2, 0.2);
    g_assert_cmpfloat (fabs (drift_of (&card) - ppm[i]), <, 2);
    assert_no_seam (&card);
    regia_drift_free (card.drift);
  }
}

/* Timestamps late by up to 20 ms, as a busy machine makes them, and 40 ms late at the start. */
static void
test_jitter (void)
{
  Card card = {.drift = regia_drift_new (RATE, 2), .ppm = 50};

  for (int n = 0; n < 100 * 180; n++) {
    gint64 late_us = n < 20 ? 40000 : g_test_rand_int_range (0, 20001);

    if (n == 100 * 60)
      clear (&card);
    take (&card, late_us * 1000, FALSE);
  }
  /* the mean lateness itself nobody can know */
  assert_displaced (&card, 8.5, 11.5);
  g_assert_cmpfloat (fabs (drift_of (&card) - 50), <, 100);
  assert_no_seam (&card);
  regia_drift_free (card.drift);
}

/* What a source says is missing is a hole of that length; what it does not say is worked off without a seam,
 * unless it is more than lips forgive. */
static void
test_gaps (void)
{
  Card card = {.drift = regia_drift_new (RATE, 2), .ppm = 100};

  for (int n = 0; n < 100 * 60; n++)
    take (&card, 0, FALSE);
  card.taken += RATE * 3 / 100;
  take (&card, 0, TRUE);
  g_assert_cmpuint (card.seams, ==, 1);
  clear (&card);
  for (int n = 0; n < 100 * 20; n++)
    take (&card, 0, FALSE);
  assert_displaced (&card, -0.5, 0.5);

  card.taken += RATE * 2 / 100;
  for (int n = 0; n < 100 * 120; n++)
    take (&card, 0, FALSE);
  g_assert_cmpuint (card.seams, ==, 1);
  clear (&card);
  for (int n = 0; n < 100 * 20; n++)
    take (&card, 0, FALSE);
  assert_displaced (&card, -0.5, 0.5);

  card.taken += RATE * 3 / 10;
  take (&card, 0, FALSE);
  g_assert_cmpuint (card.seams, ==, 2);
  regia_drift_free (card.drift);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/drift/drifts", test_drifts);
  g_test_add_func ("/engine/drift/jitter", test_jitter);
  g_test_add_func ("/engine/drift/gaps", test_gaps);
  return g_test_run ();
}
