/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-caption-private.h"

#include <string.h>

#include "regia/base/error.h"

#define LETTERS_MAX 300

/* One line of text that can be drawn. */
static gboolean
check (const char *what, const char *text, GError **error)
{
  if (g_utf8_strlen (text, -1) > LETTERS_MAX)
    return regia_error_set_usage (error, "%s has at most %d letters", what, LETTERS_MAX);
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      return regia_error_set_usage (error, "%s is one line of text", what);
  return TRUE;
}

void
regia_desired_set_caption (RegiaDesired *self, const char *name, const char *line)
{
  g_free (self->caption);
  g_free (self->caption_line);
  self->caption = g_strdup (name);
  self->caption_line = g_strdup (line);
}

gboolean
regia_desired_change_caption (RegiaDesired *self, const char *name, const char *line, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (name)), *stripped_line = g_strstrip (g_strdup (line));

  if (*stripped == '\0')
    return regia_error_set_usage (
        error, "a caption has a name: write who is speaking; `regia caption --off` takes it away");
  if (!check ("a caption's name", stripped, error) || !check ("a caption's line", stripped_line, error))
    return FALSE;
  regia_desired_set_caption (self, stripped, stripped_line);
  return TRUE;
}

static void
refuse_talk (gint64 number, GPtrArray *talks, GError **error)
{
  g_autoptr (GString) there = g_string_new (NULL);

  for (guint i = 0; talks != NULL && i < talks->len; i++)
    g_string_append_printf (there, "%s%s", i > 0 ? ", " : "",
                            ((const RegiaConfigTalk *)g_ptr_array_index (talks, i))->name);
  regia_error_set_usage (error, "there is no talk %" G_GINT64_FORMAT "; %s%s", number,
                         there->len > 0 ? "this event has " : "this event has none: [talk 1] in its file",
                         there->str);
}

gboolean
regia_desired_change_caption_talk (RegiaDesired *self, gint64 number, GPtrArray *talks, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  for (guint i = 0; talks != NULL && i < talks->len; i++) {
    const RegiaConfigTalk *talk = g_ptr_array_index (talks, i);
    g_autofree char *speaker =
        talk->role != NULL ? g_strdup_printf ("%s, %s", talk->speaker, talk->role) : g_strdup (talk->speaker);

    if (strcmp (talk->name, name) != 0)
      continue;
    regia_desired_set_caption (self, speaker, talk->title);
    return TRUE;
  }
  refuse_talk (number, talks, error);
  return FALSE;
}

gboolean
regia_desired_read_caption (GVariant *dict, RegiaDesired *self)
{
  g_autoptr (GVariant) name = g_variant_lookup_value (dict, "caption", NULL);
  g_autoptr (GVariant) line = g_variant_lookup_value (dict, "caption-line", NULL);

  if (name == NULL && line == NULL)
    return TRUE;
  if (name == NULL || line == NULL || !g_variant_is_of_type (name, G_VARIANT_TYPE_STRING) ||
      !g_variant_is_of_type (line, G_VARIANT_TYPE_STRING))
    return FALSE;
  regia_desired_set_caption (self, g_variant_get_string (name, NULL), g_variant_get_string (line, NULL));
  return TRUE;
}

void
regia_desired_set_notice (RegiaDesired *self, const char *text)
{
  g_free (self->notice);
  self->notice = g_strdup (text);
}

gboolean
regia_desired_change_notice (RegiaDesired *self, const char *text, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));

  if (!check ("a notice", stripped, error))
    return FALSE;
  regia_desired_set_notice (self, stripped);
  return TRUE;
}

gboolean
regia_desired_read_notice (GVariant *dict, RegiaDesired *self)
{
  g_autoptr (GVariant) text = g_variant_lookup_value (dict, "notice", NULL);

  if (text != NULL && !g_variant_is_of_type (text, G_VARIANT_TYPE_STRING))
    return FALSE;
  if (text != NULL)
    regia_desired_set_notice (self, g_variant_get_string (text, NULL));
  return TRUE;
}
