/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "desired-private.h"

/* What is wanted of the sound: the part of RegiaDesired that is about its faders. Pure. */

void regia_desired_fader_free (RegiaDesiredFader *fader);
void regia_desired_copy_faders (GPtrArray *to, GPtrArray *from);

/** regia_desired_change_fader: @gain: (nullable), @muted: (nullable): one of them is another now. @self is a
 * copy that is not out of hand yet. Errors: as of regia_desired_change(). */
gboolean regia_desired_change_fader (RegiaDesired *self, const char *language, const char *source,
                                     const gint64 *gain, const gboolean *muted,
                                     const RegiaDesiredContext *context, GError **error);

/** (transfer floating): av of a{sv}: language s, source s, gain x (tenths of a dB), muted b. */
GVariant *regia_desired_faders_to_variant (GPtrArray *faders);
/** regia_desired_take_fader: the reverse, for one of them. */
gboolean regia_desired_take_fader (RegiaDesired *self, GVariant *entry);
