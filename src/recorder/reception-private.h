/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "intake-private.h"
#include "regia/feed/client.h"
#include "status-private.h"
#include "wanted-private.h"
#include "write-queue-private.h"

/**
 * RegiaReception: what becomes of each event of the feed: it asks the intake about the packet, gives what is
 * recorded to the write queue, notes gaps and pauses, and holds what may belong to the group of pictures that
 * ends a pause. The recording's thread only.
 */
typedef struct _RegiaReception RegiaReception;

/**
 * regia_reception_new:
 * @intake: (transfer full)
 * @queue, @status: used until the reception is freed
 * @lost_until_ns: show time until which parts were lost, 0: none
 * @reason: (static): why what is missing before the first packet came to be missing
 */
RegiaReception *regia_reception_new (RegiaIntake *intake, RegiaWriteQueue *queue, RegiaRecorderStatus *status,
                                     gint64 lost_until_ns, const char *reason);
/** Accepts NULL. */
void regia_reception_free (RegiaReception *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaReception, regia_reception_free)

void regia_reception_take (RegiaReception *self, RegiaFeedEvent *event);

/** regia_reception_set_wanted: pauses from now on; marks and private spans are kept at once. */
void regia_reception_set_wanted (RegiaReception *self, RegiaWanted *wanted);

/** regia_reception_set_overrun_reason: @reason (static): why the next gap comes to be, if the reader was
 * late.
 */
void regia_reception_set_overrun_reason (RegiaReception *self, const char *reason);

/** regia_reception_has_ended: the engine has said that nothing more comes. */
gboolean regia_reception_has_ended (RegiaReception *self);
