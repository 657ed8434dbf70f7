/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "regia/feed/track.h"

/** Ticks per second of video in every MP4: 25 and 30000/1001 frames per second are whole numbers of ticks. */
#define REGIA_AV_VIDEO_TIMESCALE 90000

/** What a write callback of avio_alloc_context() is handed. FFmpeg 7.0 (libavformat 61) made it const; the
 * other line goes with Debian 12. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t RegiaAvOut;
#else
typedef uint8_t RegiaAvOut;
#endif

/**
 * regia_av_init: silences libav's own log, which writes to standard error and may show addresses with keys in
 * them. Cheap; any thread; every way into this folder calls it.
 */
void regia_av_init (void);

/**
 * regia_av_set_error: turns a negative libav code into @error: "WHAT: words". ENOSPC becomes
 * REGIA_ERROR_NO_SPACE, a callback's AVERROR_EXIT G_IO_ERROR_CANCELLED, any other errno its G_IO_ERROR,
 * libav's own codes REGIA_ERROR_MEDIA. Returns: always %FALSE, for `return`.
 */
gboolean regia_av_set_error (GError **error, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/** regia_av_fill_parameters: @track as libav's codec parameters. Errors: REGIA_ERROR_MEDIA when something
 * needed is missing. */
gboolean regia_av_fill_parameters (AVCodecParameters *parameters, const RegiaTrack *track,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_av_add_stream: a stream of @context with @track's parameters, language and name. Borrowed from
 * @context.
 */
AVStream *regia_av_add_stream (AVFormatContext *context, const RegiaTrack *track,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
