/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#define REGIA_LINGER_FDS 1024

/** Which descriptors were open at an instant; those above REGIA_LINGER_FDS are not looked at. */
typedef struct {
  guint8 open[REGIA_LINGER_FDS / 8];
} RegiaLingerFds;

/** regia_linger_note: before a library connects. */
void regia_linger_note (RegiaLingerFds *ret_fds);

/** regia_linger_find: after it connected. Returns: a copy of the one TCP socket that is new since @before; −1
 * when there is none, or more than one. It keeps the connection open when the library closes it:
 * regia_linger_close() ends it. */
int regia_linger_find (const RegiaLingerFds *before);

/** regia_linger_close: ends the connection of @fd in order: says that nothing more will come (FIN) and reads
 * away what the far end says, until it ends as well, @deadline_us (g_get_monotonic_time()) or @cancellable
 * (nullable). Takes @fd; −1 is allowed. */
void regia_linger_close (int fd, gint64 deadline_us, GCancellable *cancellable);
