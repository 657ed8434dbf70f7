/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/timeline-private.h"

#include "../../src/engine/pacing-private.h"
#include "regia/base/clock.h"

static gint64
map (RegiaTimeline *timeline, guint branch, gint64 time_ns, gint64 now_ns)
{
  gint64 mapped = 0;

  g_assert_true (regia_timeline_map (timeline, branch, time_ns, now_ns, &mapped));
  return mapped;
}

static void
test_timeline (void)
{
  RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND};
  gint64 now = 100 * REGIA_SECOND, mapped = 0;

  /* Punctual enough: left alone. */
  for (int i = 0; i < 250; i++, now += 40 * REGIA_MSECOND)
    g_assert_cmpint (map (&timeline, 0, now - 100 * REGIA_MSECOND, now), ==, now - 100 * REGIA_MSECOND);
  g_assert_cmpuint (timeline.resyncs, ==, 0);

  /* One late second among punctual sound of the same source still moves both. */
  for (int i = 0; i < 60; i++, now += 40 * REGIA_MSECOND) {
    mapped = map (&timeline, 0, now - 400 * REGIA_MSECOND, now);
    map (&timeline, 1, now - 20 * REGIA_MSECOND, now);
  }
  g_assert_cmpuint (timeline.resyncs, ==, 1);
  g_assert_cmpint (now - 40 * REGIA_MSECOND - mapped, <, 150 * REGIA_MSECOND);
  g_assert_cmpint (now - 40 * REGIA_MSECOND - mapped, >, 50 * REGIA_MSECOND);
}

/* A sender's clock: its beginning is learnt from the quickest of the first arrivals; a stall and its burst
 * move nothing, its drift is followed; from the first picture shown on, none is lost or shown twice. */
static void
test_sender (void)
{
  const gint64 start = 100 * REGIA_SECOND, period = 40 * REGIA_MSECOND;

  for (gint64 phase_ms = 0; phase_ms < 40; phase_ms += 3) {
    RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
    RegiaPacer pacer = {.rate_num = 25, .rate_den = 1};
    guint shown = 0;

    for (int n = 0; n < 25 * 600; n++) {
      /* 50 ppm fast, and believed to have begun 80 ms later than it did: its first packets were held up. */
      gint64 shutter = start + phase_ms * REGIA_MSECOND + n * period;
      gint64 sent = shutter + 80 * REGIA_MSECOND + n * 2 * 1000, mapped = 0, placed = 0;
      gint64 arrival = shutter + (20 + n % 3) * REGIA_MSECOND;

      if (n < 5)
        arrival = shutter + 110 * REGIA_MSECOND;
      if (n % 1000 >= 500 && n % 1000 < 512) /* half a second held up, then all at once */
        arrival = start + (n - n % 1000 + 512) * period;
      if (!regia_timeline_map (&timeline, 0, sent, arrival, &mapped)) {
        g_assert_cmpint (arrival, <, start + 1700 * REGIA_MSECOND);
        continue;
      }
      g_assert_cmpint (ABS (mapped - shutter), <, 6 * REGIA_MSECOND);
      g_assert_true (regia_pacer_place (&pacer, mapped, &placed));
      g_assert_cmpint (ABS (placed - shutter), <, 40 * REGIA_MSECOND);
      shown++;
    }
    g_assert_cmpuint (shown, >, 25 * 598);
    g_assert_cmpuint (pacer.moved, ==, 0);
    g_assert_cmpuint (timeline.resyncs, ==, 0);
  }
}

/* Learnt in a bad moment: mended in one step as soon as it shows, not over minutes. */
static void
test_wrongly_learnt (void)
{
  RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
  const gint64 start = 100 * REGIA_SECOND, period = 40 * REGIA_MSECOND;

  for (int n = 0; n < 25 * 60; n++) {
    gint64 shutter = start + n * period, late = n < 80 ? 320 : 20, mapped = 0;

    if (regia_timeline_map (&timeline, 0, shutter, shutter + late * REGIA_MSECOND, &mapped) && n > 25 * 18)
      g_assert_cmpint (ABS (mapped - shutter), <, 6 * REGIA_MSECOND);
  }
  g_assert_cmpuint (timeline.resyncs, ==, 1);
}

/* Sound waits for what the picture tells, and then goes with it. */
static void
test_sender_sound (void)
{
  RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
  gint64 now = 100 * REGIA_SECOND, picture = 0, sound = 0;
  guint shown = 0;

  for (int n = 0; n < 25 * 20; n++, now += 40 * REGIA_MSECOND) {
    gboolean has_picture =
        regia_timeline_map (&timeline, 0, now + 300 * REGIA_MSECOND, now + REGIA_MSECOND, &picture);
    gboolean has_sound =
        regia_timeline_map (&timeline, 1, now + 300 * REGIA_MSECOND, now + 2 * REGIA_MSECOND, &sound);

    g_assert_cmpint (has_picture, ==, has_sound);
    if (has_sound) {
      shown++;
      g_assert_cmpint (picture, ==, sound);
    }
  }
  g_assert_cmpuint (shown, >, 25 * 18);
}

/* A sound card whose samples stand still for a while counts on where it was: after two seconds it is back in
 * time, where it would have been too late for the mixer for good. */
static void
test_slip (void)
{
  const gint64 slips_ms[] = {200, 600, 1500, 2900};

  for (gsize i = 0; i < G_N_ELEMENTS (slips_ms); i++) {
    RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
    gint64 now = 100 * REGIA_SECOND, counted = 0, lost_ms = 0, mapped = 0;

    for (int n = 0; n < 100 * 60; n++, now += 10 * REGIA_MSECOND, counted += 10 * REGIA_MSECOND) {
      if (n == 100 * 20 + 37)
        now += slips_ms[i] * REGIA_MSECOND;
      if (!regia_timeline_map (&timeline, 1, counted, now, &mapped))
        continue;
      lost_ms += now - mapped > 200 * REGIA_MSECOND ? 10 : 0;
    }
    g_assert_cmpint (now - 10 * REGIA_MSECOND - mapped, <, 30 * REGIA_MSECOND);
    g_assert_cmpint (lost_ms, <=, 3000);
    g_assert_cmpuint (timeline.resyncs, <=, 2); /* the first: its count begins at 0 */
  }
}

/* A camera whose first picture comes seconds after its sound: the sound is moved with it, and told to be. */
static void
test_late_picture (void)
{
  RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
  gint64 now = 100 * REGIA_SECOND, picture = 0, sound = 0;
  guint64 before = 0;

  for (int n = 0; n < 25 * 20; n++, now += 40 * REGIA_MSECOND) {
    gboolean has_sound = regia_timeline_map (&timeline, 1, now, now + REGIA_MSECOND, &sound),
             has_picture = FALSE;

    if (n == 25 * 3)
      before = timeline.resyncs;
    if (n >= 25 * 3)
      has_picture = regia_timeline_map (&timeline, 0, now, now + 90 * REGIA_MSECOND, &picture);
    g_assert_true (has_sound || n < 40);
    if (has_picture && n > 25 * 6)
      g_assert_cmpint (ABS (picture - sound), <, REGIA_MSECOND);
  }
  g_assert_cmpuint (timeline.resyncs, ==, before + 1);
  /* The picture goes; the sound is followed by itself. */
  for (int n = 0; n < 25 * 120; n++, now += 40 * REGIA_MSECOND + 8000)
    g_assert_true (regia_timeline_map (&timeline, 1, now - n * 8000, now + REGIA_MSECOND, &sound));
  g_assert_cmpint (ABS (now - 40 * REGIA_MSECOND - sound), <, 30 * REGIA_MSECOND);
}

/* An hour's jump of a camera's own time: brought back at once, and smooth after it. */
static void
test_jumps (void)
{
  const gint64 jumps_s[] = {3600, -3600, 5, -2, 95443}; /* the last: 33 bits of 90 kHz */

  for (gsize i = 0; i < G_N_ELEMENTS (jumps_s); i++) {
    RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND};
    gint64 now = 200000 * REGIA_SECOND, last = 0;

    for (int n = 0; n < 100; n++, now += 40 * REGIA_MSECOND) {
      gint64 mapped = map (&timeline, 0, now + (n >= 50 ? jumps_s[i] * REGIA_SECOND : 0), now);
      if (last)
        g_assert_cmpint (ABS (mapped - last - 40 * REGIA_MSECOND), <=,
                         jumps_s[i] == -2 ? 3 * REGIA_SECOND : 25 * REGIA_MSECOND);
      last = mapped;
    }
    g_assert_cmpuint (timeline.resyncs, ==, 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/timeline/timeline", test_timeline);
  g_test_add_func ("/engine/timeline/sender", test_sender);
  g_test_add_func ("/engine/timeline/wrongly-learnt", test_wrongly_learnt);
  g_test_add_func ("/engine/timeline/sender-sound", test_sender_sound);
  g_test_add_func ("/engine/timeline/slip", test_slip);
  g_test_add_func ("/engine/timeline/late-picture", test_late_picture);
  g_test_add_func ("/engine/timeline/jumps", test_jumps);
  return g_test_run ();
}
