/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "disk-private.h"
#include "regia/feed/packet.h"

/**
 * RegiaWriter: the live recording's present part. Packets in, whole fragments on the disk out: each is
 * written at once and synced before the next begins. What is not yet known to be on the disk is kept, so that
 * it can be written again elsewhere when the disk fails.
 *
 * Blocks on the disk. One thread at a time.
 */
typedef struct _RegiaWriter RegiaWriter;

typedef struct {
  guint64 bytes;         /* of the present part, whole fragments on the disk */
  guint64 total_bytes;   /* of all parts of this writer */
  guint fragments;       /* of the present part */
  gint64 from_ns, to_ns; /* show time of the present part: first packet, end of the last on the disk; both 0
                            without fragments */
  gint64 on_disk_ns;     /* show time up to which everything was on the disk last, whatever the part */
  gint64 on_disk_at_us;  /* when that was, monotonic; 0: never */
  gint64 sync_us;        /* how long the last fragment took to reach the disk */
} RegiaWriterStats;

/** regia_writer_new: parts go into @folder, which exists. @disk must outlive the writer. */
RegiaWriter *regia_writer_new (const RegiaDisk *disk, const char *folder);
/** regia_writer_free: closes what is open without writing. Accepts NULL. */
void regia_writer_free (RegiaWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaWriter, regia_writer_free)

/**
 * regia_writer_begin: makes a new part `programme-NNNN.mp4` with @number or the next one that is free, its
 * header and its name synced. No part may be open.
 * @tracks: (element-type RegiaTrack)
 * @ret_number: (out): the number it got
 *
 * Errors: G_IO_ERROR, REGIA_ERROR_MEDIA (parameters of a track). No file is left behind then.
 */
gboolean regia_writer_begin (RegiaWriter *self, guint number, GPtrArray *tracks, guint *ret_number,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean regia_writer_is_open (RegiaWriter *self);

/**
 * regia_writer_add: @packet goes into the fragment being made; a fragment that is a second long or large is
 * written out first.
 *
 * Errors: REGIA_ERROR_MEDIA: the packet cannot be written (its time does not rise); nothing else changes. Any
 * other: the disk failed, the part is closed as regia_writer_end() would, and @packet is among the unsaved.
 */
gboolean regia_writer_add (RegiaWriter *self, RegiaPacket *packet, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_writer_flush: what was added is written and synced. Errors: as regia_writer_add() without MEDIA. */
gboolean regia_writer_flush (RegiaWriter *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_writer_end: flushes and closes the part. When writing fails the file is cut back to its last whole
 * fragment. Does nothing when none is open.
 */
gboolean regia_writer_end (RegiaWriter *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_writer_get_displaced: (transfer none) (nullable): why the last part closed does not have its name
 * any more, as regia_place_in_words() says it: then adding, flushing or ending has failed. What was written
 * of it cannot be counted on. */
const char *regia_writer_get_displaced (RegiaWriter *self);

/** regia_writer_take_unsaved: (transfer full) (element-type RegiaPacket): packets added of which it is not
 * known that they are on the disk. */
GPtrArray *regia_writer_take_unsaved (RegiaWriter *self);
/** regia_writer_has_unsaved: since when (monotonic µs) the oldest of them waits; 0: none does. */
gint64 regia_writer_has_unsaved (RegiaWriter *self);

void regia_writer_get_stats (RegiaWriter *self, RegiaWriterStats *ret_stats);
