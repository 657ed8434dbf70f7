/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/**
 * What GStreamer says, in the words of those who have to do something about it: see words.c. Never holds
 * user or password of an address. The two that may try an
 * address block for 2.5 s at most.
 */

/**
 * regia_words_of_error:
 * @message: an error from the bus of @pipeline
 * @pipeline: (nullable): as it was when the message came, not shut down yet
 * @missing: (nullable): what regia_words_of_missing() gave before
 * @ret_unavailable: (out): whether trying again soon is of no use
 *
 * Returns: (transfer full): one line, `what happened; what to do (element: GStreamer's own words)`. The
 * thread that runs the pipeline.
 */
char *regia_words_of_error (GstMessage *message, GstElement *pipeline, const char *missing,
                            gboolean *ret_unavailable);

/** regia_words_of_silence: (transfer full): of @pipeline, which does not start and has sent no error. The
 * thread that runs it. */
char *regia_words_of_silence (GstElement *pipeline);

/** regia_words_of_missing: (transfer full) (nullable): which decoder, demuxer or protocol is missing, and the
 * Debian package that has it; %NULL when @message says nothing of the kind. */
char *regia_words_of_missing (GstMessage *message);

/** regia_words_clean: (transfer full): @text in one line, without user and password of the addresses in it.
 * Pure. */
char *regia_words_clean (const char *text);

/** regia_words_why_not_reached: (transfer full) (nullable): tries to reach @address (scheme://HOST…) as
 * GStreamer did, which does not say what was wrong; %NULL when nothing is. */
char *regia_words_why_not_reached (const char *address);
