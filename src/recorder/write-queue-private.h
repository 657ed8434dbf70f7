/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "disk-private.h"
#include "regia/base/clock.h"
#include "status-private.h"
#include "store-private.h"
#include "wanted-private.h"

/**
 * RegiaWriteQueue: what packets are given to, whatever the disk does. It begins and ends parts, keeps
 * session.json and the status true, and when the disk is full or fails it keeps what could not be written (a
 * second or two), says so, and tries again in a new part. No call fails; each may block as long as the disk
 * does. The recording's thread only.
 */
typedef struct _RegiaWriteQueue RegiaWriteQueue;

/**
 * regia_write_queue_new:
 * @store, @session, @status: used until the queue is freed; @session is the queue's to change
 * @recordings: folder of all sessions, for messages
 * @reserve_bytes: recording pauses when less is free
 */
RegiaWriteQueue *regia_write_queue_new (const RegiaDisk *disk, RegiaStore *store, RegiaSession *session,
                                        RegiaRecorderStatus *status, const RegiaEpoch *epoch,
                                        const char *recordings, guint64 reserve_bytes);
/** regia_write_queue_free: without writing. Accepts NULL. */
void regia_write_queue_free (RegiaWriteQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaWriteQueue, regia_write_queue_free)

/** regia_write_queue_set_tracks: (element-type RegiaTrack) ends the part; the next packet begins one with
 * these. What the disk has refused until then still gets into a part with the tracks that it came with. */
void regia_write_queue_set_tracks (RegiaWriteQueue *self, GPtrArray *tracks);

/** regia_write_queue_write: @packet of one of the tracks. */
void regia_write_queue_write (RegiaWriteQueue *self, RegiaPacket *packet);

/** regia_write_queue_end_part: what was given is on the disk, or kept. */
void regia_write_queue_end_part (RegiaWriteQueue *self);

/**
 * regia_write_queue_get_displaced: (transfer none) (nullable): set once the session's name, or the open
 * part's, leads to them no more: what has become of them, a sentence without a full stop. Nothing is written
 * from then on; whoever owns the queue opens the session anew and reads what the feed still has.
 */
const char *regia_write_queue_get_displaced (RegiaWriteQueue *self);

/** regia_write_queue_note_gap: a stretch that is missing, with the reason in words. */
void regia_write_queue_note_gap (RegiaWriteQueue *self, const char *reason, gint64 from_ns, gint64 to_ns);

/** regia_write_queue_note_pause: a stretch that was not to be recorded; @to_ns 0: it lasts. */
void regia_write_queue_note_pause (RegiaWriteQueue *self, gint64 from_ns, gint64 to_ns);
/** regia_write_queue_note_passed: the same of one that is over; nothing new when one that was noted covers
 * it. */
void regia_write_queue_note_passed (RegiaWriteQueue *self, gint64 from_ns, gint64 to_ns);
/** regia_write_queue_note_wanted: marks and private spans, saved at once when they are others. */
void regia_write_queue_note_wanted (RegiaWriteQueue *self, RegiaWanted *wanted);
/** regia_write_queue_save: session.json, now; later, when the disk refuses. */
void regia_write_queue_save (RegiaWriteQueue *self);
/** regia_write_queue_is_open: a part is being written. */
gboolean regia_write_queue_is_open (RegiaWriteQueue *self);

/** regia_write_queue_tick: what has to be done whether packets come or not; some times a second. Returns:
 * %TRUE when recording goes on after a pause. */
gboolean regia_write_queue_tick (RegiaWriteQueue *self);

/** regia_write_queue_is_blocked: the disk takes nothing now: give no more packets, call tick.
 * @ret_retry_at_us: (out): next try, monotonic. */
gboolean regia_write_queue_is_blocked (RegiaWriteQueue *self, gint64 *ret_retry_at_us);

/** regia_write_queue_close: ends the part and writes session.json. What the disk did not take until now it
 * never will: a gap up to the present. Returns: its length in ns, 0 when all is on the disk. */
gint64 regia_write_queue_close (RegiaWriteQueue *self);
