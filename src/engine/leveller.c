/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "leveller-private.h"

#include <ebur128.h>
#include <math.h>

/*
 * RegiaLeveller measures with libebur128 what comes in, and turns a gain after it. One state hears everything
 * and says whether somebody speaks (momentary loudness); the other is given that alone, and says how loud the
 * last seconds of it were: so a pause, however long, is neither turned up nor remembered.
 *
 * It looks at what comes in, not at what goes out, so it does not run after itself. The gain goes from the
 * last block's to the next one's in a straight line, sample by sample: libavfilter's `volume` would go in
 * steps of a frame, and its loudness filters look seconds ahead, by which lips would be late.
 *
 * Owner: RegiaProgrammeSound, one for each language's streaming thread.
 */

#define RATE          48000
#define CHANNELS      2
#define SILENCE_LUFS  (-50.0)
#define WINDOW_MS     3000 /* short-term; libebur128 1.2.6 takes gigabytes for any that is set */
#define JUDGED_FRAMES (RATE / 10)
#define LEAST_MS      400 /* what momentary loudness is of; less says nothing */

struct _RegiaLeveller {
  double target_lufs;
  ebur128_state *all, *heard; /* (owned) */
  guint64 heard_frames, unjudged_frames;
  gboolean speaks; /* when it was judged last */
  double gain_db, wanted_db;
  gint gain_millidb; /* atomic: the same, for others */
};

RegiaLeveller *
regia_leveller_new (double target_lufs)
{
  RegiaLeveller *self = g_new0 (RegiaLeveller, 1);

  self->target_lufs = target_lufs;
  self->all = ebur128_init (CHANNELS, RATE, EBUR128_MODE_M);
  self->heard = ebur128_init (CHANNELS, RATE, EBUR128_MODE_S);
  g_assert (self->all != NULL && self->heard != NULL); /* memory */
  return self;
}

void
regia_leveller_free (RegiaLeveller *self)
{
  if (self == NULL)
    return;
  ebur128_destroy (&self->all);
  ebur128_destroy (&self->heard);
  g_free (self);
}

/* Where the gain is to go, as of now. */
static void
judge (RegiaLeveller *self)
{
  double now_lufs = -HUGE_VAL, lufs = -HUGE_VAL;
  guint64 heard_ms = self->heard_frames * 1000 / RATE;

  self->speaks =
      ebur128_loudness_momentary (self->all, &now_lufs) == EBUR128_SUCCESS && now_lufs > SILENCE_LUFS;
  if (self->speaks && heard_ms >= LEAST_MS &&
      ebur128_loudness_window (self->heard, (unsigned long)MIN (heard_ms, WINDOW_MS), &lufs) ==
          EBUR128_SUCCESS &&
      isfinite (lufs))
    self->wanted_db = CLAMP (self->target_lufs - lufs, -REGIA_LEVELLER_MOST, REGIA_LEVELLER_MOST);
  else
    self->wanted_db = self->gain_db;
}

static void
listen (RegiaLeveller *self, const float *samples, gsize frames)
{
  if (ebur128_add_frames_float (self->all, samples, frames) != EBUR128_SUCCESS)
    return;
  if (self->speaks && ebur128_add_frames_float (self->heard, samples, frames) == EBUR128_SUCCESS)
    self->heard_frames += frames;
  self->unjudged_frames += frames;
  if (self->unjudged_frames < JUDGED_FRAMES)
    return;
  self->unjudged_frames = 0;
  judge (self);
}

static void
turn (RegiaLeveller *self, float *samples, gsize frames)
{
  double seconds = (double)frames / RATE, from = pow (10, self->gain_db / 20), step;

  self->gain_db +=
      CLAMP (self->wanted_db - self->gain_db, -REGIA_LEVELLER_DOWN * seconds, REGIA_LEVELLER_UP * seconds);
  step = (pow (10, self->gain_db / 20) - from) / (double)frames;
  for (gsize i = 0; i < frames; i++)
    for (gsize j = 0; j < CHANNELS; j++)
      samples[CHANNELS * i + j] *= (float)(from + step * (double)(i + 1));
  g_atomic_int_set (&self->gain_millidb, (gint)lrint (self->gain_db * 1000));
}

GstBuffer *
regia_leveller_take (RegiaLeveller *self, GstBuffer *buffer)
{
  gsize frames = gst_buffer_get_size (buffer) / (CHANNELS * sizeof (float));
  GstMapInfo map;

  buffer = gst_buffer_make_writable (buffer);
  if (frames > 0 && gst_buffer_map (buffer, &map, GST_MAP_READWRITE)) {
    listen (self, (const float *)map.data, frames);
    turn (self, (float *)map.data, frames);
    gst_buffer_unmap (buffer, &map);
  }
  return buffer;
}

double
regia_leveller_get_gain_db (RegiaLeveller *self)
{
  return g_atomic_int_get (&self->gain_millidb) / 1000.0;
}
