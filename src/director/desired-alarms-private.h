/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "desired-private.h"

/* Which alarms were acknowledged: the part of RegiaDesired that is about them. Pure. */

void regia_desired_acknowledgement_free (RegiaDesiredAcknowledgement *acknowledgement);
void regia_desired_copy_acknowledgements (GPtrArray *to, GPtrArray *from);

/** regia_desired_acknowledge: what is over is forgotten at the same time. @self is a copy that is not out of
 * hand yet. Errors: as of regia_desired_change(). */
gboolean regia_desired_acknowledge (RegiaDesired *self, const char *alarm, const RegiaDesiredContext *context,
                                    GError **error);

/** (transfer floating): av of a{sv}: alarm s, since-ms x, who s, at-ms x. */
GVariant *regia_desired_acknowledgements_to_variant (GPtrArray *acknowledged);
/** regia_desired_take_acknowledgement: the reverse, for one of them. */
gboolean regia_desired_take_acknowledgement (RegiaDesired *self, GVariant *entry);
