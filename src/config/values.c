/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "values-private.h"

#include <string.h>

#include "faults-private.h"
#include "regia/base/language.h"

/* Readers of words, names and paths; numbers are in numbers.c, times, addresses and the like in places.c. */

static void
take_string (gpointer field, char *value)
{
  g_free (*(char **)field);
  *(char **)field = value;
}

static void
take_strv (gpointer field, char **value)
{
  g_strfreev (*(char ***)field);
  *(char ***)field = value;
}

gboolean
regia_is_name (const char *text)
{
  gsize length = strlen (text);

  return length >= 1 && length <= 32 && text[0] != '-' &&
         strspn (text, G_CSET_a_2_z G_CSET_DIGITS "-") == length;
}

char **
regia_split_list (const char *text)
{
  g_auto (GStrv) parts = g_strsplit_set (text, ";,", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; parts[i] != NULL; i++)
    if (g_strstrip (parts[i])[0] != '\0')
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

/* A list of which each part has to pass @check, without doubles. */
static char *
read_list (const RegiaOption *option, const char *text, gboolean (*check) (const char *), gpointer field)
{
  g_auto (GStrv) parts = regia_split_list (text);
  guint count = g_strv_length (parts);

  if (count == 0 || count > option->max)
    return g_strdup_printf ("a list of %u; allowed: %s", count, option->range);
  for (guint i = 0; i < count; i++) {
    g_autofree char *quoted = regia_quote_clip (parts[i]);

    if (!check (parts[i]))
      return g_strdup_printf ("%s does not fit; allowed: %s", quoted, option->range);
    for (guint j = 0; j < i; j++)
      if (g_ascii_strcasecmp (parts[j], parts[i]) == 0)
        return g_strdup_printf ("%s is in the list twice; remove one", quoted);
  }
  take_strv (field, g_steal_pointer (&parts));
  return NULL;
}

/* Blanks of all kinds, joiners, marks of direction: there are letters that nobody sees. */
static gboolean
is_visible (gunichar c)
{
  /* the Hangul fillers and the Braille blank are letters by their category */
  static const gunichar blanks[] = {0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0};

  for (gsize i = 0; i < G_N_ELEMENTS (blanks); i++)
    if (c == blanks[i])
      return FALSE;
  switch (g_unichar_type (c)) {
  case G_UNICODE_UNASSIGNED:
  case G_UNICODE_NON_SPACING_MARK:
  case G_UNICODE_ENCLOSING_MARK:
    return FALSE;
  default:
    return g_unichar_isgraph (c);
  }
}

/* (transfer full): without blanks at the ends, which an escape (\s) can write. */
static char *
trim (const char *text)
{
  const char *end = text + strlen (text);

  while (*text != '\0' && g_unichar_isspace (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);
  while (end > text) {
    const char *before = g_utf8_prev_char (end);

    if (!g_unichar_isspace (g_utf8_get_char (before)))
      break;
    end = before;
  }
  return g_strndup (text, (gsize)(end - text));
}

char *
regia_read_text (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  glong length = g_utf8_strlen (text, -1);
  gboolean visible = FALSE;

  if (length < option->min || length > option->max)
    return g_strdup_printf ("%ld letters long; allowed: %s", length, option->range);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)) || g_utf8_get_char (p) == 0x2028 ||
        g_utf8_get_char (p) == 0x2029)
      return g_strdup ("holds a line end or another control character; remove it");
    else
      visible = visible || is_visible (g_utf8_get_char (p));
  if (!visible)
    return g_strdup_printf ("holds nothing that can be seen; write something or leave it out, allowed: %s",
                            option->range);
  take_string (field, trim (text));
  return NULL;
}

char *
regia_read_name (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);

  if (!regia_is_name (text))
    return g_strdup_printf ("%s cannot be a name; write the %s", quoted, option->range);
  take_string (field, g_strdup (text));
  return NULL;
}

char *
regia_read_names (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_list (option, text, regia_is_name, field);
}

char *
regia_read_language (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);

  if (!regia_language_is_known (text))
    return g_strdup_printf ("%s is no language tag; write one such as it, en or pt-BR", quoted);
  take_string (field, g_strdup (text));
  return NULL;
}

char *
regia_read_languages (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_list (option, text, regia_language_is_known, field);
}

char *
regia_read_id (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  gsize length = strlen (text);

  if (length > 64 || text[0] == '-' || strspn (text, G_CSET_a_2_z G_CSET_DIGITS "-") != length)
    return g_strdup_printf ("%s cannot name a folder; allowed: %s", quoted, option->range);
  take_string (field, g_strdup (text));
  return NULL;
}

char *
regia_read_path (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  if (text[0] == '~')
    return g_strdup ("~ is not understood here; write the whole path, beginning with /");
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return g_strdup ("holds a line end or another control character; remove it");
  take_string (field, g_canonicalize_filename (text, base_dir));
  return NULL;
}

char *
regia_read_picture (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);

  if (!g_str_has_suffix (lower, ".png") && !g_str_has_suffix (lower, ".jpg") &&
      !g_str_has_suffix (lower, ".jpeg"))
    return g_strdup_printf ("not a kind of picture that is known; convert it, allowed: %s", option->range);
  return regia_read_path (option, text, base_dir, field);
}

char *
regia_read_pipeline (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);

  if (g_str_has_suffix (text, ".pipeline"))
    return regia_read_path (option, text, base_dir, field);
  if (!regia_is_name (text))
    return g_strdup_printf ("%s cannot be a pipeline; allowed: %s", quoted, option->range);
  take_string (field, g_strdup (text));
  return NULL;
}

gboolean
regia_read_is_path (const RegiaOption *option)
{
  return option->read == regia_read_path || option->read == regia_read_picture ||
         option->read == regia_read_pipeline;
}

char *
regia_read_choice (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = NULL;
  g_autofree char *suggestion = NULL;

  if (g_strv_contains (option->choices, text)) {
    take_string (field, g_strdup (text));
    return NULL;
  }
  quoted = regia_quote_clip (text);
  suggestion = regia_suggest (text, option->choices);
  return g_strdup_printf ("%s is unknown; %s", quoted, suggestion);
}

char *
regia_read_bool (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  static const char *const yes[] = {"yes", "true", "on", NULL};
  static const char *const no[] = {"no", "false", "off", NULL};
  g_autofree char *quoted = regia_quote_clip (text);

  if (!g_strv_contains (yes, text) && !g_strv_contains (no, text))
    return g_strdup_printf ("%s is neither; write yes or no", quoted);
  *(gboolean *)field = g_strv_contains (yes, text);
  return NULL;
}
