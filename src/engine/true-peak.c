/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "true-peak-private.h"

#include <math.h>
#include <string.h>

/*
 * The filter is libebur128's, so that the values are as well: 49 taps of a sinc under a Hann window,
 *
 *   h(j) = sinc (m / 4) · (1 − cos (2π j / 48)) / 2,  m = j − 24,
 *
 * every fourth of which makes one of the four places of a sample. In the first place all of them are 0 but
 * one: that is the sample itself, and is left out.
 *
 * No value is larger than the largest of the samples that it is made of, times the sum of its taps' sizes. So
 * a chunk whose samples, with those before it that the filter still reaches, are too small by that to
 * exceed the floor is passed over: most of speech, and of music. What is not costs little
 * too, since left and right lie side by side and go through together.
 */

#define TAPS   REGIA_TRUE_PEAK_TAPS
#define CHUNK  REGIA_TRUE_PEAK_CHUNK
#define PLACES 3
/* The largest sum of the sizes of a place's taps is 1.864182; rounding adds less than the rest. */
#define BOUND 1.865f

static const float taps[PLACES][TAPS] = {
    {-0.000167441976f, 0.00489598314f, -0.0185260059f, 0.0462650535f, -0.103456726f, 0.288683356f,
     0.896465151f, -0.161458527f, 0.0691584697f, -0.0301077483f, 0.010359955f, -0.00163172616f},
    {-0.000986013305f, 0.0103589786f, -0.0337036036f, 0.0801389094f, -0.181129655f, 0.625773626f,
     0.625773626f, -0.181129655f, 0.0801389094f, -0.0337036036f, 0.0103589786f, -0.000986013305f},
    {-0.00163172616f, 0.010359955f, -0.0301077483f, 0.0691584697f, -0.161458527f, 0.896465151f, 0.288683356f,
     -0.103456726f, 0.0462650535f, -0.0185260059f, 0.00489598314f, -0.000167441976f}};

/* @window: the frames before, and those of the chunk */
static float
get_peak (const float *window, gsize frames)
{
  float peak = 0;

  for (guint place = 0; place < PLACES; place++) {
    float sums[2 * CHUNK] = {0};

    for (guint tap = 0; tap < TAPS; tap++)
      for (guint i = 0; i < 2 * CHUNK; i++)
        sums[i] += taps[place][tap] * window[2 * (TAPS - tap) + i];
    for (gsize i = 0; i < 2 * frames; i++)
      peak = MAX (peak, fabsf (sums[i]));
  }
  return peak;
}

float
regia_true_peak_take (RegiaTruePeak *self, const float *samples, gsize frames, float floor)
{
  float window[2 * (TAPS + CHUNK)];

  memcpy (window, self->last, sizeof self->last);
  for (gsize count; frames > 0; frames -= count, samples += 2 * count) {
    float peak = 0, *chunk = window + 2 * TAPS;

    count = MIN (frames, CHUNK);
    memset (chunk, 0, 2 * CHUNK * sizeof (float));
    memcpy (chunk, samples, 2 * count * sizeof (float));
    for (guint i = 0; i < 2 * CHUNK; i++)
      peak = MAX (peak, fabsf (chunk[i]));
    if (BOUND * MAX (peak, MAX (self->last_peaks[0], self->last_peaks[1])) > floor)
      floor = MAX (floor, get_peak (window, count));
    memmove (window, window + 2 * count, sizeof self->last);
    /* A chunk that is not whole lengthens the one before it. */
    if (count == CHUNK)
      self->last_peaks[0] = self->last_peaks[1];
    self->last_peaks[1] = count == CHUNK ? peak : MAX (peak, self->last_peaks[1]);
  }
  memcpy (self->last, window, sizeof self->last);
  return floor;
}
