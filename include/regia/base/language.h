/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** regia_language_is_known: @tag is one of BCP 47 (RFC 5646 §2.1) as far as browsers and players know them: a
 * language that there is, in lower case, then script, region and variants by their form. Pure. */
gboolean regia_language_is_known (const char *tag);

/** regia_language_three_letters: BCP 47 @tag (nullable) as the three letters of ISO 639-2/T that MP4 and
 * MPEG-TS store; "und" when unknown. Static. Pure. */
const char *regia_language_three_letters (const char *tag);

/** regia_language_title: (transfer full): the language's name in itself; the tag for one that has none here.
 * Pure. */
char *regia_language_title (const char *tag);
