/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "options-private.h"
#include "values-private.h"

/* The rows of [alarms] in the table of options: from when on something is worth saying. What broadcast
 * monitors come with is the default; `off` leaves that alarm out. */

#define FIELD(member)                                                                                        \
  .offset = G_STRUCT_OFFSET (RegiaConfigValues, member), .size = sizeof (((RegiaConfigValues *)NULL)->member)

#define AFTER(member)                                                                                        \
  .read = regia_read_duration_or_off, FIELD (member), .min = 1000, .max = 600000, .unit = 1,                 \
  .range = "1s to 10min, or off"

const RegiaOption regia_option_alarms[] = {
    {.key = "silence",
     .default_value = "-60dB",
     .read = regia_read_level_or_off,
     FIELD (silence_db),
     .min = -90,
     .max = -20,
     .range = "-90dB to -20dB, or off",
     .help = "a source's sound that is not louder than this is silence"},
    {.key = "silence_after",
     .default_value = "10s",
     AFTER (silence_after_ms),
     .help = "for how long it is silent before that is an alarm"},
    {.key = "clipping",
     .default_value = "5",
     .read = regia_read_count_or_off,
     FIELD (clipping),
     .min = 1,
     .max = 10000,
     .range = "1 to 10000, or off",
     .help = "how often within 10 s a source's sound is cut off at full scale"},
    {.key = "channels_after",
     .default_value = "10s",
     AFTER (channels_after_ms),
     .help = "for how long left or right alone is dead, or one is the other's reverse"},
    {.key = "equal_after",
     .default_value = "off",
     AFTER (equal_after_ms),
     .help =
         "for how long left and right are the same; of a desk that sends one voice to both sides they are "
         "all day"},
    {.key = "black_after",
     .default_value = "10s",
     AFTER (black_after_ms),
     .help = "for how long a source's picture is black"},
    {.key = "frozen_after",
     .default_value = "10s",
     AFTER (frozen_after_ms),
     .help = "for how long a source's picture stands still"},
    {.key = "drift",
     .default_value = "200",
     .read = regia_read_count_or_off,
     FIELD (drift_ppm),
     .min = 20,
     .max = 10000,
     .range = "20 to 10000, or off",
     .help = "how many parts in a million a source's clock is fast or slow"},
    {.key = "apart",
     .default_value = "100ms",
     .read = regia_read_duration_or_off,
     FIELD (apart_ms),
     .min = 20,
     .max = 2000,
     .unit = 1,
     .range = "20ms to 2s, or off",
     .help = "how far a source's sound and picture have come apart since they began"},
    {.key = "hot",
     .default_value = "85",
     .read = regia_read_count_or_off,
     FIELD (hot_c),
     .min = 40,
     .max = 120,
     .range = "40 to 120 (degrees Celsius), or off",
     .help = "how hot this computer gets, by its hottest sensor"},
    {NULL},
};

const char *const regia_config_source_alarms[] = {"silence", "clipping", "channels", "black", "frozen",
                                                  "drift",   "apart",    "all",      NULL};

char *
regia_read_source_alarms (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) kinds = regia_split_list (text);

  for (char **kind = kinds; *kind != NULL; kind++)
    if (!g_strv_contains (regia_config_source_alarms, *kind))
      return g_strdup_printf ("there is no alarm \"%s\"; allowed: %s", *kind, option->range);
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&kinds);
  return NULL;
}
