/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "list-private.h"

/*
 * RegiaHlsList: which numbers of a track can be fetched or are told as gaps, oldest first. The entries are
 * those of the playlist, so that rendering is a copy; their map strings are owned here.
 *
 * Owner: a stream of the window; the window's writing thread alone.
 */
struct _RegiaHlsList {
  gint64 segment_ns;
  guint max;
  GQueue entries; /* (element-type RegiaHlsEntry) */
};

static void
entry_free (gpointer data)
{
  RegiaHlsEntry *entry = data;

  g_free ((char *)entry->map);
  g_free (entry);
}

RegiaHlsList *
regia_hls_list_new (gint64 segment_ns, guint max)
{
  RegiaHlsList *self = g_new0 (RegiaHlsList, 1);

  self->segment_ns = segment_ns;
  self->max = max;
  g_queue_init (&self->entries);
  return self;
}

void
regia_hls_list_free (RegiaHlsList *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->entries, entry_free);
  g_free (self);
}

gint64
regia_hls_list_get_first (RegiaHlsList *self)
{
  const RegiaHlsEntry *entry = g_queue_peek_head (&self->entries);

  return entry != NULL ? (gint64)entry->number : -1;
}

gint64
regia_hls_list_get_newest (RegiaHlsList *self)
{
  const RegiaHlsEntry *entry = g_queue_peek_tail (&self->entries);

  return entry != NULL ? (gint64)entry->number : -1;
}

void
regia_hls_list_append (RegiaHlsList *self, gint64 number, gint64 start_ns, gint64 duration_ns,
                       const char *map)
{
  RegiaHlsEntry *entry;

  g_return_if_fail (number > regia_hls_list_get_newest (self));

  entry = g_new0 (RegiaHlsEntry, 1);
  entry->number = (guint64)number;
  entry->start_ns = start_ns;
  entry->duration_ns = duration_ns;
  entry->map = g_strdup (map);
  entry->gap = map == NULL;
  g_queue_push_tail (&self->entries, entry);
}

void
regia_hls_list_append_gaps (RegiaHlsList *self, gint64 from, gint64 to)
{
  if (self->entries.length > 0)
    from = regia_hls_list_get_newest (self) + 1;
  /* After a long pause as many gaps as there is room for push out all that came before them. */
  from = MAX (from, to - (gint64)self->max + 1);
  for (gint64 number = from; number <= to; number++)
    regia_hls_list_append (self, number, number * self->segment_ns, self->segment_ns, NULL);
}

gboolean
regia_hls_list_pop (RegiaHlsList *self, gint64 *ret_number, char **ret_map)
{
  RegiaHlsEntry *entry;

  if (self->entries.length <= self->max)
    return FALSE;
  entry = g_queue_pop_head (&self->entries);
  *ret_number = (gint64)entry->number;
  *ret_map = (char *)g_steal_pointer (&entry->map);
  entry_free (entry);
  return TRUE;
}

gboolean
regia_hls_list_has_map (RegiaHlsList *self, const char *map)
{
  for (GList *link = self->entries.head; link != NULL; link = link->next)
    if (g_strcmp0 (((RegiaHlsEntry *)link->data)->map, map) == 0)
      return TRUE;
  return FALSE;
}

RegiaHlsEntry *
regia_hls_list_get_entries (RegiaHlsList *self, gint64 from, gsize *ret_n)
{
  GList *first = self->entries.head, *solid;
  RegiaHlsEntry *entries;
  gsize n = 0;

  *ret_n = 0;
  if (first == NULL)
    return NULL;
  while (first->next != NULL && (gint64)((RegiaHlsEntry *)first->data)->number < from)
    first = first->next;
  for (solid = first; solid != NULL && ((RegiaHlsEntry *)solid->data)->gap;)
    solid = solid->next;

  entries = g_new0 (RegiaHlsEntry, self->entries.length);
  for (GList *link = solid != NULL ? solid : first; link != NULL; link = link->next)
    entries[n++] = *(RegiaHlsEntry *)link->data;
  *ret_n = n;
  return entries;
}
