/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <pango/pangocairo.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_t, cairo_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_surface_t, cairo_surface_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_font_options_t, cairo_font_options_destroy)

/** What the words and the ground behind them look like; sRGB, 0 … 1. */
typedef struct {
  double red, green, blue;
} RegiaInk;

/** regia_ink_parse: `#rrggbb`. Returns: black for anything else. Pure. */
RegiaInk regia_ink_parse (const char *text);
/** regia_ink_on: what can be read on @ground: near white or near black, whichever stands out more (WCAG 2.2,
 * relative luminance and contrast ratio). Pure. */
RegiaInk regia_ink_on (RegiaInk ground);

/** A text and the room that it has. Sizes in pixels. */
typedef struct {
  const char *text; /* plain: what looks like markup is text as well */
  gboolean bold;
  double size; /* of the letters, where it fits */
  int width;   /* at most */
  guint lines; /* at most, 1 … 3 */
} RegiaLettering;

/**
 * regia_lettering_fit: the text in one line at its size; where that is too wide it is made smaller, then
 * broken into lines, and what is left over ends in "…", between two letters.
 *
 * @side: of its width that it stands on, whichever way it is read
 *
 * Returns: (transfer full): never wider than the width. Any one thread: that of @cr.
 */
PangoLayout *regia_lettering_fit (cairo_t *cr, const RegiaLettering *lettering, PangoAlignment side);

/** regia_lettering_is_right_to_left: by its first letter that says so. Pure. */
gboolean regia_lettering_is_right_to_left (const char *text);

/** regia_lettering_draw: @layout with the upper corner of what is seen of it at @x, @y. */
void regia_lettering_draw (cairo_t *cr, PangoLayout *layout, double x, double y, RegiaInk ink, double alpha);
