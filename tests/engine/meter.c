/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/meter-private.h"

#include <ebur128.h>
#include <math.h>
#include <time.h>

#include "../../src/engine/meters-private.h"
#include "regia/base/clock.h"
#include "regia/base/json.h"

/* Signals of known loudness, as in EBU Tech 3341 (minimum requirements) and ITU-R BS.1770-4. */

#define RATE  48000
#define BLOCK 960
#define BEGIN (100 * REGIA_SECOND)

typedef struct {
  double hz, db, phase; /* of left */
  double right_db, right_phase;
  double shift; /* degrees at the first sample */
} Sine;

static gint64
time_of (gint64 frame)
{
  return BEGIN + frame * REGIA_SECOND / RATE;
}

/* From frame @from on. */
static void
play (RegiaMeter *meter, const Sine *sine, gint64 from, gint64 frames)
{
  float block[2 * BLOCK];

  for (gint64 at = from; at < from + frames; at += BLOCK) {
    gint64 count = MIN (BLOCK, from + frames - at);

    for (gint64 i = 0; i < count; i++) {
      double turn = 2 * G_PI * sine->hz * (double)(at + i) / RATE + sine->shift * G_PI / 180;

      block[2 * i] = (float)(pow (10, sine->db / 20) * sin (turn + sine->phase));
      block[2 * i + 1] = (float)(pow (10, sine->right_db / 20) * sin (turn + sine->right_phase));
    }
    regia_meter_take (meter, block, (gsize)count, time_of (at));
  }
}

static RegiaMeterValues
value_at (RegiaMeter *meter, double seconds)
{
  RegiaMeterValues values;

  regia_meter_settle (meter, BEGIN + (gint64)(seconds * REGIA_SECOND), &values);
  return values;
}

#define NEAR(a, b, epsilon) g_assert_cmpfloat_with_epsilon (a, b, epsilon)

/* EBU Tech 3341, cases 1 and 2, and what follows from their definition. */
static void
test_loudness (void)
{
  static const double levels[] = {-23, -33, -3.5};

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    g_autoptr (RegiaMeter) meter = regia_meter_new ();
    const Sine sine = {.hz = 1000, .db = levels[i], .right_db = levels[i]};
    RegiaMeterValues values;

    play (meter, &sine, 0, 4 * RATE);
    values = value_at (meter, 4);
    NEAR (values.momentary_lufs, levels[i], 0.1);
    NEAR (values.short_term_lufs, levels[i], 0.1);
    NEAR (values.rms_db, levels[i] - 3.01, 0.02);
    NEAR (values.peak_db, levels[i], 0.02);
    NEAR (values.true_peak_db, levels[i], 0.1);
    NEAR (values.correlation, 1, 1e-6);
    g_assert_cmpuint (values.clips, ==, 0);
  }
}

/* What the windows hold: 400 ms and 3 s, of which the rest is silence. */
static void
test_windows (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  const Sine sine = {.hz = 1000, .db = -23, .right_db = -23};

  play (meter, &sine, 0, RATE * 2 / 10);
  NEAR (value_at (meter, 0.2).momentary_lufs, -23 - 3.01, 0.15);
  play (meter, &sine, RATE * 2 / 10, RATE * 13 / 10);
  NEAR (value_at (meter, 1.5).momentary_lufs, -23, 0.1);
  NEAR (value_at (meter, 1.5).short_term_lufs, -23 - 3.01, 0.1);
  NEAR (value_at (meter, 1.7).momentary_lufs, -23 - 3.01, 0.15);
  NEAR (value_at (meter, 1.7).rms_db, REGIA_METER_SILENCE, 1e-9);
  NEAR (value_at (meter, 4.0).short_term_lufs, -23 - 7.78, 0.3);
  NEAR (value_at (meter, 4.8).short_term_lufs, REGIA_METER_SILENCE, 50);
  NEAR (value_at (meter, 8).short_term_lufs, REGIA_METER_SILENCE, 1e-9);
}

/* Step by step the same as libebur128 finds, which goes through all samples of the windows. */
static void
test_same_as_library (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  ebur128_state *state = ebur128_init (2, RATE, EBUR128_MODE_S);
  float block[2 * BLOCK];

  for (guint i = 0; i < 600; i++) {
    /* loud, soft, and for the length of the longer window nothing */
    double scale = i % 250 < 175 ? pow (10, -(double)(i % 50) / 20) : 0;

    for (guint j = 0; j < 2 * BLOCK; j++)
      block[j] = (float)(scale * g_rand_double_range (random, -1, 1));
    regia_meter_take (meter, block, BLOCK, time_of (i * BLOCK));
    ebur128_add_frames_float (state, block, BLOCK);
    if (i % 5 == 4) {
      RegiaMeterValues values;
      double momentary, short_term;

      regia_meter_settle (meter, time_of ((i + 1) * BLOCK), &values);
      ebur128_loudness_momentary (state, &momentary);
      ebur128_loudness_shortterm (state, &short_term);
      NEAR (values.momentary_lufs, MAX (momentary, REGIA_METER_SILENCE), 1e-9);
      NEAR (values.short_term_lufs, MAX (short_term, REGIA_METER_SILENCE), 1e-9);
    }
  }
  ebur128_destroy (&state);
}

/* A quarter of the sampling rate, 45° on: the largest sample is 3 dB below what is between them (BS.1770-4,
 * attachment 1 to annex 2). */
static void
test_true_peak (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  const Sine sine = {.hz = RATE / 4, .db = -6, .right_db = -6, .shift = 45};
  RegiaMeterValues values;

  play (meter, &sine, 0, RATE);
  values = value_at (meter, 1);
  NEAR (values.peak_db, -9.01, 0.02);
  g_assert_cmpfloat (values.true_peak_db, <, -6 + 0.2);
  g_assert_cmpfloat (values.true_peak_db, >, -6 - 0.4);
}

/* Two seconds from the end of what was loud. */
static void
test_hold (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  const Sine loud = {.hz = 1000, .db = -6, .right_db = -20}, soft = {.hz = 1000, .db = -40, .right_db = -40};

  play (meter, &loud, 0, RATE / 10);
  play (meter, &soft, RATE / 10, 3 * RATE);
  for (guint i = 1; i <= 30; i++)
    NEAR (value_at (meter, i / 10.0).peak_db, i <= 20 ? -6 : -40, 0.02);
}

static void
test_channels (void)
{
  static const struct {
    Sine sine;
    double left, right, correlation;
  } cases[] = {
      {{.hz = 500, .db = -20, .right_db = -20}, -23.01, -23.01, 1},
      {{.hz = 500, .db = -20, .right_db = -26}, -23.01, -29.01, 1},
      {{.hz = 500, .db = -20, .right_db = -20, .right_phase = G_PI}, -23.01, -23.01, -1},
      {{.hz = 500, .db = -20, .right_db = -20, .right_phase = G_PI / 2}, -23.01, -23.01, 0},
      {{.hz = 500, .db = -20, .right_db = -400}, -23.01, REGIA_METER_SILENCE, 0},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (RegiaMeter) meter = regia_meter_new ();
    RegiaMeterValues values;

    play (meter, &cases[i].sine, 0, RATE);
    values = value_at (meter, 1);
    NEAR (values.channel_db[0], cases[i].left, 0.02);
    NEAR (values.channel_db[1], cases[i].right, 0.02);
    NEAR (values.rms_db, MAX (cases[i].left, cases[i].right), 0.02);
    if (cases[i].right > REGIA_METER_SILENCE)
      NEAR (values.correlation, cases[i].correlation, 1e-3);
  }
}

/* Each way up to full scale is one, however long it stays there. */
static void
test_clips (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  float samples[2 * BLOCK] = {0};

  samples[2 * 10] = samples[2 * 12] = 1; /* one, of left, with a dent in it */
  samples[2 * 11] = 0.9f;
  samples[2 * 50 + 1] = -32767.0f / 32768; /* one, of right */
  samples[2 * 70] = 0.9999f;               /* none */
  samples[2 * (BLOCK - 1)] = 1;            /* one, that goes on in the next block */
  regia_meter_take (meter, samples, BLOCK, time_of (0));
  for (guint i = 0; i < 2 * BLOCK; i++)
    samples[i] = i == 0 ? 1 : 0;
  regia_meter_take (meter, samples, BLOCK, time_of (BLOCK));
  g_assert_cmpuint (value_at (meter, 0.1).clips, ==, 3);
  g_assert_cmpuint (value_at (meter, 0.2).clips, ==, 3);
}

/* A hole is silence of its length, what comes again is not measured again, jitter is neither, and what is no
 * number does no harm. */
static void
test_stamps (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  const Sine sine = {.hz = 1000, .db = -20, .right_db = -20};
  float bad[2 * BLOCK];

  play (meter, &sine, 0, RATE);
  g_assert_cmpint (regia_meter_get_end (meter), ==, BEGIN + REGIA_SECOND);
  play (meter, &sine, RATE / 2, RATE / 2);
  g_assert_cmpint (regia_meter_get_end (meter), ==, BEGIN + REGIA_SECOND);
  play (meter, &sine, 2 * RATE, RATE);
  NEAR (value_at (meter, 1).rms_db, -23.01, 0.02);
  NEAR (value_at (meter, 1.5).rms_db, REGIA_METER_SILENCE, 1e-9);
  NEAR (value_at (meter, 2.1).rms_db, -23.01, 0.02);
  play (meter, &sine, 3 * RATE + 300, RATE - 300);
  g_assert_cmpint (regia_meter_get_end (meter), ==, BEGIN + 4 * REGIA_SECOND - 300 * REGIA_SECOND / RATE);
  for (guint i = 0; i < 2 * BLOCK; i++)
    bad[i] = i % 3 ? NAN : INFINITY;
  regia_meter_take (meter, bad, BLOCK, time_of (4 * RATE));
  play (meter, &sine, 4 * RATE + BLOCK, 4 * RATE - BLOCK);
  NEAR (value_at (meter, 8).short_term_lufs, -20, 0.1);
  /* An hour of nothing takes no time, and nothing of before is left. */
  play (meter, &sine, (gint64)3600 * RATE, RATE / 5);
  NEAR (value_at (meter, 3600).short_term_lufs, REGIA_METER_SILENCE, 1e-9);
  NEAR (value_at (meter, 3600.2).momentary_lufs, -20 - 3.01, 0.15);
}

/* What was settled is over: sound that comes for it then is left out. */
static void
test_late (void)
{
  g_autoptr (RegiaMeter) meter = regia_meter_new ();
  const Sine sine = {.hz = 1000, .db = -20, .right_db = -20};

  NEAR (value_at (meter, 0.5).rms_db, REGIA_METER_SILENCE, 1e-9);
  play (meter, &sine, 0, RATE * 6 / 10);
  g_assert_cmpint (regia_meter_get_end (meter), ==, BEGIN + 600 * REGIA_MSECOND);
  NEAR (value_at (meter, 0.5).rms_db, REGIA_METER_SILENCE, 1e-9);
  NEAR (value_at (meter, 0.6).rms_db, -23.01, 0.02);
}

static GVariant *
next (RegiaMeters *meters, gint64 *time_ns)
{
  g_autoptr (GBytes) json = regia_meters_next (meters, time_ns);
  g_autoptr (GError) error = NULL;
  GVariant *line;

  if (json == NULL)
    return NULL;
  line = regia_json_to_vardict (g_bytes_get_data (json, NULL), (gssize)g_bytes_get_size (json), &error);
  g_assert_no_error (error);
  return line;
}

/* As far as the slowest mix is; a source that is early, one that is late, one that never comes. */
static void
test_step (void)
{
  g_autoptr (RegiaMeters) meters = regia_meters_new ();
  g_autoptr (RegiaMeter) slow = regia_meter_new (), fast = regia_meter_new ();
  g_autoptr (RegiaMeter) early = regia_meter_new (), late = regia_meter_new (), never = regia_meter_new ();
  const Sine sine = {.hz = 1000, .db = -20, .right_db = -20};
  gint64 time_ns, expected_ns = BEGIN + 100 * REGIA_MSECOND;

  regia_meters_add_source (meters, "early", early);
  regia_meters_add_source (meters, "late", late);
  regia_meters_add_source (meters, "never", never);
  regia_meters_add_mix (meters, "it", fast);
  regia_meters_add_mix (meters, "en", slow);
  g_assert_null (next (meters, &time_ns));
  play (early, &sine, 0, 8 * RATE);
  play (fast, &sine, 0, RATE);
  g_assert_null (next (meters, &time_ns));
  play (slow, &sine, 0, RATE / 10);
  g_assert_null (next (meters, &time_ns));
  play (slow, &sine, RATE / 10, 5 * RATE - 100);
  play (fast, &sine, RATE, 4 * RATE);
  play (late, &sine, 2 * RATE, RATE);
  for (guint i = 0; i < 49; i++, expected_ns += REGIA_METER_STEP_NS) {
    g_autoptr (GVariant) line = next (meters, &time_ns);
    g_autoptr (GPtrArray) sources = NULL, audios = NULL;
    gboolean heard = expected_ns >= time_of (2 * RATE) && expected_ns < time_of (3 * RATE);

    g_assert_nonnull (line);
    g_assert_cmpint (time_ns, ==, expected_ns);
    g_assert_cmpint (regia_json_get_int (line, "time-ms") * REGIA_MSECOND, ==, expected_ns);
    sources = regia_json_get_list (line, "sources");
    audios = regia_json_get_list (line, "audios");
    g_assert_cmpuint (sources->len, ==, 3);
    g_assert_cmpuint (audios->len, ==, 2);
    g_assert_cmpstr (regia_json_get_string (audios->pdata[1], "language"), ==, "en");
    g_assert_cmpstr (regia_json_get_string (sources->pdata[1], "name"), ==, "late");
    NEAR (regia_json_get_double (sources->pdata[0], "rms-db"), -23.01, 0.02);
    NEAR (regia_json_get_double (sources->pdata[1], "rms-db"), heard ? -23.01 : REGIA_METER_SILENCE, 0.02);
    NEAR (regia_json_get_double (sources->pdata[2], "momentary-lufs"), REGIA_METER_SILENCE, 1e-9);
    NEAR (regia_json_get_double (audios->pdata[0], "rms-db"), -23.01, 0.02);
  }
  g_assert_null (next (meters, &time_ns));
  NEAR (regia_meters_get_source (meters, "early").rms_db, -23.01, 0.02);
  NEAR (regia_meters_get_mix (meters, "en").peak_db, -20, 0.02);
  NEAR (regia_meters_get_mix (meters, "fr").peak_db, REGIA_METER_SILENCE, 1e-9);
}

/* A second of sound in far less than a second of processor, and silence in far less than that: said, not
 * judged closely. */
static void
test_cost (void)
{
  const Sine sine = {.hz = 1000, .db = -20, .right_db = -20}, none = {.db = -4000, .right_db = -4000};
  const Sine *sines[] = {&sine, &none};
  double cost[2];

  for (guint i = 0; i < 2; i++) {
    g_autoptr (RegiaMeter) meter = regia_meter_new ();
    g_autofree float *samples = g_new0 (float, 2 * RATE);
    gint64 begin_us = 0;

    for (guint j = 0; j < RATE; j++)
      samples[2 * j] = samples[2 * j + 1] =
          (float)(pow (10, sines[i]->db / 20) * sin (2 * G_PI * sines[i]->hz * j / RATE));
    begin_us = (gint64)clock () * G_USEC_PER_SEC / CLOCKS_PER_SEC;
    for (gint64 at = 0; at < 60 * RATE; at += BLOCK)
      regia_meter_take (meter, samples + 2 * (at % RATE), BLOCK, time_of (at));
    cost[i] = (double)((gint64)clock () * G_USEC_PER_SEC / CLOCKS_PER_SEC - begin_us) / 60e6 * 100;
  }
  g_test_message ("sound: %.2f %% of a processor, silence: %.3f %%", cost[0], cost[1]);
  g_assert_cmpfloat (cost[0], <, 50);
  g_assert_cmpfloat (cost[1], <, cost[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/meter/loudness", test_loudness);
  g_test_add_func ("/engine/meter/windows", test_windows);
  g_test_add_func ("/engine/meter/same-as-library", test_same_as_library);
  g_test_add_func ("/engine/meter/true-peak", test_true_peak);
  g_test_add_func ("/engine/meter/hold", test_hold);
  g_test_add_func ("/engine/meter/channels", test_channels);
  g_test_add_func ("/engine/meter/clips", test_clips);
  g_test_add_func ("/engine/meter/stamps", test_stamps);
  g_test_add_func ("/engine/meter/late", test_late);
  g_test_add_func ("/engine/meter/step", test_step);
  g_test_add_func ("/engine/meter/cost", test_cost);
  return g_test_run ();
}
