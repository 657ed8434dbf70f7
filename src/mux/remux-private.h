/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "av-private.h"
#include "regia/mux/remux.h"

/** regia_remux_read_parameters: the streams of a part's header (its first @header_bytes), through
 * libavformat. (transfer full); close with avformat_close_input(). */
AVFormatContext *regia_remux_read_parameters (int fd, gsize header_bytes,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A stretch of a long task within the whole of it. */
typedef struct {
  RegiaRemuxProgressFunc func; /* (nullable) */
  gpointer user_data;
  double from, to;
} RegiaRemuxSpan;

/** regia_remux_span_tell: @done of @total of this stretch are done. */
void regia_remux_span_tell (const RegiaRemuxSpan *self, guint64 done, guint64 total);

/** regia_remux_verify: reads @path back and compares it with @expected; fills in its size and sha256. */
gboolean regia_remux_verify (const char *path, const RegiaRemuxSpan *span, GCancellable *cancellable,
                             RegiaRemuxResult *expected, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_silence_new: one AAC-LC frame of silence that a decoder set up with @parameters takes, or %NULL where
 * none can be made (another object type, frame length or channel layout).
 */
GBytes *regia_silence_new (const AVCodecParameters *parameters);
