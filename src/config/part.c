/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "regia/config/part.h"

#include <string.h>

#include "config-private.h"
#include "options-private.h"
#include "regia/base/error.h"
#include "regia/config/ingest.h"
#include "regia/config/sources.h"

/*
 * A field that a child needs is a row here, with the kinds of child that get it; nothing is handed out that
 * has no row. So whoever reads another value in a child finds it at its default until the row says so, and
 * the test that lists each kind's fields until somebody has thought about secrets.
 */

#define KEY "key" /* beside the fields: what has no place in the values */

enum {
  ENGINE = 1 << 0,
  RECORDER = 1 << 1,
  GATEWAY = 1 << 2,
  RELAY = 1 << 3,
  CONSOLE = 1 << 4,
  LISTENER = 1 << 5,
};

static const struct {
  const char *name;
  guint bit;
} kinds[] = {
    {"engine", ENGINE},   {"recorder", RECORDER}, {"gateway", GATEWAY},
    {"console", CONSOLE}, {"relay", RELAY},       {"listener", LISTENER},
};

/* Types as GVariant writes them. What can hold a path is bytes: names of files need not be UTF-8. */
#define TEXT       "s"      /* char *; %NULL is left out */
#define PATH       "ay"     /* char *; %NULL is left out */
#define LIST       "as"     /* char **; %NULL is left out */
#define YES_NO     "b"      /* gboolean */
#define INT        "i"      /* int */
#define UINT       "u"      /* guint */
#define INT64      "x"      /* gint64 */
#define UINT64     "t"      /* guint64 */
#define PARAMETERS "a{say}" /* GHashTable of texts */

typedef struct {
  const char *name;
  const char *type;
  gsize offset; /* in the struct that the table is of */
  guint kinds;
} Field;

#define EVENT(member, type, kinds)     {#member, type, G_STRUCT_OFFSET (RegiaConfigValues, member), kinds}
#define SOURCE(member, type, kinds)    {#member, type, G_STRUCT_OFFSET (RegiaConfigSource, member), kinds}
#define SCENE(member, type, kinds)     {#member, type, G_STRUCT_OFFSET (RegiaConfigScene, member), kinds}
#define RENDITION(member, type, kinds) {#member, type, G_STRUCT_OFFSET (RegiaConfigRendition, member), kinds}
#define AUDIO(member, type, kinds)     {#member, type, G_STRUCT_OFFSET (RegiaConfigAudio, member), kinds}
#define FAR_END(member, type, kinds)   {#member, type, G_STRUCT_OFFSET (RegiaConfigRelay, member), kinds}

static const Field values_fields[] = {
    /* What of the event is for viewers the gateway is told as their status: in a rehearsal nothing. */
    EVENT (name, TEXT, ENGINE | RECORDER), /* the slate shows name and place */
    EVENT (place, TEXT, ENGINE | RECORDER),
    EVENT (start, TEXT, RECORDER),
    EVENT (end, TEXT, RECORDER),
    EVENT (start_s, INT64, ENGINE | RECORDER),
    EVENT (end_s, INT64, RECORDER),
    EVENT (timezone, TEXT, ENGINE | RECORDER),
    EVENT (languages, LIST, ENGINE | RECORDER),
    EVENT (id, TEXT, RECORDER),
    EVENT (width, UINT, ENGINE),
    EVENT (height, UINT, ENGINE),
    EVENT (rate_num, UINT, ENGINE),
    EVENT (rate_den, UINT, ENGINE),
    EVENT (picture, TEXT, ENGINE),
    EVENT (slate, PATH, ENGINE),
    EVENT (look_logo, PATH, ENGINE),
    EVENT (look_logo_corner, TEXT, ENGINE),
    EVENT (look_logo_percent, UINT, ENGINE),
    EVENT (look_logo_opacity, UINT, ENGINE),
    EVENT (look_slates, LIST, ENGINE),
    EVENT (look_institution, TEXT, ENGINE),
    EVENT (look_colour, TEXT, ENGINE),
    EVENT (look_background, TEXT, ENGINE),
    EVENT (latency_ms, UINT, ENGINE),
    EVENT (record, YES_NO, ENGINE | RECORDER), /* the engine waits for the recorder at the end */
    EVENT (reserve_bytes, UINT64, RECORDER),
    EVENT (feed_seconds, UINT, ENGINE | RECORDER),
    EVENT (feed_mbytes, UINT, ENGINE),
    EVENT (listen, TEXT, GATEWAY),
    EVENT (certificate, PATH,
           GATEWAY | CONSOLE), /* for words alone: the two contents come beside the config */
    EVENT (redirect_listen, TEXT, GATEWAY),
    EVENT (hosts, LIST, GATEWAY | CONSOLE),
    EVENT (trusted_proxies, LIST, GATEWAY | CONSOLE),
    EVENT (console_listen, TEXT, CONSOLE),
    EVENT (segment_ms, UINT, ENGINE | GATEWAY | CONSOLE), /* keyframes sit on it */
    EVENT (window_segments, UINT, GATEWAY),
    EVENT (ladder, LIST, GATEWAY), /* whether sound alone is offered */
    EVENT (threads, UINT, GATEWAY),
    EVENT (max_connections, UINT, GATEWAY),
    EVENT (max_connections_per_address, UINT, GATEWAY),
    {NULL},
};

static const Field source_fields[] = {
    SOURCE (name, TEXT, ENGINE | LISTENER), /* the listener has those alone that are sent to */
    SOURCE (pipeline, PATH, ENGINE | LISTENER),
    SOURCE (parameters, PARAMETERS, ENGINE | LISTENER), /* may hold passwords */
    SOURCE (audio, YES_NO, ENGINE),
    SOURCE (video, YES_NO, ENGINE),
    {"channel_left", UINT, G_STRUCT_OFFSET (RegiaConfigSource, channels[0]), ENGINE},
    {"channel_right", UINT, G_STRUCT_OFFSET (RegiaConfigSource, channels[1]), ENGINE},
    {"crop_left", UINT, G_STRUCT_OFFSET (RegiaConfigSource, crop[0]), ENGINE},
    {"crop_top", UINT, G_STRUCT_OFFSET (RegiaConfigSource, crop[1]), ENGINE},
    {"crop_right", UINT, G_STRUCT_OFFSET (RegiaConfigSource, crop[2]), ENGINE},
    {"crop_bottom", UINT, G_STRUCT_OFFSET (RegiaConfigSource, crop[3]), ENGINE},
    SOURCE (fit, TEXT, ENGINE),
    SOURCE (delay_ms, INT, ENGINE),
    SOURCE (iso, YES_NO, ENGINE),
    {NULL},
};

static const Field scene_fields[] = {
    SCENE (name, TEXT, ENGINE),
    SCENE (layout, TEXT, ENGINE),
    SCENE (sources, LIST, ENGINE),
    SCENE (corner, TEXT, ENGINE),
    SCENE (small_percent, UINT, ENGINE),
    SCENE (areas, LIST, ENGINE),
    SCENE (fade_ms, UINT, ENGINE),
    SCENE (backup, TEXT, ENGINE),
    SCENE (backup_when, LIST, ENGINE),
    SCENE (backup_after_ms, UINT, ENGINE),
    SCENE (backup_until_ms, UINT, ENGINE),
    {NULL},
};

static const Field rendition_fields[] = {
    RENDITION (name, TEXT, ENGINE | RECORDER),
    RENDITION (width, UINT, ENGINE),
    RENDITION (height, UINT, ENGINE),
    RENDITION (bitrate_kbps, UINT, ENGINE),
    RENDITION (encoder, PATH, ENGINE),
    RENDITION (preset, TEXT, ENGINE),
    {NULL},
};

static const Field audio_fields[] = {
    AUDIO (language, TEXT, ENGINE | RECORDER),
    AUDIO (title, TEXT, ENGINE | RECORDER),
    AUDIO (sources, LIST, ENGINE),
    AUDIO (gains, LIST, ENGINE),
    AUDIO (backup, TEXT, ENGINE),
    AUDIO (backup_below, INT, ENGINE),
    AUDIO (backup_after_ms, UINT, ENGINE),
    AUDIO (level, INT, ENGINE),
    AUDIO (limit, INT, ENGINE),
    AUDIO (duck, LIST, ENGINE),
    AUDIO (duck_by, INT, ENGINE),
    AUDIO (duck_above, INT, ENGINE),
    AUDIO (duck_attack_ms, UINT, ENGINE),
    AUDIO (duck_release_ms, UINT, ENGINE),
    AUDIO (bitrate_kbps, UINT, ENGINE),
    AUDIO (opus_bitrate_kbps, UINT, ENGINE),
    {NULL},
};

static const Field relay_fields[] = {
    FAR_END (name, TEXT, RELAY),
    FAR_END (url, TEXT, RELAY),      /* may hold a token */
    FAR_END (key_file, PATH, RELAY), /* for words alone: its content comes as the key */
    FAR_END (rendition, TEXT, RELAY),
    FAR_END (language, TEXT, RELAY),
    FAR_END (latency_ms, UINT, RELAY),
    FAR_END (stream_id, TEXT, RELAY),
    {NULL},
};

/* The groups that have names: lists of dictionaries, under the kind of the group. */
static const struct {
  const char *kind; /* as in the table of options, which knows struct and array */
  const Field *fields;
} groups[] = {
    {"source", source_fields}, {"scene", scene_fields}, {"rendition", rendition_fields},
    {"audio", audio_fields},   {"relay", relay_fields},
};

static GVariant *
parameters_to_variant (GHashTable *parameters)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (parameters), (GCompareFunc)strcmp);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (PARAMETERS));
  for (GList *name = names; name != NULL; name = name->next)
    g_variant_builder_add (&builder, "{s@ay}", name->data,
                           g_variant_new_bytestring (g_hash_table_lookup (parameters, name->data)));
  return g_variant_builder_end (&builder);
}

static GHashTable *
parameters_from_variant (GVariant *value)
{
  GHashTable *parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GVariantIter iter;
  const char *name, *text;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&s^&ay}", &name, &text))
    g_hash_table_insert (parameters, g_strdup (name), g_strdup (text));
  return parameters;
}

/* (transfer floating) (nullable): %NULL for what is not set. */
static GVariant *
field_to_variant (const Field *field, gconstpointer target)
{
  gconstpointer place = (const char *)target + field->offset;

  switch (field->type[0]) {
  case 'b':
    return g_variant_new_boolean (*(const gboolean *)place);
  case 'i':
    return g_variant_new_int32 (*(const int *)place);
  case 'u':
    return g_variant_new_uint32 (*(const guint *)place);
  case 'x':
    return g_variant_new_int64 (*(const gint64 *)place);
  case 't':
    return g_variant_new_uint64 (*(const guint64 *)place);
  default:
    break;
  }
  if (*(const gpointer *)place == NULL)
    return NULL;
  if (g_str_equal (field->type, TEXT))
    return g_variant_new_string (*(char *const *)place);
  if (g_str_equal (field->type, PATH))
    return g_variant_new_bytestring (*(char *const *)place);
  if (g_str_equal (field->type, LIST))
    return g_variant_new_strv (*(const char *const *const *)place, -1);
  return parameters_to_variant (*(GHashTable *const *)place);
}

/* @value is of the field's type. */
static void
field_from_variant (const Field *field, GVariant *value, gpointer target)
{
  gpointer place = (char *)target + field->offset;

  switch (field->type[0]) {
  case 'b':
    *(gboolean *)place = g_variant_get_boolean (value);
    return;
  case 'i':
    *(int *)place = g_variant_get_int32 (value);
    return;
  case 'u':
    *(guint *)place = g_variant_get_uint32 (value);
    return;
  case 'x':
    *(gint64 *)place = g_variant_get_int64 (value);
    return;
  case 't':
    *(guint64 *)place = g_variant_get_uint64 (value);
    return;
  default:
    break;
  }
  if (g_str_equal (field->type, TEXT) || g_str_equal (field->type, PATH)) {
    g_free (*(char **)place);
    *(char **)place = g_str_equal (field->type, TEXT) ? g_variant_dup_string (value, NULL)
                                                      : g_variant_dup_bytestring (value, NULL);
  } else if (g_str_equal (field->type, LIST)) {
    g_strfreev (*(char ***)place);
    *(char ***)place = g_variant_dup_strv (value, NULL);
  } else {
    g_clear_pointer ((GHashTable **)place, g_hash_table_unref);
    *(GHashTable **)place = parameters_from_variant (value);
  }
}

static void
add_fields (GVariantDict *dict, const Field *fields, gconstpointer target, guint bit)
{
  for (; fields->name != NULL; fields++) {
    GVariant *value = (fields->kinds & bit) ? field_to_variant (fields, target) : NULL;

    if (value != NULL)
      g_variant_dict_insert_value (dict, fields->name, value);
  }
}

gboolean
regia_config_source_equal (const RegiaConfigSource *a, const RegiaConfigSource *b)
{
  for (const Field *field = source_fields; field->name != NULL; field++) {
    g_autoptr (GVariant) one = field_to_variant (field, a), other = field_to_variant (field, b);

    if ((one == NULL) != (other == NULL) || (one != NULL && !g_variant_equal (one, other)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
has_fields (const Field *fields, guint bit)
{
  for (; fields->name != NULL; fields++)
    if (fields->kinds & bit)
      return TRUE;
  return FALSE;
}

static GPtrArray *
group_array (RegiaConfig *self, const char *kind)
{
  return G_STRUCT_MEMBER (GPtrArray *, &self->values, regia_option_group_find (kind)->array_offset);
}

/* @instance: the only one that is taken, for those of which there is a process each. */
static GVariant *
group_to_variant (RegiaConfig *self, const char *kind, const Field *fields, guint bit, const char *instance)
{
  GPtrArray *array = group_array (self, kind);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < array->len; i++) {
    GVariantDict dict;

    if (bit == RELAY && !g_str_equal (*(char **)g_ptr_array_index (array, i), instance))
      continue;
    if (bit == LISTENER && !regia_config_source_has_ingest (g_ptr_array_index (array, i)))
      continue;
    g_variant_dict_init (&dict, NULL);
    add_fields (&dict, fields, g_ptr_array_index (array, i), bit);
    g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

static gboolean
has_relay (RegiaConfig *self, const char *name)
{
  for (guint i = 0; i < self->values.relays->len; i++)
    if (g_str_equal (((RegiaConfigRelay *)g_ptr_array_index (self->values.relays, i))->name, name))
      return TRUE;
  return FALSE;
}

GVariant *
regia_config_part (RegiaConfig *self, const char *kind, const char *instance, const char *key)
{
  guint bit = 0;
  GVariantDict dict;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].name, kind))
      bit = kinds[i].bit;
  if (bit == 0 || (bit == RELAY && !has_relay (self, instance)))
    return NULL;
  g_return_val_if_fail (key == NULL || bit == RELAY, NULL);

  g_variant_dict_init (&dict, NULL);
  add_fields (&dict, values_fields, &self->values, bit);
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (has_fields (groups[i].fields, bit))
      g_variant_dict_insert_value (&dict, groups[i].kind,
                                   group_to_variant (self, groups[i].kind, groups[i].fields, bit, instance));
  if (key != NULL)
    g_variant_dict_insert_value (&dict, KEY, g_variant_new_bytestring (key));
  return g_variant_dict_end (&dict);
}

static gboolean
read_fields (GVariant *dict, const Field *fields, gpointer target, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *next;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &next)) {
    g_autoptr (GVariant) value = next;
    const Field *field = fields;

    if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")) || g_str_equal (name, KEY))
      continue; /* a group of its own, or nothing of the values */
    while (field->name != NULL && !g_str_equal (field->name, name))
      field++;
    if (field->name == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE (field->type))) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                   "The configuration that came from the director has %s \"%s\"; the two are not of the same "
                   "version",
                   field->name == NULL ? "an unknown field" : "another type of", name);
      return FALSE;
    }
    field_from_variant (field, value, target);
  }
  return TRUE;
}

static gboolean
read_group (RegiaConfig *self, GVariant *dicts, const char *kind, const Field *fields, GError **error)
{
  const RegiaOptionGroup *group = regia_option_group_find (kind);
  GVariantIter iter;
  GVariant *next;

  g_variant_iter_init (&iter, dicts);
  while ((next = g_variant_iter_next_value (&iter)) != NULL) {
    g_autoptr (GVariant) dict = next;
    gpointer target = g_malloc0 (group->struct_size);

    g_ptr_array_add (group_array (self, kind), target);
    regia_config_set_defaults (group, target);
    if (!read_fields (dict, fields, target, error))
      return FALSE;
    if (*(char **)target == NULL) { /* everybody relies on a name */
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                   "The configuration that came from the director has a %s without a name", kind);
      return FALSE;
    }
  }
  return TRUE;
}

static const Field *
find_group (const char *kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].kind, kind))
      return groups[i].fields;
  return NULL;
}

RegiaConfig *
regia_config_new_from_part (GVariant *part, GError **error)
{
  g_autoptr (RegiaConfig) self = regia_config_new ("the event", "/");
  GVariantIter iter;
  const char *name;
  GVariant *next;

  g_return_val_if_fail (g_variant_is_of_type (part, G_VARIANT_TYPE_VARDICT), NULL);
  for (const RegiaOptionGroup *group = regia_option_groups; group->kind != NULL; group++)
    if (!group->named)
      regia_config_set_defaults (group, &self->values);
  if (!read_fields (part, values_fields, &self->values, error))
    return NULL;

  g_variant_iter_init (&iter, part);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &next)) {
    g_autoptr (GVariant) value = next;
    const Field *fields = find_group (name);

    if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
      continue;
    if (fields == NULL) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                   "The configuration that came from the director has an unknown group \"%s\"", name);
      return NULL;
    }
    if (!read_group (self, value, name, fields, error))
      return NULL;
  }
  regia_config_fill_empty (self);
  return g_steal_pointer (&self);
}

RegiaConfig *
regia_config_of_process (GVariant *part, GError **error)
{
  g_autoptr (GVariant) config = g_variant_lookup_value (part, "config", G_VARIANT_TYPE_VARDICT);

  if (config != NULL)
    return regia_config_new_from_part (config, error);
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL, "the process was told no configuration");
  return NULL;
}

char *
regia_config_part_key (GVariant *part)
{
  g_autoptr (GVariant) key = g_variant_lookup_value (part, KEY, G_VARIANT_TYPE_BYTESTRING);

  return key != NULL ? g_variant_dup_bytestring (key, NULL) : NULL;
}
