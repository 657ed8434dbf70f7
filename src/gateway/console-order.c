/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

/* Keys of a body: a row each. What is not listed is refused, so that a misspelt key is never taken for one
 * that was left out. */

typedef struct {
  const char *name;
  const char *type; /* "b", "s", "x", "d", or "a{sv}", of texts */
  gboolean needed;
} Key;

typedef GVariant *(*MakeFunc) (GVariant *body, guint64 show_ms);

typedef struct {
  const char *name;
  const char *method;
  MakeFunc change; /* (nullable): of Command: what is changed */
  Key keys[8];     /* (array zero-terminated=1); besides the id */
} Order;

static const Key file_keys[] = {{"text", "s", TRUE}, {"from", "s", FALSE}, {"check", "b", FALSE}, {NULL}};
static const struct {
  const char *what;
  Key keys[4];
} people_keys[] = {
    {"set", {{"name", "s", TRUE}, {"role", "s", TRUE}, {"password", "s", FALSE}}},
    {"remove", {{"name", "s", TRUE}}},
    {"end-session", {{"session", "s", TRUE}}},
    {"invite", {{"name", "s", TRUE}, {"role", "s", TRUE}}},
    {"accept", {{"invitation", "s", TRUE}, {"password", "s", TRUE}}},
};
static const Key login_keys[] = {{"name", "s", TRUE}, {"password", "s", TRUE}, {NULL}};

static GVariant *
one (const char *key, GVariant *value)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, key, value);
  return g_variant_dict_end (&dict);
}

static GVariant *
change_private (GVariant *body, guint64 show_ms)
{
  return one ("private", g_variant_new_boolean (regia_json_get_boolean (body, "on")));
}

static GVariant *
change_pause (GVariant *body, guint64 show_ms)
{
  return one ("paused", g_variant_new_boolean (TRUE));
}

static GVariant *
change_resume (GVariant *body, guint64 show_ms)
{
  return one ("paused", g_variant_new_boolean (FALSE));
}

static GVariant *
change_mark (GVariant *body, guint64 show_ms)
{
  gint64 at_ms = (gint64)show_ms;

  regia_json_read_int (body, "at-ms", &at_ms);
  return one ("mark", g_variant_new ("(ts)", (guint64)MAX (at_ms, 0), regia_json_get_string (body, "title")));
}

static GVariant *
change_talk (GVariant *body, guint64 show_ms)
{
  gint64 number = 0, at_ms = (gint64)show_ms;

  regia_json_read_int (body, "number", &number);
  regia_json_read_int (body, "at-ms", &at_ms);
  return one ("talk", g_variant_new ("(xt)", number, (guint64)MAX (at_ms, 0)));
}

static GVariant *
change_notice (GVariant *body, guint64 show_ms)
{
  return one ("notice", g_variant_new_string (regia_json_get_string (body, "text")));
}

static GVariant *
change_end (GVariant *body, guint64 show_ms)
{
  return one ("end", g_variant_new_int64 (regia_json_get_int (body, "end")));
}

static GVariant *
change_relay (GVariant *body, guint64 show_ms)
{
  return one ("relay", g_variant_new ("(sb)", regia_json_get_string (body, "name"),
                                      regia_json_get_boolean (body, "on")));
}

static GVariant *
change_scene (GVariant *body, guint64 show_ms)
{
  gint64 fade_ms = -1;

  regia_json_read_int (body, "fade-ms", &fade_ms);
  return one (regia_json_get_boolean (body, "on-air") ? "scene-on-air" : "scene",
              g_variant_new ("(sx)", regia_json_get_string (body, "name"), fade_ms));
}

static GVariant *
change_tone (GVariant *body, guint64 show_ms)
{
  return one ("tone", g_variant_new ("(bb)", regia_json_get_boolean (body, "on"),
                                     regia_json_get_boolean (body, "on-air")));
}

/* `off` goes before a talk, that before a name. */
static GVariant *
change_caption (GVariant *body, guint64 show_ms)
{
  gint64 talk = G_MININT64;

  if (regia_json_get_boolean (body, "off"))
    return one ("caption-off", g_variant_new_boolean (TRUE));
  if (regia_json_read_int (body, "talk", &talk) && talk != G_MININT64)
    return one ("caption-talk", g_variant_new_int64 (talk));
  return one ("caption", g_variant_new ("(ss)", regia_json_get_string (body, "name"),
                                        regia_json_get_string (body, "line")));
}

/* In tenths, as it is kept; what is no such number is out of range, and refused there. */
static GVariant *
change_gain (GVariant *body, guint64 show_ms)
{
  double db = CLAMP (regia_json_get_double (body, "db"), -1e6, 1e6);

  return one ("gain", g_variant_new ("(ssx)", regia_json_get_string (body, "language"),
                                     regia_json_get_string (body, "source"),
                                     (gint64)(db * 10 + (db < 0 ? -0.5 : 0.5))));
}

static GVariant *
change_mute (GVariant *body, guint64 show_ms)
{
  return one ("mute",
              g_variant_new ("(ssb)", regia_json_get_string (body, "language"),
                             regia_json_get_string (body, "source"), regia_json_get_boolean (body, "on")));
}

static GVariant *
change_source (const char *kind, GVariant *body)
{
  g_autoptr (GVariant) keys = g_variant_lookup_value (body, "keys", G_VARIANT_TYPE_VARDICT);
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    g_variant_builder_add (&builder, "{ss}", key, g_variant_get_string (value, NULL));
    g_variant_unref (value);
  }
  return one (kind, g_variant_new ("(sa{ss})", regia_json_get_string (body, "name"), &builder));
}

static GVariant *
change_source_add (GVariant *body, guint64 show_ms)
{
  return change_source ("source-add", body);
}

static GVariant *
change_source_set (GVariant *body, guint64 show_ms)
{
  return change_source ("source-set", body);
}

static GVariant *
change_source_remove (GVariant *body, guint64 show_ms)
{
  return one ("source-remove", g_variant_new_string (regia_json_get_string (body, "name")));
}

/* Its key is said apart from what is known of a relay, and goes with it from here on. */
static GVariant *
change_relay_add (GVariant *body, guint64 show_ms)
{
  static const char *const keys[] = {"url", "key", "rendition", "language", "latency", "stream_id"};
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (*regia_json_get_string (body, keys[i]) != '\0')
      g_variant_builder_add (&builder, "{ss}", keys[i], regia_json_get_string (body, keys[i]));
  return one ("relay-add", g_variant_new ("(sa{ss})", regia_json_get_string (body, "name"), &builder));
}

static GVariant *
change_relay_remove (GVariant *body, guint64 show_ms)
{
  return one ("relay-remove", g_variant_new_string (regia_json_get_string (body, "name")));
}

static GVariant *
change_acknowledge (GVariant *body, guint64 show_ms)
{
  return one ("acknowledge", g_variant_new_string (regia_json_get_string (body, "alarm")));
}

static const Order orders[] = {
    {"private", "Command", change_private, {{"on", "b", TRUE}}},
    {"pause", "Command", change_pause, {{NULL}}},
    {"resume", "Command", change_resume, {{NULL}}},
    {"mark", "Command", change_mark, {{"title", "s", FALSE}, {"at-ms", "x", FALSE}}},
    {"talk", "Command", change_talk, {{"number", "x", FALSE}, {"at-ms", "x", FALSE}}},
    {"notice", "Command", change_notice, {{"text", "s", TRUE}}},
    {"extend", "Command", change_end, {{"end", "x", TRUE}}},
    {"relay", "Command", change_relay, {{"name", "s", TRUE}, {"on", "b", TRUE}}},
    {"relay-add",
     "Command",
     change_relay_add,
     {{"name", "s", TRUE},
      {"url", "s", TRUE},
      {"key", "s", FALSE},
      {"rendition", "s", FALSE},
      {"language", "s", FALSE},
      {"latency", "s", FALSE},
      {"stream_id", "s", FALSE}}},
    {"relay-remove", "Command", change_relay_remove, {{"name", "s", TRUE}}},
    {"scene",
     "Command",
     change_scene,
     {{"name", "s", TRUE}, {"fade-ms", "x", FALSE}, {"on-air", "b", FALSE}}},
    {"source-add", "Command", change_source_add, {{"name", "s", TRUE}, {"keys", "a{sv}", TRUE}}},
    {"source-set", "Command", change_source_set, {{"name", "s", TRUE}, {"keys", "a{sv}", TRUE}}},
    {"source-remove", "Command", change_source_remove, {{"name", "s", TRUE}}},
    {"tone", "Command", change_tone, {{"on", "b", TRUE}, {"on-air", "b", FALSE}}},
    {"caption",
     "Command",
     change_caption,
     {{"name", "s", FALSE}, {"line", "s", FALSE}, {"talk", "x", FALSE}, {"off", "b", FALSE}}},
    {"gain", "Command", change_gain, {{"source", "s", TRUE}, {"db", "d", TRUE}, {"language", "s", FALSE}}},
    {"mute", "Command", change_mute, {{"source", "s", TRUE}, {"on", "b", TRUE}, {"language", "s", FALSE}}},
    {"acknowledge", "Command", change_acknowledge, {{"alarm", "s", TRUE}}},
    {"start", "Start", NULL, {{"name", "s", TRUE}, {"again", "b", FALSE}}},
    {"rehearse", "Rehearse", NULL, {{"name", "s", TRUE}}},
    {"stop", "Stop", NULL, {{NULL}}},
};

static const Order *
find_order (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    if (strcmp (orders[i].name, name) == 0)
      return &orders[i];
  return NULL;
}

gboolean
regia_console_order_is_known (const char *name)
{
  return find_order (name) != NULL;
}

static const char *
type_in_words (const char *type)
{
  switch (*type) {
  case 'b':
    return "true or false";
  case 's':
    return "a text";
  case 'a':
    return "an object, each of its values a text";
  default:
    return *type == 'x' ? "a whole number" : "a number";
  }
}

static gboolean
has_texts (GVariant *object)
{
  GVariantIter iter;
  GVariant *value;
  gboolean texts = g_variant_is_of_type (object, G_VARIANT_TYPE_VARDICT);

  if (texts)
    g_variant_iter_init (&iter, object);
  while (texts && g_variant_iter_next (&iter, "{&sv}", NULL, &value)) {
    texts = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING);
    g_variant_unref (value);
  }
  return texts;
}

static gboolean
is_of_type (GVariant *body, const Key *key, GVariant *value)
{
  gint64 number;

  if (*key->type == 'x') /* 3.0 is one, 3.5 is none */
    return regia_json_read_int (body, key->name, &number) &&
           (!g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE) ||
            g_variant_get_double (value) == (double)number);
  if (*key->type == 'a')
    return has_texts (value);
  if (*key->type == 'd' && g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return TRUE;
  return g_variant_is_of_type (value, G_VARIANT_TYPE (key->type));
}

static gboolean
refuse_unknown (const char *name, const Key *keys, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);
  g_autofree char *shown = g_utf8_strlen (name, -1) > 40 ? g_utf8_substring (name, 0, 40) : g_strdup (name);

  for (const Key *key = keys; key->name != NULL; key++)
    g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", key->name);
  return regia_error_set_usage (error, "there is no \"%s\" here; there are: %s", shown, known->str);
}

static gboolean
check_key (GVariant *body, const char *name, GVariant *value, const Key *keys, GError **error)
{
  for (const Key *key = keys; key->name != NULL; key++)
    if (strcmp (key->name, name) == 0)
      return is_of_type (body, key, value) ||
             regia_error_set_usage (error, "\"%s\" must be %s", name, type_in_words (key->type));
  return refuse_unknown (name, keys, error);
}

/* A NUL, as itself or by its escape: a text would end there without a word. */
static gboolean
has_nul (const char *json, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    if (json[i] == '\0')
      return TRUE;
    if (json[i] == '\\' && ++i + 5 <= length && strncmp (json + i, "u0000", 5) == 0)
      return TRUE;
  }
  return FALSE;
}

/* (transfer full) (nullable): a{sv} with nothing in it but what @keys lists. */
static GVariant *
read_body (const char *json, gsize length, const Key *keys, GError **error)
{
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GError) local_error = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *next;

  if (has_nul (json, length)) {
    regia_error_set_usage (error, "the body is no JSON: it holds a NUL");
    return NULL;
  }
  body = length > 0 ? regia_json_to_vardict (json, (gssize)length, &local_error)
                    : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  if (body == NULL) {
    regia_error_set_usage (error, "the body is no JSON object: %s", local_error->message);
    return NULL;
  }
  g_variant_iter_init (&iter, body);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &next)) {
    g_autoptr (GVariant) value = next;

    if (!check_key (body, name, value, keys, error))
      return NULL;
  }
  for (const Key *key = keys; key->name != NULL; key++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (body, key->name, NULL);

    if (key->needed && value == NULL) {
      regia_error_set_usage (error, "\"%s\" is missing: %s", key->name, type_in_words (key->type));
      return NULL;
    }
  }
  return g_steal_pointer (&body);
}

static GVariant *
make_arguments (const Order *order, const char *token, const char *id, GVariant *body, guint64 show_ms)
{
  const char *name = regia_json_get_string (body, "name");

  if (order->change != NULL)
    return g_variant_new ("(ss@a{sv})", token, id, order->change (body, show_ms));
  if (strcmp (order->method, "Start") == 0)
    return g_variant_new ("(sssb)", token, id, name, regia_json_get_boolean (body, "again"));
  if (strcmp (order->method, "Rehearse") == 0)
    return g_variant_new ("(sss)", token, id, name);
  return g_variant_new ("(ss)", token, id);
}

gboolean
regia_console_order_read (const char *name, const char *token, const char *json, gsize length,
                          guint64 show_ms, RegiaConsoleOrder *ret_order, GError **error)
{
  const Order *order = find_order (name);
  Key keys[G_N_ELEMENTS (order->keys) + 1] = {{"id", "s", FALSE}};
  g_autoptr (GVariant) body = NULL;
  const char *id;

  g_return_val_if_fail (order != NULL, FALSE);
  memcpy (&keys[1], order->keys, sizeof order->keys);
  body = read_body (json, length, keys, error);
  if (body == NULL)
    return FALSE;
  id = regia_json_get_string (body, "id");
  ret_order->id = *id != '\0' ? g_strdup (id) : g_uuid_string_random ();
  ret_order->method = order->method;
  ret_order->arguments = g_variant_ref_sink (make_arguments (order, token, ret_order->id, body, show_ms));
  return TRUE;
}

void
regia_console_order_clear (RegiaConsoleOrder *self)
{
  g_clear_pointer (&self->arguments, g_variant_unref);
  g_clear_pointer (&self->id, g_free);
}

gboolean
regia_console_login_read (const char *json, gsize length, char **ret_name, char **ret_password,
                          GError **error)
{
  g_autoptr (GVariant) body = read_body (json, length, login_keys, error);

  if (body == NULL)
    return FALSE;
  *ret_name = g_strdup (regia_json_get_string (body, "name"));
  *ret_password = g_strdup (regia_json_get_string (body, "password"));
  return TRUE;
}

gboolean
regia_console_file_read (const char *json, gsize length, RegiaConsoleFile *ret_file, GError **error)
{
  g_autoptr (GVariant) body = read_body (json, length, file_keys, error);
  const char *text, *from;

  if (body == NULL)
    return FALSE;
  text = regia_json_get_string (body, "text");
  from = regia_json_get_string (body, "from");
  if (strlen (text) > REGIA_CONSOLE_FILE_BYTES)
    return regia_error_set_usage (error, "\"text\" is longer than %d bytes; edit such a file on the machine",
                                  REGIA_CONSOLE_FILE_BYTES);
  if (strlen (from) > REGIA_CONSOLE_NAME_BYTES)
    return regia_error_set_usage (error, "\"from\" is longer than the name of a file here");
  *ret_file = (RegiaConsoleFile){g_strdup (text), g_strdup (from), regia_json_get_boolean (body, "check")};
  return TRUE;
}

void
regia_console_file_clear (RegiaConsoleFile *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->from, g_free);
}

GVariant *
regia_console_people_read (const char *what, const char *json, gsize length, GError **error)
{
  gsize i = 0;

  while (i < G_N_ELEMENTS (people_keys) && strcmp (people_keys[i].what, what) != 0)
    i++;
  g_return_val_if_fail (i < G_N_ELEMENTS (people_keys), NULL);
  return read_body (json, length, people_keys[i].keys, error);
}
