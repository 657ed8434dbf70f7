/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/config/config.h"
#include "regia/feed/track.h"

/**
 * RegiaBlank: what public readers are given in place of the programme's packets while the hall is private:
 * for each rendition one closed group of pictures of the slate, for each sound some frames of silence, made
 * once by the encoders that the programme has, with the same parameters, so that they can stand behind the
 * same decoder configuration.
 */
typedef struct _RegiaBlank RegiaBlank;

/** Everything that could be made is there. Called once, on the blank's own thread, which must not be joined
 * in it. Not called when it was cancelled. */
typedef void (*RegiaBlankFunc) (RegiaBlank *self, gpointer user_data);

/**
 * regia_blank_new:
 * @config: for the slate: name, place, languages, or the event's own picture; outlives the blank
 * @video_caps: the programme's format, as regia_programme_video_caps() gives it
 * @encoders: (element-type RegiaEncoder): whose specifications, as they are now, are followed
 *
 * Begins on a thread of its own, of low priority: it can take seconds beside a programme that needs the
 * processor. Main thread.
 */
RegiaBlank *regia_blank_new (const RegiaConfigValues *config, const char *video_caps, GPtrArray *encoders,
                             RegiaBlankFunc done_cb, gpointer user_data);
/** regia_blank_free: ends the thread after the frame it is at, and waits for it. */
void regia_blank_free (RegiaBlank *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaBlank, regia_blank_free)

/**
 * regia_blank_get:
 * @track: as the running encoder describes it
 * @ret_duration_ns: (out): of one payload
 *
 * Once the callback was called; any thread.
 *
 * Returns: (transfer none) (element-type GBytes): immutable payloads in the feed's form (RegiaCodec).
 *
 * Picture: the first alone begins with an IDR and is a keyframe; the others need all those before them, in
 * order and without a hole. As many as the longest segment has frames, so that each segment begins anew. Two
 * IDRs of it in a row carry the same idr_pic_id, which ITU-T H.264 §7.4.3 reserves for one picture;
 * containers and RTP keep them apart.
 *
 * Sound: any number of them, in a ring. A frame of sound holds as much again of what comes after it (their
 * windows overlap), and the decoder keeps that for the next one. So the last frame given before a span has to
 * end a whole duration before the span begins: one is replaced when pts + 2 × duration lies in the span. What
 * is decoded of the first of these payloads still fades the frame before it out; the others are digital
 * silence.
 *
 * Errors: REGIA_ERROR_MEDIA when there is none: the slate was encoded with other parameters, or not at all.
 */
GPtrArray *regia_blank_get (RegiaBlank *self, const RegiaTrack *track, gint64 *ret_duration_ns,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
