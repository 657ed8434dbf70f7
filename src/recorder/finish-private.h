/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "session-private.h"
#include "store-private.h"

/** Told now and then how much is done, 0 … 100, on the thread that finishes. */
typedef void (*RegiaFinishProgressFunc) (guint percent, gpointer user_data);

/**
 * regia_finish_run:
 *
 * Turns the parts of a session into its finished files: remux, read back, rename into place, record in
 * session.json, and only then remove the parts. May be killed at any moment and run again: it begins anew
 * from what it finds. Parts that cannot be used are kept and said so.
 *
 * Returns: (transfer full): the session as it is now, in state finished or damaged. %NULL with an error when
 * it could not be done now and nothing was lost: REGIA_ERROR_NO_SPACE, G_IO_ERROR (also CANCELLED). Blocks
 * for long; any thread that owns @store.
 */
RegiaSession *regia_finish_run (RegiaStore *store, RegiaFinishProgressFunc progress, gpointer user_data,
                                GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_finish_is_due: whether @session, as loaded, still has something to be finished or removed. */
gboolean regia_finish_is_due (RegiaStore *store, RegiaSession *session);
