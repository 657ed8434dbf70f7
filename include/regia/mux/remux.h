/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/mux/scan.h"

/**
 * From the parts of a live recording (fragmented MP4) to the file that people get: one plain MP4 with its
 * index first. Reading is limited to whole fragments. Nothing is decoded or encoded but silence.
 *
 * Time: show time minus the start of the group and what is cut out. A picture before a gap simply lasts until
 * the next one; a gap in AAC sound is filled with silent frames, because players disagree about holes in
 * sound. Where two parts overlap (a fragment written again after a disk error) the later part counts.
 */

/** Parts that fit into one file: same tracks, same codec parameters, no pause of hours. Immutable. */
typedef struct {
  GPtrArray *paths;      /* (owned) (element-type utf8) in order */
  GPtrArray *scans;      /* (owned) (element-type RegiaScan) what each of them holds */
  gint64 from_ns, to_ns; /* show time of the first sample, and of the end of the last */
  guint64 bytes;         /* of whole fragments: about the size of the result */
} RegiaRemuxGroup;

void regia_remux_group_free (RegiaRemuxGroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRemuxGroup, regia_remux_group_free)

/**
 * regia_remux_plan:
 * @paths: (array zero-terminated=1): parts in the order of their making. Those without a whole fragment are
 * passed over
 *
 * Returns: (transfer full) (element-type RegiaRemuxGroup): in order; empty when nothing can be used. Errors:
 * the disk's.
 */
GPtrArray *regia_remux_plan (const char *const *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A stretch of show time of which nothing was recorded. */
typedef struct {
  gint64 from_ns, to_ns;
} RegiaRemuxGap;

/** Becomes a chapter, from here to the next. */
typedef struct {
  gint64 at_ns;      /* show time */
  const char *title; /* "" for none */
} RegiaRemuxMark;

typedef struct {
  const char *title; /* (nullable) into the file's metadata */
  gint64 creation_s; /* Unix time of the group's first sample, 0: unknown */
  GArray *cuts;  /* (nullable) (element-type RegiaRemuxGap) in order, apart: stretches that are not to be in
                    the file: what was recorded of one is left out, and what follows goes on where it began */
  GArray *marks; /* (nullable) (element-type RegiaRemuxMark); what lies outside of the group is passed over */
} RegiaRemuxOptions;

typedef struct {
  char name[64]; /* RegiaTrack.name */
  gboolean video;
  guint64 samples; /* written, silence included */
  guint64 bytes;
  guint64 silent;     /* of these, frames of silence that were made for gaps */
  guint64 dropped;    /* samples left out: overlapping ones */
  guint64 unreadable; /* samples that the disk could not read, left out as well; of the first track, also
                         parts that held something else than when they were planned */
  guint32 checksum;   /* CRC-32 of all payloads in order */
  gint64 length_ns;   /* from its first sample to the end of its last */
} RegiaRemuxTrack;

typedef struct {
  guint64 size_bytes;
  gint64 duration_ns;
  char sha256[65];
  GArray *gaps; /* (owned) (element-type RegiaRemuxGap) stretches over half a frame in which the first track
                   lacks a picture (or sound) */
  guint n_tracks;
  RegiaRemuxTrack tracks[REGIA_TRACKS_MAX];
} RegiaRemuxResult;

void regia_remux_result_clear (RegiaRemuxResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaRemuxResult, regia_remux_result_clear)

/** Told now and then, with 0.0 … 1.0, on the thread that remuxes. */
typedef void (*RegiaRemuxProgressFunc) (double done, gpointer user_data);

/**
 * regia_remux_run: writes @group into @output (made or emptied, mode 0644 less umask), syncs it, and reads it
 * back: index first, every track's packets, bytes and checksum equal to what was written, duration right.
 * Only then it succeeds. On failure @output may be left behind, unusable.
 *
 * Blocks for long; any thread. Errors: REGIA_ERROR_NO_SPACE, REGIA_ERROR_MEDIA, G_IO_ERROR (also CANCELLED).
 */
gboolean regia_remux_run (RegiaRemuxGroup *group, const RegiaRemuxOptions *options, const char *output,
                          RegiaRemuxProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                          RegiaRemuxResult *ret_result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_remux_probe: what a finished file holds, of which nothing else is known (no checksums of tracks, no
 * gaps); it must have its index first and be readable to its end. For recordings whose session.json is lost.
 */
gboolean regia_remux_probe (const char *path, GCancellable *cancellable, RegiaRemuxResult *ret_result,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
