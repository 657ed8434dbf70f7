/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "scene-mixer-private.h"

/**
 * REGIA_COMPOSITOR: the name of an element that is GStreamer's `compositor` in all but one thing: where one
 * picture is all that is seen of a frame (regia_scene_mixer_find_whole()), the frame is that picture's
 * memory, instead of a copy of it.
 *
 * Its frames may therefore be laid out as a decoder left them (GstVideoMeta), and must not be written to in
 * place: a writable map of one makes a copy, as of all read-only memory of GStreamer's.
 */
#define REGIA_COMPOSITOR "regiacompositor"

/** regia_compositor_set_scenes: who says what is seen. Before it runs.
 * @scenes: (transfer none): outlives @element */
void regia_compositor_set_scenes (GstElement *element, RegiaSceneMixer *scenes);

/** regia_compositor_register: makes it known to this process' GStreamer, if that has a `compositor`. %FALSE
 * when it refuses. */
gboolean regia_compositor_register (void) G_GNUC_WARN_UNUSED_RESULT;
