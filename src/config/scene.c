/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "regia/config/scene.h"

#include <string.h>

#include "options-private.h"
#include "regia/config/pipeline.h"
#include "scene-private.h"
#include "values-private.h"

/* Between a small picture in a corner and the edge of the large one, percent of width and height. */
#define MARGIN        3.0
#define SLATE_FADE_MS 400

const char *const regia_scene_layouts[] = {
    "full", "picture-in-picture", "side-by-side", "slides-with-speaker", "free", NULL,
};
const char *const regia_scene_corners[] = {
    "top-left", "top-right", "bottom-left", "bottom-right", NULL,
};

/* How many sources each shows, in the order of regia_scene_layouts. */
static const struct {
  guint least, most;
} counts[] = {{1, 1}, {2, 2}, {2, 4}, {2, 2}, {1, 16}};

static guint
find_layout (const char *layout)
{
  guint i = 0;

  while (regia_scene_layouts[i + 1] != NULL && strcmp (regia_scene_layouts[i], layout) != 0)
    i++;
  return i;
}

/* X Y WIDTH HEIGHT. Returns: %NULL, or what is wrong. */
static const char *
parse_area (const char *text, double area[4])
{
  g_auto (GStrv) parts = g_strsplit_set (text, " \t", -1);
  guint count = 0;

  for (guint i = 0; parts[i] != NULL; i++) {
    char *end;

    if (parts[i][0] == '\0')
      continue;
    if (count == 4 || strspn (parts[i], G_CSET_DIGITS ".") != strlen (parts[i]))
      return "is no area";
    area[count] = g_ascii_strtod (parts[i], &end);
    if (*end != '\0' || end == parts[i])
      return "is no area";
    count++;
  }
  if (count != 4)
    return "is no area";
  if (area[2] < 1 || area[3] < 1)
    return "is too small to be seen, less than 1 % wide or high";
  if (area[0] + area[2] > 100 || area[1] + area[3] > 100)
    return "is not all inside the picture: X and WIDTH, Y and HEIGHT are at most 100 together";
  return NULL;
}

char *
regia_read_areas (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) parts = regia_split_list (text);
  guint count = g_strv_length (parts);

  if (count == 0 || count > option->max)
    return g_strdup_printf ("a list of %u; allowed: %s", count, option->range);
  for (guint i = 0; i < count; i++) {
    g_autofree char *quoted = regia_quote_clip (parts[i]);
    double area[4];
    const char *wrong = parse_area (parts[i], area);

    if (wrong != NULL)
      return g_strdup_printf ("%s %s; allowed: %s", quoted, wrong, option->range);
  }
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&parts);
  return NULL;
}

char *
regia_read_backup_when (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  static const char *const allowed[] = {"lost", "black", "frozen", NULL};
  g_auto (GStrv) kinds = regia_split_list (text);

  if (kinds[0] == NULL)
    return g_strdup_printf ("nothing is named; allowed: %s", option->range);
  for (char **kind = kinds; *kind != NULL; kind++)
    if (!g_strv_contains (allowed, *kind)) {
      g_autofree char *quoted = regia_quote_clip (*kind);

      return g_strdup_printf ("there is no %s; allowed: %s", quoted, option->range);
    }
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&kinds);
  return NULL;
}

static gboolean
is_said (RegiaConfig *self, const char *title, const char *key)
{
  const RegiaKeyEntry *entry = regia_key_text_find_entry (regia_key_text_find_group (self->scan, title), key);

  return entry != NULL && entry->raw[0] != '\0';
}

/* A key that another layout has: it would do nothing, which nobody means who writes it. */
static void
check_key (RegiaConfig *self, const char *title, const char *key, const char *layout, const char *needed,
           RegiaFaults *faults)
{
  const RegiaKeyEntry *entry = regia_key_text_find_entry (regia_key_text_find_group (self->scan, title), key);

  if (entry == NULL || entry->raw[0] == '\0' || strcmp (layout, needed) == 0)
    return;
  regia_faults_add_at (faults, regia_key_text_place (self->scan, title, key), title, key,
                       "only layout = %s has this; remove it", needed);
}

static gboolean
can_be_shown (const RegiaConfigValues *values, const char *name)
{
  gboolean found = g_strv_contains ((const char *const *)values->look_slates, name);

  for (guint i = 0; i < values->scenes->len; i++)
    found |= g_str_equal (((RegiaConfigScene *)g_ptr_array_index (values->scenes, i))->name, name);
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    found |= source->video && g_str_equal (source->name, name);
  }
  return found;
}

static void
check_backup (RegiaConfig *self, const RegiaConfigScene *scene, const char *title, RegiaFaults *faults)
{
  if (scene->backup == NULL)
    return;
  if (g_str_equal (scene->backup, scene->name))
    regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "backup"), title, "backup",
                         "it cannot stand in for itself; name another scene");
  else if (!can_be_shown (&self->values, scene->backup))
    regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "backup"), title, "backup",
                         "there is no scene, source with a picture or slate \"%s\"; name one of this event",
                         scene->backup);
  else if (g_str_equal (scene->backup, "bars") &&
           g_strv_contains ((const char *const *)self->values.look_slates, "bars"))
    regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "backup"), title, "backup",
                         "the bars are for rehearsals, and viewers would see them; name another scene");
}

void
regia_config_check_scenes (RegiaConfig *self, RegiaFaults *faults)
{
  for (guint i = 0; i < self->values.scenes->len; i++) {
    const RegiaConfigScene *scene = g_ptr_array_index (self->values.scenes, i);
    g_autofree char *title = g_strconcat ("scene ", scene->name, NULL);
    guint layout, count;

    check_backup (self, scene, title, faults);
    if (scene->layout == NULL || scene->sources == NULL)
      continue; /* its own fault is named already */
    layout = find_layout (scene->layout);
    count = g_strv_length (scene->sources);
    check_key (self, title, "corner", scene->layout, "picture-in-picture", faults);
    check_key (self, title, "small", scene->layout, "picture-in-picture", faults);
    check_key (self, title, "areas", scene->layout, "free", faults);
    if (count < counts[layout].least || count > counts[layout].most) {
      g_autofree char *most = counts[layout].most > counts[layout].least
                                  ? g_strdup_printf (" to %u", counts[layout].most)
                                  : g_strdup ("");

      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "sources"), title, "sources",
                           "%u named, and layout = %s shows %u%s; name those, or choose another layout",
                           count, scene->layout, counts[layout].least, most);
    } else if (strcmp (scene->layout, "free") == 0 &&
               is_said (self, title, "areas") == (scene->areas != NULL) &&
               (scene->areas == NULL || g_strv_length (scene->areas) != count))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "areas"), title, "areas",
                           "%u for %u sources; write X Y WIDTH HEIGHT in percent for each of them",
                           scene->areas != NULL ? g_strv_length (scene->areas) : 0, count);
  }
}

static void
place_free (gpointer data)
{
  RegiaScenePlace *place = data;

  g_free (place->source);
  g_free (place);
}

static void
scene_free (gpointer data)
{
  RegiaScene *scene = data;

  g_free (scene->name);
  g_ptr_array_unref (scene->places);
  g_free (scene);
}

static RegiaScene *
scene_new (const char *name, guint fade_ms)
{
  RegiaScene *scene = g_new0 (RegiaScene, 1);

  scene->name = g_strdup (name);
  scene->fade_ms = fade_ms;
  scene->places = g_ptr_array_new_with_free_func (place_free);
  return scene;
}

static void
add_place (RegiaScene *scene, const char *source, double x, double y, double width, double height)
{
  RegiaScenePlace *place = g_new (RegiaScenePlace, 1);

  *place = (RegiaScenePlace){g_strdup (source), x, y, width, height};
  g_ptr_array_add (scene->places, place);
}

static void
lay_out_corner (RegiaScene *scene, const RegiaConfigScene *config)
{
  gboolean right = g_str_has_suffix (config->corner, "right"),
           bottom = g_str_has_prefix (config->corner, "bottom");
  double side = config->small_percent, far = 100 - MARGIN - side;

  add_place (scene, config->sources[0], 0, 0, 100, 100);
  add_place (scene, config->sources[1], right ? far : MARGIN, bottom ? far : MARGIN, side, side);
}

/* Two beside each other; three and four in two rows. */
static void
lay_out_beside (RegiaScene *scene, char **sources)
{
  guint count = g_strv_length (sources);

  for (guint i = 0; i < count; i++) {
    gboolean alone = count == 3 && i == 2;

    add_place (scene, sources[i], alone ? 25 : i % 2 * 50, count == 2 ? 25 : i / 2 * 50, 50, 50);
  }
}

static void
lay_out (RegiaScene *scene, const RegiaConfigScene *config)
{
  char **sources = config->sources;

  switch (find_layout (config->layout)) {
  case 0:
    add_place (scene, sources[0], 0, 0, 100, 100);
    break;
  case 1:
    lay_out_corner (scene, config);
    break;
  case 2:
    lay_out_beside (scene, sources);
    break;
  case 3:
    add_place (scene, sources[0], 0, 12.5, 75, 75);
    add_place (scene, sources[1], 75, 37.5, 25, 25);
    break;
  default:
    for (guint i = 0; sources[i] != NULL; i++) {
      double area[4];

      if (config->areas != NULL && config->areas[i] != NULL && parse_area (config->areas[i], area) == NULL)
        add_place (scene, sources[i], area[0], area[1], area[2], area[3]);
    }
    break;
  }
}

GPtrArray *
regia_scenes_new (const RegiaConfigValues *values)
{
  GPtrArray *scenes = g_ptr_array_new_with_free_func (scene_free);

  for (guint i = 0; i < values->scenes->len; i++) {
    const RegiaConfigScene *config = g_ptr_array_index (values->scenes, i);
    RegiaScene *scene = scene_new (config->name, config->fade_ms);

    lay_out (scene, config);
    g_ptr_array_add (scenes, scene);
  }
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);
    g_autoptr (RegiaPipelineFile) file =
        source->video ? regia_pipeline_file_load ("capture", source->pipeline, NULL) : NULL;
    RegiaScene *scene;

    if (file == NULL || !file->gives_video || regia_scenes_find (scenes, source->name) != NULL)
      continue;
    scene = scene_new (source->name, 0);
    add_place (scene, source->name, 0, 0, 100, 100);
    g_ptr_array_add (scenes, scene);
  }
  for (guint i = 0; values->look_slates != NULL && values->look_slates[i] != NULL; i++) {
    RegiaScene *scene = scene_new (values->look_slates[i], SLATE_FADE_MS);

    add_place (scene, scene->name, 0, 0, 100, 100);
    g_ptr_array_add (scenes, scene);
  }
  return scenes;
}

char **
regia_scenes_names (const RegiaConfigValues *values)
{
  g_autoptr (GPtrArray) scenes = regia_scenes_new (values);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < scenes->len; i++)
    g_strv_builder_add (names, ((const RegiaScene *)g_ptr_array_index (scenes, i))->name);
  return g_strv_builder_end (names);
}

const RegiaScene *
regia_scenes_find (GPtrArray *scenes, const char *name)
{
  for (guint i = 0; i < scenes->len; i++) {
    const RegiaScene *scene = g_ptr_array_index (scenes, i);

    if (strcmp (scene->name, name) == 0)
      return scene;
  }
  return NULL;
}

const RegiaScene *
regia_scenes_first (GPtrArray *scenes, const RegiaConfigValues *values)
{
  const RegiaScene *named = values->picture != NULL ? regia_scenes_find (scenes, values->picture) : NULL;

  if (named != NULL)
    return named;
  return scenes->len > 0 ? g_ptr_array_index (scenes, 0) : NULL;
}

const char *
regia_scenes_first_name (const RegiaConfigValues *values)
{
  if (values->picture != NULL && g_strv_contains ((const char *const *)values->shows, values->picture))
    return values->picture;
  return values->shows[0] != NULL ? values->shows[0] : "";
}
