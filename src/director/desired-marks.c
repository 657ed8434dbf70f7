/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-marks-private.h"

#include <string.h>

#include "desired-caption-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

static void
mark_free (RegiaDesiredMark *mark)
{
  g_free (mark->id);
  g_free (mark->title);
  g_free (mark);
}

GPtrArray *
regia_desired_marks_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)mark_free);
}

static void
add (GPtrArray *marks, const char *id, guint64 at_ms, const char *title)
{
  RegiaDesiredMark *mark = g_new (RegiaDesiredMark, 1);

  *mark = (RegiaDesiredMark){g_strdup (id), at_ms, g_strdup (title)};
  g_ptr_array_add (marks, mark);
}

void
regia_desired_copy_marks (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++) {
    const RegiaDesiredMark *mark = g_ptr_array_index (from, i);

    add (to, mark->id, mark->at_ms, mark->title);
  }
}

static gboolean
is_past (const char *what, guint64 at_ms, const RegiaDesiredContext *context, GError **error)
{
  if (at_ms <= context->now_ms)
    return TRUE;
  return regia_error_set_usage (error,
                                "%s lies in the past or present: the show is %" G_GUINT64_FORMAT " s old",
                                what, context->now_ms / 1000);
}

gboolean
regia_desired_change_mark (RegiaDesired *self, const char *id, guint64 at_ms, const char *title,
                           const RegiaDesiredContext *context, GError **error)
{
  if (self->marks->len >= REGIA_DESIRED_MARKS_MAX)
    return regia_error_set_usage (error, "this show has %u marks, more are not kept",
                                  REGIA_DESIRED_MARKS_MAX);
  if (strlen (title) > REGIA_DESIRED_TITLE_BYTES)
    return regia_error_set_usage (error, "a mark's title has at most %u bytes", REGIA_DESIRED_TITLE_BYTES);
  for (const char *c = title; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      return regia_error_set_usage (error, "a mark's title is one line of text");
  if (!is_past ("a mark", at_ms, context, error))
    return FALSE;
  add (self->marks, id, at_ms, title);
  return TRUE;
}

GVariant *
regia_desired_marks_to_variant (GPtrArray *marks)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < marks->len; i++) {
    const RegiaDesiredMark *mark = g_ptr_array_index (marks, i);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "id", "s", mark->id);
    g_variant_dict_insert (&dict, "at-ms", "t", mark->at_ms);
    g_variant_dict_insert (&dict, "title", "s", mark->title);
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

gboolean
regia_desired_take_mark (RegiaDesired *self, GVariant *entry)
{
  const char *id, *title;
  gint64 at_ms = 0;

  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) || !g_variant_lookup (entry, "id", "&s", &id) ||
      !g_variant_lookup (entry, "title", "&s", &title) || !regia_json_read_int (entry, "at-ms", &at_ms) ||
      at_ms < 0)
    return FALSE;
  add (self->marks, id, (guint64)at_ms, title);
  return TRUE;
}

/* Talks */

/* (nullable): that of [talk @number]. */
static const RegiaConfigTalk *
find (GPtrArray *talks, gint64 number, guint *ret_at)
{
  for (guint i = 0; talks != NULL && i < talks->len; i++) {
    const RegiaConfigTalk *talk = g_ptr_array_index (talks, i);

    if (g_ascii_strtoll (talk->name, NULL, 10) == number) {
      *ret_at = i;
      return talk;
    }
  }
  return NULL;
}

/* The number of the one after the present one, in the order of the file; the first where none is present. */
static gboolean
find_next (const RegiaDesired *self, GPtrArray *talks, gint64 *ret_number, GError **error)
{
  guint n = talks != NULL ? talks->len : 0, at = 0;

  if (self->talk != 0 && find (talks, self->talk, &at) != NULL)
    at++;
  if (at >= n && n > 0)
    return regia_error_set_usage (error, "talk %" G_GINT64_FORMAT " is the last of the programme",
                                  self->talk);
  if (n == 0)
    return regia_error_set_usage (error, "this event has no talks: [talk 1] in its file");
  *ret_number = g_ascii_strtoll (((const RegiaConfigTalk *)g_ptr_array_index (talks, at))->name, NULL, 10);
  return TRUE;
}

/* A mark's title is bytes, a talk's letters: what is too long ends at a letter. */
static char *
clip_title (const char *title)
{
  const char *end = title;

  while (*end != '\0' && (gsize)(g_utf8_next_char (end) - title) <= REGIA_DESIRED_TITLE_BYTES)
    end = g_utf8_next_char (end);
  return g_strndup (title, (gsize)(end - title));
}

gboolean
regia_desired_change_talk (RegiaDesired *self, const char *id, gint64 number, guint64 at_ms,
                           const RegiaDesiredContext *context, GError **error)
{
  g_autofree char *title = NULL;
  guint at;

  if (number == 0 && !find_next (self, context->talks, &number, error))
    return FALSE;
  if (!regia_desired_change_caption_talk (self, number, context->talks, error) ||
      !is_past ("a talk's beginning", at_ms, context, error))
    return FALSE;
  if (self->talk == number)
    return TRUE;
  self->talk = number;
  self->talk_since_ms = at_ms;
  if (context->rehearsed)
    return TRUE;
  title = clip_title (find (context->talks, number, &at)->title);
  return regia_desired_change_mark (self, id, at_ms, title, context, error);
}

gboolean
regia_desired_read_talk (GVariant *dict, RegiaDesired *self)
{
  gint64 since_ms = 0;

  if (!regia_json_read_int (dict, "talk", &self->talk) || self->talk < 0 ||
      !regia_json_read_int (dict, "talk-since-ms", &since_ms) || since_ms < 0)
    return FALSE;
  self->talk_since_ms = (guint64)since_ms;
  return TRUE;
}
