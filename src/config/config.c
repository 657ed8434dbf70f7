/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>

#include "config-private.h"
#include "options-private.h"
#include "regia/base/error.h"
#include "regia/base/named.h"
#include "values-private.h"

#define MAX_PARAMETER_BYTES 2048

/* of an entry or a group */
#define PLACE(written) ((RegiaPlace){(written)->origin->name, (written)->line})

static void
source_free (gpointer data)
{
  RegiaConfigSource *source = data;

  g_free (source->name);
  g_strfreev (source->no_alarms);
  g_strfreev (source->heard_in);
  g_free (source->pipeline);
  g_free (source->fit);
  g_clear_pointer (&source->parameters, g_hash_table_unref);
  g_free (source);
}

static void
scene_free (gpointer data)
{
  RegiaConfigScene *scene = data;

  g_free (scene->name);
  g_free (scene->layout);
  g_strfreev (scene->sources);
  g_free (scene->corner);
  g_strfreev (scene->areas);
  g_free (scene->backup);
  g_strfreev (scene->backup_when);
  g_free (scene);
}

static void
rendition_free (gpointer data)
{
  RegiaConfigRendition *rendition = data;

  g_free (rendition->name);
  g_free (rendition->encoder);
  g_free (rendition->preset);
  g_free (rendition);
}

static void
audio_free (gpointer data)
{
  RegiaConfigAudio *audio = data;

  g_free (audio->language);
  g_free (audio->title);
  g_strfreev (audio->sources);
  g_strfreev (audio->gains);
  g_free (audio->backup);
  g_strfreev (audio->duck);
  g_free (audio);
}

static void
talk_free (gpointer data)
{
  RegiaConfigTalk *talk = data;

  g_free (talk->name);
  g_free (talk->title);
  g_free (talk->speaker);
  g_free (talk->role);
  g_free (talk);
}

static void
relay_free (gpointer data)
{
  RegiaConfigRelay *relay = data;

  g_free (relay->name);
  g_free (relay->url);
  g_free (relay->key_file);
  g_free (relay->rendition);
  g_free (relay->language);
  g_free (relay->stream_id);
  g_free (relay);
}

RegiaConfig *
regia_config_new (const char *file_name, const char *base_dir)
{
  RegiaConfig *self = g_new0 (RegiaConfig, 1);
  RegiaConfigValues *values = &self->values;

  g_atomic_ref_count_init (&self->references);
  self->file = g_strdup (file_name);
  if (base_dir != NULL)
    values->base_dir = g_canonicalize_filename (base_dir, NULL);
  else {
    g_autofree char *path = g_canonicalize_filename (file_name, NULL);

    values->base_dir = g_path_get_dirname (path);
  }
  values->sources = g_ptr_array_new_with_free_func (source_free);
  values->scenes = g_ptr_array_new_with_free_func (scene_free);
  values->talks = g_ptr_array_new_with_free_func (talk_free);
  values->renditions = g_ptr_array_new_with_free_func (rendition_free);
  values->audios = g_ptr_array_new_with_free_func (audio_free);
  values->relays = g_ptr_array_new_with_free_func (relay_free);
  return self;
}

void
regia_config_fill_empty (RegiaConfig *self)
{
  RegiaConfigValues *values = &self->values;
  char **texts[] = {&values->name, &values->place, &values->id};
  char ***lists[] = {&values->shows, &values->look_slates, &values->languages, &values->hosts,
                     &values->trusted_proxies};

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (*texts[i] == NULL)
      *texts[i] = g_strdup ("");
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    if (*lists[i] == NULL)
      *lists[i] = g_new0 (char *, 1);
  if (values->warnings == NULL)
    values->warnings = g_ptr_array_new_with_free_func (g_free);
  if (self->scan == NULL) {
    g_autoptr (RegiaFaults) none = regia_faults_new (self->file);
    g_autoptr (RegiaKeyOrigin) nowhere = regia_key_origin_new (self->file, "/");

    self->scan = regia_key_text_text ("", 0, nowhere, none);
  }
}

RegiaConfig *
regia_config_ref (RegiaConfig *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
regia_config_unref (RegiaConfig *self)
{
  RegiaConfigValues *values;

  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  values = &self->values;
  g_free (values->name);
  g_free (values->place);
  g_free (values->start);
  g_free (values->end);
  g_free (values->timezone);
  g_clear_pointer (&values->zone, g_time_zone_unref);
  g_strfreev (values->languages);
  g_free (values->id);
  g_strfreev (values->ladder);
  g_free (values->picture);
  g_strfreev (values->shows);
  g_free (values->slate);
  g_ptr_array_unref (values->sources);
  g_ptr_array_unref (values->scenes);
  g_free (values->look_logo);
  g_free (values->look_logo_corner);
  g_strfreev (values->look_slates);
  g_free (values->look_institution);
  g_free (values->look_colour);
  g_free (values->look_background);
  g_ptr_array_unref (values->talks);
  g_ptr_array_unref (values->renditions);
  g_ptr_array_unref (values->audios);
  g_ptr_array_unref (values->relays);
  g_free (values->folder);
  g_free (values->listen);
  g_free (values->certificate);
  g_free (values->certificate_key);
  g_free (values->redirect_listen);
  g_strfreev (values->hosts);
  g_free (values->console_listen);
  g_strfreev (values->trusted_proxies);
  g_free (values->base_dir);
  g_clear_pointer (&values->warnings, g_ptr_array_unref);
  g_clear_pointer (&self->scan, regia_key_text_free);
  g_clear_pointer (&self->left_out, regia_key_text_free);
  g_strfreev (self->files);
  g_free (self->file);
  g_free (self);
}

const RegiaConfigValues *
regia_config_get (RegiaConfig *self)
{
  return &self->values;
}

char *
regia_config_where (RegiaConfig *self, const char *group, const char *key)
{
  RegiaPlace place = regia_key_text_place (self->scan, group, key);

  if (place.line == 0)
    return g_strdup_printf ("%s: [%s] %s: ", self->file, group, key);
  return g_strdup_printf ("%s:%u: [%s] %s: ", place.file, place.line, group, key);
}

/* Everything of [source NAME] that is not in the table belongs to its pipeline file, which is not known here.
 */
static void
read_parameters (RegiaConfig *self, RegiaConfigSource *source, const RegiaKeyGroup *scanned,
                 const RegiaOptionGroup *group, RegiaFaults *faults)
{
  source->parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < scanned->entries->len; i++) {
    const RegiaKeyEntry *entry = g_ptr_array_index (scanned->entries, i);
    g_autofree char *value = NULL;

    if (regia_option_find (group, entry->key) != NULL)
      continue;
    value = regia_key_text_decode (entry->raw);
    /* a parameter may be a password: its value is never shown */
    if (value == NULL)
      regia_faults_add_at (faults, PLACE (entry), scanned->title, entry->key,
                           "an escape that is not known; a backslash is written twice");
    else if (strlen (value) > MAX_PARAMETER_BYTES)
      regia_faults_add_at (faults, PLACE (entry), scanned->title, entry->key,
                           "longer than %d bytes; shorten it", MAX_PARAMETER_BYTES);
    else {
      if (g_str_has_prefix (value, "./") || g_str_has_prefix (value, "../"))
        g_hash_table_insert (source->parameters, g_strdup (entry->key),
                             g_canonicalize_filename (value, entry->origin->base_dir));
      else
        g_hash_table_insert (source->parameters, g_strdup (entry->key), g_steal_pointer (&value));
    }
  }
}

static void
name_unknown_keys (const RegiaKeyGroup *scanned, const RegiaOptionGroup *group, RegiaFaults *faults)
{
  g_autofree const char **names = regia_option_names (group);

  for (guint i = 0; i < scanned->entries->len; i++) {
    const RegiaKeyEntry *entry = g_ptr_array_index (scanned->entries, i);

    if (regia_option_find (group, entry->key) == NULL) {
      g_autofree char *suggestion = regia_suggest (entry->key, names);

      regia_faults_add_at (faults, PLACE (entry), scanned->title, entry->key, "unknown key; %s", suggestion);
    }
  }
}

/* One key into its field. %FALSE when the default has to stand in: nothing was written, or it was wrong (and
 * is named). */
static gboolean
read_entry (const RegiaKeyEntry *entry, const char *title, const RegiaOption *option, gpointer target,
            RegiaFaults *faults)
{
  g_autofree char *text = NULL;
  g_autofree char *fault = NULL;

  if (option->size == 0)
    return TRUE; /* hall.c has seen to it */
  text = regia_key_text_decode (entry->raw);
  if (text == NULL)
    fault = g_strdup ("an escape that is not known; a backslash is written twice");
  else if (text[0] == '\0' && !option->required && option->default_value == NULL)
    return FALSE; /* `slate =` says: none */
  else if (text[0] == '\0')
    fault = g_strdup_printf ("is empty; allowed: %s", option->range);
  else
    fault = option->read (option, text, entry->origin->base_dir, (char *)target + option->offset);
  if (fault != NULL)
    regia_faults_add_at (faults, PLACE (entry), title, entry->key, "%s", fault);
  return fault == NULL;
}

static void
set_default (const RegiaOption *option, gpointer target)
{
  char *fault = NULL;

  if (option->default_value != NULL && option->size > 0)
    fault = option->read (option, option->default_value, "/", (char *)target + option->offset);
  g_assert (fault == NULL);
}

void
regia_config_set_defaults (const RegiaOptionGroup *group, gpointer target)
{
  for (const RegiaOption *option = group->options; option->key != NULL; option++)
    set_default (option, target);
}

/* @scanned: (nullable): the group when it is in the file; @target: struct that the options' offsets count
 * from. */
static void
read_group (RegiaConfig *self, const RegiaKeyGroup *scanned, const RegiaOptionGroup *group, gpointer target,
            RegiaFaults *faults)
{
  for (const RegiaOption *option = group->options; option->key != NULL; option++) {
    const RegiaKeyEntry *entry = scanned != NULL ? regia_key_text_find_entry (scanned, option->key) : NULL;
    gboolean done = entry != NULL && read_entry (entry, scanned->title, option, target, faults);

    if (entry == NULL && option->required && !(self->is_hall && !group->named))
      regia_faults_add_at (faults, scanned != NULL ? PLACE (scanned) : (RegiaPlace){NULL, 0},
                           scanned != NULL ? scanned->title : group->kind, option->key,
                           "missing; add it (%s: %s)", option->help, option->range);
    if (!done)
      set_default (option, target);
  }
}

static void
read_named_group (RegiaConfig *self, const RegiaKeyGroup *scanned, const RegiaOptionGroup *group,
                  RegiaFaults *faults)
{
  GPtrArray *array = *(GPtrArray **)((char *)&self->values + group->array_offset);
  char *target;

  if (scanned->name == NULL || !group->check_name (scanned->name)) {
    g_autofree char *quoted = regia_quote_clip (scanned->name != NULL ? scanned->name : "");

    if (scanned->name == NULL)
      regia_faults_add_at (faults, PLACE (scanned), scanned->title, NULL,
                           "has no name; write [%s NAME], NAME being %s", group->kind, group->name_range);
    else
      regia_faults_add_at (faults, PLACE (scanned), scanned->title, NULL, "%s cannot be its name; use %s",
                           quoted, group->name_range);
    return;
  }
  if (array->len == group->max_count) {
    regia_faults_add_at (faults, PLACE (scanned), scanned->title, NULL,
                         "more than %u of this kind; remove some", group->max_count);
    return;
  }

  target = g_malloc0 (group->struct_size);
  *(char **)target = g_strdup (scanned->name); /* the first member of each of them */
  g_ptr_array_add (array, target);
  read_group (self, scanned, group, target, faults);
  if (group->takes_parameters)
    read_parameters (self, (RegiaConfigSource *)target, scanned, group, faults);
  else
    name_unknown_keys (scanned, group, faults);
}

static void
read_groups (RegiaConfig *self, RegiaFaults *faults)
{
  g_autofree const char **kinds = regia_option_names (NULL);

  for (guint i = 0; i < self->scan->groups->len; i++) {
    const RegiaKeyGroup *scanned = g_ptr_array_index (self->scan->groups, i);
    const RegiaOptionGroup *group = regia_option_group_find (scanned->kind);

    if (group == NULL) {
      g_autofree char *suggestion = regia_suggest (scanned->kind, kinds);

      regia_faults_add_at (faults, PLACE (scanned), scanned->title, NULL, "unknown group; %s", suggestion);
    } else if (group->named)
      read_named_group (self, scanned, group, faults);
    else if (scanned->name != NULL)
      regia_faults_add_at (faults, PLACE (scanned), scanned->title, NULL,
                           "there is only one of it; write [%s]", group->kind);
    else
      name_unknown_keys (scanned, group, faults);
  }
  for (const RegiaOptionGroup *group = regia_option_groups; group->kind != NULL; group++)
    if (!group->named)
      read_group (self, regia_key_text_find_group (self->scan, group->kind), group, &self->values, faults);
}

gboolean
regia_config_read (RegiaConfig *self, RegiaFaults *faults, gboolean check_files, GError **error)
{
  g_autoptr (RegiaFaults) warnings = regia_faults_new (self->file);

  /* not an event file at all: what all is missing from it would only distract */
  if (self->scan->groups->len == 0 && !regia_faults_raise (faults, error))
    return FALSE;
  regia_config_leave_out (self, faults);
  read_groups (self, faults);
  regia_config_complete (self, faults, warnings);
  if (check_files)
    regia_config_check_files (self, faults, warnings);
  if (!regia_faults_raise (faults, error))
    return FALSE;
  self->values.warnings = regia_faults_lines (warnings);
  regia_config_fill_empty (self);
  return TRUE;
}
