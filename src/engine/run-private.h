/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include "channels-private.h"
#include "convert-private.h"
#include "decoders-private.h"
#include "health-private.h"
#include "iso-private.h"
#include "meter-private.h"
#include "mix-wait-private.h"
#include "preview-private.h"
#include "regia/base/clock.h"
#include "timeline-private.h"

/** What a run is made from: immutable, outlives its runs (reference counted). */
typedef struct {
  gatomicrefcount ref_count;
  char *name;       /* of the source */
  char *where;      /* "capture/rtsp": for errors */
  char *text;       /* gst-launch text with parameters filled in */
  char **secrets;   /* (nullable) values in the text that are never shown */
  char *video_caps; /* the programme's formats, which each run converts to */
  char *audio_caps;
  guint rate_num, rate_den;
  RegiaEpoch epoch;
  RegiaConvertCut cut;      /* what of its picture is used */
  guint channels[2];        /* for left and right; see regia_convert_sound_new() */
  gint64 delay_ns;          /* added to each timestamp */
  gint64 late_limit_ns;     /* see RegiaTimeline */
  gboolean sender_clock;    /* see RegiaPipelineFile */
  int ingest_fd;            /* (unowned): see regia_ingest_link() */
  gboolean find_plugins;    /* an element was missing at the last start: look for what was installed since */
  GPtrArray *video_targets; /* (element-type GstAppSrc) (owned) where pictures go; at most 1 */
  GPtrArray *audio_targets; /* (element-type GstAppSrc) (owned) one for each language that has this source */
  RegiaPreview *preview;    /* (owned) (nullable) of its picture, likewise */
  RegiaMixWait *wait;       /* (owned) (nullable) told how late everything comes */
  RegiaIso *iso;            /* (owned) (nullable) its own tracks, whichever run brings something for them */
  RegiaMeter *meter;        /* (owned) (nullable) of its sound, whichever run brings it */
  RegiaDecoders *decoders;  /* (owned) of its picture, likewise */
} RegiaRunPlan;

RegiaRunPlan *regia_run_plan_new (void);
RegiaRunPlan *regia_run_plan_ref (RegiaRunPlan *self);
void regia_run_plan_unref (RegiaRunPlan *self);

/** regia_run_plan_renew: (transfer full): @self with another text, without secrets; its targets are shared.
 */
RegiaRunPlan *regia_run_plan_renew (RegiaRunPlan *self, const char *text, gboolean sender_clock,
                                    gboolean find_plugins);

typedef enum {
  REGIA_RUN_OK,
  REGIA_RUN_ERROR,       /* an element gave up */
  REGIA_RUN_UNAVAILABLE, /* an element is missing, text or password is wrong: trying again soon is of no use
                          */
  REGIA_RUN_ENDED,       /* the stream is over */
} RegiaRunEnd;

/** What is known of a run; a copy. Times are CLOCK_MONOTONIC ns, 0 for never. */
typedef struct {
  gint64 started_ns;
  RegiaHealthBranch branches[REGIA_TIMELINE_BRANCHES]; /* picture, sound */
  guint64 frames;
  gboolean black;  /* see RegiaHandOverStats */
  gint64 still_ns; /* … */
  gboolean live;   /* a live source; else it is played in a loop */
  gboolean waits;  /* for a sender, who may come when he likes; nothing is wrong */
  gint64 came_ns;  /* when he came, 0 where nobody is waited for */
  gboolean ended;  /* nothing more will come; see end and error */
  gboolean again;  /* it ended by a decoder that the next one does without */
  gboolean gone;   /* its pipeline is shut down */
  RegiaRunEnd end;
  double level_db;  /* loudest channel, −120 when silent or unknown */
  guint64 resyncs;  /* see RegiaHandOverStats */
  double drift_ppm; /* see RegiaDriftStats */
  gint64 apart_ns;  /* see regia_timeline_apart() */
  RegiaChannelsUse channels;
} RegiaRunInfo;

/**
 * RegiaRun: one life of a source: pipeline built, played, shut down, all on a thread of its own, because any
 * of the three may hang in a driver. It pushes converted buffers to its targets until it is stopped; whoever
 * owns it only asks how it is.
 */
typedef struct _RegiaRun RegiaRun;

/** regia_run_start: @segment_loop: whether to loop by segment seeks, as long as the source is not live. Main
 * thread. */
RegiaRun *regia_run_start (RegiaRunPlan *plan, gboolean segment_loop);

/** regia_run_stop: asks it to end. What arrives after the return of this call is pushed no more; one buffer
 * of each branch, that was on its way, still may be. Any thread; again does no harm. */
void regia_run_stop (RegiaRun *self);

/** regia_run_get_info: any thread. */
void regia_run_get_info (RegiaRun *self, RegiaRunInfo *ret_info);
/** regia_run_get_error: (transfer full): why it ended, in words without secrets; "" when it has not. Any
 * thread. */
char *regia_run_get_error (RegiaRun *self);
/** regia_run_get_note: (transfer full): what is not as it should be although it runs, in words; "". Any
 * thread. */
char *regia_run_get_note (RegiaRun *self);
/** regia_run_seek_refused: the source is not live and cannot be looped by segment seeks. Any thread. */
gboolean regia_run_seek_refused (RegiaRun *self);

/** regia_run_wait_gone: waits until the pipeline is shut down, or @until_ns (CLOCK_MONOTONIC). Any thread but
 * the run's own. */
gboolean regia_run_wait_gone (RegiaRun *self, gint64 until_ns);

/** regia_run_free: lets go of it. A run that hangs lives on without its owner; one that runs is stopped. */
void regia_run_free (RegiaRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRun, regia_run_free)
