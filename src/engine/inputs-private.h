/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fader-private.h"
#include "meter-private.h"
#include "regia/config/config.h"
#include "regia/engine/core.h"

/**
 * RegiaInputs: each source's sound in each language's mix: how loud it is there, by what people say and by
 * what is heard. Main thread.
 */
typedef struct _RegiaInputs RegiaInputs;

/** regia_inputs_new: @config outlives it. */
RegiaInputs *regia_inputs_new (const RegiaConfigValues *config);
void regia_inputs_free (RegiaInputs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaInputs, regia_inputs_free)

/** regia_inputs_set_config: @config takes the place of the one before, and outlives it: the same languages,
 * perhaps with other sources. What is told of the sources that are there stays. */
void regia_inputs_set_config (RegiaInputs *self, const RegiaConfigValues *config);

/**
 * regia_inputs_add: of a source that is not there yet.
 * @audio: number of the language
 * @source: as the file calls it
 * @fader: (transfer none), outlives it
 * @meter: of the source
 */
void regia_inputs_add (RegiaInputs *self, guint audio, const char *source, RegiaFader *fader,
                       RegiaMeter *meter);

/** regia_inputs_remove: @source, in every language; its faders are not touched any more. */
void regia_inputs_remove (RegiaInputs *self, const char *source);

/** regia_inputs_set_gains: see regia_engine_set_gains(). @from_ns: see regia_fader_set() */
void regia_inputs_set_gains (RegiaInputs *self, const RegiaEngineGain *gains, guint count, gint64 from_ns);

/** regia_inputs_tick: decides anew what is heard of it; ten times a second. @now_ns: show time */
void regia_inputs_tick (RegiaInputs *self, gint64 now_ns);

/** regia_inputs_get_backup: the source that is heard in place of those of language @audio, "" while they are.
 */
const char *regia_inputs_get_backup (RegiaInputs *self, guint audio);
/** regia_inputs_is_ducked: whether some of language @audio are lowered for the others. */
gboolean regia_inputs_is_ducked (RegiaInputs *self, guint audio);
