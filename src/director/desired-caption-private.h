/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "desired-private.h"

/* What is wanted of the caption bar. @self is a copy that is not out of hand yet; errors are those of
 * regia_desired_change(). Pure. */

/** regia_desired_set_caption: @name, @line: "" for none; any text. */
void regia_desired_set_caption (RegiaDesired *self, const char *name, const char *line);

/** regia_desired_change_caption: @name: not empty; @line: "" for none. */
gboolean regia_desired_change_caption (RegiaDesired *self, const char *name, const char *line,
                                       GError **error);

/** regia_desired_change_caption_talk: speaker and title of [talk @number].
 * @talks: (nullable) (element-type RegiaConfigTalk) */
gboolean regia_desired_change_caption_talk (RegiaDesired *self, gint64 number, GPtrArray *talks,
                                            GError **error);

/** regia_desired_read_caption: from what regia_desired_to_variant() made. */
gboolean regia_desired_read_caption (GVariant *dict, RegiaDesired *self);
