/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-sources-private.h"

#include <string.h>

#include "regia/base/error.h"
#include "regia/base/json.h"

#define ADD    "source-add"
#define SET    "source-set"
#define REMOVE "source-remove"

void
regia_desired_copy_sources (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++)
    g_ptr_array_add (to, regia_config_source_change_copy (g_ptr_array_index (from, i)));
}

static RegiaConfigSourceChange *
find (GPtrArray *sources, const char *name, guint *ret_at)
{
  for (guint i = 0; i < sources->len; i++) {
    RegiaConfigSourceChange *change = g_ptr_array_index (sources, i);

    if (strcmp (change->name, name) == 0) {
      *ret_at = i;
      return change;
    }
  }
  return NULL;
}

static RegiaConfigSourceChange *
find_or_add (RegiaDesired *self, const char *name)
{
  guint at;
  RegiaConfigSourceChange *change = find (self->sources, name, &at);

  if (change == NULL) {
    change = regia_config_source_change_new (name);
    g_ptr_array_add (self->sources, change);
  }
  return change;
}

/* @keys: a{ss} */
static gboolean
put_keys (RegiaConfigSourceChange *change, GVariant *keys, GError **error)
{
  GVariantIter iter;
  const char *key, *value;

  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value)) {
    if (!regia_config_source_check (change->name, key, error))
      return FALSE;
    g_hash_table_insert (change->keys, g_strdup (key), g_strdup (value));
  }
  return TRUE;
}

static gboolean
add (RegiaDesired *self, const char *name, GVariant *keys, const RegiaDesiredContext *context, GError **error)
{
  RegiaConfigSourceChange *change;

  if (!regia_config_source_check (name, NULL, error))
    return FALSE;
  if (g_strv_contains (context->sources, name))
    return regia_error_set_usage (
        error, "there is a source \"%s\"; `regia source set %s` changes it, or give the new one another name",
        name, name);
  change = find_or_add (self, name);
  change->removed = FALSE;
  change->fresh = TRUE;
  g_hash_table_remove_all (change->keys);
  return put_keys (change, keys, error);
}

static gboolean
is_there (const char *name, const RegiaDesiredContext *context, GError **error)
{
  g_autofree char *names = NULL;

  if (g_strv_contains (context->sources, name))
    return TRUE;
  names = g_strjoinv (", ", (char **)context->sources);
  return regia_error_set_usage (error, "there is no source \"%s\"; there are %s", name, names);
}

static gboolean
set (RegiaDesired *self, const char *name, GVariant *keys, const RegiaDesiredContext *context, GError **error)
{
  if (!is_there (name, context, error))
    return FALSE;
  if (g_variant_n_children (keys) == 0)
    return regia_error_set_usage (error, "nothing of source \"%s\" is to be another; write KEY=VALUE", name);
  return put_keys (find_or_add (self, name), keys, error);
}

static gboolean
remove_source (RegiaDesired *self, const char *name, const RegiaDesiredContext *context, GError **error)
{
  RegiaConfigSourceChange *change;
  guint at;

  if (!is_there (name, context, error))
    return FALSE;
  if (!g_strv_contains (context->own_sources, name)) {
    if (find (self->sources, name, &at) != NULL)
      g_ptr_array_remove_index (self->sources, at);
    return TRUE;
  }
  change = find_or_add (self, name);
  change->removed = TRUE;
  change->fresh = FALSE;
  g_hash_table_remove_all (change->keys);
  return TRUE;
}

gboolean
regia_desired_change_sources (RegiaDesired *self, GVariant *change, const RegiaDesiredContext *context,
                              gboolean *ret_known, GError **error)
{
  g_autoptr (GVariant) keys = NULL;
  const char *name;

  *ret_known = TRUE;
  if (g_variant_lookup (change, ADD, "(&s@a{ss})", &name, &keys))
    return add (self, name, keys, context, error);
  if (g_variant_lookup (change, SET, "(&s@a{ss})", &name, &keys))
    return set (self, name, keys, context, error);
  if (g_variant_lookup (change, REMOVE, "&s", &name))
    return remove_source (self, name, context, error);
  *ret_known = FALSE;
  return TRUE;
}

gboolean
regia_desired_is_about_sources (GVariant *change, const char **ret_checked)
{
  static const char *const kinds[] = {ADD, SET};
  const char *name;

  *ret_checked = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_variant_lookup (change, kinds[i], "(&s@a{ss})", ret_checked, NULL))
      return TRUE;
  return g_variant_lookup (change, REMOVE, "&s", &name);
}

/* (transfer floating): as of which keys are said: `delay=40ms`, and of what is a pipeline's own the key
 * alone.
 */
static GVariant *
name_keys (const char *name, GVariant *keys)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key, *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value))
    if (regia_config_source_key_is_known (key))
      g_variant_builder_add_value (&builder,
                                   g_variant_new_take_string (g_strdup_printf ("%s=%s", key, value)));
    else
      g_variant_builder_add (&builder, "s", key);
  return g_variant_new ("(sas)", name, &builder);
}

GVariant *
regia_desired_without_secrets (GVariant *change)
{
  static const char *const kinds[] = {ADD, SET};

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GVariant) keys = NULL;
    const char *name;
    GVariantDict dict;

    if (!g_variant_lookup (change, kinds[i], "(&s@a{ss})", &name, &keys))
      continue;
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert_value (&dict, kinds[i], name_keys (name, keys));
    return g_variant_ref_sink (g_variant_dict_end (&dict));
  }
  return g_variant_ref (change);
}

GVariant *
regia_desired_sources_to_variant (GPtrArray *sources)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < sources->len; i++) {
    const RegiaConfigSourceChange *change = g_ptr_array_index (sources, i);
    GVariantDict dict, keys;
    GHashTableIter iter;
    gpointer key, value;

    g_variant_dict_init (&keys, NULL);
    g_hash_table_iter_init (&iter, change->keys);
    while (g_hash_table_iter_next (&iter, &key, &value))
      g_variant_dict_insert (&keys, key, "s", value);
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "name", "s", change->name);
    g_variant_dict_insert (&dict, "removed", "b", change->removed);
    g_variant_dict_insert (&dict, "fresh", "b", change->fresh);
    g_variant_dict_insert_value (&dict, "keys", g_variant_dict_end (&keys));
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

gboolean
regia_desired_take_source (RegiaDesired *self, GVariant *entry)
{
  g_autoptr (RegiaConfigSourceChange) change = NULL;
  g_autoptr (GVariant) keys = NULL;
  GVariantIter iter;
  const char *name, *key;
  GVariant *next;

  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) || !g_variant_lookup (entry, "name", "&s", &name))
    return FALSE;
  change = regia_config_source_change_new (name);
  if (!regia_json_read_boolean (entry, "removed", &change->removed) ||
      !regia_json_read_boolean (entry, "fresh", &change->fresh))
    return FALSE;
  keys = g_variant_lookup_value (entry, "keys", G_VARIANT_TYPE_VARDICT);
  if (keys != NULL)
    g_variant_iter_init (&iter, keys);
  while (keys != NULL && g_variant_iter_next (&iter, "{&sv}", &key, &next)) {
    g_autoptr (GVariant) value = next;

    if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
      return FALSE;
    g_hash_table_insert (change->keys, g_strdup (key), g_variant_dup_string (value, NULL));
  }
  g_ptr_array_add (self->sources, g_steal_pointer (&change));
  return TRUE;
}
