/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "timeline-private.h"

#include "regia/base/clock.h"

/* Further from the present than this, a timestamp means nothing. */
#define FUTURE_MAX_NS (900 * REGIA_MSECOND)
#define PAST_MAX_NS   (3 * REGIA_SECOND)
/* What a buffer that is brought back is taken to have needed on its way. */
#define USUAL_LATE_NS (20 * REGIA_MSECOND)
#define WINDOW_NS     REGIA_SECOND

static void
move (RegiaTimeline *self, gint64 by_ns)
{
  self->shift_ns += by_ns;
  self->resyncs++;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    self->branches[i].window_start_ns = 0;
}

/* What the quickest of a sender's buffers are taken to have needed from the lens to here: encoding, network,
 * decoding. Measured 15 to 35 ms with the quickest of encoders on the same machine; a camera that needs more
 * is brought together with its sound by `delay`. */
#define QUICKEST_LATE_NS (20 * REGIA_MSECOND)
#define LEARNING_NS      (1500 * REGIA_MSECOND)
#define DRIFT_WINDOWS    8
#define DRIFT_STEP_NS    (4 * REGIA_MSECOND) /* 500 ppm over 8 s: more than any clock is off */
#define DRIFT_MAX_NS     (60 * REGIA_MSECOND)
#define PICTURE_GONE_NS  (3 * REGIA_SECOND)

/* Sound goes with the picture, if there is one. */
static gboolean
has_picture (const RegiaTimeline *self, gint64 now_ns)
{
  return self->branches[0].began_ns != 0 && now_ns - self->branches[0].arrived_ns < PICTURE_GONE_NS;
}

/* At the end of a window. */
static void
follow_sender (RegiaTimeline *self, guint branch, gint64 now_ns)
{
  gint64 least_ns = self->branches[branch].least_late_ns, excess_ns = least_ns - QUICKEST_LATE_NS;

  if (branch != 0 && has_picture (self, now_ns))
    return;
  /* Nothing of two whole windows was in time for the mixer: samples are missing that nobody told of, or the
   * way has become longer. A stall and its burst do not last as long. */
  self->late_windows = least_ns > self->limit_ns ? self->late_windows + 1 : 0;
  if (self->late_windows >= 2) {
    self->late_windows = self->windows = 0;
    move (self, excess_ns);
    return;
  }
  self->quickest_ns = self->windows % DRIFT_WINDOWS == 0 ? excess_ns : MIN (self->quickest_ns, excess_ns);
  if (++self->windows % DRIFT_WINDOWS != 0)
    return;
  if (ABS (self->quickest_ns) > DRIFT_MAX_NS)
    move (self, self->quickest_ns); /* what was learnt was wrong: one visible step, then right for good */
  else
    self->shift_ns += CLAMP (self->quickest_ns / 2, -DRIFT_STEP_NS, DRIFT_STEP_NS);
}

/* While it is learnt where a sender's clock begins. FALSE: not yet known. */
static gboolean
learn (RegiaTimeline *self, guint branch, gint64 now_ns)
{
  gint64 began_ns = self->branches[branch].began_ns;

  if (self->branches[branch].learnt)
    return TRUE;
  if (branch != 0 && has_picture (self, now_ns) && !self->branches[0].learnt)
    return FALSE;
  if (branch == 0 || !has_picture (self, now_ns)) {
    if (now_ns - began_ns < LEARNING_NS)
      return FALSE;
    self->shift_ns += self->branches[branch].least_late_ns - QUICKEST_LATE_NS;
    self->windows = 0;
    /* Sound that was there before its picture: better one seam than minutes in which lips come late. */
    self->resyncs += branch == 0 && self->branches[1].learnt;
    for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
      self->branches[i].window_start_ns = 0;
  }
  self->branches[branch].learnt = TRUE;
  return TRUE;
}

gboolean
regia_timeline_map (RegiaTimeline *self, guint branch, gint64 time_ns, gint64 now_ns, gint64 *ret_time_ns)
{
  gint64 late_ns = now_ns - time_ns - self->shift_ns;

  if (late_ns > PAST_MAX_NS || late_ns < -FUTURE_MAX_NS) {
    move (self, late_ns - USUAL_LATE_NS);
    late_ns = USUAL_LATE_NS;
  }
  self->branches[branch].arrived_ns = now_ns;
  if (self->branches[branch].began_ns == 0)
    self->branches[branch].began_ns = now_ns;
  if (self->branches[branch].window_start_ns == 0) {
    self->branches[branch].window_start_ns = now_ns;
    self->branches[branch].least_late_ns = late_ns;
  }
  self->branches[branch].least_late_ns = MIN (self->branches[branch].least_late_ns, late_ns);
  if (self->sender_clock && !learn (self, branch, now_ns))
    return FALSE;
  if (self->branches[branch].window_start_ns != 0 &&
      now_ns - self->branches[branch].window_start_ns >= WINDOW_NS) {
    gint64 excess_ns = self->branches[branch].least_late_ns - self->limit_ns;

    self->branches[branch].window_start_ns = 0;
    if (self->sender_clock)
      follow_sender (self, branch, now_ns);
    else if (excess_ns > 0)
      move (self, excess_ns + self->limit_ns / 4);
  }
  *ret_time_ns = time_ns + self->shift_ns;
  return TRUE;
}
