/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cache-private.h"
#include "list-private.h"
#include "segmenter-private.h"

/** RegiaHlsBreaks: the numbers before which parameters change, for all tracks alike. A plain value; zeroed is
 * empty. */
typedef struct {
  GArray *at;   /* (owned) (element-type gint64): rising */
  guint64 gone; /* older ones, which no list reaches any more */
} RegiaHlsBreaks;

/** regia_hls_breaks_add: one more at @number, not below those before; forgets those below @oldest. */
void regia_hls_breaks_add (RegiaHlsBreaks *self, gint64 number, gint64 oldest);
void regia_hls_breaks_clear (RegiaHlsBreaks *self);

/**
 * RegiaHlsStream: one track as viewers see it: its folder on the cache, its list, its segmenter. Not MT-safe:
 * the window's writing thread.
 */
typedef struct {
  RegiaTrack *track;            /* (owned): of the present table */
  RegiaHlsSegmenter *segmenter; /* (owned) */
  RegiaHlsList *list;           /* (owned): the last segments_kept numbers */
  guint64 peak_bps;             /* no segment was above it */
  gboolean pushed;              /* a packet since the last regia_hls_stream_is_idle() */
  gboolean offered;             /* named in the multivariant playlist */
  /*< private >*/
  const RegiaHlsOptions *options; /* (unowned): the window's */
  RegiaHlsCache *cache;           /* (unowned): the window's */
  char *map;                      /* (owned): file name of the present init segment */
  gint64 idle_since_ns;           /* show time of the first question without a packet, −1 not idle */
  guint64 dropped;                /* by segmenters that were replaced */
} RegiaHlsStream;

/** regia_hls_stream_new: an empty folder. @options and @cache must live as long; a segmenter must be set
 * before anything else. */
RegiaHlsStream *regia_hls_stream_new (RegiaTrack *track, const RegiaHlsOptions *options,
                                      RegiaHlsCache *cache);
/** Leaves the cache as it is. Accepts NULL. */
void regia_hls_stream_free (RegiaHlsStream *self);

/** regia_hls_stream_set_track: another table's track of the same name. */
void regia_hls_stream_set_track (RegiaHlsStream *self, RegiaTrack *track);
/** regia_hls_stream_set_segmenter: @segmenter (transfer full): for the present track's parameters; its init
 * segment is shelved. */
void regia_hls_stream_set_segmenter (RegiaHlsStream *self, RegiaHlsSegmenter *segmenter);

/** regia_hls_stream_add: lists and shelves @segment; numbers left out since the one before, or since @from,
 * are gaps. */
void regia_hls_stream_add (RegiaHlsStream *self, const RegiaHlsSegment *segment, gint64 from);
/** regia_hls_stream_add_gaps: numbers up to @to, since the one before or since @from, are gaps and stay so.
 */
void regia_hls_stream_add_gaps (RegiaHlsStream *self, gint64 from, gint64 to);
/** regia_hls_stream_render: shelves the playlist, of numbers from @from on, if there is anything to list. */
void regia_hls_stream_render (RegiaHlsStream *self, gint64 from, const RegiaHlsBreaks *breaks,
                              gboolean ended);
/** regia_hls_stream_evict: takes from the cache what is no longer held by the list; after the playlist was
 * rendered. */
void regia_hls_stream_evict (RegiaHlsStream *self);

/** regia_hls_stream_is_idle: whether nothing was pushed for half a segment, by the clock of these questions.
 */
gboolean regia_hls_stream_is_idle (RegiaHlsStream *self, gint64 show_time_ns);
/** Packets that could not be used, so far. */
guint64 regia_hls_stream_get_dropped (RegiaHlsStream *self);
