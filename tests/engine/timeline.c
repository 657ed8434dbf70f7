/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/timeline-private.h"

#include <math.h>

#include "../../src/engine/pacer-private.h"
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

/* A camera and its faults. Picture and sound have their stamps from clocks of their own, and both are
 * captured at times that are known here, so that what comes out can be held against them. */
typedef struct {
  const char *name;
  double picture_ppm, sound_ppm; /* how much slower than ours their clocks are */
  gint64 step_ms[2];             /* at 20 s, of picture and sound */
  gint64 wild_ms[2];             /* of every 50th stamp */
  gint64 way_ms[2];              /* from the lens or microphone to here, at the least */
  gboolean decoder;              /* pictures come through a decoder that lets no time go back */
  gint64 stall_ms;               /* held up on the way at 40 s, then all at once */
  gint64 lost_ms[2];             /* not sent, from 50 s on; stamps know of it */
  gint64 slipped_ms[2];          /* … or not */
  /* what is allowed */
  double told_ms; /* what a step of the sound is to be believed by: a sender report has come */
  guint resyncs;
  double apart_ms, seam_s; /* of sound and picture; how long more than that may be missing or late */
} Case;

static const Case cases[] = {
    {.name = "well", .way_ms = {20, 20}, .apart_ms = 6},
    {.name = "sound 0.2 % slow", .sound_ppm = 2000, .way_ms = {20, 20}, .apart_ms = 45},
    {.name = "sound 0.2 % fast", .sound_ppm = -2000, .way_ms = {20, 20}, .apart_ms = 45},
    {.name = "sound 1 % slow", .sound_ppm = 10000, .way_ms = {20, 20}, .apart_ms = 90},
    {.name = "sound 1 % fast", .sound_ppm = -10000, .way_ms = {20, 20}, .apart_ms = 100},
    {.name = "both 300 ppm fast", .picture_ppm = -300, .sound_ppm = -300, .way_ms = {20, 20}, .apart_ms = 6},
    {.name = "picture 0.2 % slow", .picture_ppm = 2000, .way_ms = {20, 20}, .apart_ms = 45},
    {.name = "sound has a short way", .way_ms = {250, 30}, .apart_ms = 6},
    {.name = "sound has a long way", .way_ms = {30, 250}, .apart_ms = 6},
    {.name = "sound steps 10 s", .step_ms = {0, 10000}, .way_ms = {20, 20}, .resyncs = 1, .apart_ms = 6},
    {.name = "sound steps -4 s", .step_ms = {0, -4000}, .way_ms = {20, 20}, .resyncs = 1, .apart_ms = 6},
    {.name = "picture steps 10 s", .step_ms = {10000, 0}, .way_ms = {20, 20}, .resyncs = 1, .apart_ms = 6},
    {.name = "picture steps -1 h", .step_ms = {-3600000, 0}, .way_ms = {20, 20}, .resyncs = 1, .apart_ms = 6},
    {.name = "both step -2.5 s", .step_ms = {-2500, -2500}, .way_ms = {20, 20}, .resyncs = 2, .apart_ms = 6},
    {.name = "both step -2.5 s, through a decoder",
     .step_ms = {-2500, -2500},
     .way_ms = {20, 20},
     .decoder = TRUE,
     .resyncs = 2,
     .apart_ms = 6},
    {.name = "picture steps -200 ms, through a decoder",
     .step_ms = {-200, 0},
     .way_ms = {20, 20},
     .decoder = TRUE,
     .resyncs = 1,
     .apart_ms = 6},
    {.name = "both step 26 h",
     .step_ms = {95443000, 95443000},
     .way_ms = {20, 20},
     .resyncs = 2,
     .apart_ms = 6},
    {.name = "wild pictures", .wild_ms = {7200000, 0}, .way_ms = {20, 20}, .apart_ms = 6},
    {.name = "wild sound", .wild_ms = {0, -7200000}, .way_ms = {20, 20}, .apart_ms = 6},
    {.name = "wild both, a second", .wild_ms = {-1000, 1000}, .way_ms = {20, 20}, .apart_ms = 6},
    {.name = "a stall of 2 s", .stall_ms = 2000, .way_ms = {20, 20}, .apart_ms = 6, .seam_s = 2.1},
    {.name = "a stall of 5 s", .stall_ms = 5000, .way_ms = {20, 20}, .apart_ms = 6, .seam_s = 5.1},
    {.name = "sound pauses", .lost_ms = {0, 20000}, .way_ms = {20, 20}, .apart_ms = 6},
    {.name = "picture pauses", .lost_ms = {7000, 0}, .way_ms = {20, 20}, .apart_ms = 25},
    {.name = "sound pauses and counts on",
     .slipped_ms = {0, 20000},
     .way_ms = {20, 20},
     .resyncs = 1,
     .apart_ms = 25,
     .seam_s = 0.4},
    {.name = "sound slips by 300 ms",
     .slipped_ms = {0, 300},
     .way_ms = {20, 20},
     .resyncs = 1,
     .apart_ms = 6,
     .seam_s = 3},
    {.name = "a stall that loses sound",
     .stall_ms = 2000,
     .lost_ms = {0, 300},
     .way_ms = {20, 20},
     .apart_ms = 6,
     .seam_s = 2.1},
    {.name = "a sender report", .step_ms = {0, 150}, .told_ms = 150, .way_ms = {20, 20}, .apart_ms = 156},
    {.name = "a sender report, earlier",
     .step_ms = {0, -150},
     .told_ms = -150,
     .way_ms = {20, 20},
     .resyncs = 1,
     .apart_ms = 156},
    {.name = "slow, steps and wild",
     .sound_ppm = 2000,
     .step_ms = {0, -4000},
     .wild_ms = {7200000, -7200000},
     .way_ms = {20, 20},
     .resyncs = 1,
     .apart_ms = 45},
};

/* One branch of it: the next buffer. */
typedef struct {
  gint64 n, period_ns, slipped_ns, highest_ns;
  gint64 captured_ns, stamp_ns, arrival_ns;
} Stream;

static void
next_buffer (const Case *camera, guint branch, Stream *stream)
{
  const gint64 start = 100 * REGIA_SECOND;
  double ppm = branch ? camera->sound_ppm : camera->picture_ppm;
  gint64 at_ns, stall_ns = start + 40 * REGIA_SECOND;

  stream->n++;
  /* A slow clock counts a period when more than a period has passed. */
  at_ns = start + stream->slipped_ns + (gint64)((double)(stream->n * stream->period_ns) * (1 + ppm * 1e-6));
  if (stream->slipped_ns == 0 && at_ns >= start + 50 * REGIA_SECOND) {
    stream->slipped_ns = camera->slipped_ms[branch] * REGIA_MSECOND;
    at_ns += stream->slipped_ns;
  }
  stream->captured_ns = at_ns;
  stream->stamp_ns = start + stream->n * stream->period_ns;
  if (at_ns >= start + 20 * REGIA_SECOND)
    stream->stamp_ns += camera->step_ms[branch] * REGIA_MSECOND;
  if (stream->n % 50 == 49)
    stream->stamp_ns += camera->wild_ms[branch] * REGIA_MSECOND;
  stream->highest_ns = MAX (stream->highest_ns, stream->stamp_ns);
  if (camera->decoder && branch == 0)
    stream->stamp_ns = stream->highest_ns;
  stream->arrival_ns =
      at_ns + camera->way_ms[branch] * REGIA_MSECOND + g_test_rand_int_range (0, 4000) * 1000;
  if (stream->arrival_ns >= stall_ns)
    stream->arrival_ns =
        MAX (stream->arrival_ns, stall_ns + camera->stall_ms * REGIA_MSECOND + stream->n % 100 * 100000);
}

static void
test_camera (gconstpointer data)
{
  const Case *camera = data;
  const gint64 start = 100 * REGIA_SECOND;
  RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
  Stream streams[2] = {{.period_ns = 40 * REGIA_MSECOND}, {.period_ns = 20 * REGIA_MSECOND}};
  gint64 offset_ns[2] = {0, 0}, missing_ns[2] = {0, 0};
  double worst_ms = 0;

  for (guint i = 0; i < 2; i++)
    next_buffer (camera, i, &streams[i]);
  while (streams[0].captured_ns < start + 120 * REGIA_SECOND) {
    guint i = streams[1].arrival_ns < streams[0].arrival_ns;
    Stream *stream = &streams[i];
    gint64 since_ns = stream->captured_ns - start, mapped_ns = 0;
    gint64 lost_from_ns = camera->stall_ms ? 40500 * REGIA_MSECOND : 50 * REGIA_SECOND;
    gboolean lost = since_ns >= lost_from_ns && since_ns < lost_from_ns + camera->lost_ms[i] * REGIA_MSECOND;

    if (!lost) {
      gboolean shown = regia_timeline_map (&timeline, i, stream->stamp_ns, stream->arrival_ns, &mapped_ns) &&
                       stream->arrival_ns - mapped_ns < 200 * REGIA_MSECOND;

      if (since_ns > 2 * REGIA_SECOND) {
        if (shown) {
          /* Short of the two being measured anew, what the viewer sees and hears belongs together. */
          offset_ns[i] = mapped_ns - stream->captured_ns;
          worst_ms = MAX (worst_ms, (double)ABS (offset_ns[1] - offset_ns[0]) / REGIA_MSECOND);
        } else
          missing_ns[i] += stream->period_ns;
      } else
        offset_ns[i] = shown ? mapped_ns - stream->captured_ns : 0;
    }
    next_buffer (camera, i, stream);
  }
  g_test_message (
      "%s: apart %.1f ms at most, %.2f s of picture and %.2f s of sound missing, %u resyncs, sound %.0f ppm",
      camera->name, worst_ms, (double)missing_ns[0] / REGIA_SECOND, (double)missing_ns[1] / REGIA_SECOND,
      (guint)timeline.resyncs, regia_timeline_rate (&timeline, 1) * 1e6);
  g_assert_cmpfloat (worst_ms, <=, camera->apart_ms);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpfloat ((double)missing_ns[i] / REGIA_SECOND, <=, camera->seam_s);
  g_assert_cmpuint (timeline.resyncs, <=, camera->resyncs);
  if (camera->told_ms != 0)
    g_assert_cmpfloat (fabs ((double)(offset_ns[1] - offset_ns[0]) / REGIA_MSECOND - camera->told_ms), <=, 6);
}

/* A camera that gives all its pictures the same time: they are shown as they come. */
static void
test_dead_clock (void)
{
  RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = TRUE};
  gint64 now = 100 * REGIA_SECOND, mapped = 0, last = 0;
  guint shown = 0;

  for (int n = 0; n < 25 * 20; n++, now += 40 * REGIA_MSECOND) {
    if (!regia_timeline_map (&timeline, 0, 7 * REGIA_SECOND, now, &mapped))
      continue;
    shown++;
    g_assert_cmpint (mapped, >, last);
    g_assert_cmpint (now - mapped, <, 60 * REGIA_MSECOND);
    last = mapped;
  }
  g_assert_cmpuint (shown, >, 25 * 16);
}

/* What is told of sound and picture that come apart is what they are, as long as the sound's clock can be
 * followed; of one that cannot be, much is told, or its time is set anew again and again. */
static void
test_apart (void)
{
  static const struct {
    double slow;
    gboolean can_be_followed;
  } table[] = {{0, TRUE},     {0.002, TRUE},  {-0.002, TRUE}, {0.01, TRUE},  {-0.01, TRUE},
               {0.03, FALSE}, {-0.03, FALSE}, {0.09, FALSE},  {-0.09, FALSE}};

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (table); i++) {
    RegiaTimeline timeline = {.limit_ns = 150 * REGIA_MSECOND, .sender_clock = i % 2 == 1};
    const gint64 start = 100 * REGIA_SECOND, period = 40 * REGIA_MSECOND;
    double slow = table[i / 2].slow;
    gint64 mapped = 0, true_ns = 0, told_ns = 0, worst_ns = 0, off_ns = 0, sound_n = 0;

    g_assert_cmpint (regia_timeline_apart (&timeline, start), ==, 0);
    for (gint64 n = 0; n < 25 * 60; n++) {
      gint64 captured_ns = start + n * period, picture_ns = 0, now_ns = captured_ns + 20 * REGIA_MSECOND;
      gboolean shown =
          regia_timeline_map (&timeline, 0, captured_ns, now_ns + n * 7 % 5 * REGIA_MSECOND, &picture_ns);

      for (;;) {
        gint64 stamp_ns = start + sound_n * period / 2;
        gint64 heard_ns = start + (gint64)((double)(stamp_ns - start) * (1 + slow));

        if (heard_ns + 25 * REGIA_MSECOND > captured_ns + period)
          break;
        sound_n++;
        if (regia_timeline_map (&timeline, 1, stamp_ns,
                                heard_ns + 25 * REGIA_MSECOND + sound_n * 3 % 4 * REGIA_MSECOND, &mapped))
          true_ns = (mapped - heard_ns) - (picture_ns - captured_ns);
      }
      if (!shown || n % 25 != 0 || n < 25 * 15)
        continue;
      told_ns = regia_timeline_apart (&timeline, captured_ns + period);
      worst_ns = MAX (worst_ns, ABS (told_ns));
      if (told_ns != 0)
        off_ns = MAX (off_ns, ABS (told_ns - true_ns));
    }
    g_test_message ("%+.1f %%, %s clock: told %d ms at most, %d ms off the truth at most, %u resyncs",
                    -slow * 100, i % 2 == 1 ? "a sender's" : "our", (int)(worst_ns / REGIA_MSECOND),
                    (int)(off_ns / REGIA_MSECOND), (guint)timeline.resyncs);
    if (table[i / 2].can_be_followed) {
      g_assert_cmpint (worst_ns, <, 60 * REGIA_MSECOND);
      g_assert_cmpint (off_ns, <, 50 * REGIA_MSECOND); /* of a beginning of four seconds, 1 % */
      g_assert_cmpuint (timeline.resyncs, ==, 0);
    } else
      g_assert_true (worst_ns > 100 * REGIA_MSECOND || timeline.resyncs > 20);
    /* Whose sound has ended is not apart from it. */
    g_assert_cmpint (regia_timeline_apart (&timeline, start + 70 * REGIA_SECOND), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = g_strdup_printf ("/engine/timeline/camera/%s", cases[i].name);
    g_test_add_data_func (name, &cases[i], test_camera);
  }
  g_test_add_func ("/engine/timeline/timeline", test_timeline);
  g_test_add_func ("/engine/timeline/dead-clock", test_dead_clock);
  g_test_add_func ("/engine/timeline/sender", test_sender);
  g_test_add_func ("/engine/timeline/wrongly-learnt", test_wrongly_learnt);
  g_test_add_func ("/engine/timeline/sender-sound", test_sender_sound);
  g_test_add_func ("/engine/timeline/slip", test_slip);
  g_test_add_func ("/engine/timeline/apart", test_apart);
  g_test_add_func ("/engine/timeline/late-picture", test_late_picture);
  g_test_add_func ("/engine/timeline/jumps", test_jumps);
  return g_test_run ();
}
