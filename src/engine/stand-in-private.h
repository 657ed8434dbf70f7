/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "regia/config/config.h"

/** What is wrong with the picture of a source, as far as a scene's backup is concerned. */
typedef struct {
  gboolean lost, black;
  gint64 still_ns;
} RegiaPictureTrouble;

/**
 * regia_stand_in_words:
 * @trouble: of one source of @scene
 *
 * Returns: (nullable) (transfer none): what [scene] backup_when counts of it, in a word; %NULL: nothing.
 * Pure.
 */
const char *regia_stand_in_words (const RegiaConfigScene *scene, const RegiaPictureTrouble *trouble);

/** RegiaStandIn: whether a scene's backup is shown in its place. Values in, a decision out. All 0 at first;
 * nothing of it outlives an engine: the next one decides anew, by what it sees. */
typedef struct {
  gint64 bad_since_ns, good_since_ns; /* 0: it is not */
  gboolean used;
} RegiaStandIn;

/**
 * regia_stand_in_decide:
 * @bad: a source of the scene that people want is in trouble
 * @backup_bad: one of the backup's is: it is no better
 * @held: people want the scene itself, however it is
 * @now_ns: monotonic, more than 0
 *
 * Returns: whether the backup is shown now. One that is shown stays, whatever becomes of it, until the scene
 * is well: two that fail in turn would be shown in turn. Pure but for @self.
 */
gboolean regia_stand_in_decide (RegiaStandIn *self, const RegiaConfigScene *scene, gboolean bad,
                                gboolean backup_bad, gboolean held, gint64 now_ns);
