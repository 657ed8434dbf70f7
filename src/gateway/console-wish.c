/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-socket-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

#define NAME_BYTES 63 /* of a source (config/options.c), of `programme` */

void
regia_console_wish_clear (RegiaConsoleWish *self)
{
  g_clear_pointer (&self->last, g_free);
  g_clear_pointer (&self->previews, g_strfreev);
}

static gboolean
is_name (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= NAME_BYTES &&
         strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.") == length;
}

static gboolean
read_previews (GVariant *value, RegiaConsoleWish *wish)
{
  gboolean is_list = g_variant_is_of_type (value, G_VARIANT_TYPE ("av")) ||
                     g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY);
  gsize n = is_list ? g_variant_n_children (value) : G_MAXSIZE;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (n > REGIA_CONSOLE_SOCKET_PREVIEWS)
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (value, i);
    g_autoptr (GVariant) name = g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT)
                                    ? g_variant_get_variant (child)
                                    : g_variant_ref (child);

    if (!g_variant_is_of_type (name, G_VARIANT_TYPE_STRING) || !is_name (g_variant_get_string (name, NULL)))
      return FALSE;
    g_strv_builder_add (names, g_variant_get_string (name, NULL));
  }
  wish->previews = g_strv_builder_end (names);
  return TRUE;
}

static gboolean
read_key (const char *key, GVariant *value, RegiaConsoleWish *wish)
{
  if (strcmp (key, "last") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)) {
    wish->last = g_variant_dup_string (value, NULL);
    return TRUE;
  }
  if (strcmp (key, "previews") == 0)
    return read_previews (value, wish);
  if (strcmp (key, "meters") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN)) {
    wish->meters = g_variant_get_boolean (value);
    return TRUE;
  }
  if (strcmp (key, "ack") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_INT64) &&
      g_variant_get_int64 (value) > 0 && g_variant_get_int64 (value) <= REGIA_CONSOLE_SOCKET_AHEAD) {
    wish->ack = (guint)g_variant_get_int64 (value);
    return TRUE;
  }
  return FALSE;
}

gboolean
regia_console_wish_read (const char *json, gsize length, RegiaConsoleWish *ret_wish, GError **error)
{
  g_auto (RegiaConsoleWish) wish = {.meters = -1};
  g_autoptr (GVariant) dict = regia_json_to_vardict (json, (gssize)length, error);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (dict == NULL)
    return FALSE;
  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (!read_key (key, value, &wish)) {
      g_autofree char *shown = g_strndup (key, NAME_BYTES);

      g_variant_unref (value);
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                   "\"%s\" is unknown here, or has a value that it does not take", shown);
      return FALSE;
    }
  *ret_wish = wish;
  wish = (RegiaConsoleWish){0};
  return TRUE;
}
