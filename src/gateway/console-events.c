/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-events-private.h"

#include <string.h>

#include "regia/base/json.h"

typedef struct {
  gboolean is_status, is_audit;
  guint64 place; /* of the newest line of the audit, this one too */
  char *text;    /* (owned): its lines but for the id */
} Event;

struct _RegiaConsoleEvents {
  GMutex lock;          /* guards all but run */
  char run[9];          /* of this process, in each id; immutable */
  GQueue kept;          /* (element-type Event): the oldest first */
  guint64 next;         /* number of the one to come */
  guint64 place;        /* where the newest line of the audit ends, 0: none */
  char *present;        /* (owned) (nullable): data of the newest `status` */
  GHashTable *warnings; /* (owned) (element-type utf8): that were told */
  GHashTable *alarms;   /* (owned) (element-type utf8 utf8): of those that are raised, which and id */
  GSource *waker;       /* (unowned) (nullable) */
};

static void
event_free (Event *event)
{
  g_free (event->text);
  g_free (event);
}

RegiaConsoleEvents *
regia_console_events_new (void)
{
  RegiaConsoleEvents *self = g_new0 (RegiaConsoleEvents, 1);

  g_mutex_init (&self->lock);
  g_snprintf (self->run, sizeof self->run, "%08x", g_random_int ());
  g_queue_init (&self->kept);
  self->warnings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->alarms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
regia_console_events_free (RegiaConsoleEvents *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->kept, (GDestroyNotify)event_free);
  g_hash_table_unref (self->warnings);
  g_hash_table_unref (self->alarms);
  g_mutex_clear (&self->lock);
  g_free (self->present);
  g_free (self);
}

static void
add (RegiaConsoleEvents *self, const char *name, const char *json)
{
  Event *event = g_new (Event, 1);

  *event = (Event){strcmp (name, "status") == 0, strcmp (name, "audit") == 0, self->place,
                   g_strdup_printf ("event: %s\ndata: %s\n\n", name, json)};
  g_queue_push_tail (&self->kept, event);
  self->next++;
  if (self->kept.length > REGIA_CONSOLE_EVENTS_KEPT)
    event_free (g_queue_pop_head (&self->kept));
  if (self->waker != NULL)
    g_source_set_ready_time (self->waker, 0);
}

static void
copy_keys (GVariant *from, const char *const *keys, GVariantDict *dict)
{
  for (; *keys != NULL; keys++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (from, *keys, NULL);

    if (value != NULL)
      g_variant_dict_insert_value (dict, *keys, value);
  }
}

/* (transfer floating): the entries of a list, with so much of each. */
static GVariant *
shorten_list (GVariant *status, const char *name, const char *const *keys)
{
  g_autoptr (GPtrArray) list = regia_json_get_list (status, name);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; list != NULL && i < list->len; i++) {
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    copy_keys (list->pdata[i], keys, &dict);
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

/* (transfer full): what does not change by itself from second to second. */
static char *
shorten (GVariant *status)
{
  static const char *const whole[] = {"state", "event", "desired", "aired-ms", "alarms", "warnings", NULL},
                           *const of_process[] = {"name", "state", "restarts", NULL},
                           *const of_relay[] = {"name", "state", "last-error", NULL},
                           *const of_recorder[] = {"state", "message", "session", NULL};
  g_autoptr (GVariant) recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  copy_keys (status, whole, &dict);
  g_variant_dict_insert_value (&dict, "processes", shorten_list (status, "processes", of_process));
  g_variant_dict_insert_value (&dict, "relays", shorten_list (status, "relays", of_relay));
  if (recorder != NULL) {
    GVariantDict part;

    g_variant_dict_init (&part, NULL);
    copy_keys (recorder, of_recorder, &part);
    g_variant_dict_insert_value (&dict, "recorder", g_variant_dict_end (&part));
  }
  return regia_json_from_variant (g_variant_dict_end (&dict), FALSE);
}

static void
post_over (RegiaConsoleEvents *self, const char *id)
{
  g_autofree char *json = regia_json_from_variant (g_variant_new_parsed ("{'id': <%s>}", id), FALSE);

  add (self, "alarm-over", json);
}

/* One that ended and began again between two looks is told as both. */
static void
post_alarms (RegiaConsoleEvents *self, GVariant *status)
{
  g_autoptr (GPtrArray) alarms = regia_json_get_list (status, "alarms");
  GHashTable *now = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer which, id;

  for (guint i = 0; alarms != NULL && i < alarms->len; i++)
    g_hash_table_insert (now,
                         g_strconcat (regia_json_get_string (alarms->pdata[i], "id"), " ",
                                      regia_json_get_string (alarms->pdata[i], "since"), NULL),
                         g_strdup (regia_json_get_string (alarms->pdata[i], "id")));
  g_hash_table_iter_init (&iter, self->alarms);
  while (g_hash_table_iter_next (&iter, &which, &id))
    if (!g_hash_table_contains (now, which))
      post_over (self, id);
  for (guint i = 0; alarms != NULL && i < alarms->len; i++) {
    g_autofree char *key = g_strconcat (regia_json_get_string (alarms->pdata[i], "id"), " ",
                                        regia_json_get_string (alarms->pdata[i], "since"), NULL);
    g_autofree char *json = regia_json_from_variant (alarms->pdata[i], FALSE);

    if (!g_hash_table_contains (self->alarms, key))
      add (self, "alarm-raised", json);
  }
  g_hash_table_unref (self->alarms);
  self->alarms = now;
}

static void
post_warnings (RegiaConsoleEvents *self, GVariant *status)
{
  g_autoptr (GVariant) warnings = g_variant_lookup_value (status, "warnings", G_VARIANT_TYPE_STRING_ARRAY);
  GHashTable *now = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gsize n = warnings != NULL ? g_variant_n_children (warnings) : 0;

  for (gsize i = 0; i < n; i++) {
    char *text = NULL;

    g_variant_get_child (warnings, i, "s", &text);
    if (!g_hash_table_contains (self->warnings, text)) {
      g_autofree char *json = regia_json_from_variant (g_variant_new_parsed ("{'text': <%s>}", text), FALSE);
      add (self, "alarm", json);
    }
    g_hash_table_add (now, text);
  }
  g_hash_table_unref (self->warnings);
  self->warnings = now;
}

void
regia_console_events_post (RegiaConsoleEvents *self, GVariant *status)
{
  g_autofree char *json = shorten (status);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_strcmp0 (json, self->present) == 0)
    return;
  post_alarms (self, status);
  post_warnings (self, status);
  add (self, "status", json);
  g_free (self->present);
  self->present = g_steal_pointer (&json);
}

void
regia_console_events_post_audit (RegiaConsoleEvents *self, GVariant *lines)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gsize n = g_variant_n_children (lines), from = n;
  const char *line;
  guint64 place;

  /* Behind the newest that was posted; where that is not among them any more, all are new. */
  for (; from > 0; from--) {
    g_variant_get_child (lines, from - 1, "(t&s)", &place, NULL);
    if (place == self->place)
      break;
  }
  for (gsize i = from; i < n; i++) {
    g_variant_get_child (lines, i, "(t&s)", &self->place, &line);
    add (self, "audit", line);
  }
}

/* FALSE: it is no id of ours. */
static gboolean
parse_id (const char *id, char ret_run[9], guint64 *ret_number, guint64 *ret_place)
{
  g_auto (GStrv) parts = g_strsplit (id != NULL ? id : "", "-", 4);

  if (g_strv_length (parts) != 3 || strlen (parts[0]) != 8 ||
      !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT64 - 1, ret_number, NULL) ||
      !g_ascii_string_to_unsigned (parts[2], 10, 0, G_MAXUINT64, ret_place, NULL))
    return FALSE;
  memcpy (ret_run, parts[0], 9);
  return TRUE;
}

/* The index of the first line of the audit behind @place, or of the first of all where that is not kept; the
 * length of the queue: there is none. */
static guint
find_audit (RegiaConsoleEvents *self, guint64 place)
{
  guint first = self->kept.length, behind = self->kept.length, i = 0;
  gboolean found = FALSE;

  for (GList *link = self->kept.head; link != NULL; link = link->next, i++) {
    const Event *event = link->data;

    if (!event->is_audit)
      continue;
    first = MIN (first, i);
    if (found)
      behind = MIN (behind, i);
    found |= event->place == place;
  }
  return found ? behind : first;
}

/* The same of the newest status. */
static guint
find_status (RegiaConsoleEvents *self)
{
  guint i = self->kept.length;

  for (GList *link = self->kept.tail; link != NULL; link = link->prev) {
    i--;
    if (((Event *)link->data)->is_status)
      return i;
  }
  return self->kept.length;
}

guint64
regia_console_events_begin (RegiaConsoleEvents *self, const char *last)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 first = self->next - self->kept.length, number, place;
  char run[9];

  if (!parse_id (last, run, &number, &place))
    return first + find_status (self);
  if (strcmp (run, self->run) == 0 && number < self->next)
    return MAX (number + 1, first);
  return first + MIN (find_status (self), find_audit (self, place));
}

char *
regia_console_events_read (RegiaConsoleEvents *self, guint64 *number)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 first = self->next - self->kept.length;
  GString *text;

  if (*number >= self->next)
    return NULL;
  text = g_string_new (NULL);
  for (*number = MAX (*number, first); *number < self->next; ++*number) {
    const Event *event = g_queue_peek_nth (&self->kept, (guint)(*number - first));

    g_string_append_printf (text, "id: %s-%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "\n%s", self->run,
                            *number, event->place, event->text);
  }
  return g_string_free (text, FALSE);
}

void
regia_console_events_set_waker (RegiaConsoleEvents *self, GSource *source)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->waker = source;
}
