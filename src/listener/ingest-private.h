/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/config/config.h"

/**
 * RegiaIngest: where senders come in: the listening sockets, who is connected to them and for how long, and
 * which source each of them sends to. Whoever has not been let in within 10 s goes; where more come than
 * there is room for, those make it who have said nothing yet, the earliest of the address that has most. One
 * sender at a time for each source: another one with the key takes its place when nothing has come of the
 * first for 5 s, as after a network that broke off; else it is refused.
 *
 * Belongs to the default main context of the thread that made it.
 */
typedef struct _RegiaIngest RegiaIngest;

/**
 * regia_ingest_new: begins to listen for every source of @values that is sent to
 * (regia_config_source_ingest()); nobody is taken in yet. Starts no thread.
 *
 * Errors: REGIA_ERROR_CONFIG, G_IO_ERROR when it cannot listen.
 */
RegiaIngest *regia_ingest_new (const RegiaConfigValues *values, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_ingest_free (RegiaIngest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaIngest, regia_ingest_free)

/** regia_ingest_open: takes senders in, and gives what they send to the sockets that come over @engine_fd:
 * (transfer none): see control/child.h, REGIA_CHILD_INGEST_FD. */
void regia_ingest_open (RegiaIngest *self, int engine_fd);

/** How many are connected, and how many of them send. */
typedef struct {
  guint connected, sending;
} RegiaIngestCounts;

RegiaIngestCounts regia_ingest_get_counts (RegiaIngest *self);
