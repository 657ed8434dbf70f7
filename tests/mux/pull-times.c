/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the packets of a stream that is fetched lie in time, and when they are due. */
#include "../../src/mux/pull-times-private.h"

enum { PICTURE, SOUND };

#define S             REGIA_PULL_TICKS
#define PICTURE_TICKS (S / 25)

/* A picture's place: of a stream that begins at @dts and goes on. */
static gint64
place (RegiaPullTimes *times, guint stream, gint64 dts)
{
  return dts + regia_pull_times_place (times, stream, dts, PICTURE_TICKS);
}

static void
test_begin (void)
{
  RegiaPullTimes times = {0};

  g_assert_cmpint (place (&times, PICTURE, 500 * S), ==, S);
  g_assert_cmpint (place (&times, PICTURE, 500 * S + PICTURE_TICKS), ==, S + PICTURE_TICKS);
  /* the sound of the same segment, which lies behind all of its picture */
  g_assert_cmpint (place (&times, PICTURE, 506 * S), ==, 7 * S);
  g_assert_cmpint (place (&times, SOUND, 500 * S + 100), ==, S + 100);
  g_assert_cmpint (place (&times, SOUND, 501 * S), ==, 2 * S);
}

static void
test_leap (void)
{
  RegiaPullTimes times = {0};
  gint64 picture, sound;

  place (&times, PICTURE, 500 * S);
  place (&times, SOUND, 500 * S + 900);
  /* another encoder: both go on where they were, and together */
  picture = place (&times, PICTURE, 7 * S);
  g_assert_cmpint (picture, ==, S + PICTURE_TICKS);
  sound = place (&times, SOUND, 7 * S + 1200);
  g_assert_cmpint (sound - picture, ==, 1200);
  /* back by much less than to the beginning */
  g_assert_cmpint (place (&times, PICTURE, 6 * S), ==, picture + PICTURE_TICKS);
}

static void
test_gap (void)
{
  RegiaPullTimes times = {0};

  place (&times, PICTURE, 0);
  place (&times, SOUND, 0);
  /* slides, one each five seconds, and a picture out of order by a little */
  g_assert_cmpint (place (&times, PICTURE, 5 * S), ==, 6 * S);
  g_assert_cmpint (place (&times, PICTURE, 5 * S - S / 5), ==, 6 * S - S / 5);
  g_assert_cmpint (place (&times, SOUND, 5 * S), ==, 6 * S);
}

static void
test_pace (void)
{
  RegiaPullPace pace = {0};
  const gint64 second = G_USEC_PER_SEC;

  g_assert_cmpint (regia_pull_pace_wait (&pace, 3 * S, TRUE, 100 * second), ==, 0);
  g_assert_cmpint (regia_pull_pace_wait (&pace, 4 * S, FALSE, 100 * second), ==, second);
  /* a little late is late once; what follows keeps its time */
  g_assert_cmpint (regia_pull_pace_wait (&pace, 4 * S, TRUE, 101 * second + 50000), ==, 0);
  g_assert_cmpint (regia_pull_pace_wait (&pace, 5 * S, FALSE, 101 * second), ==, second);
  /* half a second late by our own fault: likewise */
  g_assert_cmpint (regia_pull_pace_wait (&pace, 5 * S, FALSE, 102 * second + second / 2), ==, 0);
  g_assert_cmpint (regia_pull_pace_wait (&pace, 6 * S, FALSE, 102 * second + second / 2), ==, second / 2);
  /* by the far end's: so is all that follows, and no more than that */
  g_assert_cmpint (regia_pull_pace_wait (&pace, 6 * S, TRUE, 103 * second + second / 2), ==, 0);
  g_assert_cmpint (regia_pull_pace_wait (&pace, 7 * S, FALSE, 103 * second + second / 2), ==, second);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mux/pull-times/begin", test_begin);
  g_test_add_func ("/mux/pull-times/leap", test_leap);
  g_test_add_func ("/mux/pull-times/gap", test_gap);
  g_test_add_func ("/mux/pull-times/pace", test_pace);
  return g_test_run ();
}
