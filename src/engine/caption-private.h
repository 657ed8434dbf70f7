/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lettering-private.h"
#include "raster-private.h"

/** What all that is drawn for an event has in common. */
typedef struct {
  guint width, height; /* of the programme's picture; even */
  RegiaInk colour;     /* of lines and signs */
  RegiaInk background; /* the ground behind words */
} RegiaStyle;

/**
 * regia_caption_draw:
 * @name: who is seen; UTF-8, one line, not empty
 * @line: (nullable): what they speak about, or what they are; %NULL or "": name alone
 *
 * The caption bar: the lower third, inside the safe area of 90 % (EBU R 95), as wide as its words. What is
 * read from the right stands on the right side. Words of any length stay within.
 *
 * Returns: (transfer full). Any one thread; takes some milliseconds.
 */
RegiaRaster *regia_caption_draw (const RegiaStyle *style, const char *name, const char *line);

/** regia_caption_surface: (transfer full): the same, not converted yet.
 * @ret_x, @ret_y: (out): where it lies in the picture; even */
cairo_surface_t *regia_caption_surface (const RegiaStyle *style, const char *name, const char *line,
                                        guint *ret_x, guint *ret_y);
