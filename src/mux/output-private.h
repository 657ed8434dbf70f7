/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <libavformat/avformat.h>

#include "regia/mux/output.h"

typedef enum {
  REGIA_OUTPUT_FD,
  REGIA_OUTPUT_RTMP,
  REGIA_OUTPUT_SRT,
} RegiaOutputKind;

/**
 * RegiaOutputIo: where an output's bytes go, with the deadline of the call that is running. Embedded in
 * RegiaOutput, zeroed; same thread rule. Between begin() and end() the calling thread's libav log is read for
 * what it tells of the far end.
 */
typedef struct {
  RegiaOutputKind kind;
  AVIOContext *pb;           /* (owned) (nullable) */
  int fd;                    /* REGIA_OUTPUT_FD: (borrowed) */
  int connection;            /* REGIA_OUTPUT_RTMP: (owned) a copy of libavformat's socket; −1 not known */
  GCancellable *cancellable; /* (owned) (nullable) */
  gint64 begun_us;           /* g_get_monotonic_time() of begin() */
  gint64 deadline_us;        /* when the running call must be over */
  gboolean late;             /* the deadline passed in this call */
  gboolean open;             /* connected: errors are told in other words from here on */
  guint notes;               /* what libav's log told since the beginning, output-io.c */
  guint connect_ms;          /* SRT: its own time limit for connecting */
  guint latency_ms;          /* SRT */
} RegiaOutputIo;

/** regia_output_io_begin: starts a call that may take @timeout_ms. */
void regia_output_io_begin (RegiaOutputIo *io, guint timeout_ms);
void regia_output_io_end (RegiaOutputIo *io);

/** regia_output_io_open: connects; between begin() and end(). @bitrate_bps is that of all tracks, and sizes
 * the send buffer. */
gboolean regia_output_io_open (RegiaOutputIo *io, const RegiaOutputTarget *target, guint64 bitrate_bps,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_output_io_close: between begin() and end(). @in_order: all was sent; waits until the far end has
 * taken it, where that can be known (RTMP). */
void regia_output_io_close (RegiaOutputIo *io, gboolean in_order);

/** regia_output_io_set_error: @code of libav as words for people. Returns: always %FALSE. */
gboolean regia_output_io_set_error (RegiaOutputIo *io, int code, GError **error);
