/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/json.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "regia/base/error.h"

#define MAX_DEPTH 32

static gint
compare_keys_cb (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/*
 * Our own walk instead of json_gvariant_serialize(): that one loses the difference between a missing number
 * and NaN (writes `nan`, which is no JSON) and turns t above 2^63 negative.
 */
static JsonNode *
node_from_variant (GVariant *value)
{
  JsonNode *node;
  GVariantIter iter;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT)) {
    g_autoptr (GVariant) inner = g_variant_get_variant (value);
    return node_from_variant (inner);
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)) {
    JsonObject *object = json_object_new ();
    g_autoptr (GPtrArray) keys = g_ptr_array_new ();
    const char *key;

    /* GVariantDict keeps no order; people and tests compare answers, so keys are sorted. */
    g_variant_iter_init (&iter, value);
    while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
      g_ptr_array_add (keys, (gpointer)key);
    g_ptr_array_sort (keys, compare_keys_cb);
    for (guint i = 0; i < keys->len; i++) {
      g_autoptr (GVariant) entry = g_variant_lookup_value (value, g_ptr_array_index (keys, i), NULL);
      json_object_set_member (object, g_ptr_array_index (keys, i), node_from_variant (entry));
    }
    node = json_node_new (JSON_NODE_OBJECT);
    json_node_take_object (node, object);
    return node;
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY) ||
      g_variant_is_of_type (value, G_VARIANT_TYPE_TUPLE)) {
    JsonArray *array = json_array_new ();
    GVariant *entry;

    g_variant_iter_init (&iter, value);
    while ((entry = g_variant_iter_next_value (&iter)) != NULL) {
      json_array_add_element (array, node_from_variant (entry));
      g_variant_unref (entry);
    }
    node = json_node_new (JSON_NODE_ARRAY);
    json_node_take_array (node, array);
    return node;
  }

  node = json_node_new (JSON_NODE_VALUE);
  switch (g_variant_classify (value)) {
  case G_VARIANT_CLASS_BOOLEAN:
    json_node_set_boolean (node, g_variant_get_boolean (value));
    break;
  case G_VARIANT_CLASS_BYTE:
    json_node_set_int (node, g_variant_get_byte (value));
    break;
  case G_VARIANT_CLASS_INT32:
    json_node_set_int (node, g_variant_get_int32 (value));
    break;
  case G_VARIANT_CLASS_UINT32:
    json_node_set_int (node, g_variant_get_uint32 (value));
    break;
  case G_VARIANT_CLASS_INT64:
    json_node_set_int (node, g_variant_get_int64 (value));
    break;
  case G_VARIANT_CLASS_UINT64:
    json_node_set_int (node, (gint64)MIN (g_variant_get_uint64 (value), (guint64)G_MAXINT64));
    break;
  case G_VARIANT_CLASS_DOUBLE: {
    double number = g_variant_get_double (value);
    if (isfinite (number)) {
      char digits[G_ASCII_DTOSTR_BUF_SIZE];

      /* json-glib (1.6 to 1.10) writes 2e+53 as `2e+53.0`, which it cannot read: the next double has digits.
       */
      g_ascii_dtostr (digits, sizeof digits, number);
      if (strchr (digits, 'e') && strchr (digits, '.') == NULL)
        number = nextafter (number, 0);
      json_node_set_double (node, number);
    } else {
      json_node_unref (node);
      node = json_node_new (JSON_NODE_NULL);
    }
    break;
  }
  case G_VARIANT_CLASS_STRING:
    json_node_set_string (node, g_variant_get_string (value, NULL));
    break;
  default:
    g_critical ("a state holds a value of type %s, which has no JSON form here",
                g_variant_get_type_string (value));
    json_node_unref (node);
    node = json_node_new (JSON_NODE_NULL);
    break;
  }
  return node;
}

char *
regia_json_from_variant (GVariant *value, gboolean pretty)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autoptr (JsonNode) node = node_from_variant (owned);

  return json_to_string (node, pretty);
}

static GVariant *
variant_from_node (JsonNode *node)
{
  GVariantBuilder builder;

  switch (json_node_get_node_type (node)) {
  case JSON_NODE_OBJECT: {
    JsonObjectIter iter;
    const char *key;
    JsonNode *member;

    g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
    json_object_iter_init (&iter, json_node_get_object (node));
    while (json_object_iter_next (&iter, &key, &member))
      g_variant_builder_add (&builder, "{sv}", key, variant_from_node (member));
    return g_variant_builder_end (&builder);
  }
  case JSON_NODE_ARRAY: {
    JsonArray *array = json_node_get_array (node);

    g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
    for (guint i = 0; i < json_array_get_length (array); i++)
      g_variant_builder_add (&builder, "v", variant_from_node (json_array_get_element (array, i)));
    return g_variant_builder_end (&builder);
  }
  case JSON_NODE_VALUE:
    if (json_node_get_value_type (node) == G_TYPE_STRING)
      return g_variant_new_string (json_node_get_string (node));
    if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
      return g_variant_new_boolean (json_node_get_boolean (node));
    if (json_node_get_value_type (node) == G_TYPE_DOUBLE && isfinite (json_node_get_double (node)))
      return g_variant_new_double (json_node_get_double (node));
    if (json_node_get_value_type (node) == G_TYPE_INT64)
      return g_variant_new_int64 (json_node_get_int (node));
    return g_variant_new_string ("");
  case JSON_NODE_NULL:
  default:
    return g_variant_new_string ("");
  }
}

/* Four hexadecimal digits; −1 when they are not. */
static int
read_unit (const char *p, const char *end)
{
  int unit = 0;

  if (end - p < 4)
    return -1;
  for (guint i = 0; i < 4; i++) {
    if (!g_ascii_isxdigit (p[i]))
      return -1;
    unit = unit * 16 + g_ascii_xdigit_value (p[i]);
  }
  return unit;
}

/* Of the escape that begins at @p (RFC 8259, clause 7); 0 when it is none, or half a surrogate pair. */
static gsize
escape_length (const char *p, const char *end)
{
  int unit;

  if (end - p < 2)
    return 0;
  if (p[1] != 'u')
    return p[1] != '\0' && strchr ("\"\\/bfnrt", p[1]) ? 2 : 0;
  unit = read_unit (p + 2, end);
  if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000))
    return 0;
  if (unit < 0xd800 || unit >= 0xe000)
    return 6;
  if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
    return 0;
  unit = read_unit (p + 8, end);
  return unit >= 0xdc00 && unit < 0xe000 ? 12 : 0;
}

/* true, false, null or a number of RFC 8259, clause 6, that a gint64 can hold if it has no fraction and no
 * exponent. */
static gboolean
is_literal (const char *text, gsize length)
{
  static const char *const words[] = {"true", "false", "null"};
  const char *p = text, *end = text + length, *digits;

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (length == strlen (words[i]) && memcmp (text, words[i], length) == 0)
      return TRUE;
  p += p < end && *p == '-';
  for (digits = p; p < end && g_ascii_isdigit (*p);)
    p++;
  if (p == digits || (p - digits > 1 && *digits == '0'))
    return FALSE;
  if (p == end)
    return p - digits < 19 || (p - digits == 19 && memcmp (digits, "9223372036854775807", 19) <= 0);
  if (*p == '.') {
    for (digits = ++p; p < end && g_ascii_isdigit (*p);)
      p++;
    if (p == digits)
      return FALSE;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    p += p < end && (*p == '+' || *p == '-');
    for (digits = p; p < end && g_ascii_isdigit (*p);)
      p++;
    if (p == digits)
      return FALSE;
  }
  return p == end;
}

/*
 * One object and nothing after it, no deeper than MAX_DEPTH. Looked at before json-glib reads it, which takes
 * several values in a row (it gives the last, and up to 1.6 leaks the others), takes comments, octal and
 * hexadecimal numbers, makes -1 of those that are too large, and goes one call deeper with each bracket.
 */
static gboolean
check_shape (const char *text, gsize length, GError **error)
{
  guint depth = 0;
  gboolean in_string = FALSE, ended = FALSE;

  for (gsize i = 0; i < length; i++) {
    char c = text[i];

    if (in_string) {
      gsize escape = c == '\\' ? escape_length (text + i, text + length) : 1;

      if (escape == 0 || (guchar)c < ' ') {
        g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not JSON: no character of a text at byte %zu",
                     i);
        return FALSE;
      }
      i += escape - 1;
      in_string = c != '"';
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      continue;
    } else if (ended) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not JSON: more follows its object, at byte %zu",
                   i);
      return FALSE;
    } else if (depth == 0 && c != '{') {
      g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not a JSON object");
      return FALSE;
    } else if (c == '{' || c == '[') {
      if (++depth > MAX_DEPTH) {
        g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "JSON nested deeper than %d", MAX_DEPTH);
        return FALSE;
      }
    } else if (c == '}' || c == ']') {
      ended = --depth == 0;
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c != ':' && c != ',') {
      gsize end = i;

      while (end < length && (g_ascii_isalnum (text[end]) || strchr ("+-.", text[end] ? text[end] : ' ')))
        end++;
      if (!is_literal (text + i, end - i)) {
        g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not JSON: neither word nor number at byte %zu",
                     i);
        return FALSE;
      }
      i = end - 1;
    }
  }
  if (!ended) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                         depth == 0 ? "not JSON: it is empty" : "not JSON: it ends in the middle");
    return FALSE;
  }
  return TRUE;
}

GVariant *
regia_json_to_vardict (const char *text, gssize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) local_error = NULL;
  JsonNode *root;

  if (!check_shape (text, length < 0 ? strlen (text) : (gsize)length, error))
    return NULL;
  if (!g_utf8_validate (text, length, NULL)) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not JSON: not UTF-8");
    return NULL;
  }
  if (!json_parser_load_from_data (parser, text, length, &local_error)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not JSON: %s", local_error->message);
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not a JSON object");
    return NULL;
  }
  return g_variant_ref_sink (variant_from_node (root));
}

const char *
regia_json_get_string (GVariant *dict, const char *key)
{
  const char *value = "";

  return g_variant_lookup (dict, key, "&s", &value) ? value : "";
}

gint64
regia_json_get_int (GVariant *dict, const char *key)
{
  gint64 value = 0;
  double real = 0;

  if (regia_json_read_int (dict, key, &value))
    return value;
  return g_variant_lookup (dict, key, "d", &real) && real > -9e15 && real < 9e15 ? (gint64)real : 0;
}

double
regia_json_get_double (GVariant *dict, const char *key)
{
  double value = 0;

  return g_variant_lookup (dict, key, "d", &value) ? value : (double)regia_json_get_int (dict, key);
}

gboolean
regia_json_get_boolean (GVariant *dict, const char *key)
{
  gboolean value = FALSE;

  return regia_json_read_boolean (dict, key, &value) && value;
}

gboolean
regia_json_read_int (GVariant *dict, const char *key, gint64 *ret_value)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, key, NULL);

  if (value == NULL)
    return TRUE;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    *ret_value = g_variant_get_int64 (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) && g_variant_get_uint64 (value) <= G_MAXINT64)
    *ret_value = (gint64)g_variant_get_uint64 (value);
  else
    return FALSE;
  return TRUE;
}

gboolean
regia_json_read_boolean (GVariant *dict, const char *key, gboolean *ret_value)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, key, NULL);

  if (value == NULL)
    return TRUE;
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return FALSE;
  *ret_value = g_variant_get_boolean (value);
  return TRUE;
}

GPtrArray *
regia_json_get_list (GVariant *dict, const char *key)
{
  g_autoptr (GVariant) list = g_variant_lookup_value (dict, key, NULL);
  GPtrArray *entries;

  if (list == NULL || !g_variant_is_of_type (list, G_VARIANT_TYPE_ARRAY))
    return NULL;
  entries = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  for (gsize i = 0; i < g_variant_n_children (list); i++) {
    GVariant *child = g_variant_get_child_value (list, i);

    if (g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT)) {
      g_ptr_array_add (entries, g_variant_get_variant (child));
      g_variant_unref (child);
    } else {
      g_ptr_array_add (entries, child);
    }
  }
  return entries;
}

GVariant *
regia_json_read_list (const char *text, int version, const char *key, GError **error)
{
  g_autoptr (GVariant) dict = regia_json_to_vardict (text, -1, error);
  GVariant *list;
  gint64 written;

  if (dict == NULL)
    return NULL;
  written = regia_json_get_int (dict, "version");
  if (written > version) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_NEWER,
                 "written by a newer Regia (version %" G_GINT64_FORMAT
                 " of this file, this program reads up to %d); use that one",
                 written, version);
    return NULL;
  }
  list = g_variant_lookup_value (dict, key, G_VARIANT_TYPE ("av"));
  if (written < 1 || list == NULL) {
    g_clear_pointer (&list, g_variant_unref);
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "it holds no version or no %s", key);
  }
  return list;
}
