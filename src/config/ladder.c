/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ladder-private.h"

/* Renditions by name. No state. */

static const struct {
  const char *name;
  guint height, bitrate_kbps;
} steps[] = {
    {"1080p", 1080, 5000}, {"720p", 720, 2500}, {"540p", 540, 1600},
    {"480p", 480, 1100},   {"360p", 360, 600},  {"240p", 240, 300},
};

gboolean
regia_ladder_fill (RegiaConfigRendition *rendition, const RegiaConfigValues *values)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    if (!g_str_equal (steps[i].name, rendition->name))
      continue;
    if (rendition->width == 0 && values->height > 0) {
      rendition->height = steps[i].height;
      rendition->width =
          (guint)(((guint64)steps[i].height * values->width / values->height + 1) & ~(guint64)1);
    }
    if (rendition->bitrate_kbps == 0)
      rendition->bitrate_kbps = values->rate_num > 30 * MAX (values->rate_den, 1)
                                    ? steps[i].bitrate_kbps * 3 / 2
                                    : steps[i].bitrate_kbps;
    return TRUE;
  }
  return FALSE;
}

const char *
regia_ladder_names (void)
{
  return "1080p, 720p, 540p, 480p, 360p or 240p";
}
