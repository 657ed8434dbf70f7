/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "regia/config/sources.h"

#include <string.h>

#include "config-private.h"
#include "regia/base/error.h"
#include "scene-private.h"
#include "values-private.h"

#define SAID_AS   "the change" /* in place of a file, in messages */
#define MAX_KEYS  64
#define MAX_BYTES (1 << 16) /* of one change: more than any key file's lines for a source */

RegiaConfigSourceChange *
regia_config_source_change_new (const char *kind, const char *name)
{
  RegiaConfigSourceChange *self = g_new0 (RegiaConfigSourceChange, 1);

  self->kind = kind;
  self->name = g_strdup (name);
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

RegiaConfigSourceChange *
regia_config_source_change_copy (const RegiaConfigSourceChange *self)
{
  RegiaConfigSourceChange *copy = regia_config_source_change_new (self->kind, self->name);
  GHashTableIter iter;
  gpointer key, value;

  copy->removed = self->removed;
  copy->fresh = self->fresh;
  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (copy->keys, g_strdup (key), g_strdup (value));
  return copy;
}

void
regia_config_source_change_free (RegiaConfigSourceChange *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_hash_table_unref (self->keys);
  g_free (self);
}

gboolean
regia_config_source_check (const char *kind, const char *name, const char *key, GError **error)
{
  const RegiaOptionGroup *group = regia_option_group_find (kind);

  if (!group->check_name (name)) {
    g_autofree char *quoted = regia_quote_clip (name);

    return regia_error_set_usage (error, "%s cannot be a %s's name; use %s", quoted, kind, group->name_range);
  }
  if (key == NULL)
    return TRUE;
  if (!regia_key_text_is_key (key)) {
    g_autofree char *quoted = regia_quote_clip (key);

    return regia_error_set_usage (error, "%s cannot be a key; write KEY=VALUE, as in [%s %s] of a file",
                                  quoted, kind, name);
  }
  if (strcmp (key, "off") == 0)
    return regia_error_set_usage (error, "off: `regia %s remove %s` does that", kind, name);
  return TRUE;
}

gboolean
regia_config_source_key_is_known (const char *key)
{
  return regia_option_find (regia_option_group_find ("source"), key) != NULL;
}

static gboolean
is_relay_key (const RegiaConfigSourceChange *change, const char *key)
{
  return strcmp (change->kind, "relay") == 0 && strcmp (key, REGIA_CONFIG_RELAY_KEY) == 0;
}

static void
add_change (GString *text, const RegiaConfigSourceChange *change)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (change->keys), (GCompareFunc)strcmp);

  g_string_append_printf (text, "[%s %s]\n", change->kind, change->name);
  for (GList *link = keys; link != NULL; link = link->next) {
    g_autofree char *raw = regia_key_text_encode (g_hash_table_lookup (change->keys, link->data));

    if (is_relay_key (change, link->data))
      continue;
    g_string_append_printf (text, "%s = %s\n", (const char *)link->data, raw);
  }
}

/* They were said on a command line: there is no file of which a line could be named. */
static void
forget_lines (RegiaKeyText *text)
{
  for (guint i = 0; i < text->groups->len; i++) {
    RegiaKeyGroup *group = g_ptr_array_index (text->groups, i);

    group->line = 0;
    for (guint j = 0; j < group->entries->len; j++)
      ((RegiaKeyEntry *)g_ptr_array_index (group->entries, j))->line = 0;
  }
}

static gboolean
is_sane (const RegiaConfigSourceChange *change, GError **error)
{
  GHashTableIter iter;
  gpointer key, value;
  gsize bytes = 0;

  if (!regia_config_source_check (change->kind, change->name, NULL, error))
    return FALSE;
  g_hash_table_iter_init (&iter, change->keys);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    const char *why = is_relay_key (change, key)
                          ? regia_config_check_key (g_hash_table_lookup (change->keys, "url"), value)
                          : NULL;

    if (why != NULL)
      return regia_error_set_usage (error, "[relay %s] " REGIA_CONFIG_RELAY_KEY " %s", change->name, why);
    if (!regia_config_source_check (change->kind, change->name, key, error))
      return FALSE;
    bytes += strlen (value);
  }
  if (g_hash_table_size (change->keys) <= MAX_KEYS && bytes <= MAX_BYTES)
    return TRUE;
  return regia_error_set_usage (error, "more than %d keys or %d bytes for one %s", MAX_KEYS, MAX_BYTES,
                                change->kind);
}

/* What the files say, without the sources of which that does not hold any more. */
static RegiaKeyText *
keep_of_files (RegiaConfig *self, GPtrArray *changes)
{
  RegiaKeyText nothing = {.groups = g_ptr_array_new ()};
  RegiaKeyText *text = regia_key_text_merge (self->scan, &nothing);
  g_autoptr (GPtrArray) out = g_ptr_array_new ();

  for (guint i = 0; i < changes->len; i++) {
    const RegiaConfigSourceChange *change = g_ptr_array_index (changes, i);
    g_autofree char *title = g_strconcat (change->kind, " ", change->name, NULL);
    const RegiaKeyGroup *group = regia_key_text_find_group (text, title);

    if (group != NULL && (change->removed || change->fresh))
      g_ptr_array_add (out, (gpointer)group);
  }
  regia_key_text_free (regia_key_text_take_out (text, out));
  g_ptr_array_unref (nothing.groups);
  return text;
}

RegiaConfig *
regia_config_change_sources (RegiaConfig *self, GPtrArray *changes, const char *check, GError **error)
{
  g_autoptr (RegiaConfig) new = regia_config_new (self->file, self->values.base_dir);
  g_autoptr (RegiaFaults) faults = regia_faults_new (self->file);
  g_autoptr (RegiaKeyOrigin) origin = regia_key_origin_new (SAID_AS, self->values.base_dir);
  g_autoptr (RegiaKeyText) kept = NULL, said = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < changes->len; i++) {
    const RegiaConfigSourceChange *change = g_ptr_array_index (changes, i);

    if (!is_sane (change, error))
      return NULL;
    if (!change->removed)
      add_change (text, change);
  }
  kept = keep_of_files (self, changes);
  said = regia_key_text_text (text->str, text->len, origin, faults);
  forget_lines (said);
  new->files = g_strdupv (self->files);
  new->is_hall = self->is_hall;
  new->scan = regia_key_text_merge (kept, said);
  if (!regia_config_read (new, faults, FALSE, error) ||
      (check != NULL && !regia_config_check_source (new, check, error)))
    return NULL;
  g_strfreev (new->values.shows);
  new->values.shows = regia_scenes_names (&new->values);
  return g_steal_pointer (&new);
}
