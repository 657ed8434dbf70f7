/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaFeedLog: the feed itself. An append-only log of packets held in memory for a span of time and a number
 * of bytes, whichever is reached first. Writers append and never wait for a reader.
 *
 * Thread: every function may be called from any thread. The ring's lock is a leaf: nothing is called while it
 * is held but the allocator. The wake-up is called after it was let go, one at a time.
 */
typedef struct _RegiaFeedLog RegiaFeedLog;

/** A wake-up: something was appended or the log ended. Called on the appending thread without the ring's
 * lock; may call nothing back and must not wait. */
typedef void (*RegiaFeedWakeFunc) (gpointer user_data);

typedef struct {
  guint64 packets, bytes; /* held now */
  gint64 held_ns;         /* from the oldest to the newest packet */
  guint64 first_seq, next_seq;
} RegiaFeedLogStats;

/** Where a reader begins. */
typedef enum {
  REGIA_FEED_FROM_LIVE =
      0, /* the newest keyframe of the first wanted video track (newest packet when there is none) */
  REGIA_FEED_FROM_OLDEST = 1, /* everything still held */
  REGIA_FEED_FROM_SEQ = 2,    /* a packet of a generation; a gap is told when it is gone */
} RegiaFeedFrom;

RegiaFeedLog *regia_feed_log_new (guint64 generation, gint64 span_ns, guint64 max_bytes);
void regia_feed_log_free (RegiaFeedLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedLog, regia_feed_log_free)

/** regia_feed_log_set_tracks: @tracks (element-type RegiaTrack), (transfer none), immutable from here on.
 * Once per log. */
void regia_feed_log_set_tracks (RegiaFeedLog *self, GPtrArray *tracks);
/** (transfer full) (nullable): %NULL until they are known. */
GPtrArray *regia_feed_log_get_tracks (RegiaFeedLog *self);
guint64 regia_feed_log_get_generation (RegiaFeedLog *self);

/** regia_feed_log_append: @packet is (transfer full); gets its seq here. Packets of an unknown track are a
 * caller's bug. */
void regia_feed_log_append (RegiaFeedLog *self, RegiaPacket *packet);

/** regia_feed_log_end: nothing more will be appended; readers are told so when they reach the end. */
void regia_feed_log_end (RegiaFeedLog *self);

/** regia_feed_log_set_wake: one listener (the feed server). Set before the first append. When it returns, the
 * listener there was before runs no more and may be freed. */
void regia_feed_log_set_wake (RegiaFeedLog *self, RegiaFeedWakeFunc wake, gpointer user_data);

/**
 * regia_feed_log_start:
 * @mask: bit i set when track i is wanted
 * @seq: for %REGIA_FEED_FROM_SEQ
 *
 * Returns: the position at which a reader with these wishes begins.
 */
guint64 regia_feed_log_start (RegiaFeedLog *self, RegiaFeedFrom from, guint64 seq, guint64 mask);

/** What regia_feed_log_read() found. */
typedef struct {
  guint count;                         /* packets placed in the array */
  guint64 next;                        /* cursor for the next call */
  gboolean gap;                        /* packets were lost before the first one returned … */
  guint64 gap_first_seq, gap_last_seq; /* … these (inclusive; other tracks' packets counted too) */
  gint64 gap_from_ns,
      gap_to_ns; /* … show time: last pts seen by the log before the gap (0 unknown), first pts after it */
  gboolean end;  /* the log has ended and the cursor is at its end */
} RegiaFeedRead;

/**
 * regia_feed_log_read:
 * @cursor: position from regia_feed_log_start() or the last call's next
 * @last_pts_ns: pts of the last packet that this reader was given, 0 for none
 * @packets: (array length=max) (out caller-allocates) (element-type RegiaPacket) (transfer full): the packets
 * @max: its room, at least 1
 *
 * Never blocks. A reader that fell out of the log is moved to the oldest keyframe of its first wanted video
 * track (the oldest packet when it wants none) and told the gap.
 */
void regia_feed_log_read (RegiaFeedLog *self, guint64 cursor, guint64 mask, gint64 last_pts_ns,
                          RegiaPacket **packets, guint max, RegiaFeedRead *ret_read);

void regia_feed_log_get_stats (RegiaFeedLog *self, RegiaFeedLogStats *ret_stats);
