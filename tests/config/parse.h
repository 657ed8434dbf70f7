/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "regia/config/config.h"

/* The shortest whole event file; what a row of the tables adds begins in line 5. */
#define BASE "[event]\nname = Prova\n[source test]\npipeline = test\n"

/** parse: @length: negative: to its end. Returns: %NULL with an error. */
static inline RegiaConfig *
parse (const char *text, gssize length, GError **error)
{
  return regia_config_parse (text, length < 0 ? strlen (text) : (gsize)length, "event.conf", "/srv/event",
                             FALSE, error);
}

/** parse_good: what has no fault. */
static inline RegiaConfig *
parse_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  RegiaConfig *config = parse (text, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}
