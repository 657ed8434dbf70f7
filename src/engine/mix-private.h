/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include "mix-wait-private.h"

/** regia_mix_*: a mixer that makes output by the clock whatever its inputs do, in the programme's pipeline:
 * see programme.c. Main thread. */

/**
 * regia_mix_new:
 * @factory: %REGIA_COMPOSITOR or `audiomixer`
 * @caps: of its output
 * @wait: how long after a time has come its output of that time is made
 * @ret_tee: (out) (transfer none): what its output goes into
 *
 * Returns: (transfer none): the mixer, in @bin. Errors: REGIA_ERROR_UNAVAILABLE.
 */
GstElement *regia_mix_new (GstBin *bin, const char *factory, const char *caps, RegiaMixWait *wait,
                           GstElement **ret_tee, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_mix_add_input:
 * @through: (nullable) (transfer none): stands between the input and @mixer; in @bin
 * @caps: of what is pushed
 * @queue_ns: how much waits before the oldest goes; 0: no limit
 * @ret_pad: (out) (optional) (transfer full): the mixer's
 *
 * Also while it runs: the mixer waits for nobody who has not brought anything yet.
 *
 * Returns: (transfer full): where to push.
 */
GstAppSrc *regia_mix_add_input (GstBin *bin, GstElement *through, GstElement *mixer, const char *caps,
                                gint64 queue_ns, GstPad **ret_pad);

/** regia_mix_remove_input: what regia_mix_add_input() made, and @through with it. The mixer goes on without
 * it from its next frame or block on; what is pushed from now on is lost. */
void regia_mix_remove_input (GstBin *bin, GstElement *through, GstElement *mixer, GstAppSrc *input);

/** regia_mix_set_start: where its output begins, in running time. Only in PAUSED. */
void regia_mix_set_start (GstElement *mixer, gint64 start_ns);
