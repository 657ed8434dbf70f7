/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaSnapshot: the snapshot between the main thread and the HTTP workers: the status and the health,
 * rendered once and read by every request as a reference. Any thread; one lock, a leaf.
 */
typedef struct _RegiaSnapshot RegiaSnapshot;

RegiaSnapshot *regia_snapshot_new (void);
void regia_snapshot_free (RegiaSnapshot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaSnapshot, regia_snapshot_free)

/** regia_snapshot_post: @status_json, @health: (transfer none) (nullable); @healthy: whether /healthz says
 * 200. */
void regia_snapshot_post (RegiaSnapshot *self, GBytes *status_json, gboolean healthy, GBytes *health);
/** (transfer full) (nullable): %NULL until posted. */
GBytes *regia_snapshot_get_status (RegiaSnapshot *self);
/** (transfer full) (nullable) */
GBytes *regia_snapshot_get_health (RegiaSnapshot *self, gboolean *ret_healthy);
/** The same for those who are told no more: %FALSE until posted. */
gboolean regia_snapshot_is_healthy (RegiaSnapshot *self);

/**
 * regia_snapshot_render:
 * @status: (nullable): the whole status that the director told last, a{sv} as in
 * control/org.regia.control.xml; %NULL when it never did
 * @answer_age_ms: since when the director has not answered
 *
 * Returns: (transfer floating) (nullable): the status for those who work here, with a warning first when it
 * is old. Pure. %NULL without @status.
 */
GVariant *regia_snapshot_render (GVariant *status, gint64 answer_age_ms);

/**
 * regia_snapshot_judge:
 * @status: (nullable): as above, or as those outside are told: its `state` is looked at
 * @gateway: (nullable): the gateway's State
 *
 * Returns: (transfer full): in words, for those who work here; @ret_healthy: whether the gateway serves what
 * it should: the director answers, and while the event is on air segments keep coming. Pure.
 */
char *regia_snapshot_judge (GVariant *status, GVariant *gateway, gint64 answer_age_ms, gboolean *ret_healthy);
