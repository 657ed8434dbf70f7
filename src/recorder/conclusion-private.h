/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "disk-private.h"
#include "session-private.h"
#include "status-private.h"
#include "store-private.h"

/** What the end of a recording is made of. Everything is borrowed. */
typedef struct {
  const RegiaDisk *disk;
  const char *recordings; /* folder of all sessions, for messages */
  RegiaStore *store;
  RegiaRecorderStatus *status;
  gboolean blocked;     /* the disk takes nothing: why is the status' message */
  gint64 unrecorded_ns; /* of the end of the event, because of the disk; 0: nothing */
  GCancellable *cancellable;
} RegiaConclusion;

/**
 * regia_conclusion_run: makes the finished files of a session to which nothing more comes, and says in the
 * status how that went; one that nothing was recorded of is removed instead.
 * @recorded: what is known of the session; unchanged
 *
 * The recording's thread; blocks for as long as finishing takes. Errors: those of regia_finish_run(): nothing
 * is lost by them.
 */
gboolean regia_conclusion_run (const RegiaConclusion *self, RegiaSession *recorded,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
