/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaConfigKey: one key of the event file as a person has to know it; for `regia check --keys` and for the
 * test that config/example.conf explains all of them.
 */
typedef struct {
  const char *group;      /* "event", "source", … */
  gboolean named;         /* the group is written [group NAME] */
  const char *group_help; /* one line */
  const char *key;
  const char *default_value; /* (nullable): as it would be written; %NULL when there is none */
  gboolean required;
  const char *range; /* what is allowed, in words */
  const char *help;  /* one line */
} RegiaConfigKey;

/** regia_config_list_keys: (transfer full) (element-type RegiaConfigKey): all of them, in the order of the
 * groups. Any thread. */
GArray *regia_config_list_keys (void);
