/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** part_new: (transfer floating): what every process finds in its part. @config: (nullable): of
 * regia_config_part(), floating; everything lies in @folder. */
static inline GVariant *
part_new (GVariant *config, const char *folder, const char *epoch, guint64 generation)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", (guint64)1);
  g_variant_dict_insert (&dict, "generation", "t", generation);
  g_variant_dict_insert (&dict, "session", "s", "one");
  g_variant_dict_insert (&dict, "show", "s", "0a1b2c3d");
  g_variant_dict_insert (&dict, "epoch", "s", epoch);
  g_variant_dict_insert (&dict, "run", "s", folder);
  g_variant_dict_insert (&dict, "recordings", "s", folder);
  if (config != NULL)
    g_variant_dict_insert_value (&dict, "config", config);
  return g_variant_dict_end (&dict);
}
