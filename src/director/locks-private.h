/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaLocks: the two locks of a run folder (flock(2)), held until their descriptors are closed.
 * director.lock belongs to the director alone: one on a folder. alive.lock is inherited by engine and
 * recorder: while it is taken, children of a director that died are still on their way out.
 */
typedef struct {
  int owner_fd, alive_fd; /* −1: not held */
} RegiaLocks;

#define REGIA_LOCKS_INIT ((RegiaLocks){.owner_fd = -1, .alive_fd = -1})

/**
 * regia_locks_take:
 * @run_dir: exists; may be read-only, if the locks' files are there
 * @patient: waits for a director that was killed and is not gone yet (its disk does not answer), saying so,
 * and for children on their way out; else nothing is waited for
 *
 * Blocks. Errors: REGIA_ERROR_STATE: another Regia runs on the folder, or told to go while it waited;
 * G_IO_ERROR: what the folder says.
 */
gboolean regia_locks_take (RegiaLocks *self, const char *run_dir, gboolean patient,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_locks_take_owner: the first of them alone, for a moment in which no director is to begin; children
 * of one that was killed may be there. Waits for nothing. Errors: as regia_locks_take(). */
gboolean regia_locks_take_owner (RegiaLocks *self, const char *run_dir,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_locks_are_of: whether these are the locks that others would find in @run_dir. */
gboolean regia_locks_are_of (const RegiaLocks *self, const char *run_dir);

/** regia_locks_told_to_go: whether SIGINT, SIGTERM or SIGHUP has come while they were held back. Whoever
 * waits for a lock gives up then. Any thread that holds them back. */
gboolean regia_locks_told_to_go (void);

void regia_locks_drop (RegiaLocks *self);
