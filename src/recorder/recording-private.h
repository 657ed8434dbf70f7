/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "disk-private.h"
#include "regia/base/clock.h"
#include "regia/feed/link.h"
#include "wanted-private.h"

/**
 * RegiaRecording: the recording of one session. A thread of its own follows the feed and writes; it survives
 * full and failing disks, and the loss of what it has written; resumes a session that a crash left, and
 * finishes it at the end. Nothing of it runs on the main context.
 */
typedef struct _RegiaRecording RegiaRecording;

/** Copied by regia_recording_new(). */
typedef struct {
  const RegiaDisk *disk;  /* outlives the recording */
  const char *recordings; /* folder of all sessions, absolute */
  const char *session;    /* name of the session's folder */
  const char *title, *place;
  RegiaFeedLink *feed;       /* a reference is taken; no other client may be on it */
  const char *const *tracks; /* (array zero-terminated=1) names, in the order of the file; those that the feed
                                lacks are left out */
  RegiaEpoch epoch;
  guint64 reserve_bytes; /* recording pauses when less is free */
  guint memory_ms;       /* what the feed remembers */
  RegiaWanted *wanted;   /* (nullable) what people want of it at the start */
} RegiaRecordingOptions;

/**
 * RegiaRecordingDoneFunc: the thread is about to end.
 * @error: (nullable): why it could not do what it was asked to (the session can then be finished later;
 * nothing is lost)
 *
 * Called on the recording's thread.
 */
typedef void (*RegiaRecordingDoneFunc) (const GError *error, gpointer user_data);

/** regia_recording_new: starts at once. Any thread. */
RegiaRecording *regia_recording_new (const RegiaRecordingOptions *options, RegiaRecordingDoneFunc done,
                                     gpointer user_data);
/** regia_recording_free: stops without finishing, waits for the thread. */
void regia_recording_free (RegiaRecording *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRecording, regia_recording_free)

/**
 * regia_recording_stop: any thread; returns at once, the done callback follows.
 * @finish: the event is over: take what the feed still has (its end, or 3 s), then make the finished files.
 * %FALSE: what was received is put on the disk, and the session waits for the next recorder. A later call
 * with %FALSE interrupts finishing.
 */
void regia_recording_stop (RegiaRecording *self, gboolean finish);

/**
 * regia_recording_set_wanted: what people want from now on, complete; any thread; returns at once. It is in
 * effect, and what of it is kept in session.json is there as far as the disk takes it, when
 * regia_recording_get_applied() says its version.
 */
void regia_recording_set_wanted (RegiaRecording *self, RegiaWanted *wanted);
/** regia_recording_get_applied: the version in effect, 0: none yet. Any thread. */
guint64 regia_recording_get_applied (RegiaRecording *self);

/**
 * regia_recording_get_state: (transfer floating): a{sv} with the keys of the recorder's state in
 * control/org.regia.control.xml (but `recovered`). Any thread, never blocks on the disk.
 */
GVariant *regia_recording_get_state (RegiaRecording *self);

/**
 * regia_recording_is_healthy: %FALSE when the thread hangs elsewhere than in the disk; killing the process
 * would not free a disk. Any thread.
 * @ret_why: (out) (optional) (transfer full)
 */
gboolean regia_recording_is_healthy (RegiaRecording *self, char **ret_why);
