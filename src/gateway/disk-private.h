/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaDisk: the threads that wait for the disk, so that nobody else does: one pool for all workers. Whoever
 * has a job in it is served in turn, so that many downloads go forward together.
 */
typedef struct _RegiaDisk RegiaDisk;

/** Something that a disk thread does. Embedded in what it is about. */
typedef struct _RegiaDiskJob RegiaDiskJob;
struct _RegiaDiskJob {
  void (*work) (RegiaDiskJob *job); /* on a disk thread; may wait */
  void (*done) (RegiaDiskJob *job); /* afterwards in @context; frees the job */
  GMainContext *context;            /* (unowned): outlives the job */
};

/** regia_disk_new: @most_waiting: so many may wait for their turn before regia_disk_is_busy() says so */
RegiaDisk *regia_disk_new (guint threads, guint most_waiting);
/** regia_disk_free: does what is queued and waits for it; every job has then been handed to its context. */
void regia_disk_free (RegiaDisk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaDisk, regia_disk_free)

/** regia_disk_push: any thread. Never refuses: whoever has begun is brought to its end. */
void regia_disk_push (RegiaDisk *self, RegiaDiskJob *job);
/** regia_disk_is_busy: nobody new should begin: a disk that hangs must not gather requests without end, which
 * hold connections that viewers need. Any thread. */
gboolean regia_disk_is_busy (RegiaDisk *self);

/**
 * regia_disk_warm: reads bytes of a file, so that they are in memory afterwards. For a disk thread.
 *
 * Returns: %FALSE when there are none, or they cannot be read.
 */
gboolean regia_disk_warm (int fd, guint64 offset, gsize count);
/** regia_disk_is_warm: whether bytes of a file are in memory, as far as the first of each @step and the last
 * tell. A hole that they do not meet costs whoever sends them one read. Does not wait. */
gboolean regia_disk_is_warm (int fd, guint64 offset, gsize count, gsize step);
