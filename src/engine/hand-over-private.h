/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "channels-private.h"
#include "drift-private.h"
#include "glance-private.h"
#include "iso-tap-private.h"
#include "pacer-private.h"
#include "run-private.h"
#include "timeline-private.h"

/** Messages that it posts on the bus: the first buffer of a source that is not live is there; a branch is at
 * its end. */
#define REGIA_HAND_OVER_PREROLL "regia-preroll"
#define REGIA_HAND_OVER_END     "regia-end"

enum { REGIA_HAND_OVER_VIDEO, REGIA_HAND_OVER_AUDIO };

typedef struct {
  gint64 data_ns[REGIA_TIMELINE_BRANCHES];    /* CLOCK_MONOTONIC of the last buffer, 0 for never */
  gint64 decoded_ns[REGIA_TIMELINE_BRANCHES]; /* … whether it was passed on or not */
  gint64 first_ns[REGIA_TIMELINE_BRANCHES];   /* … of the first */
  gint64
      longest_ns[REGIA_TIMELINE_BRANCHES]; /* longest time between two of the last 8, 0 until there are two */
  guint64 frames;
  gboolean black;  /* the last pictures are */
  gint64 still_ns; /* for so long the picture has not changed, see regia_glance_still_ns() */
  guint64 resyncs; /* how often the source's time had to be set anew; what is done within a second is one */
  RegiaDriftStats drift;
  gint64 apart_ns; /* how much later its sound is than its picture, see regia_timeline_apart() */
  RegiaChannelsUse channels;
} RegiaHandOverStats;

typedef struct _RegiaHandOver RegiaHandOver;

#define REGIA_HAND_OVER_DISTANCES 8

typedef struct {
  RegiaHandOver *owner; /* (unowned) */
  guint kind;
  GPtrArray *targets; /* (unowned) the plan's */
  int at_end;         /* atomic: nothing more comes here */
  /* streaming thread of this branch only */
  RegiaPacer pacer;
  RegiaGlance glance; /* of the picture */
  gboolean clean;     /* a whole picture has come */
  RegiaDrift *drift;  /* (owned) (nullable) of the sound of a live source */
  GstCaps *caps;      /* (owned) (nullable) of the last sound */
  guint64 moves;      /* of the timeline's branch, when last seen */
  /* with the owner's lock */
  gint64 distances_ns[REGIA_HAND_OVER_DISTANCES]; /* between the last ones passed on */
  guint distance;
} RegiaHandOverBranch;

/** RegiaHandOver: see hand-over.c. A part of RegiaRun; initialised once. */
struct _RegiaHandOver {
  const RegiaRunPlan *plan; /* (unowned) */
  GstBus *bus;              /* (unowned) */
  GstElement *pipeline;     /* (unowned) set before anything is appended */
  RegiaIsoTap *iso;         /* (unowned) (nullable) likewise */
  RegiaHandOverBranch branches[REGIA_TIMELINE_BRANCHES];
  GMutex lock; /* guards what follows */
  RegiaTimeline timeline;
  RegiaHandOverStats stats;
  guint64 moves;    /* of timeline and drift, when last seen */
  gint64 resync_ns; /* CLOCK_MONOTONIC of the last one that was counted */
  gboolean closed;
  GstElement *channels; /* (owned) (nullable) see regia_convert_sound_new() */
};

void regia_hand_over_init (RegiaHandOver *self, const RegiaRunPlan *plan, GstBus *bus);
void regia_hand_over_clear (RegiaHandOver *self);

/** regia_hand_over_append: takes what comes out of the pipeline's element `video` or `audio`; %TRUE as well
 * when there is no such element. Errors: REGIA_ERROR_CONFIG. The run's thread, before playing. */
gboolean regia_hand_over_append (RegiaHandOver *self, guint kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_hand_over_set_live: a live source is not held up: its buffers are handed on as they come, its sound
 * in step with show time. Others wait until their time has come. The run's thread, before playing. */
void regia_hand_over_set_live (RegiaHandOver *self);

/** regia_hand_over_close: what arrives from now on is not pushed; a buffer on its way still may be. Any
 * thread. */
void regia_hand_over_close (RegiaHandOver *self);
void regia_hand_over_get_stats (RegiaHandOver *self, RegiaHandOverStats *ret_stats);
/** regia_hand_over_is_at_end: every branch that ever gave data is at its end; the pipeline itself would wait
 * for a branch that the file has nothing for. Any thread. */
gboolean regia_hand_over_is_at_end (RegiaHandOver *self);
