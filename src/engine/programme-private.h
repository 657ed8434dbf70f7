/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include "encoder-private.h"
#include "iso-private.h"
#include "mix-wait-private.h"
#include "overlay-private.h"
#include "preview-private.h"
#include "programme-sound-private.h"
#include "regia/base/clock.h"
#include "regia/config/scene.h"
#include "regia/feed/log.h"

/**
 * RegiaProgramme: the mix: the pipeline with compositor, audiomixers and encoders, whose running time is show
 * time, and whose packets go into the feed log. It runs from start to stop whatever the sources do. Main
 * thread unless said otherwise.
 */
typedef struct _RegiaProgramme RegiaProgramme;

/** Something in the pipeline gave up: the process has to start anew. Main context. */
typedef void (*RegiaProgrammeFailedFunc) (const GError *error, gpointer user_data);

/** What the mix measured; a copy. */
typedef struct {
  guint64 frames;       /* programme frames made */
  guint64 missed;       /* … and left out by the compositor */
  gint64 last_frame_ns; /* CLOCK_MONOTONIC, 0 for never */
  gint64 behind_ns;     /* by how much the last one was made later than it was due */
} RegiaProgrammeStats;

/** regia_programme_new: builds everything; @config, @epoch and @log outlive it. Errors as of
 * regia_launch_parse(). */
RegiaProgramme *regia_programme_new (const RegiaConfigValues *config, const RegiaEpoch *epoch,
                                     RegiaFeedLog *log, RegiaProgrammeFailedFunc failed_cb,
                                     gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Shuts the pipeline down if it still runs. */
void regia_programme_free (RegiaProgramme *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaProgramme, regia_programme_free)

/** regia_programme_video_caps, regia_programme_audio_caps: formats that inputs must have. Static for the
 * programme's life. */
const char *regia_programme_video_caps (RegiaProgramme *self);
const char *regia_programme_audio_caps (RegiaProgramme *self);

/** regia_programme_add_picture: (transfer full): a place for the picture of @source, seen in the scenes that
 * name it.
 * @scene: (nullable): that is shown at present */
GstAppSrc *regia_programme_add_picture (RegiaProgramme *self, const char *source, gint64 queue_ns,
                                        const RegiaScene *scene);
/** regia_programme_remove_picture: @input (transfer none) has no place any more, from the next frame on. */
void regia_programme_remove_picture (RegiaProgramme *self, GstAppSrc *input);
/** regia_programme_add_preview: (transfer none) (nullable): of the picture of @source, for whoever brings it;
 * %NULL: the feed has no room for another track. */
RegiaPreview *regia_programme_add_preview (RegiaProgramme *self, const char *source);
/** regia_programme_get_wait: (transfer none): how long its mixers wait; lives as long as the programme. */
RegiaMixWait *regia_programme_get_wait (RegiaProgramme *self);
/** regia_programme_remove_preview: nobody can ask for it any more. */
void regia_programme_remove_preview (RegiaProgramme *self, RegiaPreview *preview);
/** regia_programme_add_iso: (transfer full) (nullable): places in the feed for @source's own picture and
 * sound; %NULL: the feed has no room for them. */
RegiaIso *regia_programme_add_iso (RegiaProgramme *self, const char *source, gboolean picture,
                                   gboolean sound);
/** regia_programme_remove_iso: after regia_iso_close(): there will be nothing more of its tracks. */
void regia_programme_remove_iso (RegiaProgramme *self, RegiaIso *iso);
/** regia_programme_set_wanted: @tracks: bit i for track i: those that somebody reads. Previews are made of
 * these alone. */
void regia_programme_set_wanted (RegiaProgramme *self, guint64 tracks);
/** regia_programme_show: see regia_scene_mixer_show(). Any thread. */
void regia_programme_show (RegiaProgramme *self, const RegiaScene *scene, guint fade_ms);
/** regia_programme_add_still: (transfer full): the same for a picture that stands until the next one comes:
 * I420 of the programme's size, BT.709. Before start. */
GstAppSrc *regia_programme_add_still (RegiaProgramme *self, const char *source);
/** regia_programme_get_overlay: (transfer none): what lies over the picture. Any thread. */
RegiaOverlay *regia_programme_get_overlay (RegiaProgramme *self);
/** regia_programme_hold_picture: how long the last picture of @source (of regia_programme_add_picture())
 * stands before the slate shows; 0: the usual half second. Any thread. */
void regia_programme_hold_picture (GstAppSrc *source, gint64 hold_ns);

/** regia_programme_add_sound: (transfer full): a place for a source's sound in the mix of language @index.
 * @ret_fader: (out) (transfer none): how loud it is there; lives as long as the programme, or its place */
GstAppSrc *regia_programme_add_sound (RegiaProgramme *self, guint index, gint64 queue_ns,
                                      RegiaFader **ret_fader);
/** regia_programme_remove_sound: @input (transfer none) has no place any more, from the next block on, nor
 * has
 * @fader. */
void regia_programme_remove_sound (RegiaProgramme *self, guint index, GstAppSrc *input, RegiaFader *fader);

/** regia_programme_set_tone: 1 kHz at −20 dBFS in place of every language's mix. Any thread. */
void regia_programme_set_tone (RegiaProgramme *self, gboolean on);

gboolean regia_programme_start (RegiaProgramme *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_programme_renew_blank: an encoder has another encode file: what public readers get while the hall is
 * private is made again, and until it is they get nothing of that track. After start. */
void regia_programme_renew_blank (RegiaProgramme *self);

/** regia_programme_end: nothing enters an encoder any more, and each finishes what it has. Any thread;
 * returns at once. */
void regia_programme_end (RegiaProgramme *self);
/** regia_programme_wait_drained: waits for the encoders' last packets, until @until_ns (CLOCK_MONOTONIC).
 * Returns: %FALSE when some did not end, so that freeing the programme may hang. Any one thread. */
gboolean regia_programme_wait_drained (RegiaProgramme *self, gint64 until_ns) G_GNUC_WARN_UNUSED_RESULT;

/** All tracks have parameters and packets flow. Any thread. */
gboolean regia_programme_is_ready (RegiaProgramme *self);
void regia_programme_get_stats (RegiaProgramme *self, RegiaProgrammeStats *ret_stats);
/** (transfer none) (element-type RegiaEncoder): renditions in order, then AAC and Opus of each language;
 * fixed. */
GPtrArray *regia_programme_get_encoders (RegiaProgramme *self);
/** regia_programme_get_meter: (transfer none): of the mix of language @index. */
RegiaMeter *regia_programme_get_meter (RegiaProgramme *self, guint index);
/** regia_programme_get_levelled_db: see regia_programme_sound_get_levelled_db(). */
double regia_programme_get_levelled_db (RegiaProgramme *self, guint index);
/** regia_programme_give_meters: the next packet of the track `meters`, which is there where there is sound.
 * @json: (transfer full)
 * @time_ns: show time of the step, later than the one before
 * Before regia_programme_end() is of use only. */
void regia_programme_give_meters (RegiaProgramme *self, GBytes *json, gint64 time_ns);
/** regia_programme_get_slate_error: (transfer full): why the event's own slate is not shown; "" when it is,
 * or is not drawn yet. Any thread. */
char *regia_programme_get_slate_error (RegiaProgramme *self);
/** regia_programme_get_chosen_why: (transfer none): why no cheaper encoder was taken for renditions with
 * encoder = auto, at the start; "". */
const char *regia_programme_get_chosen_why (RegiaProgramme *self);
/** regia_programme_get_blank_error: (transfer full): of which tracks public readers get nothing while the
 * hall is private, and why; "" for none, or while it is not known yet. Any thread. */
char *regia_programme_get_blank_error (RegiaProgramme *self);
