/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * Exponential backoff with jitter, for ever. A plain value: the caller owns it, no thread rule beyond the
 * usual.
 */
typedef struct {
  guint first_ms; /* delay after the first failure */
  guint max_ms;   /* ceiling */
  guint reset_ms; /* a run that lasted this long clears the count */
  guint failures; /* failures in a row so far */
} RegiaBackoff;

/**
 * regia_backoff_failed:
 * @self: the state; its failure count goes up by one (after being cleared if @ran_ms >= reset_ms)
 * @ran_ms: how long the attempt that just failed had worked
 * @jitter: 0.0 … 1.0, a random number, given by the caller so that this stays a pure function
 *
 * Returns: how long to wait before the next try, in ms: first × 2^(failures−1), at most max, spread over −25
 * % … +25 %.
 */
guint regia_backoff_failed (RegiaBackoff *self, guint64 ran_ms, double jitter);
