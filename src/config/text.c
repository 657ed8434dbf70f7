/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>

#include "config-private.h"
#include "options-private.h"
#include "values-private.h"

/* A configuration as one text that says it all again, see regia_config_to_text(). */

#define MAX_NAME_BYTES 2000 /* of a file in a comment: lines of a key file have a limit */

/* Whether it can stand in a key file as it is. */
static gboolean
is_clean (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if ((guchar)*p < 0x20 || *p == 0x7f)
      return FALSE;
  return g_utf8_validate (text, -1, NULL);
}

static void
add_from (GString *text, const RegiaKeyOrigin *origin, guint line)
{
  if (is_clean (origin->name) && strlen (origin->name) <= MAX_NAME_BYTES)
    g_string_append_printf (text, REGIA_KEY_TEXT_FROM "%s:%u\n", origin->name, line);
}

/* (transfer full) (nullable): the absolute path that @entry says with a relative one. %NULL when it says
 * something else. */
static char *
absolute_path (const RegiaOptionGroup *group, const RegiaKeyEntry *entry)
{
  const RegiaOption *option = regia_option_find (group, entry->key);
  g_autofree char *text = regia_key_text_decode (entry->raw);
  char *path = NULL;

  if (option == NULL && (g_str_has_prefix (text, "./") || g_str_has_prefix (text, "../")))
    return g_canonicalize_filename (text, entry->origin->base_dir);
  if (option != NULL && text[0] != '\0' && regia_read_is_path (option))
    g_free (option->read (option, text, entry->origin->base_dir, &path));
  return path;
}

char *
regia_config_to_text (RegiaConfig *self)
{
  GString *text = g_string_new (REGIA_KEY_TEXT_MERGED "\n");

  for (guint i = 0; i < self->scan->groups->len; i++) {
    const RegiaKeyGroup *scanned = g_ptr_array_index (self->scan->groups, i);
    const RegiaOptionGroup *group = regia_option_group_find (scanned->kind);

    g_string_append_c (text, '\n');
    add_from (text, scanned->origin, scanned->line);
    g_string_append_printf (text, "[%s]\n", scanned->title);
    for (guint j = 0; j < scanned->entries->len; j++) {
      const RegiaKeyEntry *entry = g_ptr_array_index (scanned->entries, j);
      g_autofree char *path = absolute_path (group, entry);
      g_autofree char *raw = NULL;

      if (g_str_equal (scanned->kind, "event") && g_str_equal (entry->key, "hall"))
        continue; /* all that it says is here */
      /* A path that is no UTF-8 stays as it is written, from the event file's folder: no hall has such. */
      raw = path != NULL && is_clean (path) ? regia_key_text_encode (path) : g_strdup (entry->raw);
      add_from (text, entry->origin, entry->line);
      g_string_append_printf (text, "%s = %s\n", entry->key, raw);
    }
  }
  return g_string_free (text, FALSE);
}
