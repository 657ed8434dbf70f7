/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "beeps.h"

#include <math.h>

/*
 * A sliding window of 5 ms is correlated with the tone; the amplitude is noted once a millisecond. At the end
 * the loudest amplitude is taken for a whole beep: an onset is where half of it is first reached after 200 ms
 * below. Half the amplitude means that half the window is filled, so the onset is the window's middle. The
 * tone holds a whole number of periods in the window, so the sharp edges of a voice far below the beep do not
 * reach half of it.
 *
 * Where the sound itself begins in the middle of a beep there is no onset: a first beep that is shorter than
 * the second is not counted. Any later one is: there the sound was cut.
 */
typedef struct {
  double ms, amplitude;
} Point;

struct _Beeps {
  int rate, window, step;
  double hz;
  float *ring; /* the last window's samples */
  guint64 count;
  GArray *points; /* (element-type Point) */
  GArray *onsets; /* (element-type double) */
  double silent_since_ms, silence_max_ms;
};

#define SHORTER_MS 2

static const double SILENCE = 0.000316; /* −70 dBFS */

Beeps *
beeps_new (int rate, double hz)
{
  Beeps *self = g_new0 (Beeps, 1);

  self->rate = rate;
  self->hz = hz;
  self->window = rate / 200;
  self->step = rate / 1000;
  self->ring = g_new0 (float, (gsize)self->window);
  self->points = g_array_new (FALSE, FALSE, sizeof (Point));
  self->onsets = g_array_new (FALSE, FALSE, sizeof (double));
  self->silent_since_ms = NAN;
  return self;
}

void
beeps_free (Beeps *self)
{
  if (self == NULL)
    return;
  g_free (self->ring);
  g_array_unref (self->points);
  g_array_unref (self->onsets);
  g_free (self);
}

static double
amplitude (const Beeps *self)
{
  double re = 0, im = 0, turn = 2 * G_PI * self->hz / self->rate;

  for (int i = 0; i < self->window; i++) {
    double value = self->ring[(self->count + (guint64)i) % (guint64)self->window];
    re += value * cos (turn * i);
    im += value * sin (turn * i);
  }
  return 2 * sqrt (re * re + im * im) / self->window;
}

void
beeps_push (Beeps *self, double ms, float value)
{
  self->ring[self->count++ % (guint64)self->window] = value;
  if (fabsf (value) >= SILENCE) {
    self->silent_since_ms = NAN;
  } else {
    if (isnan (self->silent_since_ms))
      self->silent_since_ms = ms;
    self->silence_max_ms = MAX (self->silence_max_ms, ms - self->silent_since_ms);
  }
  if (self->count % (guint64)self->step == 0) {
    Point point = {ms - self->window * 500.0 / self->rate, amplitude (self)};
    g_array_append_val (self->points, point);
  }
}

void
beeps_jump (Beeps *self, double ms)
{
  for (int i = 0; i < self->window; i++)
    self->ring[i] = 0;
}

GArray *
beeps_finish (Beeps *self)
{
  double loudest = 0, below_since = -1e9;
  double ends[2] = {0}; /* of the first two */

  for (guint i = 0; i < self->points->len; i++)
    loudest = MAX (loudest, g_array_index (self->points, Point, i).amplitude);
  if (loudest < 0.01)
    return self->onsets;
  for (guint i = 0, last_above = G_MAXUINT; i < self->points->len; i++) {
    const Point *point = &g_array_index (self->points, Point, i);

    if (point->amplitude < loudest / 2)
      continue;
    below_since = last_above == G_MAXUINT ? -1e9 : g_array_index (self->points, Point, last_above).ms;
    if (point->ms - below_since > 200 && i > 0) {
      /* between two points, where half is crossed */
      const Point *before = point - 1;
      double part = (loudest / 2 - before->amplitude) / (point->amplitude - before->amplitude);
      double onset = before->ms + part * (point->ms - before->ms);
      g_array_append_val (self->onsets, onset);
    }
    last_above = i;
    if (self->onsets->len > 0 && self->onsets->len <= G_N_ELEMENTS (ends))
      ends[self->onsets->len - 1] = point->ms;
  }
  if (self->onsets->len > 2 && ends[0] - g_array_index (self->onsets, double, 0) + SHORTER_MS <
                                   ends[1] - g_array_index (self->onsets, double, 1))
    g_array_remove_index (self->onsets, 0);
  return self->onsets;
}

double
beeps_longest_silence_ms (Beeps *self)
{
  return self->silence_max_ms;
}
