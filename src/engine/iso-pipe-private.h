/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/**
 * RegiaIsoPipe: a small pipeline beside the programme's and the source's, with a head that never makes
 * anybody wait. When an element of it gives up it is built again, less and less often.
 */
typedef struct _RegiaIsoPipe RegiaIsoPipe;

/** What is behind the head. Main thread. */
typedef struct {
  /** Puts it into @pipeline, behind @head. Errors as of regia_launch_parse(). */
  gboolean (*build) (GstBin *pipeline, GstElement *head, gpointer user_data, GError **error);
  /** (nullable) It is shut down; nothing of it runs any more. */
  void (*gone) (gpointer user_data);
} RegiaIsoPipeClass;

/** regia_iso_pipe_new: @room_bytes: what the head may hold
 * Built at once, or by a later tick. @user_data outlives it. Main thread. */
RegiaIsoPipe *regia_iso_pipe_new (const RegiaIsoPipeClass *class, gsize room_bytes, gpointer user_data);
/** regia_iso_pipe_free: any one thread. */
void regia_iso_pipe_free (RegiaIsoPipe *self);

/** regia_iso_pipe_push: @buffer (transfer full)
 * @caps: (transfer none): its format
 * Never waits. Returns: %FALSE when there is no room, or nothing behind the head. One thread at a time. */
gboolean regia_iso_pipe_push (RegiaIsoPipe *self, GstBuffer *buffer, GstCaps *caps);

/** regia_iso_pipe_fail: nothing sensible comes out of it: it is built again. @why: in words. Main thread. */
void regia_iso_pipe_fail (RegiaIsoPipe *self, const char *why, gint64 now_ns);
/** regia_iso_pipe_tick: @now_ns: CLOCK_MONOTONIC. Main thread. */
void regia_iso_pipe_tick (RegiaIsoPipe *self, gint64 now_ns);
/** regia_iso_pipe_get_error: (transfer none): why it was built again, "" when something has come out of it
 * since.
 * @last_out_ns: when something did, CLOCK_MONOTONIC. Main thread. */
const char *regia_iso_pipe_get_error (RegiaIsoPipe *self, gint64 last_out_ns);
