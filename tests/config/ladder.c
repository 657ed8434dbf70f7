/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renditions that say what they are by their name. */
#include <string.h>

#include "regia/config/config.h"

/* (nullable): @groups behind a small event of @programme. */
static RegiaConfig *
parse (const char *programme, const char *groups, GError **error)
{
  g_autofree char *text = g_strdup_printf (
      "[event]\nname = Prova\n[source test]\npipeline = test\n[programme]\n%s\n%s", programme, groups);

  return regia_config_parse (text, strlen (text), "test.conf", "/", FALSE, error);
}

static void
check (const char *programme, const char *groups, guint number, guint width, guint height, guint kbps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = parse (programme, groups, &error);
  const RegiaConfigRendition *rendition;

  g_assert_no_error (error);
  rendition = g_ptr_array_index (regia_config_get (config)->renditions, number);
  g_assert_cmpuint (rendition->width, ==, width);
  g_assert_cmpuint (rendition->height, ==, height);
  g_assert_cmpuint (rendition->bitrate_kbps, ==, kbps);
  g_assert_cmpstr (rendition->preset, ==, "veryfast");
}

static void
test_names (void)
{
  static const char *const all = "[rendition 1080p]\n[rendition 720p]\n[rendition 540p]\n[rendition 480p]\n"
                                 "[rendition 360p]\n[rendition 240p]\n";

  check ("size = 1920x1080", all, 0, 1920, 1080, 5000);
  check ("size = 1920x1080", all, 1, 1280, 720, 2500);
  check ("size = 1920x1080", all, 2, 960, 540, 1600);
  check ("size = 1920x1080", all, 3, 854, 480, 1100);
  check ("size = 1920x1080", all, 4, 640, 360, 600);
  check ("size = 1920x1080", all, 5, 426, 240, 300);
}

static void
test_shape_and_rate (void)
{
  check ("size = 960x720", "[rendition 720p]\n[rendition 360p]\n", 1, 480, 360, 600);
  check ("size = 1280x720\nrate = 50", "[rendition 720p]\n", 0, 1280, 720, 3750);
  check ("size = 1280x720\nrate = 30000/1001", "[rendition 720p]\n", 0, 1280, 720, 2500);
}

/* What is written wins, key by key. */
static void
test_written (void)
{
  check ("size = 1280x720", "[rendition 720p]\nbitrate = 4M\n", 0, 1280, 720, 4000);
  check ("size = 1280x720", "[rendition 720p]\nsize = 960x540\n", 0, 960, 540, 2500);
  check ("size = 1280x720", "[rendition big]\nsize = 1280x720\nbitrate = 3M\n[rendition 360p]\n", 1, 640, 360,
         600);
}

static void
test_refused (void)
{
  static const struct {
    const char *groups, *words[3];
  } cases[] = {
      {"[rendition 900p]\n",
       {":7: [rendition 900p] size: missing", "[rendition 900p] bitrate: missing", "480p"}},
      {"[rendition 1080p]\n", {"1920x1080 is larger than the programme", "[rendition 1080p]", ""}},
      {"[rendition 720p]\nsize = big\n", {":8: [rendition 720p] size: ", "", ""}},
      {"[rendition low]\nsize =\nbitrate = 1M\n", {"[rendition low] size: missing", "", ""}},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = parse ("size = 1280x720", cases[i].groups, &error);

    g_assert_null (config);
    g_test_message ("%s", error->message);
    for (gsize j = 0; j < G_N_ELEMENTS (cases[i].words); j++)
      g_assert_nonnull (strstr (error->message, cases[i].words[j]));
  }
}

/* (transfer full): what there is of pictures, in order: `NAME SIZE RATE; …`. */
static char *
ladder_of (const RegiaConfigValues *values)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);

    g_string_append_printf (text, "%s%s %ux%u %u", i > 0 ? "; " : "", rendition->name, rendition->width,
                            rendition->height, rendition->bitrate_kbps);
  }
  return g_string_free (text, FALSE);
}

/* In one line, and what groups say besides; read again from the text that is kept for restarts. */
static void
test_list (void)
{
  static const struct {
    const char *ladder, *groups, *wanted;
  } rows[] = {
      {"1080p; 720p; 360p; audio", "", "1080p 1920x1080 5000; 720p 1280x720 2500; 360p 640x360 600"},
      {"480p", "", "480p 854x480 1100"},
      {"720p; low", "[rendition low]\nsize = 320x180\nbitrate = 200k\n[rendition 720p]\nbitrate = 3M\n",
       "720p 1280x720 3000; low 320x180 200"},
      {"audio; 360p", "[rendition 360p]\nencoder = auto\n", "360p 640x360 600"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *programme = g_strdup_printf ("size = 1920x1080\nladder = %s", rows[i].ladder);
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = parse (programme, rows[i].groups, &error), again = NULL;
    g_autofree char *text = NULL, *found = NULL, *found_again = NULL;

    g_assert_no_error (error);
    found = ladder_of (regia_config_get (config));
    g_assert_cmpstr (found, ==, rows[i].wanted);
    text = regia_config_to_text (config);
    again = regia_config_parse (text, strlen (text), "again.conf", "/", FALSE, &error);
    g_assert_no_error (error);
    found_again = ladder_of (regia_config_get (again));
    g_assert_cmpstr (found_again, ==, rows[i].wanted);
  }
}

static void
test_list_refused (void)
{
  static const struct {
    const char *ladder, *groups, *words;
  } rows[] = {
      {"720p; small", "", ":6: [programme] ladder: \"small\" says nothing by itself"},
      {"audio", "", ":6: [programme] ladder: no picture is in it"},
      {"720p", "[rendition 360p]\n",
       ":6: [programme] ladder: there is a [rendition 360p], which is not in it"},
      {"720p; 720p", "", ":6: [programme] ladder: "},
      {"1080p; 720p", "", "1920x1080 is larger than the programme"},
      {"720p; audio", "[rendition audio]\nsize = 320x180\nbitrate = 200k\n", "there is a [rendition audio]"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *programme = g_strdup_printf ("ladder = %s\nsize = 1280x720", rows[i].ladder);
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = parse (programme, rows[i].groups, &error);

    g_assert_null (config);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, rows[i].words));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/ladder/names", test_names);
  g_test_add_func ("/config/ladder/shape-and-rate", test_shape_and_rate);
  g_test_add_func ("/config/ladder/written", test_written);
  g_test_add_func ("/config/ladder/refused", test_refused);
  g_test_add_func ("/config/ladder/list", test_list);
  g_test_add_func ("/config/ladder/list-refused", test_list_refused);
  return g_test_run ();
}
