/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/backoff.h"

guint
regia_backoff_failed (RegiaBackoff *self, guint64 ran_ms, double jitter)
{
  guint64 delay_ms;

  if (ran_ms >= self->reset_ms)
    self->failures = 0;
  /* Past 20 doublings the ceiling has long been reached; the count itself goes on, people read it. */
  delay_ms = (guint64)self->first_ms << MIN (self->failures, 20u);
  delay_ms = MIN (delay_ms, self->max_ms);
  self->failures++;
  return (guint)((double)delay_ms * (0.75 + 0.5 * CLAMP (jitter, 0.0, 1.0)));
}
