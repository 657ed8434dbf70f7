/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "regia/config/scene.h"

/* Scenes of an event file, as text: `NAME fade SOURCE x y w h; …` each. */

static char *
describe (const char *groups, char **ret_first)
{
  g_autofree char *text =
      g_strconcat ("[event]\nname = Prova\n[source camera]\npipeline = test\n[source slides]\n"
                   "pipeline = test\n[source desk]\npipeline = pulse\n[source hall]\npipeline = test\n"
                   "video = no\n",
                   groups, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_parse (text, strlen (text), "event.conf", "/", FALSE, &error);
  g_autoptr (GPtrArray) scenes = NULL;
  GString *out = g_string_new (NULL);
  const RegiaScene *first;

  g_assert_no_error (error);
  scenes = regia_scenes_new (regia_config_get (config));
  for (guint i = 0; i < scenes->len; i++) {
    const RegiaScene *scene = g_ptr_array_index (scenes, i);

    g_string_append_printf (out, "%s%s %u", i > 0 ? " | " : "", scene->name, scene->fade_ms);
    for (guint j = 0; j < scene->places->len; j++) {
      const RegiaScenePlace *place = g_ptr_array_index (scene->places, j);

      g_string_append_printf (out, "; %s %g %g %g %g", place->source, place->x, place->y, place->width,
                              place->height);
    }
    g_assert_true (regia_scenes_find (scenes, scene->name) == scene);
  }
  first = regia_scenes_first (scenes, regia_config_get (config));
  if (ret_first != NULL)
    *ret_first = g_strdup (first != NULL ? first->name : NULL);
  g_assert_null (regia_scenes_find (scenes, "nobody"));
  return g_string_free (out, FALSE);
}

/* Each source that gives a picture is a scene; the one that has no picture and the one of which none is taken
 * are not. */
static void
test_sources (void)
{
  g_autofree char *first = NULL;
  g_autofree char *found = describe ("", &first);

  g_assert_cmpstr (found, ==, "camera 0; camera 0 0 100 100 | slides 0; slides 0 0 100 100");
  g_assert_cmpstr (first, ==, "camera");
}

static void
test_layouts (void)
{
  static const struct {
    const char *groups, *found;
  } rows[] = {
      {"sources = slides\nfade = 500ms\n", "a 500; slides 0 0 100 100"},
      {"layout = picture-in-picture\nsources = slides; camera\n",
       "a 0; slides 0 0 100 100; camera 72 72 25 25"},
      {"layout = picture-in-picture\nsources = slides; camera\ncorner = top-left\nsmall = 30\n",
       "a 0; slides 0 0 100 100; camera 3 3 30 30"},
      {"layout = picture-in-picture\nsources = slides; camera\ncorner = top-right\n",
       "a 0; slides 0 0 100 100; camera 72 3 25 25"},
      {"layout = picture-in-picture\nsources = slides; camera\ncorner = bottom-left\n",
       "a 0; slides 0 0 100 100; camera 3 72 25 25"},
      {"layout = side-by-side\nsources = slides; camera\n", "a 0; slides 0 25 50 50; camera 50 25 50 50"},
      {"layout = slides-with-speaker\nsources = slides; camera\n",
       "a 0; slides 0 12.5 75 75; camera 75 37.5 25 25"},
      {"layout = free\nsources = camera; slides\nareas = 0 0 100 100, 10.5 20 30 40\n",
       "a 0; camera 0 0 100 100; slides 10.5 20 30 40"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *groups = g_strconcat ("[scene a]\n", rows[i].groups, NULL);
    g_autofree char *first = NULL;
    g_autofree char *found = describe (groups, &first);
    g_autofree char *wanted =
        g_strconcat (rows[i].found, " | camera 0; camera 0 0 100 100 | slides 0; slides 0 0 100 100", NULL);

    g_assert_cmpstr (found, ==, wanted);
    g_assert_cmpstr (first, ==, "a");
  }
}

/* A scene of a source's name stands in its place; what is shown at first is said by [programme]. */
static void
test_names (void)
{
  g_autofree char *first = NULL;
  g_autofree char *found = describe ("[scene camera]\nlayout = free\nsources = camera\nareas = 25 25 50 50\n"
                                     "[programme]\npicture = slides\n",
                                     &first);

  g_assert_cmpstr (found, ==, "camera 0; camera 25 25 50 50 | slides 0; slides 0 0 100 100");
  g_assert_cmpstr (first, ==, "slides");
}

/* After all others, so that what is shown at first stays what it was; but they can be. */
static void
test_slates (void)
{
  g_autofree char *first = NULL, *first_slate = NULL;
  g_autofree char *found = describe ("[look]\nslates = ending; starting\n", &first);
  g_autofree char *again =
      describe ("[look]\nslates = ending; starting\n[programme]\npicture = starting\n", &first_slate);

  g_assert_cmpstr (found, ==,
                   "camera 0; camera 0 0 100 100 | slides 0; slides 0 0 100 100 | ending 400; ending 0 0 100 "
                   "100 | starting 400; starting 0 0 100 100");
  g_assert_cmpstr (again, ==, found);
  g_assert_cmpstr (first, ==, "camera");
  g_assert_cmpstr (first_slate, ==, "starting");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/scene/sources", test_sources);
  g_test_add_func ("/config/scene/layouts", test_layouts);
  g_test_add_func ("/config/scene/names", test_names);
  g_test_add_func ("/config/scene/slates", test_slates);
  return g_test_run ();
}
