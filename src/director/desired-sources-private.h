/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "desired-private.h"

/* Which sources are other than the files say: a part of RegiaDesired. Pure. */

void regia_desired_copy_sources (GPtrArray *to, GPtrArray *from);

/**
 * regia_desired_change_sources:
 * @change: the whole of a command
 * @ret_known: (out): whether it is one about sources; else nothing was done
 *
 * @self is a copy that is not out of hand yet. Errors: as of regia_desired_change(); whether the values are
 * right only regia_config_change_sources() tells.
 */
gboolean regia_desired_change_sources (RegiaDesired *self, GVariant *change,
                                       const RegiaDesiredContext *context, gboolean *ret_known,
                                       GError **error);

/** (transfer floating): av of a{sv}: name s, removed b, fresh b, keys a{sv} of texts. */
GVariant *regia_desired_sources_to_variant (GPtrArray *sources);
/** regia_desired_take_source: the reverse, for one of them. */
gboolean regia_desired_take_source (RegiaDesired *self, GVariant *entry);

/** regia_desired_check_relay: whether there is a relay @name. */
gboolean regia_desired_check_relay (const char *name, const RegiaDesiredContext *context, GError **error);
