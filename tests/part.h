/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** part_new: (transfer floating): what every process finds in its part. @event: text of the event file, its
 * relative paths below @folder, which is also where everything lies. */
static inline GVariant *
part_new (const char *event, const char *folder, const char *epoch, guint64 generation)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", (guint64)1);
  g_variant_dict_insert (&dict, "generation", "t", generation);
  g_variant_dict_insert (&dict, "session", "s", "one");
  g_variant_dict_insert (&dict, "epoch", "s", epoch);
  g_variant_dict_insert (&dict, "run", "s", folder);
  g_variant_dict_insert (&dict, "recordings", "s", folder);
  g_variant_dict_insert (&dict, "event", "s", event);
  g_variant_dict_insert (&dict, "base", "s", folder);
  return g_variant_dict_end (&dict);
}
