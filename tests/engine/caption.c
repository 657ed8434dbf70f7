/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/caption-private.h"

#include <string.h>

#include "regia/engine/core.h"

/* Letters are near white on a ground that is near black: what is bright is a letter or the stripe. */
#define GROUND {0x14 / 255.0, 0x21 / 255.0, 0x2b / 255.0}
#define RED    {1, 0, 0}

static const RegiaStyle style = {1280, 720, RED, GROUND};

typedef struct {
  guint x, y;
  int width, height;
  int first, last; /* columns of letters */
  int top, bottom; /* rows of letters */
  int stripe;      /* a column of the stripe; −1: none */
} Seen;

static gboolean
is_letter (guint32 pixel)
{
  return (pixel >> 16 & 0xff) > 150 && (pixel >> 8 & 0xff) > 150 && (pixel & 0xff) > 150;
}

static Seen
look (const RegiaStyle *of, const char *name, const char *line)
{
  Seen seen = {.first = G_MAXINT, .last = -1, .top = G_MAXINT, .bottom = -1, .stripe = -1};
  g_autoptr (cairo_surface_t) surface = regia_caption_surface (of, name, line, &seen.x, &seen.y);

  seen.width = cairo_image_surface_get_width (surface);
  seen.height = cairo_image_surface_get_height (surface);
  for (int y = 0; y < seen.height; y++)
    for (int x = 0; x < seen.width; x++) {
      guint32 pixel;

      memcpy (&pixel,
              cairo_image_surface_get_data (surface) + y * cairo_image_surface_get_stride (surface) + x * 4,
              sizeof pixel);
      if (pixel == 0xffff0000)
        seen.stripe = x;
      if (!is_letter (pixel))
        continue;
      seen.first = MIN (seen.first, x);
      seen.last = MAX (seen.last, x);
      seen.top = MIN (seen.top, y);
      seen.bottom = MAX (seen.bottom, y);
    }
  return seen;
}

/* Inside the safe area, and the letters inside the bar with room around them. */
static void
check_within (const RegiaStyle *of, const Seen *seen)
{
  g_assert_cmpuint (seen->x % 2 + seen->y % 2, ==, 0);
  g_assert_cmpint ((int)seen->x, >=, (int)(of->width * 0.049));
  g_assert_cmpint ((int)seen->x + seen->width, <=, (int)(of->width * 0.951) + 1);
  g_assert_cmpint ((int)seen->y + seen->height, <=, (int)(of->height * 0.95));
  g_assert_cmpint ((int)seen->y, >=, (int)(of->height * 0.5));
  g_assert_cmpint (seen->last, >=, seen->first);
  g_assert_cmpint (seen->first, >=, (int)(of->height * 0.03));
  g_assert_cmpint (seen->last, <, seen->width - (int)(of->height * 0.03));
  g_assert_cmpint (seen->top, >, (int)(of->height * 0.015));
  g_assert_cmpint (seen->bottom, <, seen->height - (int)(of->height * 0.015));
}

static void
test_fits (void)
{
  static const RegiaStyle styles[] = {
      {1280, 720, RED, GROUND}, {640, 360, RED, GROUND}, {3840, 2160, RED, GROUND}};
  g_autofree char *one_word = g_strnfill (300, 'W');
  g_autofree char *words = g_strnfill (300, 'e');
  g_autoptr (GString) arabic = g_string_new (NULL);
  const char *names[] = {"i", "Maria Rossi", "Niccolò D'Àvila", one_word, words, NULL};

  for (guint i = 7; i < 300; i += 8)
    words[i] = ' ';
  while (g_utf8_strlen (arabic->str, -1) < 300)
    g_string_append (arabic, "فاطمة ");
  names[G_N_ELEMENTS (names) - 1] = arabic->str;
  for (guint s = 0; s < G_N_ELEMENTS (styles); s++)
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      for (guint j = 0; j < G_N_ELEMENTS (names); j++) {
        Seen seen = look (&styles[s], names[i], j == 0 ? NULL : names[j]);

        g_test_message ("%ux%u, %.20s, %.20s", styles[s].width, styles[s].height, names[i], names[j]);
        check_within (&styles[s], &seen);
      }
}

/* What is read from the right begins there, bar and stripe as well; a line of the other kind follows its
 * name. */
static void
test_right_to_left (void)
{
  Seen left = look (&style, "Maria Rossi", "حق التعليم"), right = look (&style, "فاطمة الزهراء", "Saluti");

  g_assert_cmpuint (left.x, ==, 64);
  g_assert_cmpint (left.stripe, <, 10);
  g_assert_cmpint (left.first, <, 40);
  g_assert_cmpuint (right.x + (guint)right.width, ==, 1280 - 64);
  g_assert_cmpint (right.stripe, ==, right.width - 1);
  g_assert_cmpint (right.width - right.last, <, 45);
  g_assert_true (regia_lettering_is_right_to_left ("«123 שלום"));
  g_assert_false (regia_lettering_is_right_to_left ("123 abc שלום"));
  g_assert_false (regia_lettering_is_right_to_left (""));
}

static Seen
of_text (const char *name)
{
  return look (&style, name, NULL);
}

/* Shown as it is written: as wide as its letters are together, and not as what it would be as markup. */
static void
test_markup (void)
{
  g_autofree char *with = g_strdup ("Anna Maria Teresa Bartolomei <b>&amp; Rossi</b>");
  Seen plain = of_text ("Anna Maria Teresa Bartolomei & Rossi"), markup = of_text (with),
       broken = of_text ("Anna Maria Teresa Bartolomei <b><i>& Rossi");

  g_assert_cmpint (markup.last, >, plain.last + 100);
  g_assert_cmpint (broken.last, >, plain.last + 60);
}

/* A name alone has one line, a long one more, and never more than three. */
static void
test_lines (void)
{
  g_autofree char *words = g_strnfill (300, 'e');
  Seen one = of_text ("Rossi"), two, three;

  for (guint i = 7; i < 300; i += 8)
    words[i] = ' ';
  three = of_text (words);
  words[90] = '\0';
  two = of_text (words);
  g_assert_cmpint (two.height, >, one.height);
  g_assert_cmpint (three.height, >, two.height);
  g_assert_cmpint (three.height, <, 3 * one.height);
  g_assert_cmpint (one.width, ==, 384); /* three tenths at least */
}

/* Dark letters on a light ground. */
static void
test_ink (void)
{
  g_assert_cmpfloat (regia_ink_on (regia_ink_parse ("#14212b")).red, >, 0.9);
  g_assert_cmpfloat (regia_ink_on (regia_ink_parse ("#ffe680")).red, <, 0.1);
  g_assert_cmpfloat (regia_ink_parse ("#ff8000").green, ==, 128 / 255.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/caption/fits", test_fits);
  g_test_add_func ("/engine/caption/right-to-left", test_right_to_left);
  g_test_add_func ("/engine/caption/markup", test_markup);
  g_test_add_func ("/engine/caption/lines", test_lines);
  g_test_add_func ("/engine/caption/ink", test_ink);
  return g_test_run ();
}
