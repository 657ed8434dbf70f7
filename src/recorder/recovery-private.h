/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaRecovery: finishes what earlier shows left unfinished, one session after the other, in a thread of its
 * own at the lowest priority of processor and disk. Sessions that another recorder holds are none of its
 * business.
 */
typedef struct _RegiaRecovery RegiaRecovery;

/** regia_recovery_new: starts at once. @except: the session that is being recorded. Any thread. */
RegiaRecovery *regia_recovery_new (const char *recordings, const char *except);
/** regia_recovery_free: interrupts (the next start goes on), waits for the thread. */
void regia_recovery_free (RegiaRecovery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRecovery, regia_recovery_free)

/** regia_recovery_get_count: sessions finished so far. Any thread. */
guint regia_recovery_get_count (RegiaRecovery *self);
/** regia_recovery_is_running: Any thread. */
gboolean regia_recovery_is_running (RegiaRecovery *self);

/** regia_recovery_run: the same on the calling thread. Returns: sessions finished. */
guint regia_recovery_run (const char *recordings, const char *except, GCancellable *cancellable);
