/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "lettering-private.h"

#include <math.h>

/* What is tried one after the other until the text is whole. */
static const struct {
  guint lines;
  double scale;
} tries[] = {{1, 1}, {1, 0.9}, {1, 0.8}, {2, 0.85}, {2, 0.75}, {3, 0.7}};

RegiaInk
regia_ink_parse (const char *text)
{
  guint values[3] = {0};

  for (guint i = 0; text != NULL && text[0] == '#' && i < 6; i++) {
    int digit = g_ascii_xdigit_value (text[1 + i]);

    if (digit < 0)
      return (RegiaInk){0, 0, 0};
    values[i / 2] = values[i / 2] * 16 + (guint)digit;
  }
  return (RegiaInk){values[0] / 255.0, values[1] / 255.0, values[2] / 255.0};
}

static double
linear (double value)
{
  return value <= 0.04045 ? value / 12.92 : pow ((value + 0.055) / 1.055, 2.4);
}

RegiaInk
regia_ink_on (RegiaInk ground)
{
  double luminance =
      0.2126 * linear (ground.red) + 0.7152 * linear (ground.green) + 0.0722 * linear (ground.blue);

  /* where 1.05 / (L + 0.05) and (L + 0.05) / 0.05 are the same */
  return luminance > 0.179 ? (RegiaInk){0.08, 0.09, 0.1} : (RegiaInk){0.98, 0.98, 0.97};
}

gboolean
regia_lettering_is_right_to_left (const char *text)
{
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c)) {
    gunichar letter = g_utf8_get_char (c);

    if (!g_unichar_isalpha (letter))
      continue;
    switch (g_unichar_get_script (letter)) {
    case G_UNICODE_SCRIPT_ARABIC:
    case G_UNICODE_SCRIPT_HEBREW:
    case G_UNICODE_SCRIPT_SYRIAC:
    case G_UNICODE_SCRIPT_THAANA:
    case G_UNICODE_SCRIPT_NKO:
    case G_UNICODE_SCRIPT_ADLAM:
      return TRUE;
    default:
      return FALSE;
    }
  }
  return FALSE;
}

/* Pango's sides are those of reading: what is read from the right has its "left" there. */
static PangoAlignment
alignment_of (const char *text, PangoAlignment side)
{
  if (side == PANGO_ALIGN_CENTER || !regia_lettering_is_right_to_left (text))
    return side;
  return side == PANGO_ALIGN_LEFT ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT;
}

PangoLayout *
regia_lettering_fit (cairo_t *cr, const RegiaLettering *lettering, PangoAlignment side)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  g_autoptr (PangoFontDescription) font = pango_font_description_from_string ("Sans");
  g_autoptr (cairo_font_options_t) options = cairo_font_options_create ();

  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options (pango_layout_get_context (layout), options);
  pango_font_description_set_weight (font, lettering->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_alignment (layout, alignment_of (lettering->text, side));
  pango_layout_set_width (layout, lettering->width * PANGO_SCALE);
  pango_layout_set_text (layout, lettering->text, -1);
  for (guint i = 0; i < G_N_ELEMENTS (tries) && tries[i].lines <= lettering->lines; i++) {
    pango_font_description_set_absolute_size (font, lettering->size * tries[i].scale * PANGO_SCALE);
    pango_layout_set_font_description (layout, font);
    pango_layout_set_height (layout, -(int)tries[i].lines);
    if (!pango_layout_is_ellipsized (layout))
      break;
  }
  return layout;
}

void
regia_lettering_draw (cairo_t *cr, PangoLayout *layout, double x, double y, RegiaInk ink, double alpha)
{
  PangoRectangle seen;

  pango_layout_get_pixel_extents (layout, NULL, &seen);
  cairo_move_to (cr, x - seen.x, y - seen.y);
  cairo_set_source_rgba (cr, ink.red, ink.green, ink.blue, alpha);
  pango_cairo_show_layout (cr, layout);
}
