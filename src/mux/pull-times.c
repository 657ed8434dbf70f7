/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "pull-times-private.h"

/*
 * Arithmetic of a stream that is fetched: values in, values out.
 */

#define FIRST REGIA_PULL_TICKS /* so that no decoding time lies before 0 */
/* A stream steps back by nothing but its order; forward it may be still (slides), or have lost segments. */
#define BACK    (REGIA_PULL_TICKS / 2)
#define FORWARD (10 * REGIA_PULL_TICKS)
/* In a segment one stream may lie as a whole before the other. */
#define SEGMENT (30 * REGIA_PULL_TICKS)
#define LATE_US 100000 /* less than this is not the far end's lateness */

gint64
regia_pull_times_place (RegiaPullTimes *self, guint stream, gint64 dts, gint64 duration)
{
  typeof (&self->streams[0]) own = &self->streams[stream], other = &self->streams[1 - stream];
  gint64 next = own->begun ? own->next : other->begun ? other->next : FIRST;
  gint64 back = own->begun ? BACK : SEGMENT, forward = own->begun ? FORWARD : SEGMENT;
  gint64 own_leap = dts + own->offset - next, other_leap = dts + other->offset - next;

  if (!own->begun || own_leap < -back || own_leap > forward)
    own->offset = other->begun && other_leap >= -back && other_leap <= forward ? other->offset : next - dts;
  own->begun = TRUE;
  own->next = dts + own->offset + duration;
  return own->offset;
}

gint64
regia_pull_pace_wait (RegiaPullPace *self, gint64 dts, gboolean missed, gint64 now_us)
{
  gint64 at_us = dts * 1000 / (REGIA_PULL_TICKS / 1000), late_us;

  if (!self->begun)
    self->zero_us = now_us - at_us;
  self->begun = TRUE;
  late_us = now_us - (self->zero_us + at_us);
  if (missed && late_us > LATE_US)
    self->zero_us += late_us;
  return MAX (-late_us, 0);
}
