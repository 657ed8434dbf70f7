/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "session-private.h"

/**
 * RegiaWanted: what people want of a recording, as the director tells it (control/org.regia.control.xml,
 * Process.Apply): where it is paused, its marks, what of it is private. Immutable, reference counted; any
 * thread.
 */
typedef struct {
  gatomicrefcount ref_count;
  guint64 version;          /* of the desired state */
  GPtrArray *pauses;        /* (owned) (element-type RegiaSessionSpan) in order, as they were commanded */
  GPtrArray *private_spans; /* (owned) (element-type RegiaSessionSpan) */
  GPtrArray *marks;         /* (owned) (element-type RegiaSessionMark) */
  gboolean has_marks;       /* they were told, be it that there are none */
} RegiaWanted;

/** regia_wanted_new: @part (nullable) as the director passes it; what is missing in it is not wanted. */
RegiaWanted *regia_wanted_new (GVariant *part);
RegiaWanted *regia_wanted_ref (RegiaWanted *self);
/** Accepts NULL. */
void regia_wanted_unref (RegiaWanted *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaWanted, regia_wanted_unref)

/** regia_wanted_is_paused: whether a pause lasts. */
gboolean regia_wanted_is_paused (RegiaWanted *self);

/** regia_wanted_note: marks and private spans into @session, the marks in place of those that it has.
 * Returns: whether it had others. Pauses are noted as they are recorded: regia_session_set_pause(). */
gboolean regia_wanted_note (RegiaWanted *self, RegiaSession *session);
