/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** What a child may do with its control connection. What one of ours does is far below: some messages a
 * second of a few kilobytes. */
#define REGIA_GUARD_MESSAGE_BYTES 65536
#define REGIA_GUARD_MESSAGES      100 /* in a second */
#define REGIA_GUARD_CALLS         32  /* without an answer that was taken */

/**
 * RegiaGuardMeter: counts the messages of one direction of a D-Bus connection, from its authentication on. A
 * value; pure functions, so that they can be tried with any bytes.
 */
typedef struct {
  gboolean unlimited; /* only counted: the director's own direction */
  gboolean messages;  /* FALSE: lines of the authentication, still */
  guint line_bytes;   /* of the line so far */
  char line[8];       /* its first bytes */
  guint8 head[16];    /* of the message that began */
  guint head_bytes;   /* how much of that is here */
  guint64 body_bytes; /* of the message that are still to come */
  guint calls;        /* method calls that expect an answer, so far */
  guint answers;      /* to method calls, so far */
  guint64 n_messages; /* so far */
  gint64 second_us;   /* when the second that is counted began */
  guint in_second;    /* messages that began in it */
  gsize begun_at;     /* where in the bytes last counted the newest message begins */
} RegiaGuardMeter;

/** regia_guard_meter_count: @data, @length: what came next. @now_us: g_get_monotonic_time(). Returns:
 * (nullable): what is too much, in words; nothing of the connection is to be read after that. */
const char *regia_guard_meter_count (RegiaGuardMeter *self, const void *data, gsize length, gint64 now_us);

/**
 * RegiaGuard: stands between a child and the director's end of its control connection. GDBus reads a message
 * of up to 128 MiB into memory before anybody can look at it, makes work for the main context of each, and
 * keeps each answer until it is taken: a child that was taken over had the director at 2 GB in 6 s. What a
 * guard lets through is bounded before it is in memory.
 *
 * When it is too much, it lets nothing through any more in either direction and says why: who owns it then
 * kills the child. Descriptors pass to the child and never from it.
 */
typedef struct _RegiaGuard RegiaGuard;

/** regia_guard_new: @fd: (transfer full): the director's end of the child's socket pair. @ret_fd: (out)
 * (transfer full): what the director speaks D-Bus over instead. Starts a thread. Errors: G_IO_ERROR; @fd is
 * closed then. Main context. */
RegiaGuard *regia_guard_new (int fd, int *ret_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_guard_free: shuts the connection, if it is still open; does not wait for the thread, which then
 * ends. Accepts NULL. Main context. */
void regia_guard_free (RegiaGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaGuard, regia_guard_free)

/** regia_guard_get_fault: (nullable): what was too much, in words: "it sent …". Any thread. */
const char *regia_guard_get_fault (RegiaGuard *self);
