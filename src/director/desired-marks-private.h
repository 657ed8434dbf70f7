/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "desired-private.h"

/* Moments of the show that are marked, and the present talk of the programme of talks, which marks its own
 * beginning. @self is a copy that is not out of hand yet; errors are those of regia_desired_change(). Pure.
 */

/** regia_desired_marks_new: (transfer full) (element-type RegiaDesiredMark): none. */
GPtrArray *regia_desired_marks_new (void);
/** regia_desired_copy_marks: appends copies of all of @from to @to. */
void regia_desired_copy_marks (GPtrArray *to, GPtrArray *from);
/** regia_desired_change_mark: one more. @id: of the command; @at_ms: show time, not ahead. */
gboolean regia_desired_change_mark (RegiaDesired *self, const char *id, guint64 at_ms, const char *title,
                                    const RegiaDesiredContext *context, GError **error);
/** regia_desired_marks_to_variant: (transfer floating): av, for regia_desired_to_variant(). */
GVariant *regia_desired_marks_to_variant (GPtrArray *marks);
/** regia_desired_take_mark: reads one back. Returns: %FALSE when a value is of the wrong kind. */
gboolean regia_desired_take_mark (RegiaDesired *self, GVariant *entry);

/**
 * regia_desired_change_talk: [talk @number] is the present one: its speaker and title are in the caption bar,
 * and its beginning is marked with its title, but in a rehearsal. Of the one that is present already the
 * caption alone is shown again: who presses twice, or beside somebody else, marks once.
 * @number: of the talk, 0: the one that is written after the present one
 * @at_ms: show time at which it began, not ahead
 */
gboolean regia_desired_change_talk (RegiaDesired *self, const char *id, gint64 number, guint64 at_ms,
                                    const RegiaDesiredContext *context, GError **error);
/** regia_desired_read_talk: from what regia_desired_to_variant() made. */
gboolean regia_desired_read_talk (GVariant *dict, RegiaDesired *self);
