/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "writer-private.h"

/**
 * RegiaRecorderStatus: what the recording shows of itself: written by its thread, read by any other, under
 * one lock that is a leaf.
 */
typedef struct _RegiaRecorderStatus RegiaRecorderStatus;

typedef enum {
  REGIA_PHASE_WAITING,
  REGIA_PHASE_RECORDING,
  REGIA_PHASE_PAUSED,
  REGIA_PHASE_NO_SPACE,
  REGIA_PHASE_DISK_ERROR,
  REGIA_PHASE_FINISHING,
  REGIA_PHASE_FINISHED,
} RegiaPhase;

/** @memory_ms: what the feed remembers. */
RegiaRecorderStatus *regia_recorder_status_new (const char *session, const char *title, const char *path,
                                                guint memory_ms);
void regia_recorder_status_free (RegiaRecorderStatus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRecorderStatus, regia_recorder_status_free)

/* All of these: the recording's thread. */

/** regia_recorder_status_set_phase: @message in words, "" when all is well. */
void regia_recorder_status_set_phase (RegiaRecorderStatus *self, RegiaPhase phase, const char *message);
/** regia_recorder_status_set_place: the session is recorded elsewhere than was said at first. */
void regia_recorder_status_set_place (RegiaRecorderStatus *self, const char *session, const char *path);
/** regia_recorder_status_set_loss: @words about what is not there any more of the recording, "" for nothing;
 * said until it is set anew, beside every other message. @missing: some of it cannot be got back. */
void regia_recorder_status_set_loss (RegiaRecorderStatus *self, const char *words, gboolean missing);
/** regia_recorder_status_tick: the thread is alive. */
void regia_recorder_status_tick (RegiaRecorderStatus *self);
/** regia_recorder_status_enter_disk, regia_recorder_status_leave_disk: around every call that may block on
 * the disk. */
void regia_recorder_status_enter_disk (RegiaRecorderStatus *self);
void regia_recorder_status_leave_disk (RegiaRecorderStatus *self);
/** regia_recorder_status_set_written: after a fragment. @recorded_ms and @bytes: of the whole session. */
void regia_recorder_status_set_written (RegiaRecorderStatus *self, const RegiaWriterStats *stats,
                                        gint64 recorded_ms, guint64 bytes, guint parts);
void regia_recorder_status_set_gaps (RegiaRecorderStatus *self, guint gaps, gint64 gap_ms);
/** regia_recorder_status_set_space: @rate_bps bits a second at present, 0 unknown; @usable_bytes until
 * recording pauses. */
void regia_recorder_status_set_space (RegiaRecorderStatus *self, guint64 free_bytes, guint64 usable_bytes,
                                      guint64 rate_bps);
void regia_recorder_status_set_percent (RegiaRecorderStatus *self, guint percent);
/** regia_recorder_status_set_files: @names (array zero-terminated=1). */
void regia_recorder_status_set_files (RegiaRecorderStatus *self, const char *const *names);

/* Any thread. */

RegiaPhase regia_recorder_status_get_phase (RegiaRecorderStatus *self);
/** regia_recorder_status_dup_message: (transfer full): as last set with the phase. */
char *regia_recorder_status_dup_message (RegiaRecorderStatus *self);
/** As last measured. */
guint64 regia_recorder_status_get_free_bytes (RegiaRecorderStatus *self);
/**
 * regia_recorder_status_hang_in_words: (transfer full): what a disk means that does not answer.
 * @hung_ms: since when
 * @behind_ms: since when nothing has reached it
 * @memory_ms: what the feed remembers
 *
 * Pure.
 */
char *regia_recorder_status_hang_in_words (gint64 hung_ms, gint64 behind_ms, gint64 memory_ms,
                                           const char *path);
/** regia_recorder_status_to_variant: (transfer floating): see regia_recording_get_state(). */
GVariant *regia_recorder_status_to_variant (RegiaRecorderStatus *self);
/** regia_recorder_status_is_healthy: see regia_recording_is_healthy(). */
gboolean regia_recorder_status_is_healthy (RegiaRecorderStatus *self, char **ret_why);
