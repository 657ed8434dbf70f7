/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/slate-words-private.h"

#include <string.h>

static const RegiaStyle styles[] = {{1280, 720, {1, 0, 0}, {0, 0, 0}}, {640, 360, {1, 0, 0}, {0, 0, 0}}};

enum { BLACK_Y = 16 };

static RegiaConfigValues
event (const char *name, const char *place, char **languages)
{
  return (RegiaConfigValues){.name = (char *)name,
                             .place = (char *)place,
                             .start_s = 1664436600,
                             .timezone = (char *)"Europe/Rome",
                             .languages = languages,
                             .look_institution = (char *)place};
}

/* (transfer full): its luma, row by row. */
static guint8 *
luma_of (const RegiaStyle *style, RegiaRaster *raster)
{
  GstBuffer *frame = regia_raster_to_frame (raster);
  guint8 *luma = g_malloc (style->width * style->height);

  g_assert_cmpuint (gst_buffer_extract (frame, 0, luma, style->width * style->height), ==,
                    style->width * style->height);
  gst_buffer_unref (frame);
  return luma;
}

static guint8 *
draw (const RegiaStyle *style, const RegiaConfigValues *config, RegiaSlateKind kind)
{
  g_autoptr (RegiaRaster) raster = regia_slate_words_draw (style, config, kind, NULL);

  return luma_of (style, raster);
}

static void
test_fits (void)
{
  g_autofree char *word = g_strnfill (200, 'W');
  char *languages[] = {(char *)"it", NULL};
  const char *names[] = {"i", word, "Sirio migranti: esperienze a confronto"};

  for (guint s = 0; s < G_N_ELEMENTS (styles); s++)
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      for (guint kind = REGIA_SLATE_STARTING; kind <= REGIA_SLATE_ENDING; kind++) {
        RegiaConfigValues config = event (names[i], names[i], languages);
        g_autofree guint8 *luma = draw (&styles[s], &config, kind);
        guint margin_x = styles[s].width / 11, margin_y = styles[s].height / 22, inside = 0;

        for (guint y = 0; y < styles[s].height; y++)
          for (guint x = 0; x < styles[s].width; x++) {
            gboolean drawn = luma[y * styles[s].width + x] != BLACK_Y;

            inside += drawn;
            if (x < margin_x || x >= styles[s].width - margin_x || y < margin_y ||
                y >= styles[s].height - margin_y)
              g_assert_false (drawn);
            /* where the time will be */
            if (kind == REGIA_SLATE_STARTING && y >= styles[s].height * 0.745)
              g_assert_false (drawn);
          }
        g_assert_cmpuint (inside, >, styles[s].width);
      }
}

static gboolean
is_same (const RegiaConfigValues *one, const RegiaConfigValues *other, RegiaSlateKind kind)
{
  g_autofree guint8 *first = draw (&styles[1], one, kind), *second = draw (&styles[1], other, kind);

  return memcmp (first, second, styles[1].width * styles[1].height) == 0;
}

/* The first one counts; one that is not known here is English. */
static void
test_languages (void)
{
  char *english[] = {(char *)"en", NULL}, *italian[] = {(char *)"it", (char *)"en", NULL},
       *swiss[] = {(char *)"it-CH", NULL}, *none[] = {NULL}, *finnish[] = {(char *)"fi", NULL};
  RegiaConfigValues in_english = event ("a", "b", english), in_italian = event ("a", "b", italian),
                    in_swiss = event ("a", "b", swiss), in_none = event ("a", "b", none),
                    in_finnish = event ("a", "b", finnish);

  for (guint kind = REGIA_SLATE_STARTING; kind <= REGIA_SLATE_ENDING; kind++) {
    g_assert_false (is_same (&in_english, &in_italian, kind));
    g_assert_true (is_same (&in_italian, &in_swiss, kind));
    g_assert_true (is_same (&in_english, &in_none, kind));
    g_assert_true (is_same (&in_english, &in_finnish, kind));
  }
}

static void
test_count (void)
{
  static const struct {
    gint64 left_s;
    const char *text;
  } rows[] = {
      {-1, ""},        {G_MININT64, ""},  {0, "0:00"},         {1, "0:01"}, {59, "0:59"},     {60, "1:00"},
      {3599, "59:59"}, {3600, "1:00:00"}, {86399, "23:59:59"}, {86400, ""}, {G_MAXINT64, ""},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = regia_slate_words_count (rows[i].left_s);

    g_assert_cmpstr (text, ==, rows[i].text);
  }
}

/* Over the slate it changes only the rows that are its own, and takes away the one before. */
static void
test_count_place (void)
{
  char *languages[] = {(char *)"it", NULL};
  RegiaConfigValues config = event ("Sirio migranti", "Massa", languages);
  const RegiaStyle *style = &styles[1];
  g_autoptr (RegiaRaster) slate = regia_slate_words_draw (style, &config, REGIA_SLATE_STARTING, NULL);
  g_autoptr (GstBuffer) frame = regia_raster_to_frame (slate);
  g_autofree guint8 *before = luma_of (style, slate), *after = g_malloc (style->width * style->height);
  gint64 counts[] = {754, -1};
  guint changed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    g_autoptr (RegiaRaster) count = regia_slate_words_draw_count (style, counts[i]);
    GstVideoInfo info;
    GstVideoFrame mapped;

    gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, style->width, style->height);
    g_assert_true (gst_video_frame_map (&mapped, &info, frame, GST_MAP_READWRITE));
    regia_raster_blend (count, &mapped, REGIA_RASTER_WHOLE);
    gst_video_frame_unmap (&mapped);
    gst_buffer_extract (frame, 0, after, style->width * style->height);
    changed = 0;
    for (guint y = 0; y < style->height; y++)
      for (guint x = 0; x < style->width; x++)
        if (after[y * style->width + x] != before[y * style->width + x]) {
          g_assert_cmpuint (y, >=, (guint)(style->height * 0.745) - 2);
          g_assert_cmpuint (y, <, (guint)(style->height * 0.94));
          changed++;
        }
    g_assert_true (i == 0 ? changed > 200 : changed == 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/slate-words/fits", test_fits);
  g_test_add_func ("/engine/slate-words/languages", test_languages);
  g_test_add_func ("/engine/slate-words/count", test_count);
  g_test_add_func ("/engine/slate-words/count-place", test_count_place);
  return g_test_run ();
}
