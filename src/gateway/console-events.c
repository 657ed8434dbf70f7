/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-events-private.h"

#include <string.h>

#include "regia/base/json.h"

typedef struct {
  gboolean is_status;
  char *text; /* (owned): its lines but for the id */
} Event;

struct _RegiaConsoleEvents {
  GMutex lock;          /* guards all but run */
  char run[9];          /* of this process, in each id; immutable */
  GQueue kept;          /* (element-type Event): the oldest first */
  guint64 next;         /* number of the one to come */
  char *present;        /* (owned) (nullable): data of the newest `status` */
  GHashTable *warnings; /* (owned) (element-type utf8): that were told */
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
  return self;
}

void
regia_console_events_free (RegiaConsoleEvents *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->kept, (GDestroyNotify)event_free);
  g_hash_table_unref (self->warnings);
  g_mutex_clear (&self->lock);
  g_free (self->present);
  g_free (self);
}

static void
add (RegiaConsoleEvents *self, const char *name, const char *json)
{
  Event *event = g_new (Event, 1);

  *event = (Event){strcmp (name, "status") == 0, g_strdup_printf ("event: %s\ndata: %s\n\n", name, json)};
  g_queue_push_tail (&self->kept, event);
  self->next++;
  if (self->kept.length > REGIA_CONSOLE_EVENTS_KEPT)
    event_free (g_queue_pop_head (&self->kept));
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
  static const char *const whole[] = {"state", "event", "desired", "aired-ms", "warnings", NULL},
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
post_alarms (RegiaConsoleEvents *self, GVariant *status)
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
  add (self, "status", json);
  g_free (self->present);
  self->present = g_steal_pointer (&json);
}

guint64
regia_console_events_begin (RegiaConsoleEvents *self, const char *last)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 first = self->next - self->kept.length, number;

  if (last != NULL && g_str_has_prefix (last, self->run) && last[8] == '-' &&
      g_ascii_string_to_unsigned (last + 9, 10, 0, G_MAXUINT64 - 1, &number, NULL) && number + 1 >= first &&
      number < self->next)
    return number + 1;
  for (GList *link = self->kept.tail; link != NULL; link = link->prev)
    if (((Event *)link->data)->is_status)
      return first + (guint64)g_queue_link_index (&self->kept, link);
  return first;
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
  for (*number = MAX (*number, first); *number < self->next; ++*number)
    g_string_append_printf (text, "id: %s-%" G_GUINT64_FORMAT "\n%s", self->run, *number,
                            ((Event *)g_queue_peek_nth (&self->kept, (guint)(*number - first)))->text);
  return g_string_free (text, FALSE);
}
