/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "health-private.h"

#include "regia/base/clock.h"

/*
 * Decisions about a run as functions of values; RegiaSource carries them out.
 *
 *   all that ever came has stopped for 2 s              the run is stopped
 *   the picture has stopped, the sound goes on          said; stopped when the patience is over
 *   the sound has stopped, the picture goes on          said, no more: microphones are switched off, and some
 *                                                       cameras send nothing while nobody speaks
 *   a branch is announced and nothing of it comes       an error with its name after 5 s
 *   packets come, and no picture yet                    a keyframe is waited for; they may be 30 s apart
 *   few pictures come (slides)                          they stand until three times their distance has
 * passed
 */

#define STALL_SHOWN_NS  REGIA_SECOND
#define STALL_NS        (2 * REGIA_SECOND)
#define FIRST_DATA_NS   (10 * REGIA_SECOND)
#define FIRST_SHOWN_NS  (5 * REGIA_SECOND)
#define ANNOUNCED_NS    (5 * REGIA_SECOND)
#define SECOND_NS       (10 * REGIA_SECOND) /* the second picture, of which the first tells nothing yet */
#define KEYFRAME_MAX_NS (2 * 60 * REGIA_SECOND)
#define HOLD_MIN_NS     (500 * REGIA_MSECOND)
#define HOLD_MAX_NS     (60 * REGIA_SECOND)
#define DISTANCES       3

enum { PICTURE, SOUND };

void
regia_health_clear (RegiaHealth *self)
{
  g_clear_pointer (&self->words, g_free);
}

static gint64
since (gint64 then_ns, gint64 now_ns)
{
  return then_ns == 0 ? G_MAXINT64 : now_ns - then_ns;
}

/* How long nothing may come before something is wrong. */
static gint64
patience_of (const RegiaHealthBranch *branch, guint kind, gboolean live)
{
  if (kind == PICTURE && live && branch->longest_ns == 0)
    return SECOND_NS;
  return kind == PICTURE ? CLAMP (DISTANCES * branch->longest_ns, STALL_NS, HOLD_MAX_NS) : STALL_NS;
}

static gboolean
is_silent (const RegiaHealthBranch *branch, guint kind, gboolean live, gint64 now_ns)
{
  return since (branch->data_ns, now_ns) > patience_of (branch, kind, live);
}

static void
say (RegiaHealth *self, const char *words)
{
  g_free (self->words);
  self->words = g_strdup (words);
}

static void
say_seconds (RegiaHealth *self, const char *what, gint64 since_ns)
{
  g_free (self->words);
  self->words = g_strdup_printf ("%s for %" G_GINT64_FORMAT " s", what, since_ns / REGIA_SECOND);
}

/* Nothing has been passed on yet. */
static void
judge_start (RegiaHealth *self, const RegiaHealthBranch *branches, gint64 started_ns, gint64 now_ns)
{
  gint64 until_ns = started_ns + FIRST_DATA_NS;
  gboolean coded = FALSE, decoded = FALSE;

  self->state = REGIA_HEALTH_STARTING;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++) {
    if (branches[i].first_ns)
      until_ns = MAX (until_ns, branches[i].first_ns + FIRST_SHOWN_NS);
    decoded |= branches[i].first_ns != 0;
    coded |= since (branches[i].coded_ns, now_ns) < STALL_NS && branches[i].linked;
  }
  if (coded && !decoded) {
    until_ns = started_ns + KEYFRAME_MAX_NS;
    if (now_ns - started_ns > ANNOUNCED_NS)
      say (
          self,
          "waits for a keyframe: the connection delivers, and no picture can be made of it before one comes; "
          "set the camera's keyframe distance (GOP) to 1 or 2 s");
  }
  if (now_ns <= until_ns)
    return;
  self->stop = TRUE;
  if (coded && !decoded)
    say (self, "no keyframe for two minutes; set the camera's keyframe distance (GOP) to 1 or 2 s");
  else
    say (self, "no data within 10 s of starting");
}

/* A branch that has given nothing although the other one runs. */
static void
judge_missing (RegiaHealth *self, const RegiaHealthBranch *branch, guint kind, gint64 patience_ns,
               gint64 now_ns)
{
  const char *name = kind == PICTURE ? "picture" : "sound";
  gint64 waited_ns = since (branch->announced_ns, now_ns);
  g_autofree char *words = NULL;

  if (branch->announced_ns == 0 || !branch->wanted || branch->decoded_ns != 0 || waited_ns <= ANNOUNCED_NS)
    return;
  if (!branch->linked) {
    words = g_strdup_printf ("its %s is announced and could not be connected", name);
    self->stop = TRUE;
  } else if (since (branch->coded_ns, now_ns) < STALL_NS && kind == PICTURE) {
    words =
        g_strdup ("its picture waits for a keyframe; set the camera's keyframe distance (GOP) to 1 or 2 s");
    self->stop = self->patient = waited_ns > MAX (KEYFRAME_MAX_NS, patience_ns);
  } else {
    words = g_strdup_printf ("its %s is announced and does not come; look at the %s settings of the camera",
                             name, kind == PICTURE ? "video" : "audio");
    self->stop = self->patient = kind == PICTURE && waited_ns > MAX (FIRST_DATA_NS, patience_ns);
  }
  if (kind == PICTURE)
    self->state = REGIA_HEALTH_STARTING;
  say (self, words);
}

/* Of a file the least silent branch decides, since its sound may be shorter than its picture. */
static void
judge_played (RegiaHealth *self, const RegiaHealthBranch *branches, gint64 now_ns)
{
  gint64 least_ns = MIN (since (branches[PICTURE].data_ns, now_ns), since (branches[SOUND].data_ns, now_ns));
  gint64 limit_ns = branches[PICTURE].data_ns ? patience_of (&branches[PICTURE], PICTURE, FALSE) : STALL_NS;

  self->state = least_ns > limit_ns / 2 ? REGIA_HEALTH_STALLED : REGIA_HEALTH_LIVE;
  if (least_ns <= limit_ns)
    return;
  self->stop = TRUE;
  say (self, branches[PICTURE].data_ns ? "no picture for 2 s" : "no sound for 2 s");
}

static void
judge_live (RegiaHealth *self, const RegiaHealthBranch *branches, gint64 patience_ns, gint64 now_ns)
{
  const RegiaHealthBranch *picture = &branches[PICTURE], *sound = &branches[SOUND];
  gboolean sounds = since (sound->data_ns, now_ns) <= STALL_NS;
  gint64 since_ns = since (picture->data_ns, now_ns);

  self->state = REGIA_HEALTH_LIVE;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    if (branches[i].data_ns == 0)
      judge_missing (self, &branches[i], i, patience_ns, now_ns);
  if (picture->data_ns && is_silent (picture, PICTURE, TRUE, now_ns)) {
    gboolean keyframe = since (picture->coded_ns, now_ns) < STALL_NS;

    self->state = REGIA_HEALTH_STALLED;
    self->stop = keyframe ? since_ns > MAX (KEYFRAME_MAX_NS, patience_ns) : !sounds || since_ns > patience_ns;
    self->patient = sounds;
    if (keyframe)
      say (self, "its picture waits for a keyframe");
    else
      say_seconds (self, "no picture", since_ns);
  } else if (sound->data_ns && !sounds) {
    if (picture->data_ns == 0) {
      self->state = REGIA_HEALTH_STALLED;
      self->stop = TRUE;
    }
    say_seconds (self, "no sound", since (sound->data_ns, now_ns));
  } else if (picture->data_ns ? since_ns > MAX (STALL_SHOWN_NS, patience_of (picture, PICTURE, TRUE) / 2)
                              : since (sound->data_ns, now_ns) > STALL_SHOWN_NS)
    self->state = REGIA_HEALTH_STALLED;
}

RegiaHealth
regia_health_judge (const RegiaHealthBranch branches[REGIA_TIMELINE_BRANCHES], gboolean live,
                    gint64 started_ns, gint64 patience_ns, gint64 now_ns)
{
  const RegiaHealthBranch *picture = &branches[PICTURE];
  RegiaHealth verdict = {.words = g_strdup ("")};

  if (picture->data_ns && picture->longest_ns == 0)
    verdict.hold_ns = SECOND_NS;
  else
    verdict.hold_ns = picture->longest_ns * DISTANCES > 2 * HOLD_MIN_NS
                          ? MIN (picture->longest_ns * DISTANCES, HOLD_MAX_NS)
                          : HOLD_MIN_NS;
  if (branches[PICTURE].data_ns == 0 && branches[SOUND].data_ns == 0)
    judge_start (&verdict, branches, started_ns, now_ns);
  else if (live)
    judge_live (&verdict, branches, patience_ns, now_ns);
  else
    judge_played (&verdict, branches, now_ns);
  return verdict;
}
