/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include "../../src/engine/run-private.h"

/**
 * One run of a source without programme and supervision: what it hands over can be looked at, buffer by
 * buffer, and what it says when it ends. Pictures come as I420 of WIDTH × HEIGHT.
 */
#define WIDTH  320
#define HEIGHT 240

typedef struct {
  RegiaRunPlan *plan;
  RegiaRun *run;
  GstElement *pipeline, *picture, *sound; /* appsinks in the pipeline, behind what the run pushes to */
  char *folder;                           /* for files of the test's own */
} RunFixture;

/** run_fixture_init: @rate: pictures a second that the programme is to have. run_fixture_start: from a
 * pipeline file's text; again after run_fixture_end(). */
void run_fixture_init (RunFixture *self, guint rate);
void run_fixture_start (RunFixture *self, const char *text);
/** run_fixture_end: stops the run and waits until it is gone. */
void run_fixture_end (RunFixture *self);
void run_fixture_clear (RunFixture *self);

/** run_fixture_pull: (transfer full): the next buffer of an appsink, waiting for 20 s at most; fails the test
 * when none comes, and names why. */
GstSample *run_fixture_pull (RunFixture *self, GstElement *sink);
/** run_fixture_error: (transfer full): waits until the run has ended; its words. */
char *run_fixture_error (RunFixture *self);
/** run_fixture_path: (transfer full): a file of that name in the test's own folder. */
char *run_fixture_path (RunFixture *self, const char *name);
