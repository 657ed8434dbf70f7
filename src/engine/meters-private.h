/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "meter-private.h"

/**
 * RegiaMeters: the meters of an event, told in step: of each source that is heard, and of each language's
 * mix. Main thread.
 */
typedef struct _RegiaMeters RegiaMeters;

RegiaMeters *regia_meters_new (void);
void regia_meters_free (RegiaMeters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaMeters, regia_meters_free)

/** regia_meters_add_source: of the source called @name. */
void regia_meters_add_source (RegiaMeters *self, const char *name, RegiaMeter *meter);
/** regia_meters_remove_source: it is in no step from the next one on. */
void regia_meters_remove_source (RegiaMeters *self, const char *name);
/** regia_meters_add_mix: of a language. The mixes say how far everybody is: they take what has come in time
 * and go on without the rest. */
void regia_meters_add_mix (RegiaMeters *self, const char *language, RegiaMeter *meter);

/**
 * regia_meters_next:
 * @ret_time_ns: show time at which the step begins
 *
 * Returns: (transfer full) (nullable): the next step that every mix is through with, as JSON: see
 * src/README.md, Tracks; %NULL when there is none yet. None is ever left out, but for those before the mixes
 * began.
 */
GBytes *regia_meters_next (RegiaMeters *self, gint64 *ret_time_ns);

/** regia_meters_get_source, regia_meters_get_mix: what the last step has of it; all silent when there is no
 * such meter. */
RegiaMeterValues regia_meters_get_source (RegiaMeters *self, const char *name);
RegiaMeterValues regia_meters_get_mix (RegiaMeters *self, const char *language);
