/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "inputs-private.h"
#include "meters-private.h"
#include "programme-private.h"
#include "regia/config/config.h"
#include "stand-in-private.h"

/**
 * RegiaLineup: the sources that are on, each with its places in the programme: one for its picture, which the
 * scenes show, and one for its sound in each language that it is heard in. They come, go and are set anew
 * while the programme runs. Main thread, but for stopping.
 */
typedef struct _RegiaLineup RegiaLineup;

/** regia_lineup_new: without any source. @programme, @inputs and @meters outlive it, @epoch is copied. */
RegiaLineup *regia_lineup_new (RegiaProgramme *programme, RegiaInputs *inputs, RegiaMeters *meters,
                               const RegiaEpoch *epoch);
void regia_lineup_free (RegiaLineup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLineup, regia_lineup_free)

/** regia_lineup_set_ingest: how those reach the listener that are sent to: regia_ingest_link(). Before
 * the first tick. */
void regia_lineup_set_ingest (RegiaLineup *self, int fd);

/**
 * regia_lineup_set:
 * @config: of which the sources are on from now on; a reference is taken
 * @scene: (nullable): that is shown at present
 *
 * Those that stay as they are go on undisturbed; of another one with the same name only the places are let go
 * of and made anew. A device is opened again when whoever had it has let it go, or has hung for 2 s.
 *
 * Returns: whether anything is different.
 */
gboolean regia_lineup_set (RegiaLineup *self, RegiaConfig *config, const RegiaScene *scene);

/** regia_lineup_tick: looks after them; ten times a second. */
void regia_lineup_tick (RegiaLineup *self, gint64 now_ns);

/** regia_lineup_stop: after the last tick, any one thread: nobody runs any more; waits until @until_ns. */
void regia_lineup_stop (RegiaLineup *self, gint64 until_ns);

/** regia_lineup_get_trouble: how the picture of the source called @name is, as of the last tick. Returns:
 * %FALSE where there is none. */
gboolean regia_lineup_get_trouble (RegiaLineup *self, const char *name, RegiaPictureTrouble *ret_trouble);

/** regia_lineup_add_states: see regia_source_add_state(), in the order of the config. */
void regia_lineup_add_states (RegiaLineup *self, GVariantBuilder *builder, gint64 now_ns);
