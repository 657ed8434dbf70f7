/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "tone-private.h"

#include <math.h>

#define RATE      48000u
#define CHANNELS  2u
#define PERIOD    48u /* samples of 1 kHz */
#define PEAK      0.1
#define RAMP_STEP (1.0f / 480)

struct _RegiaTone {
  gint on; /* atomic */
  float wave[PERIOD];
  float level; /* 0: the mix alone, 1: the tone alone */
};

RegiaTone *
regia_tone_new (void)
{
  RegiaTone *self = g_new0 (RegiaTone, 1);

  for (guint i = 0; i < PERIOD; i++)
    self->wave[i] = (float)(PEAK * sin (2 * G_PI * i / PERIOD));
  return self;
}

void
regia_tone_free (RegiaTone *self)
{
  g_free (self);
}

void
regia_tone_set (RegiaTone *self, gboolean on)
{
  g_atomic_int_set (&self->on, on);
}

GstBuffer *
regia_tone_take_buffer (RegiaTone *self, GstBuffer *buffer)
{
  gboolean on = g_atomic_int_get (&self->on);
  guint64 first;
  GstMapInfo map;
  float *samples;

  if (!on && self->level == 0)
    return buffer;
  buffer = gst_buffer_make_writable (buffer);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READWRITE))
    return buffer;
  /* Silence says that it is some, and encoders believe it. */
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_GAP);
  first = gst_util_uint64_scale_round (GST_BUFFER_PTS (buffer), RATE, GST_SECOND);
  samples = (float *)(gpointer)map.data;
  for (gsize i = 0; i < map.size / (CHANNELS * sizeof (float)); i++) {
    float tone = self->wave[(first + i) % PERIOD];

    self->level = CLAMP (self->level + (on ? RAMP_STEP : -RAMP_STEP), 0, 1);
    for (guint c = 0; c < CHANNELS; c++)
      samples[i * CHANNELS + c] += (tone - samples[i * CHANNELS + c]) * self->level;
  }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}
