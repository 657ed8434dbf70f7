/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "timeline-private.h"

#include "regia/base/clock.h"

/*
 * Arithmetic of a source's time: values in, values out, so that hours can be tested in a moment. What it is
 * for is said in the header. Words used here: a buffer is *late* by its arrival minus its time; *raw* is that
 * lateness by its own timestamp, *mapped* by the time that it is given (raw − shift).
 */

enum { PICTURE, SOUND };

/* A timestamp that leaps by more than this against the time that has passed is not believed. Corrections by
 * sender reports stay below: nothing that is seen and heard at once is half a second apart. */
#define LEAP_NS      (500 * REGIA_MSECOND)
#define LEAP_BUFFERS 3
/* Arriving later than this although its timestamps go on well, a row is not waited for any more; but what
 * was held up and comes all at once is left to pass. */
#define HELD_UP_NS   (3 * REGIA_SECOND)
#define HELD_UP_FOR  (300 * REGIA_MSECOND)
#define SAME_LATE_NS (200 * REGIA_MSECOND)
/* What a buffer that is brought back is taken to have needed on its way. */
#define USUAL_LATE_NS (20 * REGIA_MSECOND)
#define EARLY_MAX_NS  (900 * REGIA_MSECOND)
/* What the quickest of a sender's buffers are taken to have needed from the lens to here: encoding, network,
 * decoding. Measured 15 to 35 ms with the quickest of encoders on the same machine; a camera that needs more
 * is brought together with its sound by `delay`. */
#define QUICKEST_LATE_NS (20 * REGIA_MSECOND)
#define LEARNING_NS      (800 * REGIA_MSECOND)
#define WINDOW_NS        REGIA_SECOND
#define USUAL_WINDOWS    4
/* How a clock is followed: its own rate, and what is left of the error within 8 s, at a pace nobody hears. */
#define RATE_MAX        0.02
#define CATCH_UP_NS     (8 * REGIA_SECOND)
#define CATCH_UP_MAX    1500e-6
#define WRONG_NS        (60 * REGIA_MSECOND) /* no drift: what was learnt was wrong */
#define WRONG_WINDOWS   8
#define APART_NS        (20 * REGIA_MSECOND)
#define STEP_NS         (60 * REGIA_MSECOND)
#define PICTURE_GONE_NS (3 * REGIA_SECOND)
#define PICTURE_LOST_NS (30 * REGIA_SECOND)
#define BEGINNING_NS    (10 * REGIA_SECOND)

static gint64
shift_of (const RegiaTimelineBranch *branch, gint64 now_ns)
{
  return branch->shift_ns + (gint64)(branch->rate * (double)(now_ns - branch->shift_at_ns));
}

static void
steer_to (RegiaTimelineBranch *branch, double rate, gint64 now_ns)
{
  branch->shift_ns = shift_of (branch, now_ns);
  branch->shift_at_ns = now_ns;
  branch->rate = rate;
}

/* A place of its own in time, with a seam. What arrives is measured anew. */
static void
move (RegiaTimelineBranch *branch, gint64 by_ns)
{
  branch->shift_ns += by_ns;
  branch->moves++;
  branch->window_start_ns = 0;
  branch->late_windows = 0;
}

/* The timestamps themselves count from elsewhere, by @by_ns earlier; what is known of the way stays true. */
static void
count_from_elsewhere (RegiaTimelineBranch *branch, gint64 by_ns)
{
  regia_clock_line_move (&branch->line, by_ns);
  branch->window_least_ns += by_ns;
}

/* Sound that goes with the picture arrives earlier by its new time from now on; nothing else has changed. */
static void
move_both (RegiaTimeline *self, guint cause, gint64 by_ns)
{
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++) {
    move (&self->branches[i], by_ns);
    if (i != cause)
      self->branches[i].usual_ns -= by_ns;
  }
  regia_clock_line_clear (&self->branches[cause].line);
  self->resyncs++;
}

static void
move_alone (RegiaTimeline *self, guint index, gint64 by_ns)
{
  move (&self->branches[index], by_ns);
  regia_clock_line_clear (&self->branches[index].line);
  self->resyncs++;
}

static gboolean
has_picture (const RegiaTimeline *self, gint64 within_ns, gint64 now_ns)
{
  const RegiaTimelineBranch *picture = &self->branches[PICTURE];

  return picture->began_ns != 0 && now_ns - picture->arrived_ns < MAX (within_ns, 3 * picture->spacing_ns);
}

/* While it is learnt where a sender's clock begins. FALSE: not yet known. */
static gboolean
learn (RegiaTimeline *self, guint index, gint64 now_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index], *sound = &self->branches[SOUND];

  if (branch->known)
    return TRUE;
  if (index == SOUND && has_picture (self, PICTURE_GONE_NS, now_ns)) {
    branch->known = self->branches[PICTURE].known;
    return branch->known;
  }
  if (now_ns - branch->began_ns < LEARNING_NS)
    return FALSE;
  steer_to (branch, 0, now_ns);
  branch->shift_ns = branch->window_least_ns - QUICKEST_LATE_NS;
  branch->known = TRUE;
  if (index == SOUND)
    self->own_clock = TRUE;
  else {
    gint64 late_ns = sound->began_ns ? sound->window_least_ns - branch->shift_ns : 0;
    gboolean plausible = late_ns > -EARLY_MAX_NS && late_ns < REGIA_SECOND;

    /* Sound that waits for what the picture tells, and has a longer way, takes the picture with it. */
    if (!sound->known && plausible && late_ns > self->limit_ns / 2)
      branch->shift_ns += late_ns - self->limit_ns / 2;
    /* Sound that was there before its picture: better one seam than minutes in which lips come late. */
    if (sound->known)
      self->resyncs++;
    steer_to (sound, 0, now_ns);
    move (sound,
          (plausible ? branch->shift_ns : sound->window_least_ns - QUICKEST_LATE_NS) - sound->shift_ns);
    regia_clock_line_clear (&sound->line);
    sound->has_usual = FALSE;
    self->own_clock = FALSE;
  }
  branch->usual_ns = branch->window_least_ns - branch->shift_ns;
  branch->has_usual = TRUE;
  branch->window_start_ns = 0;
  return TRUE;
}

/* How late the quickest should be. Where there is no picture for sound to go with, and none for long, sound
 * is brought near to the present again. */
static gint64
wanted_late_ns (const RegiaTimeline *self, guint index, gint64 now_ns)
{
  if (index == SOUND && self->sender_clock && !has_picture (self, PICTURE_LOST_NS, now_ns))
    return QUICKEST_LATE_NS;
  return self->branches[index].usual_ns;
}

/* How far a branch has come away from where it should be, and how fast it goes on. */
static gint64
error_of (const RegiaTimeline *self, guint index, gint64 now_ns, double *ret_rate)
{
  const RegiaTimelineBranch *branch = &self->branches[index];
  gint64 late_ns;

  regia_clock_line_fit (&branch->line, now_ns, &late_ns, ret_rate);
  return late_ns - shift_of (branch, now_ns) - wanted_late_ns (self, index, now_ns);
}

/* Follows a branch's clock; the sound goes with the picture where it has no clock of its own. */
static void
follow (RegiaTimeline *self, guint index, gint64 now_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index];
  gboolean with_sound = index == PICTURE && !self->own_clock;
  double rate;
  gint64 error_ns = error_of (self, index, now_ns, &rate);
  gboolean gliding = wanted_late_ns (self, index, now_ns) != branch->usual_ns;

  if (branch->line.count >= WRONG_WINDOWS && ABS (error_ns) > WRONG_NS && !gliding) {
    /* One visible step, then right for good. */
    if (with_sound)
      move_both (self, index, error_ns);
    else
      move_alone (self, index, error_ns);
    return;
  }
  rate =
      CLAMP (rate, -RATE_MAX, RATE_MAX) + CLAMP ((double)error_ns / CATCH_UP_NS, -CATCH_UP_MAX, CATCH_UP_MAX);
  steer_to (branch, rate, now_ns);
  if (with_sound)
    steer_to (&self->branches[SOUND], rate, now_ns);
}

/* Sound and its picture arrive ever further apart: the sound has a clock of its own. What delays both alike
 * does not count. */
static gboolean
is_apart (const RegiaTimeline *self, gint64 now_ns)
{
  const RegiaTimelineBranch *picture = &self->branches[PICTURE];
  double rate;
  gint64 apart_ns = error_of (self, SOUND, now_ns, &rate);

  if (picture->has_usual && picture->line.count > 0)
    apart_ns -= error_of (self, PICTURE, now_ns, &rate);
  return ABS (apart_ns) > APART_NS;
}

/* Timestamps of the sound have leapt a little (a sender report has come: sound and picture lie right now),
 * and not because sound is missing: then it arrives earlier by just as much. */
static void
judge_step (RegiaTimelineBranch *sound, gint64 least_ns)
{
  gint64 earlier_ns = regia_clock_line_least (&sound->line, REGIA_CLOCK_LINE_POINTS) - least_ns;

  if (ABS (earlier_ns - sound->stepped_ns) < ABS (sound->stepped_ns) / 2) {
    regia_clock_line_clear (&sound->line);
    sound->usual_ns -= earlier_ns;
  }
  sound->stepped_ns = 0;
}

/* Nothing of whole windows was in time for the mixer: the way has become longer, or samples are missing that
 * nobody told of. A stall and its burst do not last as long. TRUE: moved. */
static gboolean
mend_lateness (RegiaTimeline *self, guint index, gint64 late_ns, gint64 now_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index];
  gint64 aim_ns =
      branch->has_usual && branch->usual_ns < self->limit_ns ? branch->usual_ns : self->limit_ns * 3 / 4;

  branch->late_windows = late_ns > self->limit_ns ? branch->late_windows + 1 : 0;
  if (branch->late_windows < (self->sender_clock ? 2u : 1u))
    return FALSE;
  /* From its beginning, or by its timestamps' own word: it is the way that is longer, and both must wait. */
  if (index == PICTURE || now_ns - branch->began_ns < BEGINNING_NS || branch->stepped_ns < 0 ||
      branch->usual_ns > self->limit_ns)
    move_both (self, index, late_ns - aim_ns);
  else
    move_alone (self, index, late_ns - aim_ns);
  branch->usual_ns = MIN (branch->usual_ns, aim_ns);
  branch->stepped_ns = 0;
  return TRUE;
}

static void
end_window (RegiaTimeline *self, guint index, gint64 now_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index];
  gint64 least_ns = branch->window_least_ns;

  branch->window_start_ns = 0;
  if (mend_lateness (self, index, least_ns - shift_of (branch, branch->window_least_at_ns), now_ns))
    return;
  if (index == SOUND && !self->own_clock && branch->stepped_ns != 0 && branch->line.count > 0)
    judge_step (branch, least_ns);
  regia_clock_line_add (&branch->line, branch->window_least_at_ns, least_ns);
  if (!branch->has_usual) {
    branch->usual_ns = regia_clock_line_least (&branch->line, USUAL_WINDOWS) - shift_of (branch, now_ns);
    branch->has_usual = branch->line.count >= USUAL_WINDOWS;
    return;
  }
  if (index == SOUND && !self->own_clock) {
    if (has_picture (self, PICTURE_GONE_NS, now_ns) ? !is_apart (self, now_ns) : !self->sender_clock)
      return;
    self->own_clock = TRUE;
  }
  if (index == SOUND || self->sender_clock)
    follow (self, index, now_ns);
}

/* Whether a timestamp cannot be what it says. GStreamer's decoders let no time go back: after a step back all
 * pictures have the last one's time until the row has reached it again, and then go on as if nothing had
 * been.
 * @ret_held_up: the row goes on, but much too late. */
static gboolean
is_odd (const RegiaTimelineBranch *branch, gint64 time_ns, gint64 now_ns, gboolean *ret_held_up)
{
  gint64 raw_ns = now_ns - time_ns, floor_ns = now_ns - branch->time_ns;
  gint64 last_ns = branch->candidate.count > 0 ? branch->candidate.arrived_ns : branch->arrived_ns;
  /* two at once are one too many: that is for the frame grid */
  gboolean stands_still = time_ns == branch->time_ns && now_ns - last_ns > branch->spacing_ns * 3 / 4;

  if (branch->line.count > 0)
    floor_ns = regia_clock_line_least (&branch->line, REGIA_CLOCK_LINE_POINTS);
  if (branch->window_start_ns != 0)
    floor_ns = branch->line.count > 0 ? MIN (floor_ns, branch->window_least_ns) : branch->window_least_ns;
  *ret_held_up = FALSE;
  if (stands_still || time_ns - branch->time_ns < -LEAP_NS || raw_ns < floor_ns - LEAP_NS)
    return TRUE;
  if (branch->stuck && raw_ns > floor_ns + STEP_NS)
    return TRUE;
  *ret_held_up = raw_ns > floor_ns + HELD_UP_NS;
  return *ret_held_up;
}

/* Where the row goes on: by its own pace, or by the clock on the wall when that says something else. */
static gint64
place_next (const RegiaTimelineBranch *branch, gint64 now_ns)
{
  gint64 next_ns = branch->mapped_ns + branch->spacing_ns, late_ns = now_ns - next_ns;

  return branch->spacing_ns > 0 && ABS (late_ns - branch->late_ns) < LEAP_NS ? next_ns
                                                                             : now_ns - branch->late_ns;
}

static gboolean
take_odd (RegiaTimeline *self, guint index, gint64 time_ns, gint64 now_ns, gboolean held_up,
          gint64 *ret_time_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index];
  gint64 passed_ns = now_ns - branch->candidate.arrived_ns, went_ns = time_ns - branch->candidate.time_ns,
         late_ns = now_ns - time_ns, by_ns;
  gboolean goes_on = branch->candidate.count > 0 && held_up == branch->candidate.held_up && went_ns > 0 &&
                     went_ns < passed_ns + LEAP_NS &&
                     (!held_up || ABS (late_ns - branch->candidate.began_late_ns) < SAME_LATE_NS);

  if (!goes_on) {
    branch->candidate.count = 0;
    branch->candidate.held_up = held_up;
    branch->candidate.began_ns = now_ns;
    branch->candidate.began_late_ns = late_ns;
  }
  branch->candidate.count++;
  branch->stuck |= time_ns <= branch->time_ns;
  branch->candidate.time_ns = time_ns;
  branch->candidate.arrived_ns = now_ns;
  /* Timestamps that never say anything: by the clock on the wall then. */
  if (!branch->known && now_ns - branch->began_ns > 2 * LEARNING_NS) {
    branch->late_ns = QUICKEST_LATE_NS;
    branch->mapped_ns = now_ns - branch->late_ns - branch->spacing_ns;
    branch->known = TRUE;
  }
  *ret_time_ns = held_up ? now_ns - branch->late_ns : place_next (branch, now_ns);
  if (branch->candidate.count >= LEAP_BUFFERS &&
      (!held_up || now_ns - branch->candidate.began_ns >= HELD_UP_FOR)) {
    by_ns = *ret_time_ns - time_ns - shift_of (branch, now_ns);
    branch->shift_ns += by_ns;
    branch->moves++;
    self->resyncs++;
    count_from_elsewhere (branch, by_ns);
    branch->candidate.count = 0;
    branch->stuck = FALSE;
    branch->time_ns = time_ns;
    branch->arrived_ns = now_ns;
  } else if (held_up)
    return FALSE;
  branch->mapped_ns = *ret_time_ns;
  return branch->known || !self->sender_clock;
}

static void
begin (RegiaTimeline *self, guint index, gint64 time_ns, gint64 now_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index];
  gint64 late_ns = now_ns - time_ns - shift_of (branch, now_ns);

  branch->began_ns = branch->arrived_ns = now_ns;
  branch->time_ns = time_ns;
  /* Far from the present, a timestamp means nothing; of a sender's it does not in any case. */
  if ((late_ns > HELD_UP_NS || late_ns < -EARLY_MAX_NS) &&
      (!self->sender_clock || self->branches[PICTURE].known)) {
    branch->shift_ns += late_ns - USUAL_LATE_NS;
    branch->moves++;
    self->resyncs++;
  }
}

/* What a timestamp that is believed tells of its branch. */
static void
measure (RegiaTimelineBranch *branch, gboolean sound, gint64 time_ns, gint64 now_ns)
{
  gint64 went_ns = time_ns - branch->time_ns, step_ns = went_ns - branch->spacing_ns;
  gint64 missed_ns = now_ns - branch->arrived_ns - branch->spacing_ns;

  if (sound && branch->spacing_ns > 0 && ABS (step_ns) >= STEP_NS &&
      ABS (missed_ns - step_ns) > ABS (step_ns) / 2) {
    branch->stepped_ns += step_ns;
    branch->window_start_ns = 0;
  }
  if (time_ns > branch->time_ns)
    branch->spacing_ns +=
        branch->spacing_ns == 0 ? went_ns : (MIN (went_ns, 4 * branch->spacing_ns) - branch->spacing_ns) / 8;
  branch->time_ns = time_ns;
  branch->arrived_ns = now_ns;
  if (branch->window_start_ns == 0 || now_ns - time_ns < branch->window_least_ns) {
    branch->window_least_ns = now_ns - time_ns;
    branch->window_least_at_ns = now_ns;
  }
  if (branch->window_start_ns == 0)
    branch->window_start_ns = now_ns;
}

gboolean
regia_timeline_map (RegiaTimeline *self, guint index, gint64 time_ns, gint64 now_ns, gint64 *ret_time_ns)
{
  RegiaTimelineBranch *branch = &self->branches[index];
  gboolean held_up, known;

  if (branch->began_ns == 0)
    begin (self, index, time_ns, now_ns);
  else if (is_odd (branch, time_ns, now_ns, &held_up))
    return take_odd (self, index, time_ns, now_ns, held_up, ret_time_ns);
  branch->candidate.count = 0;
  branch->stuck = FALSE;
  measure (branch, index == SOUND, time_ns, now_ns);
  known = !self->sender_clock || learn (self, index, now_ns);
  if (known && branch->window_start_ns != 0 && now_ns - branch->window_start_ns >= WINDOW_NS)
    end_window (self, index, now_ns);
  *ret_time_ns = branch->mapped_ns = time_ns + shift_of (branch, now_ns);
  branch->late_ns = now_ns - branch->mapped_ns;
  return known;
}

gint64
regia_timeline_apart (const RegiaTimeline *self, gint64 now_ns)
{
  gint64 error_ns[REGIA_TIMELINE_BRANCHES];

  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++) {
    const RegiaTimelineBranch *branch = &self->branches[i];
    double rate;

    if (!branch->has_usual || branch->line.count == 0 || now_ns - branch->arrived_ns > PICTURE_GONE_NS)
      return 0;
    error_ns[i] = error_of (self, i, now_ns, &rate);
  }
  return error_ns[PICTURE] - error_ns[SOUND];
}

double
regia_timeline_rate (const RegiaTimeline *self, guint index)
{
  return self->branches[index].rate;
}
