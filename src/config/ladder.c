/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ladder-private.h"

#include "options-private.h"

/* Renditions by name: those of [programme] ladder, and what a name says by itself. No state. */

static const struct {
  const char *name;
  guint height, bitrate_kbps;
} steps[] = {
    {"1080p", 1080, 5000}, {"720p", 720, 2500}, {"540p", 540, 1600},
    {"480p", 480, 1100},   {"360p", 360, 600},  {"240p", 240, 300},
};

static gboolean
is_step (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_str_equal (steps[i].name, name))
      return TRUE;
  return FALSE;
}

gboolean
regia_ladder_fill (RegiaConfigRendition *rendition, const RegiaConfigValues *values)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    if (!g_str_equal (steps[i].name, rendition->name))
      continue;
    if (rendition->width == 0 && values->height > 0) {
      rendition->height = steps[i].height;
      rendition->width =
          (guint)(((guint64)steps[i].height * values->width / values->height + 1) & ~(guint64)1);
    }
    if (rendition->bitrate_kbps == 0)
      rendition->bitrate_kbps = values->rate_num > 30 * MAX (values->rate_den, 1)
                                    ? steps[i].bitrate_kbps * 3 / 2
                                    : steps[i].bitrate_kbps;
    return TRUE;
  }
  return FALSE;
}

const char *
regia_ladder_names (void)
{
  return "1080p, 720p, 540p, 480p, 360p or 240p";
}

static const char *
default_of (const char *kind, const char *key)
{
  return regia_option_find (regia_option_group_find (kind), key)->default_value;
}

static void
add_default_rendition (RegiaConfigValues *values, const char *name, guint width, guint height,
                       guint bitrate_kbps)
{
  RegiaConfigRendition *rendition = g_new0 (RegiaConfigRendition, 1);

  rendition->name = g_strdup (name);
  rendition->width = width;
  rendition->height = height;
  rendition->bitrate_kbps = bitrate_kbps;
  rendition->encoder = g_strdup (default_of ("rendition", "encoder"));
  rendition->preset = g_strdup (default_of ("rendition", "preset"));
  g_ptr_array_add (values->renditions, rendition);
}

/* What a name like 720p says by itself; all others have to say it. */
static void
complete_rendition (RegiaConfig *self, RegiaConfigRendition *rendition, RegiaFaults *faults)
{
  static const char *const keys[] = {"size", "bitrate"};
  g_autofree char *title = g_strconcat ("rendition ", rendition->name, NULL);
  const RegiaKeyGroup *group = regia_key_text_find_group (self->scan, title);
  gboolean known = regia_ladder_fill (rendition, &self->values);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    const RegiaOption *option = regia_option_find (regia_option_group_find ("rendition"), keys[i]);
    const RegiaKeyEntry *entry = group ? regia_key_text_find_entry (group, keys[i]) : NULL;
    gboolean empty = entry && entry->raw[0] == '\0';

    if (!known && (entry == NULL || empty))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, NULL), title, keys[i],
                           "missing; add it (%s), or call the rendition %s", option->range,
                           regia_ladder_names ());
  }
}

/* (nullable) */
static RegiaConfigRendition *
steal_rendition (RegiaConfigValues *values, const char *name)
{
  for (guint i = 0; i < values->renditions->len; i++)
    if (g_str_equal (((RegiaConfigRendition *)g_ptr_array_index (values->renditions, i))->name, name))
      return g_ptr_array_steal_index (values->renditions, i);
  return NULL;
}

/* The ladder says which there are and in which order; a group, what one of them is besides its name. */
static void
take_ladder (RegiaConfig *self, RegiaFaults *faults)
{
  RegiaConfigValues *values = &self->values;
  RegiaPlace place = regia_key_text_place (self->scan, "programme", "ladder");
  guint left = values->renditions->len, pictures = 0;

  for (guint i = 0; values->ladder[i] != NULL; i++) {
    const char *name = values->ladder[i];
    RegiaConfigRendition *written;

    if (g_str_equal (name, REGIA_CONFIG_LADDER_AUDIO))
      continue;
    written = steal_rendition (values, name);
    left -= written != NULL;
    pictures++;
    if (written != NULL)
      g_ptr_array_add (values->renditions, written);
    else if (is_step (name))
      add_default_rendition (values, name, 0, 0, 0);
    else
      regia_faults_add_at (faults, place, "programme", "ladder",
                           "\"%s\" says nothing by itself; write %s or audio, or add [rendition %s]", name,
                           regia_ladder_names (), name);
  }
  for (guint i = 0; i < left; i++) {
    const RegiaConfigRendition *written = g_ptr_array_index (values->renditions, i);

    regia_faults_add_at (faults, place, "programme", "ladder",
                         "there is a [rendition %s], which is not in it; add it, or write off = yes there",
                         written->name);
  }
  if (pictures == 0)
    regia_faults_add_at (faults, place, "programme", "ladder",
                         "no picture is in it, and nothing could be recorded; add one of %s",
                         regia_ladder_names ());
}

void
regia_config_complete_renditions (RegiaConfig *self, gboolean written, RegiaFaults *faults)
{
  RegiaConfigValues *values = &self->values;

  if (values->ladder != NULL)
    take_ladder (self, faults);
  if (written || values->ladder != NULL) {
    for (guint i = 0; i < values->renditions->len; i++)
      complete_rendition (self, g_ptr_array_index (values->renditions, i), faults);
    return;
  }
  if (values->width >= 1280 && values->height >= 720)
    add_default_rendition (values, "720p", 1280, 720, 2500);
  if (values->width >= 640 && values->height >= 360)
    add_default_rendition (values, "360p", 640, 360, 600);
  if (values->renditions->len == 0)
    add_default_rendition (values, "small", values->width, values->height, 400);
}
