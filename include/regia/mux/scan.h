/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/track.h"

/**
 * Reading a live recording (fragmented MP4 as RegiaFmp4 writes it, ISO/IEC 14496-12 §8.8) as far as it is
 * whole, whatever a crash, a power cut or a bad disk made of it. Everything here reads only, believes no
 * length it finds, and uses bounded memory (one moof).
 */

/** A track that leaps further than this inside one file is damaged: whoever records begins a new file long
 * before (in one hour). */
#define REGIA_SCAN_LEAP_MAX_S (4 * 3600)

typedef struct {
  guint32 id;        /* track_ID in the file */
  guint32 timescale; /* ticks per second, never 0 */
  gboolean video;
  char name[64];          /* RegiaTrack.name as kept in the file, "" when there is none; printable ASCII */
  char title[256];        /* RegiaTrack.title likewise; UTF-8 */
  guint64 samples, bytes; /* in whole fragments */
  gint64 first,
      end; /* ticks of show time: dts of the first sample, end of the last one; both 0 without samples */
  guint32 default_duration, default_size, default_flags; /*< private > trex */
} RegiaScanTrack;

typedef struct {
  guint64 total_bytes;  /* of the file */
  guint64 header_bytes; /* end of moov; 0: there is no whole header, so nothing in the file can be used */
  guint64 whole_bytes;  /* end of the last whole fragment; header_bytes when there is none */
  guint64 lost_bytes;   /* of damaged stretches: those between whole fragments; the end of the file when it is
                           longer than an unfinished fragment can be (a shorter one is no damage); at least 1
                           when the disk could not read something */
  guint fragments;
  guint n_tracks;
  RegiaScanTrack tracks[REGIA_TRACKS_MAX];
} RegiaScan;

/** One access unit of a whole fragment. */
typedef struct {
  guint track; /* index into RegiaScan.tracks */
  gboolean key;
  gint64 dts;       /* ticks of show time */
  gint32 cts;       /* pts − dts, ticks */
  guint32 duration; /* ticks */
  guint32 size;     /* bytes */
  guint64 offset;   /* in the file */
} RegiaSample;

/** Told each sample of a fragment that proved whole, in the order of the file. Returns: %FALSE to end the
 * scan. */
typedef gboolean (*RegiaSampleFunc) (const RegiaScan *scan, const RegiaSample *sample, gpointer user_data);

/**
 * regia_scan_fd:
 * @fd: open for reading, a regular file; its position is not used
 * @func: (nullable): told every sample
 *
 * Errors: G_IO_ERROR when @fd is no file. Damage and stretches that the disk cannot read are no errors but in
 * @ret_scan. Blocks on the disk; any thread.
 */
gboolean regia_scan_fd (int fd, RegiaSampleFunc func, gpointer user_data, RegiaScan *ret_scan,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_scan_bytes: the same on memory. Pure but for what @func does; fuzzed. */
void regia_scan_bytes (const guint8 *data, gsize length, RegiaSampleFunc func, gpointer user_data,
                       RegiaScan *ret_scan);

/**
 * regia_scan_path_ends: looks only at the header, the first fragment and the last 32 MB, which is quick for a
 * recording of hours on a slow disk: header_bytes, whole_bytes and each track's first and end are right (but
 * for a track that is absent from all that); counts and lost_bytes are of what was looked at.
 */
gboolean regia_scan_path_ends (const char *path, RegiaScan *ret_scan,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_scan_path: regia_scan_fd() on the file @path, without a @func. Errors also: it cannot be opened. */
gboolean regia_scan_path (const char *path, RegiaScan *ret_scan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_scan_track_ns: @ticks of @track as show time in ns. Pure. */
gint64 regia_scan_track_ns (const RegiaScanTrack *track, gint64 ticks);
