/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "caption-private.h"
#include "regia/config/config.h"

/** The slates that are drawn of the event's own text; scenes of their names show them, see config/scene.h. */
typedef enum {
  REGIA_SLATE_STARTING,
  REGIA_SLATE_BREAK,
  REGIA_SLATE_ENDING,
} RegiaSlateKind;

/** regia_slate_words_draw: (transfer full): the whole picture; what does not fit is made smaller or ends in
 * "…". In the event's first language where that is known here, else in English. Any one thread.
 * @logo: (nullable) (transfer none) */
RegiaRaster *regia_slate_words_draw (const RegiaStyle *style, const RegiaConfigValues *config,
                                     RegiaSlateKind kind, cairo_surface_t *logo);

/** regia_slate_words_draw_count: (transfer full): the time that is left, where the starting slate has room
 * for it; as wide as the picture. Any one thread. */
RegiaRaster *regia_slate_words_draw_count (const RegiaStyle *style, gint64 left_s);

/** regia_slate_words_count: (transfer full): `1:02:03`, `2:03`, `0:00`; "" for what is over, or a day and
 * more away. Pure. */
char *regia_slate_words_count (gint64 left_s);
