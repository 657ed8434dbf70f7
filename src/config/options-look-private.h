/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "options-private.h"

/** [look] and [talk NUMBER]; each ends with a NULL key. */
extern const RegiaOption regia_look_options[];
extern const RegiaOption regia_talk_options[];

/** regia_is_talk_number: 1 … 999, as people write it. Pure. */
gboolean regia_is_talk_number (const char *text);
