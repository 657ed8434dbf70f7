/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "session-private.h"

/**
 * What was recorded once and is not there any more, because somebody removed or moved files, or mounted a
 * disk over them. Pure: session values only.
 */

typedef struct {
  gint64 from_ms, to_ms; /* show time */
  const char *reason;    /* borrowed from the part */
} RegiaMissing;

/** regia_missing_find: (transfer full) (element-type RegiaMissing): the stretches of lost parts that no other
 * part holds, each once. */
GArray *regia_missing_find (RegiaSession *session);

/** regia_missing_note: makes gaps of them, but for what is in a gap already, all in order. */
void regia_missing_note (RegiaSession *session);

/** regia_missing_in_words: (transfer full): how much, from where to where, and why; "" when nothing is. */
char *regia_missing_in_words (RegiaSession *session);

/**
 * regia_missing_absorb: @session is what was found in the place that the session's name means now, @earlier
 * what was known before. Afterwards @session knows it too: parts of @earlier that are not there are lost,
 * with
 * @reason, a sentence without a full stop.
 */
void regia_missing_absorb (RegiaSession *session, RegiaSession *earlier, const char *reason);

/** regia_missing_until: the latest end of a lost part, show time in ms; 0 without any. */
gint64 regia_missing_until (RegiaSession *session);

/** regia_missing_is_whole: whether nothing of it is lost or damaged. Gaps that were never received count as
 * nothing. */
gboolean regia_missing_is_whole (RegiaSession *session);
