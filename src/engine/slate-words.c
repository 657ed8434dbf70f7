/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "slate-words-private.h"

#include <string.h>

#include "logo-private.h"
#include "slate-private.h"

/*
 * One column in the middle: the logo, what is going on, a rule in the event's colour, the event's name, where
 * and when. All sizes are parts of the picture's height, widths of its width; everything is inside 80 % of
 * it.
 */

#define WIDTH        0.80
#define LOGO_HEIGHT  0.15
#define HEADLINE     0.082
#define NAME         0.050
#define SMALL        0.037
#define COUNT        0.120
#define COUNT_Y      0.745
#define COUNT_HEIGHT 0.180
#define RULE_WIDTH   0.10
#define RULE_HEIGHT  0.006
#define GAP          0.042
#define SOFT         0.86

typedef struct {
  PangoLayout *layout; /* (owned) (nullable) */
  PangoRectangle seen;
} Row;

static void
row_clear (Row *row)
{
  g_clear_object (&row->layout);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Row, row_clear)

static const char *
headline (RegiaSlateKind kind, const char *language)
{
  static const struct {
    const char *language, *starting, *ending;
  } words[] = {
      {"it", "Si comincia tra poco", "Grazie di averci seguito"},
      {"en", "Starting soon", "Thank you for watching"},
      {"de", "Gleich geht es los", "Danke fürs Zuschauen"},
      {"es", "Empezamos enseguida", "Gracias por acompañarnos"},
      {"fr", "Nous commençons bientôt", "Merci de nous avoir suivis"},
  };
  gsize found = 1; /* English */

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strncmp (language, words[i].language, 2) == 0 && !g_ascii_isalpha (language[2]))
      found = i;
  return kind == REGIA_SLATE_STARTING ? words[found].starting : words[found].ending;
}

/* (transfer full) */
static char *
headline_of (RegiaSlateKind kind, const RegiaConfigValues *config)
{
  const char *language = config->languages[0] != NULL ? config->languages[0] : "en";
  const char *first[] = {language, NULL};

  return kind == REGIA_SLATE_BREAK ? regia_slate_break_line (first) : g_strdup (headline (kind, language));
}

/* (transfer full): what stands below the name; "" for nothing. */
static char *
below (RegiaSlateKind kind, const RegiaConfigValues *config)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (config->timezone);
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (config->start_s), start = NULL;
  g_autofree char *hour = NULL;

  if (kind == REGIA_SLATE_ENDING)
    return g_strdup (config->look_institution != NULL ? config->look_institution : "");
  if (kind == REGIA_SLATE_BREAK || config->start_s == 0 || zone == NULL || utc == NULL)
    return g_strdup (config->place);
  start = g_date_time_to_timezone (utc, zone);
  hour = g_date_time_format (start, "%H:%M");
  return *config->place != '\0' ? g_strdup_printf ("%s · %s", config->place, hour) : g_steal_pointer (&hour);
}

static void
fit (Row *row, cairo_t *cr, const RegiaStyle *style, const char *text, double size, gboolean bold)
{
  if (*text == '\0')
    return;
  row->layout = regia_lettering_fit (cr,
                                     &(RegiaLettering){.text = text,
                                                       .bold = bold,
                                                       .size = style->height * size,
                                                       .width = (int)(style->width * WIDTH),
                                                       .lines = 3},
                                     PANGO_ALIGN_CENTER);
  pango_layout_get_pixel_extents (row->layout, NULL, &row->seen);
}

static double
draw_row (cairo_t *cr, const RegiaStyle *style, const Row *row, double y, double alpha)
{
  if (row->layout == NULL)
    return y;
  regia_lettering_draw (cr, row->layout, (style->width - row->seen.width) / 2.0, y,
                        regia_ink_on (style->background), alpha);
  return y + row->seen.height;
}

static void
draw_column (cairo_t *cr, const RegiaStyle *style, const Row rows[3], cairo_surface_t *logo, double room)
{
  double gap = style->height * GAP, rule = style->height * RULE_HEIGHT,
         logo_height = logo != NULL ? style->height * LOGO_HEIGHT : 0;
  double height = (logo != NULL ? logo_height + gap : 0) + rows[0].seen.height + gap * 0.6 + rule +
                  gap * 0.8 + rows[1].seen.height +
                  (rows[2].layout != NULL ? gap * 0.4 + rows[2].seen.height : 0);
  double y = MAX ((room - height) / 2, style->height * 0.05);

  if (logo != NULL) {
    regia_logo_paint (cr, logo, style->width * 0.3, y, style->width * 0.4, logo_height, 1);
    y += logo_height + gap;
  }
  y = draw_row (cr, style, &rows[0], y, 1) + gap * 0.6;
  cairo_set_source_rgb (cr, style->colour.red, style->colour.green, style->colour.blue);
  cairo_rectangle (cr, style->width * (1 - RULE_WIDTH) / 2, y, style->width * RULE_WIDTH, rule);
  cairo_fill (cr);
  y = draw_row (cr, style, &rows[1], y + rule + gap * 0.8, 1) + gap * 0.4;
  draw_row (cr, style, &rows[2], y, SOFT);
}

RegiaRaster *
regia_slate_words_draw (const RegiaStyle *style, const RegiaConfigValues *config, RegiaSlateKind kind,
                        cairo_surface_t *logo)
{
  g_autoptr (cairo_surface_t) surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)style->width, (int)style->height);
  g_autoptr (cairo_t) cr = cairo_create (surface);
  g_autofree char *first = headline_of (kind, config), *last = below (kind, config);
  gboolean counts = kind == REGIA_SLATE_STARTING && config->start_s != 0;
  g_auto (Row) top = {0}, middle = {0}, bottom = {0};

  cairo_set_source_rgb (cr, style->background.red, style->background.green, style->background.blue);
  cairo_paint (cr);
  fit (&top, cr, style, first, HEADLINE, TRUE);
  fit (&middle, cr, style, config->name, NAME, TRUE);
  fit (&bottom, cr, style, last, SMALL, FALSE);
  draw_column (cr, style, (const Row[]){top, middle, bottom}, logo, style->height * (counts ? COUNT_Y : 1.0));
  return regia_raster_new (surface, 0, 0);
}

char *
regia_slate_words_count (gint64 left_s)
{
  guint left = (guint)CLAMP (left_s, 0, 86400);

  if (left_s < 0 || left_s >= 86400)
    return g_strdup ("");
  if (left >= 3600)
    return g_strdup_printf ("%u:%02u:%02u", left / 3600, left / 60 % 60, left % 60);
  return g_strdup_printf ("%u:%02u", left / 60, left % 60);
}

RegiaRaster *
regia_slate_words_draw_count (const RegiaStyle *style, gint64 left_s)
{
  int y = 2 * (int)(style->height * COUNT_Y / 2), height = 2 * (int)(style->height * COUNT_HEIGHT / 2);
  g_autoptr (cairo_surface_t) surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)style->width, height);
  g_autoptr (cairo_t) cr = cairo_create (surface);
  g_autofree char *text = regia_slate_words_count (left_s);
  g_auto (Row) row = {0};

  cairo_set_source_rgb (cr, style->background.red, style->background.green, style->background.blue);
  cairo_paint (cr);
  fit (&row, cr, style, text, COUNT, FALSE);
  draw_row (cr, style, &row, (height - row.seen.height) / 2.0, 1);
  return regia_raster_new (surface, 0, (guint)y);
}
