/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/base/clock.h"
#include "regia/config/config.h"
#include "regia/feed/log.h"

/**
 * RegiaEngine: capture, mix and encode, into a feed log: the engine without its process, which adds the
 * feed's socket and the control connection. Belongs to the main thread and its default main context, which
 * must be running; functions say when it is otherwise.
 */
typedef struct _RegiaEngine RegiaEngine;

/** What the owner is told, on the main context. */
typedef struct {
  /** All tracks are in the log's table and packets flow; once. */
  void (*ready_cb) (gpointer user_data);
  /** The programme gave up; only a new engine helps. At most once. */
  void (*failed_cb) (const GError *error, gpointer user_data);
} RegiaEngineCallbacks;

/**
 * regia_engine_new:
 * @config: the event; a reference is taken
 * @epoch: of the show; copied
 * @log: (transfer none): receives tracks and packets; outlives the engine
 *
 * Initialises GStreamer and builds the programme. Errors: REGIA_ERROR_UNAVAILABLE (element missing),
 * REGIA_ERROR_CONFIG.
 */
RegiaEngine *regia_engine_new (RegiaConfig *config, const RegiaEpoch *epoch, RegiaFeedLog *log,
                               const RegiaEngineCallbacks *callbacks, gpointer user_data,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_engine_set_ingest: the way to the listener, for the sources that are sent to: a descriptor that
 * stays open (REGIA_CHILD_INGEST_FD). Without it they only say so. Before the start; main thread. */
void regia_engine_set_ingest (RegiaEngine *self, int fd);

/** regia_engine_start: begins to mix, and starts every source. Errors: REGIA_ERROR_MEDIA. */
gboolean regia_engine_start (RegiaEngine *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_engine_show:
 * @name: of a scene, see config/scene.h
 * @fade_ms: how long it takes to come; negative: as the event file says
 * @held: it is shown however its sources are; otherwise its backup takes its place while one is in trouble
 *
 * Shows it from the next frame on; what is shown already stays as it is. Returns: %FALSE where there is no
 * such scene. Main thread.
 */
gboolean regia_engine_show (RegiaEngine *self, const char *name, int fade_ms,
                            gboolean held) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_engine_set_sources:
 * @config: the event with the sources that are on from now on; a reference is taken. Of the rest of it only
 * what concerns them is looked at: which languages they are heard in, and how loud
 *
 * New ones are begun and get their places, those that are not there any more lose them between two frames,
 * and what is different of one begins that one anew; the others and the programme go on undisturbed. Where
 * the scene that is shown is gone, the first one is shown. Main thread.
 */
void regia_engine_set_sources (RegiaEngine *self, RegiaConfig *config);

/** regia_engine_set_caption: what the caption bar over the picture says; it fades in and out, but for what is
 * said before the start. Main thread.
 * @name: "" for no bar
 * @line: "" for none */
void regia_engine_set_caption (RegiaEngine *self, const char *name, const char *line);

/** regia_engine_set_tone: 1 kHz at −20 dBFS in place of every language's mix; while the scene bars of [look]
 * slates is shown it is there anyway. Main thread. */
void regia_engine_set_tone (RegiaEngine *self, gboolean on);

/** How loud a source is in a language. */
typedef struct {
  const char *language, *source;
  int gain; /* tenths of a dB, REGIA_CONFIG_GAIN_MIN … REGIA_CONFIG_GAIN_MAX */
  gboolean muted;
} RegiaEngineGain;

/** regia_engine_set_gains: those that are not as the event file says; all others are. A change is a ramp of
 * 60 ms from the sound that is captured now on; before the start there is none. Main thread.
 * @gains: (array length=count) */
void regia_engine_set_gains (RegiaEngine *self, const RegiaEngineGain *gains, guint count);

/** regia_engine_set_wanted: which tracks of the feed somebody reads, bit i for track i: previews are made
 * only of those. Main thread; cheap. */
void regia_engine_set_wanted (RegiaEngine *self, guint64 tracks);

/** regia_engine_get_scene: (transfer none): name of the scene that is shown; "" for none. Main thread. */
const char *regia_engine_get_scene (RegiaEngine *self);

/**
 * regia_engine_force_keyframe: in every rendition alike the first picture at or after show time @from_ns,
 * which is now or later, is a keyframe. Segments still begin on multiples of their length: this one lies
 * within. Main thread.
 */
void regia_engine_force_keyframe (RegiaEngine *self, gint64 from_ns);

/**
 * regia_engine_end: no frame enters an encoder any more; returns at once. Main thread.
 *
 * regia_engine_drain: then, lets the encoders finish, at most @timeout_ms, and stops the sources. Nothing is
 * appended to the log afterwards unless it returns %FALSE: then something hangs, and regia_engine_free()
 * would hang with it. Any one thread; blocks.
 */
void regia_engine_end (RegiaEngine *self);
gboolean regia_engine_drain (RegiaEngine *self, guint timeout_ms) G_GNUC_WARN_UNUSED_RESULT;

/** regia_engine_free: shuts everything down. */
void regia_engine_free (RegiaEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEngine, regia_engine_free)

/**
 * regia_engine_is_healthy:
 * @ret_why: (out) (transfer full): in words, when %FALSE is returned
 *
 * %FALSE when frames go into an encoder and no packet has come out for 3 s, or when for 5 s the mix has not
 * advanced or nothing has gone into an encoder. @ret_why is untouched otherwise.
 */
gboolean regia_engine_is_healthy (RegiaEngine *self, char **ret_why) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_engine_get_state: (transfer floating): a{sv} with the keys ready, frames, frames-dropped, scene,
 * scene-for, scene-why, slate-error, blank-error, sources, renditions and audios of "Process.State of engine"
 * in control/org.regia.control.xml. Rates are measured from one call to the next: call about once a second.
 */
GVariant *regia_engine_get_state (RegiaEngine *self);
