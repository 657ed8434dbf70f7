/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/fields.h"

#include "regia/base/json.h"

/*
 * Tables of fields. What a struct's record looks like is then written down once, for writing, reading and
 * freeing.
 */

static GVariant *
value_of (const RegiaField *field, gconstpointer place)
{
  static const char *const none[] = {NULL};

  switch (field->type) {
  case REGIA_FIELD_STRING: {
    const char *text = *(char *const *)place;
    return g_variant_new_string (text ? text : "");
  }
  case REGIA_FIELD_STRINGS: {
    const char *const *list = *(const char *const *const *)place;
    return g_variant_new_strv (list ? list : none, -1);
  }
  case REGIA_FIELD_BOOLEAN:
    return g_variant_new_boolean (*(const gboolean *)place);
  case REGIA_FIELD_UINT:
    return g_variant_new_uint32 (*(const guint *)place);
  case REGIA_FIELD_INT64:
    return g_variant_new_int64 (*(const gint64 *)place);
  case REGIA_FIELD_UINT64:
    return g_variant_new_uint64 (*(const guint64 *)place);
  case REGIA_FIELD_DOUBLE:
    return g_variant_new_double (*(const double *)place);
  }
  g_return_val_if_reached (NULL);
}

void
regia_fields_put (const RegiaField *fields, gconstpointer values, GVariantBuilder *builder)
{
  for (; fields->key; fields++)
    g_variant_builder_add (builder, "{sv}", fields->key,
                           value_of (fields, (const char *)values + fields->offset));
}

GVariant *
regia_fields_to_variant (const RegiaField *fields, gconstpointer values)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  regia_fields_put (fields, values, &builder);
  return g_variant_builder_end (&builder);
}

static char **
read_strings (GVariant *dict, const char *key)
{
  g_autoptr (GStrvBuilder) strings = g_strv_builder_new ();
  g_autoptr (GPtrArray) list = regia_json_get_list (dict, key);

  for (guint i = 0; list && i < list->len; i++) {
    GVariant *text = g_ptr_array_index (list, i);

    if (g_variant_is_of_type (text, G_VARIANT_TYPE_STRING))
      g_strv_builder_add (strings, g_variant_get_string (text, NULL));
  }
  return g_strv_builder_end (strings);
}

void
regia_fields_read (const RegiaField *fields, GVariant *dict, gpointer values)
{
  regia_fields_clear (fields, values);
  for (; fields->key; fields++) {
    gpointer place = (char *)values + fields->offset;

    switch (fields->type) {
    case REGIA_FIELD_STRING:
      *(char **)place = g_strdup (regia_json_get_string (dict, fields->key));
      break;
    case REGIA_FIELD_STRINGS:
      *(char ***)place = read_strings (dict, fields->key);
      break;
    case REGIA_FIELD_BOOLEAN:
      *(gboolean *)place = regia_json_get_boolean (dict, fields->key);
      break;
    case REGIA_FIELD_UINT:
      *(guint *)place = (guint)CLAMP (regia_json_get_int (dict, fields->key), 0, G_MAXINT32);
      break;
    case REGIA_FIELD_INT64:
      *(gint64 *)place = regia_json_get_int (dict, fields->key);
      break;
    case REGIA_FIELD_UINT64:
      *(guint64 *)place = (guint64)MAX (regia_json_get_int (dict, fields->key), 0);
      break;
    case REGIA_FIELD_DOUBLE:
      *(double *)place = regia_json_get_double (dict, fields->key);
      break;
    }
  }
}

void
regia_fields_clear (const RegiaField *fields, gpointer values)
{
  for (; fields->key; fields++) {
    gpointer place = (char *)values + fields->offset;

    if (fields->type == REGIA_FIELD_STRING)
      g_clear_pointer ((char **)place, g_free);
    else if (fields->type == REGIA_FIELD_STRINGS)
      g_clear_pointer ((char ***)place, g_strfreev);
  }
}
