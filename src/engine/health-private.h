/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "timeline-private.h"

/** What is known of one branch of a run. Times are CLOCK_MONOTONIC ns, 0 for never. */
typedef struct {
  gboolean wanted;     /* somebody is to see or hear it */
  gint64 announced_ns; /* the far end said that it has one; 0 also where far ends say nothing */
  gboolean linked;     /* … and it goes somewhere */
  gint64 coded_ns;     /* something of it came, decoded or not */
  gint64 decoded_ns;   /* a picture or sound came out */
  gint64 first_ns;     /* … for the first time */
  gint64 data_ns;      /* … and was passed on */
  gint64 longest_ns;   /* longest time between two of the last, 0 until there are two */
} RegiaHealthBranch;

typedef enum { REGIA_HEALTH_STARTING, REGIA_HEALTH_LIVE, REGIA_HEALTH_STALLED } RegiaHealthState;

/** The verdict. */
typedef struct {
  RegiaHealthState state;
  gboolean stop;    /* the run is of no use: stop it, and start another */
  gboolean patient; /* … but not soon again, since it takes the other branch with it */
  gint64 hold_ns;   /* how long a picture may stand before the slate takes its place */
  char *words;      /* (owned): what is not as it should be, or "" */
} RegiaHealth;

void regia_health_clear (RegiaHealth *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaHealth, regia_health_clear)

/**
 * regia_health_judge:
 * @branches: picture, sound
 * @live: a live source; else it is played from something that can be played again
 * @started_ns: when the run began
 * @patience_ns: how long a picture that is missing is borne for the sake of the sound beside it
 *
 * Each branch is judged by itself: what one does not give is no reason to take away what the other gives.
 * Pure.
 */
RegiaHealth regia_health_judge (const RegiaHealthBranch branches[REGIA_TIMELINE_BRANCHES], gboolean live,
                                gint64 started_ns, gint64 patience_ns, gint64 now_ns);
