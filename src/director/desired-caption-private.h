/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "desired-private.h"

/* What is wanted of the caption bar, and of the notice on the viewers' page. @self is a copy that is not out
 * of hand yet; errors are those of regia_desired_change(). Pure. */

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

/** regia_desired_set_notice: @text: "" for none; any text. */
void regia_desired_set_notice (RegiaDesired *self, const char *text);

/** regia_desired_change_notice: @text: one line, "" for none. */
gboolean regia_desired_change_notice (RegiaDesired *self, const char *text, GError **error);

/** regia_desired_read_notice: from what regia_desired_to_variant() made. */
gboolean regia_desired_read_notice (GVariant *dict, RegiaDesired *self);
