/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wanted-private.h"

#include <string.h>

#include "regia/base/json.h"

static gint64
read_ms (GVariant *dict, const char *key)
{
  return CLAMP (regia_json_get_int (dict, key), 0, G_MAXINT64 / 1000000);
}

static void
take_span_cb (GPtrArray *spans, GVariant *dict)
{
  RegiaSessionSpan *span = g_new (RegiaSessionSpan, 1);

  *span = (RegiaSessionSpan){read_ms (dict, "from-ms"), read_ms (dict, "to-ms")};
  g_ptr_array_add (spans, span);
}

static void
take_mark_cb (GPtrArray *marks, GVariant *dict)
{
  RegiaSessionMark *mark = g_new0 (RegiaSessionMark, 1);

  mark->at_ms = read_ms (dict, "at-ms");
  if (!g_variant_lookup (dict, "id", "s", &mark->id))
    mark->id = g_strdup ("");
  if (!g_variant_lookup (dict, "title", "s", &mark->title))
    mark->title = g_strdup ("");
  g_ptr_array_add (marks, mark);
}

static gboolean
read_list (GVariant *part, const char *key, GPtrArray *list, void (*take_cb) (GPtrArray *, GVariant *))
{
  g_autoptr (GPtrArray) dicts = regia_json_get_list (part, key);

  for (guint i = 0; dicts != NULL && i < dicts->len; i++)
    if (g_variant_is_of_type (g_ptr_array_index (dicts, i), G_VARIANT_TYPE_VARDICT))
      take_cb (list, g_ptr_array_index (dicts, i));
  return dicts != NULL;
}

RegiaWanted *
regia_wanted_new (GVariant *part)
{
  RegiaWanted *self = g_new0 (RegiaWanted, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->pauses = g_ptr_array_new_with_free_func (g_free);
  self->private_spans = g_ptr_array_new_with_free_func (g_free);
  self->marks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_session_mark_free);
  if (part == NULL)
    return self;
  g_variant_lookup (part, "version", "t", &self->version);
  read_list (part, "paused-spans", self->pauses, take_span_cb);
  read_list (part, "private-spans", self->private_spans, take_span_cb);
  self->has_marks = read_list (part, "marks", self->marks, take_mark_cb);
  return self;
}

RegiaWanted *
regia_wanted_ref (RegiaWanted *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_wanted_unref (RegiaWanted *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->pauses);
  g_ptr_array_unref (self->private_spans);
  g_ptr_array_unref (self->marks);
  g_free (self);
}

gboolean
regia_wanted_is_paused (RegiaWanted *self)
{
  const RegiaSessionSpan *last =
      self->pauses->len > 0 ? g_ptr_array_index (self->pauses, self->pauses->len - 1) : NULL;

  return last != NULL && last->to_ms == 0;
}

static gboolean
has_other_marks (RegiaWanted *self, RegiaSession *session)
{
  if (self->marks->len != session->marks->len)
    return TRUE;
  for (guint i = 0; i < self->marks->len; i++) {
    const RegiaSessionMark *a = g_ptr_array_index (self->marks, i),
                           *b = g_ptr_array_index (session->marks, i);

    if (a->at_ms != b->at_ms || strcmp (a->id, b->id) != 0 || strcmp (a->title, b->title) != 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
regia_wanted_note (RegiaWanted *self, RegiaSession *session)
{
  gboolean changed = self->has_marks && has_other_marks (self, session);

  if (changed) {
    g_ptr_array_set_size (session->marks, 0);
    for (guint i = 0; i < self->marks->len; i++) {
      const RegiaSessionMark *mark = g_ptr_array_index (self->marks, i);

      regia_session_add_mark (session, mark->id, mark->at_ms, mark->title);
    }
  }
  for (guint i = 0; i < self->private_spans->len; i++) {
    const RegiaSessionSpan *span = g_ptr_array_index (self->private_spans, i);

    changed = regia_session_set_private (session, span->from_ms, span->to_ms) || changed;
  }
  return changed;
}
