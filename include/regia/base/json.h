/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * regia_json_from_variant:
 * @value: a tree of a{sv}, av, as, tuples (become arrays), s, b, d and integers; a floating reference is
 * consumed
 *
 * Returns: (transfer full): JSON text, UTF-8, pretty when @pretty. Variants inside are unwrapped. Any thread.
 */
char *regia_json_from_variant (GVariant *value, gboolean pretty);

/**
 * regia_json_to_vardict:
 * @text, @length: JSON text; @length −1 for NUL-terminated
 *
 * Returns: (transfer full): the object as a{sv} (numbers become x or d, arrays av, objects a{sv}, null ""),
 * or %NULL with REGIA_ERROR_MEDIA when it is not one JSON object, or one nested deeper than 32. Any thread.
 */
GVariant *regia_json_to_vardict (const char *text, gssize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_json_read_list:
 * @text: JSON text of a file of Regia's own: {"version": N, KEY: […], …}
 * @version: the newest that this program reads, 1 or more
 *
 * Returns: (transfer full): what is under @key, of type av; or %NULL: REGIA_ERROR_NEWER when a newer Regia
 * wrote it, REGIA_ERROR_MEDIA when it is no such thing. Any thread.
 */
GVariant *regia_json_read_list (const char *text, int version, const char *key,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_json_get_string, regia_json_get_int, regia_json_get_double, regia_json_get_boolean: what @dict, an
 * a{sv} as regia_json_to_vardict() gives it or as it comes over D-Bus, has under @key; "", 0 or %FALSE when
 * it is missing or of another type. A number counts with or without a fraction (x, t, d); as a whole one its
 * fraction is cut off, and one with a fraction of more than 9e15 either way is none, nor is one that x cannot
 * hold. The string is borrowed from @dict. Any thread.
 */
const char *regia_json_get_string (GVariant *dict, const char *key);
gint64 regia_json_get_int (GVariant *dict, const char *key);
double regia_json_get_double (GVariant *dict, const char *key);
gboolean regia_json_get_boolean (GVariant *dict, const char *key);

/** regia_json_read_int, regia_json_read_boolean: the same for what must not be taken for something else.
 * @ret_value: untouched when @key is missing. Returns: %FALSE when it is there and is of another type. */
gboolean regia_json_read_int (GVariant *dict, const char *key, gint64 *ret_value);
gboolean regia_json_read_boolean (GVariant *dict, const char *key, gboolean *ret_value);

/** regia_json_get_list: (transfer full) (nullable) (element-type GVariant): the entries of the list that
 * @dict has under @key, each without its box; %NULL when it is missing or of another type. Any thread. */
GPtrArray *regia_json_get_list (GVariant *dict, const char *key);
