/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** What is decided of a language's sound by how loud its sources are: values in, a decision out. Nothing of
 * it outlives an engine: the next one decides anew. */

/** RegiaBackup: whether a backup microphone is heard in place of a language's own sources. All 0 at first. */
typedef struct {
  gint64 silent_since_ns; /* 0: they are not silent */
  gboolean used;
} RegiaBackup;

/**
 * regia_backup_decide:
 * @loudest_db: the loudest of its own sources now, dBFS
 * @below_db: what is not louder is silent
 * @after_ns: how long they have to be
 * @now_ns: monotonic, more than 0
 *
 * Returns: whether the backup is heard now. Pure but for @self.
 */
gboolean regia_backup_decide (RegiaBackup *self, double loudest_db, double below_db, gint64 after_ns,
                              gint64 now_ns);

/** How long a voice counts as heard after its last loud moment: pauses between words are shorter. */
#define REGIA_DUCK_HOLD_NS G_GINT64_CONSTANT (1000000000)

/** RegiaDuck: whether some of a language's sources are lowered for the others. All 0 at first. */
typedef struct {
  gint64 heard_ns; /* when the voice was heard last, 0 for never */
} RegiaDuck;

/** regia_duck_decide: @loudest_db: of the others, dBFS; louder than @above_db is heard. Returns: whether they
 * are lowered now. Pure but for @self. */
gboolean regia_duck_decide (RegiaDuck *self, double loudest_db, double above_db, gint64 now_ns);
