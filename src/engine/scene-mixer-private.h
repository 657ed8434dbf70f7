/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/config/scene.h"

/**
 * RegiaSceneMixer: where each source's picture lies in the programme's, frame by frame: places, sizes and
 * transparency of a compositor's pads. A change of scene is given to all pads between two frames, so that no
 * frame shows half of it.
 */
typedef struct _RegiaSceneMixer RegiaSceneMixer;

/** regia_scene_mixer_new: for a picture of @width × @height pixels at @rate_num / @rate_den. */
RegiaSceneMixer *regia_scene_mixer_new (guint width, guint height, guint rate_num, guint rate_den);
void regia_scene_mixer_free (RegiaSceneMixer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaSceneMixer, regia_scene_mixer_free)

/** regia_scene_mixer_add: @pad (a reference is taken) has the picture of @source, which is hidden until a
 * scene shows it. Any thread.
 * @scene: (nullable): what is shown at present, in which it has its place at once */
void regia_scene_mixer_add (RegiaSceneMixer *self, const char *source, GstPad *pad, const RegiaScene *scene);

/** regia_scene_mixer_remove: @pad is not touched any more when this returns. Any thread. */
void regia_scene_mixer_remove (RegiaSceneMixer *self, GstPad *pad);

/** regia_scene_mixer_show: from the next frame on, or over @fade_ms from then on. What the scene names and
 * there is no pad of is left out: the slate shows in its place.
 * @scene: (nullable) (transfer none): the slate alone. Any thread. */
void regia_scene_mixer_show (RegiaSceneMixer *self, const RegiaScene *scene, guint fade_ms);

/**
 * regia_scene_mixer_find_whole: (transfer full) (nullable): the pad whose picture hides everything else in
 * the frame that is being mixed: opaque, as large as the programme, and nothing that has a picture lies over
 * it. %NULL also when it cannot be said without waiting. The compositor's thread, while it makes a frame.
 */
GstPad *regia_scene_mixer_find_whole (RegiaSceneMixer *self);

/** regia_scene_mixer_next_frame: sets the pads for the frame that is mixed next. The compositor's thread,
 * between two frames; or before it runs. */
void regia_scene_mixer_next_frame (RegiaSceneMixer *self);
