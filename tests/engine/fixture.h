/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/base/clock.h"
#include "regia/config/config.h"
#include "regia/engine/core.h"
#include "regia/feed/log.h"

/**
 * A whole engine without its process: real pipelines, real encoders, real time. A test starts one with an
 * event file's text, waits for what should happen, stops it, and reads the feed log.
 */
#define SEGMENT_NS (2 * REGIA_SECOND)

typedef struct {
  RegiaConfig *config;
  RegiaEpoch epoch;
  RegiaFeedLog *log;
  RegiaEngine *engine;
  GMainLoop *loop;
  gboolean ready;
  /* what is waited for */
  gboolean (*condition) (gpointer data);
  gpointer condition_data;
  gint64 deadline_ns;
  gboolean met;
} Fixture;

/** The picture of a decoded track: for each frame its number (−1: no marks, the slate), whether it flashes,
 * and its time. */
typedef struct {
  GArray *frames, *flashes, *pts; /* (element-type gint64) */
} Picture;

void picture_clear (Picture *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

/** with_source: (transfer full): an event of two small renditions, video/360p and video/180p, and audio/it
 * from the source "camera", which
 * @source describes. */
char *with_source (const char *source);

/** write_pipeline: (transfer full): path of a pipeline file of the test's own, in a folder of its own.
 * @header: its `# param` lines, or "". remove_pipeline(): both go. */
char *write_pipeline (const char *needs, const char *header, const char *text);
void remove_pipeline (const char *path);

/** fixture_start: in a show that began a minute ago: nothing may depend on show time being near 0.
 * fixture_start_after_reboot: in one that began before the machine did. */
void fixture_start (Fixture *self, const char *text);
void fixture_start_after_reboot (Fixture *self, const char *text);
void fixture_stop (Fixture *self);
void fixture_clear (Fixture *self);

/** wait_for: runs the main context until @condition, looked at every 20 ms, holds; %FALSE when it does not
 * within @seconds. */
gboolean wait_for (Fixture *self, gboolean (*condition) (gpointer), gpointer data, double seconds);
/** run_for: lets @seconds of show time pass. */
void run_for (Fixture *self, double seconds);

/** packets_of: (transfer full) (element-type RegiaPacket): all packets of a track. */
GPtrArray *packets_of (Fixture *self, const char *track);

/** check_video: frames on the grid, keyframes at the first frame of each segment and at the very first; holes
 * are marked, and with @complete (the first rendition, which nothing excuses) there are none. */
void check_video (GPtrArray *packets, guint least, gboolean complete);
/** check_audio: counted in samples, each packet begins where the one before ended. */
void check_audio (GPtrArray *packets, gint64 packet_samples, guint least);

/** decoder_new, feed_decoder: an appsrc, @decode and an appsink called "out" for a track's packets. */
GstElement *decoder_new (const RegiaTrack *track, const char *caps_text, const char *decode);
void feed_decoder (GstElement *pipeline, GPtrArray *packets);
Picture decode_picture (Fixture *self, const char *name, GPtrArray *packets);
/** check_numbers: every frame of the source is there, in order: its numbers are burnt in. Returns: how many.
 */
guint check_numbers (Fixture *self, const char *track, GPtrArray *packets);

/** What the engine says of a source. */
typedef struct {
  char *state, *error;
  guint64 restarts;
  gboolean has_video;
} SourceState;

void source_state_clear (SourceState *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SourceState, source_state_clear)

/** first_source: (transfer full): of the event. */
SourceState first_source (Fixture *self);
/** is_live: a condition for wait_for(): the first source gives a picture. @data: the Fixture. */
gboolean is_live (gpointer data);
