/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/pacer-private.h"

#include "regia/base/clock.h"

/* Which place of the grid the mixer will find it at. */
static gint64
place_of (gint64 pts_ns)
{
  return pts_ns / (40 * REGIA_MSECOND);
}

/* Whatever the phase, jitter of ±12 ms shows each frame once, where at the worst phases hundreds would be
 * lost. */
static void
test_jitter (void)
{
  for (gint64 phase_ms = 0; phase_ms < 40; phase_ms++) {
    RegiaPacer pacer = {.rate_num = 25, .rate_den = 1};
    gint64 last = -1;
    guint wrong = 0;

    for (gint64 n = 0; n < 2000; n++) {
      gint64 jitter_us = g_test_rand_int_range (-12000, 12001), placed = 0;
      gint64 pts_ns = REGIA_SECOND + n * 40 * REGIA_MSECOND + phase_ms * REGIA_MSECOND + jitter_us * 1000;

      if (!regia_pacer_place (&pacer, pts_ns, &placed)) {
        wrong++;
        continue;
      }
      if (last >= 0 && place_of (placed) != last + 1)
        wrong++;
      last = place_of (placed);
      g_assert_cmpint (ABS (placed - pts_ns), <, 60 * REGIA_MSECOND);
    }
    g_assert_cmpuint (wrong, ==, 0);
    g_assert_cmpuint (pacer.moved, ==, 0);
  }
}

/* A camera 200 ppm fast for an hour: 18 frames too many, each dropped once; the time stays true. */
static void
test_drift (void)
{
  RegiaPacer pacer = {.rate_num = 25, .rate_den = 1};
  guint dropped = 0;

  for (gint64 n = 0; n < 3600 * 25; n++) {
    gint64 pts_ns = REGIA_SECOND + n * (40 * REGIA_MSECOND - 8000), placed = 0;

    if (!regia_pacer_place (&pacer, pts_ns, &placed))
      dropped++;
    else
      g_assert_cmpint (ABS (place_of (placed) * 40 * REGIA_MSECOND - pts_ns), <=, 40 * REGIA_MSECOND);
  }
  g_assert_cmpuint (dropped, >=, 16);
  g_assert_cmpuint (dropped, <=, 20);
}

/* A lost frame is a hole where it was, and so is a pause; the others are in time. */
static void
test_loss (void)
{
  RegiaPacer pacer = {.rate_num = 25, .rate_den = 1};
  gint64 placed = 0, pts_ns = 0;

  for (gint64 n = 0; n < 200; n++) {
    pts_ns = REGIA_SECOND + n * 40 * REGIA_MSECOND;
    if (n != 50) {
      g_assert_true (regia_pacer_place (&pacer, pts_ns, &placed));
      g_assert_cmpint (place_of (placed), ==, place_of (pts_ns));
    }
  }
  g_assert_cmpint (place_of (placed), ==, place_of (pts_ns));
  pts_ns += 10 * REGIA_SECOND;
  g_assert_true (regia_pacer_place (&pacer, pts_ns, &placed));
  g_assert_cmpint (place_of (placed), ==, place_of (pts_ns));
}

/* Frames of another rate keep their times; time that goes back is left out. */
static void
test_other_rate (void)
{
  RegiaPacer pacer = {.rate_num = 25, .rate_den = 1};
  gint64 placed = 0, last = 0;
  guint moved = 0;

  for (gint64 n = 0; n < 500; n++) {
    gint64 pts_ns = REGIA_SECOND + n * REGIA_SECOND / 15;

    if (regia_pacer_place (&pacer, pts_ns, &placed)) {
      g_assert_cmpint (placed, >, last);
      last = placed;
      if (n > 32 && placed != pts_ns)
        moved++;
    }
  }
  g_assert_cmpuint (moved, ==, 0);
  g_assert_false (regia_pacer_place (&pacer, REGIA_SECOND, &placed));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/pacer/jitter", test_jitter);
  g_test_add_func ("/engine/pacer/drift", test_drift);
  g_test_add_func ("/engine/pacer/loss", test_loss);
  g_test_add_func ("/engine/pacer/other-rate", test_other_rate);
  return g_test_run ();
}
