/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/config/config.h"
#include "run-private.h"
#include "stand-in-private.h"

/**
 * RegiaSource: one [source] of the event: keeps a run of it going, for ever. Main thread, but for stopping,
 * which any one thread may do once the main one lets it be.
 */
typedef struct _RegiaSource RegiaSource;

/** regia_source_new: @plan (transfer full): everything but the text may be filled in; its targets may still
 * be added until the first tick. */
RegiaSource *regia_source_new (const RegiaConfigSource *config, RegiaRunPlan *plan);
void regia_source_free (RegiaSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaSource, regia_source_free)

/** regia_source_set_ingest: how it reaches the listener, if it is sent to: regia_ingest_link(). Before
 * the first tick. */
void regia_source_set_ingest (RegiaSource *self, int fd);

/** regia_source_tick: looks after the run; call about ten times a second. */
void regia_source_tick (RegiaSource *self, gint64 now_ns);

/** regia_source_stop: no run any more, and no new one; returns at once. regia_source_wait_stopped(): until
 * @until_ns. After the last tick, any one thread. */
void regia_source_stop (RegiaSource *self);
void regia_source_wait_stopped (RegiaSource *self, gint64 until_ns);

/** regia_source_get_trouble: how its picture is, as of the last tick. */
void regia_source_get_trouble (RegiaSource *self, RegiaPictureTrouble *ret_trouble);
/** regia_source_is_gone: after regia_source_stop(): nothing of it runs any more, so that another one can have
 * its device. Main thread. */
gboolean regia_source_is_gone (RegiaSource *self);

/** regia_source_add_state: puts a{sv} of this source into @builder (aav), keys as in org.regia.control.xml.
 * @meter: how loud it is */
void regia_source_add_state (RegiaSource *self, const RegiaMeterValues *meter, GVariantBuilder *builder,
                             gint64 now_ns);
