/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaFeedLog: the feed itself. An append-only log of packets held in memory for a span of time and a number
 * of bytes, whichever is reached first. Writers append and never wait for a reader.
 *
 * Thread: every function may be called from any thread, on one cursor by one at a time. The ring's lock is a
 * leaf: nothing is called while it is held but the allocator. The wake-up is called after it was let go, one
 * at a time.
 */
typedef struct _RegiaFeedLog RegiaFeedLog;

/** A wake-up: something was appended or the log ended. Called on the appending thread without the ring's
 * lock; may call nothing back and must not wait. */
typedef void (*RegiaFeedWakeFunc) (gpointer user_data);

/** What a reader may see and say; said by whoever lets it in, never by itself. */
typedef enum {
  REGIA_FEED_PUBLIC =
      0, /* for those outside the hall: programme alone, without what is private or rehearsed */
  REGIA_FEED_HOUSE = 1,  /* everything; may say that what it was given is in safety */
  REGIA_FEED_RECORD = 2, /* as the house, but nothing of a rehearsal: what is kept */
} RegiaFeedRights;

/** Kinds of track that share a budget of memory, by their names: none pushes another out. */
typedef enum {
  REGIA_FEED_CLASS_PROGRAMME = 0, /* video, audio, captions */
  REGIA_FEED_CLASS_ISO = 1,       /* iso */
  REGIA_FEED_CLASS_REST = 2,      /* previews, meters, marks and whatever else */
} RegiaFeedClass;
#define REGIA_FEED_CLASSES 3
/** regia_feed_class_of: by its name. The public has nothing but the programme's. Pure. */
RegiaFeedClass regia_feed_class_of (const RegiaTrack *track);

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

/** regia_feed_log_new: @max_bytes: the programme's budget; regia_feed_log_set_budget(). Nothing is private or
 * rehearsed; one that shall begin so is told before its first packet. */
RegiaFeedLog *regia_feed_log_new (guint64 generation, gint64 span_ns, guint64 max_bytes);
void regia_feed_log_free (RegiaFeedLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedLog, regia_feed_log_free)

/** regia_feed_log_set_budget: of a class of tracks. Isolated sources have as much as the programme, the rest
 * 32 MiB, unless said otherwise. */
void regia_feed_log_set_budget (RegiaFeedLog *self, RegiaFeedClass class, guint64 max_bytes);

/**
 * regia_feed_log_set_tracks:
 * @tracks: (element-type RegiaTrack) (transfer none): at most %REGIA_TRACKS_MAX, ids as their places;
 * immutable from here on
 *
 * Once before the first packet, and again whenever tracks come, go or change their parameters: what is
 * appended from then on belongs to the new table, and readers to whom it is another one are told it where it
 * begins: those who are given the same tracks in the same places as before hear nothing. Blanks stay with
 * tracks of the same name and parameters.
 */
void regia_feed_log_set_tracks (RegiaFeedLog *self, GPtrArray *tracks);
/** (transfer full) (nullable): the newest table; %NULL until there is one. */
GPtrArray *regia_feed_log_get_tracks (RegiaFeedLog *self);
guint64 regia_feed_log_get_generation (RegiaFeedLog *self);

/**
 * regia_feed_log_set_blank:
 * @track: of the newest table
 * @payloads: (element-type GBytes) (transfer none), at least one, immutable from here on: what the public is
 * given in place of private packets, one after the other and then from the first again. Pictures: a group
 * that begins with an IDR and refers to nothing before it, begun anew wherever the original has a keyframe;
 * sound: silent frames.
 */
void regia_feed_log_set_blank (RegiaFeedLog *self, guint track, GPtrArray *payloads);

/**
 * regia_feed_log_set_private:
 * @now_ns: show time of the switch
 *
 * On: the public is given blanks from the next packet of each track on, and in place of what is held and ends
 * after @now_ns. Off: packets from @now_ns on are public again, pictures from the next keyframe on (force one
 * in every rendition), sound but for its first packet, which still has some of the one before in it.
 *
 * Returns: pts of the newest picture that the public has been, or will be, given as it was; 0 for none.
 */
gint64 regia_feed_log_set_private (RegiaFeedLog *self, gboolean is_private, gint64 now_ns);

/**
 * regia_feed_log_set_rehearsal:
 * @now_ns: show time of the switch
 *
 * While it is one the public and what is kept have no feed at all; what belongs to it is withheld from them
 * as long as the log holds it. After it their pictures begin with the next keyframe: force one.
 */
void regia_feed_log_set_rehearsal (RegiaFeedLog *self, gboolean is_rehearsal, gint64 now_ns);

/** regia_feed_log_append: @packet is (transfer full); gets its seq here. Packets of an unknown track are a
 * caller's bug. On each track dts must rise, pts ≥ dts. */
void regia_feed_log_append (RegiaFeedLog *self, RegiaPacket *packet);

/** regia_feed_log_end: the event is over, nothing more will be appended; readers are told so when they reach
 * the end. */
void regia_feed_log_end (RegiaFeedLog *self);
/** regia_feed_log_close: nothing more will be appended here, but nothing is over: readers are given what
 * there is, and wait for the next engine. */
void regia_feed_log_close (RegiaFeedLog *self);

/** regia_feed_log_set_wake: one listener (the feed server). Set before the first append. When it returns, the
 * listener there was before runs no more and may be freed. */
void regia_feed_log_set_wake (RegiaFeedLog *self, RegiaFeedWakeFunc wake, gpointer user_data);

/** RegiaFeedCursor: a reader's place in a log. One thread at a time; the log must outlive it. */
typedef struct _RegiaFeedCursor RegiaFeedCursor;

/**
 * regia_feed_cursor_new:
 * @patterns: (array length=length): wanted tracks, names or globs, each ended by '\n'; all where there is
 * none
 * @seq: for %REGIA_FEED_FROM_SEQ, of this generation
 *
 * The public gets video, audio and captions alone. The log must know its tracks.
 */
RegiaFeedCursor *regia_feed_cursor_new (RegiaFeedLog *log, RegiaFeedRights rights, const char *patterns,
                                        gsize length, RegiaFeedFrom from, guint64 seq);
void regia_feed_cursor_free (RegiaFeedCursor *self);
/** regia_feed_cursor_get_wanted: which tracks of the newest table it wants and may have: bit i for track i.
 */
guint64 regia_feed_cursor_get_wanted (RegiaFeedCursor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedCursor, regia_feed_cursor_free)

/** What regia_feed_cursor_read() found. */
typedef struct {
  GBytes *table; /* (owned) (nullable): the tracks of the packets from here on, serialised; then no packet */
  guint count;   /* packets placed in the array */
  gboolean gap;  /* packets were lost before the first one returned … */
  gint64 gap_from_ns, gap_to_ns; /* … show time: last pts given before the gap (0 none), first pts after it */
  gboolean end;                  /* the log has ended and the cursor is at its end */
  gboolean over;                 /* … and the event with it: readers are told */
} RegiaFeedRead;

/**
 * regia_feed_cursor_read:
 * @packets: (array length=max) (out caller-allocates) (element-type RegiaPacket) (transfer full): the packets
 * @max: its room, at least 1
 *
 * Never blocks. The table is told first, and wherever another one begins. A reader that fell out of the log
 * is moved to the oldest keyframe of its first wanted video track (the oldest packet when it wants none) and
 * told the gap; a single track that has lost some goes on at a keyframe that is marked as a discontinuity.
 */
void regia_feed_cursor_read (RegiaFeedCursor *self, RegiaPacket **packets, guint max,
                             RegiaFeedRead *ret_read);

void regia_feed_log_get_stats (RegiaFeedLog *self, RegiaFeedLogStats *ret_stats);
