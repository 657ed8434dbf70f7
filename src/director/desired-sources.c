/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-sources-private.h"

#include <string.h>

#include "regia/base/error.h"
#include "regia/base/json.h"

#define SOURCE "source"
#define ADD    "source-add"
#define SET    "source-set"
#define REMOVE "source-remove"

#define RELAY        "relay"
#define RELAY_ADD    "relay-add"
#define RELAY_REMOVE "relay-remove"

void
regia_desired_copy_sources (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++)
    g_ptr_array_add (to, regia_config_source_change_copy (g_ptr_array_index (from, i)));
}

static RegiaConfigSourceChange *
find (GPtrArray *sources, const char *kind, const char *name, guint *ret_at)
{
  for (guint i = 0; i < sources->len; i++) {
    RegiaConfigSourceChange *change = g_ptr_array_index (sources, i);

    if (strcmp (change->kind, kind) == 0 && strcmp (change->name, name) == 0) {
      *ret_at = i;
      return change;
    }
  }
  return NULL;
}

static RegiaConfigSourceChange *
find_or_add (RegiaDesired *self, const char *kind, const char *name)
{
  guint at;
  RegiaConfigSourceChange *change = find (self->sources, kind, name, &at);

  if (change == NULL) {
    change = regia_config_source_change_new (kind, name);
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
    if (!regia_config_source_check (change->kind, change->name, key, error))
      return FALSE;
    g_hash_table_insert (change->keys, g_strdup (key), g_strdup (value));
  }
  return TRUE;
}

static gboolean
add (RegiaDesired *self, const char *kind, const char *name, GVariant *keys, GError **error)
{
  RegiaConfigSourceChange *change;

  if (!regia_config_source_check (kind, name, NULL, error))
    return FALSE;
  change = find_or_add (self, kind, name);
  change->removed = FALSE;
  change->fresh = TRUE;
  g_hash_table_remove_all (change->keys);
  return put_keys (change, keys, error);
}

static gboolean
add_source (RegiaDesired *self, const char *name, GVariant *keys, const RegiaDesiredContext *context,
            GError **error)
{
  if (g_strv_contains (context->sources, name))
    return regia_error_set_usage (
        error, "there is a source \"%s\"; `regia source set %s` changes it, or give the new one another name",
        name, name);
  return add (self, SOURCE, name, keys, error);
}

static gboolean
add_relay (RegiaDesired *self, const char *name, GVariant *keys, const RegiaDesiredContext *context,
           GError **error)
{
  const char *path;
  guint at;

  if (g_strv_contains (context->relays, name))
    return regia_error_set_usage (
        error,
        "there is a relay \"%s\"; `regia relay remove %s` takes it away, or give the new one another name",
        name, name);
  /* Whoever may command from outside is not to have files of this computer sent somewhere. */
  if (g_variant_lookup (keys, "key_file", "&s", &path))
    return regia_error_set_usage (error, "key_file is for event files; give the key itself, with --key");
  if (g_ptr_array_find_with_equal_func (self->relays_off, name, g_str_equal, &at))
    g_ptr_array_remove_index (self->relays_off, at);
  return add (self, RELAY, name, keys, error);
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
  return put_keys (find_or_add (self, SOURCE, name), keys, error);
}

/* @own: that the files have: of one of them it is kept that there is none. */
static void
take_away (RegiaDesired *self, const char *kind, const char *name, const char *const *own)
{
  RegiaConfigSourceChange *change;
  guint at;

  if (!g_strv_contains (own, name)) {
    if (find (self->sources, kind, name, &at) != NULL)
      g_ptr_array_remove_index (self->sources, at);
    return;
  }
  change = find_or_add (self, kind, name);
  change->removed = TRUE;
  change->fresh = FALSE;
  g_hash_table_remove_all (change->keys);
}

static gboolean
remove_source (RegiaDesired *self, const char *name, const RegiaDesiredContext *context, GError **error)
{
  if (!is_there (name, context, error))
    return FALSE;
  take_away (self, SOURCE, name, context->own_sources);
  return TRUE;
}

static gboolean
remove_relay (RegiaDesired *self, const char *name, const RegiaDesiredContext *context, GError **error)
{
  guint at;

  if (!regia_desired_check_relay (name, context, error))
    return FALSE;
  if (g_ptr_array_find_with_equal_func (self->relays_off, name, g_str_equal, &at))
    g_ptr_array_remove_index (self->relays_off, at);
  take_away (self, RELAY, name, context->own_relays);
  return TRUE;
}

gboolean
regia_desired_check_relay (const char *name, const RegiaDesiredContext *context, GError **error)
{
  g_autofree char *names = NULL;

  if (g_strv_contains (context->relays, name))
    return TRUE;
  names = g_strjoinv (", ", (char **)context->relays);
  return regia_error_set_usage (error, "there is no relay \"%s\"; %s%s", name,
                                names[0] != '\0' ? "this event has " : "this event has none", names);
}

const char *
regia_desired_get_relay_key (const RegiaDesired *self, const char *name)
{
  guint at;
  const RegiaConfigSourceChange *change = find (self->sources, RELAY, name, &at);

  return change != NULL ? g_hash_table_lookup (change->keys, REGIA_CONFIG_RELAY_KEY) : NULL;
}

gboolean
regia_desired_change_sources (RegiaDesired *self, GVariant *change, const RegiaDesiredContext *context,
                              gboolean *ret_known, GError **error)
{
  g_autoptr (GVariant) keys = NULL;
  const char *name;

  *ret_known = TRUE;
  if (g_variant_lookup (change, ADD, "(&s@a{ss})", &name, &keys))
    return add_source (self, name, keys, context, error);
  if (g_variant_lookup (change, SET, "(&s@a{ss})", &name, &keys))
    return set (self, name, keys, context, error);
  if (g_variant_lookup (change, REMOVE, "&s", &name))
    return remove_source (self, name, context, error);
  if (g_variant_lookup (change, RELAY_ADD, "(&s@a{ss})", &name, &keys))
    return add_relay (self, name, keys, context, error);
  if (g_variant_lookup (change, RELAY_REMOVE, "&s", &name))
    return remove_relay (self, name, context, error);
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
  return g_variant_lookup (change, REMOVE, "&s", &name) ||
         g_variant_lookup (change, RELAY_ADD, "(&s@a{ss})", &name, NULL) ||
         g_variant_lookup (change, RELAY_REMOVE, "&s", &name);
}

/* (transfer floating): as of which keys are said: `delay=40ms`, and of what is a pipeline's own the key
 * alone. Of a relay no value is said: people write their key into addresses, too.
 */
static GVariant *
name_keys (const char *kind, const char *name, GVariant *keys)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key, *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value))
    if (strcmp (kind, RELAY_ADD) != 0 && regia_config_source_key_is_known (key))
      g_variant_builder_add_value (&builder,
                                   g_variant_new_take_string (g_strdup_printf ("%s=%s", key, value)));
    else
      g_variant_builder_add (&builder, "s", key);
  return g_variant_new ("(sas)", name, &builder);
}

GVariant *
regia_desired_without_secrets (GVariant *change)
{
  static const char *const kinds[] = {ADD, SET, RELAY_ADD};

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GVariant) keys = NULL;
    const char *name;
    GVariantDict dict;

    if (!g_variant_lookup (change, kinds[i], "(&s@a{ss})", &name, &keys))
      continue;
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert_value (&dict, kinds[i], name_keys (kinds[i], name, keys));
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
    g_variant_dict_insert (&dict, "kind", "s", change->kind);
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
  const char *name, *key, *kind = SOURCE;
  GVariant *next;

  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) || !g_variant_lookup (entry, "name", "&s", &name))
    return FALSE;
  g_variant_lookup (entry, "kind", "&s", &kind); /* earlier versions had sources alone */
  change = regia_config_source_change_new (strcmp (kind, RELAY) == 0 ? RELAY : SOURCE, name);
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
