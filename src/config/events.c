/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "regia/config/events.h"

#include <string.h>

#include "config-private.h"
#include "regia/base/error.h"

/*
 * A RegiaEvent is what somebody who waits for events has to know of a file; the file is read again when it is
 * started. It is made by a scan and freed with the scan's list.
 */

#define SUFFIX ".conf"

void
regia_event_free (RegiaEvent *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_free (self->id);
  g_free (self->name);
  g_free (self->place);
  g_free (self->timezone);
  g_free (self->error);
  g_free (self);
}

static char *
or_empty (const char *text)
{
  return g_strdup (text != NULL ? text : "");
}

/* @config: (nullable): it, or as much as could be read. */
static RegiaEvent *
event_new (const char *file, RegiaConfig *config, const GError *error)
{
  const RegiaConfigValues *values = config != NULL ? regia_config_get (config) : NULL;
  RegiaEvent *self = g_new0 (RegiaEvent, 1);

  self->file = g_strdup (file);
  self->id = or_empty (values != NULL ? values->id : NULL);
  self->name = or_empty (values != NULL ? values->name : NULL);
  self->place = or_empty (values != NULL ? values->place : NULL);
  self->timezone = or_empty (values != NULL ? values->timezone : NULL);
  if (values != NULL) {
    self->start_s = values->start_s;
    self->end_s = values->end_s;
    self->start_by_itself = values->start_by_itself;
  }
  self->error = error != NULL ? g_strdup (error->message) : NULL;
  return self;
}

static int
compare_events_cb (gconstpointer a, gconstpointer b)
{
  const RegiaEvent *left = *(RegiaEvent *const *)a, *right = *(RegiaEvent *const *)b;

  if (left->start_s != right->start_s) {
    if (left->start_s == 0 || right->start_s == 0)
      return left->start_s == 0 ? 1 : -1;
    return left->start_s < right->start_s ? -1 : 1;
  }
  return strcmp (left->file, right->file);
}

/* @halls: gets the hall that the file names. */
static RegiaEvent *
read_event (const char *file, const char *hall, GHashTable *halls)
{
  g_autoptr (RegiaConfig) partly = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load_partly (file, hall, &partly, &error);
  RegiaConfig *read = config != NULL ? config : partly;

  if (read != NULL && read->files[1] != NULL)
    g_hash_table_add (halls, g_strdup (read->files[1]));
  if (config != NULL && !regia_config_check_pipelines (config, &error))
    g_assert (error != NULL);
  return event_new (file, read, error);
}

static void
name_double_ids (GPtrArray *events)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < events->len; i++) {
    RegiaEvent *event = g_ptr_array_index (events, i);
    const RegiaEvent *before = g_hash_table_lookup (seen, event->id);

    if (event->error != NULL)
      continue;
    if (before == NULL)
      g_hash_table_insert (seen, event->id, event);
    else
      event->error =
          g_strdup_printf ("%s: [event] id: \"%s\" is that of %s; write another id, or another name or day",
                           event->file, event->id, before->file);
  }
}

/* Absolute paths of what can be an event file. */
static GPtrArray *
list_files (const char *folder, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &local);
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  GPtrArray *files;
  const char *name;

  if (dir == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s; --events names the folder of the event files",
                 local->message);
    return NULL;
  }
  files = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.' && g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (files, g_build_filename (absolute, name, NULL));
  return files;
}

GPtrArray *
regia_events_scan (const char *folder, const char *hall, GError **error)
{
  g_autoptr (GPtrArray) files = list_files (folder, error);
  g_autoptr (GHashTable) halls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *events;

  if (files == NULL)
    return NULL;
  if (hall != NULL)
    g_hash_table_add (halls, g_canonicalize_filename (hall, NULL));
  events = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_event_free);
  for (guint i = 0; i < files->len; i++)
    if (!g_hash_table_contains (halls, g_ptr_array_index (files, i)))
      g_ptr_array_add (events, read_event (g_ptr_array_index (files, i), hall, halls));
  /* one that was read before the event that names it */
  for (guint i = events->len; i > 0; i--)
    if (g_hash_table_contains (halls, ((RegiaEvent *)g_ptr_array_index (events, i - 1))->file))
      g_ptr_array_remove_index (events, i - 1);
  g_ptr_array_sort (events, compare_events_cb);
  name_double_ids (events);
  return events;
}

static gboolean
has_ended (const RegiaEvent *event, const char *const *ended)
{
  return ended != NULL && (g_strv_contains (ended, event->id) || g_strv_contains (ended, event->file));
}

static gint64
end_of (const RegiaEvent *event)
{
  return event->end_s != 0 ? event->end_s : event->start_s + REGIA_EVENT_DEFAULT_LENGTH_S;
}

/* Has a start, and can still be on. */
static gboolean
can_come (const RegiaEvent *event, gint64 now_s, const char *const *ended)
{
  return event->error == NULL && event->start_s != 0 && end_of (event) > now_s && !has_ended (event, ended);
}

const RegiaEvent *
regia_events_next (GPtrArray *events, gint64 now_s, const char *const *ended)
{
  for (guint i = 0; i < events->len; i++)
    if (can_come (g_ptr_array_index (events, i), now_s, ended))
      return g_ptr_array_index (events, i);
  return NULL;
}

const RegiaEvent *
regia_events_due (GPtrArray *events, gint64 now_s, const char *const *ended)
{
  const RegiaEvent *due = NULL;

  for (guint i = 0; i < events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (events, i);

    if (event->start_by_itself && can_come (event, now_s, ended) && event->start_s <= now_s &&
        (due == NULL || event->start_s > due->start_s))
      due = event;
  }
  return due;
}

const RegiaEvent *
regia_events_find (GPtrArray *events, const char *name)
{
  for (guint i = 0; i < events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (events, i);
    g_autofree char *base = g_path_get_basename (event->file);
    g_autofree char *bare = g_strndup (base, strlen (base) - strlen (SUFFIX));

    if (g_str_equal (event->file, name) || g_str_equal (base, name) || g_str_equal (bare, name) ||
        (event->error == NULL && g_str_equal (event->id, name)))
      return event;
  }
  return NULL;
}

RegiaEventState
regia_events_state (GPtrArray *events, const RegiaEvent *event, gint64 now_s, const char *const *ended)
{
  if (has_ended (event, ended))
    return REGIA_EVENT_ENDED;
  if (event->error != NULL)
    return REGIA_EVENT_FAULTY;
  if (event->start_s == 0)
    return REGIA_EVENT_ANY_TIME;
  if (end_of (event) <= now_s)
    return REGIA_EVENT_PAST;
  if (event->start_s <= now_s)
    return REGIA_EVENT_NOW;
  for (guint i = 0; i < events->len; i++) {
    const RegiaEvent *other = g_ptr_array_index (events, i);

    if (can_come (other, now_s, ended) && other->start_s > now_s)
      return other == event ? REGIA_EVENT_NEXT : REGIA_EVENT_LATER;
  }
  return REGIA_EVENT_LATER;
}

const char *
regia_event_state_name (RegiaEventState state)
{
  static const char *const names[] = {"faulty", "ended", "past", "now", "next", "later", "any time"};

  g_return_val_if_fail (state < G_N_ELEMENTS (names), "");
  return names[state];
}

static void
add_time (GVariantDict *dict, const char *name, gint64 unix_s, const char *zone_name)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zone_name);
  g_autoptr (GDateTime) utc = unix_s != 0 ? g_date_time_new_from_unix_utc (unix_s) : NULL;
  g_autoptr (GDateTime) local = NULL;
  g_autofree char *text = NULL;

  if (utc == NULL)
    return;
  local = zone != NULL ? g_date_time_to_timezone (utc, zone) : g_date_time_ref (utc);
  text = g_date_time_format (local, "%Y-%m-%dT%H:%M:%S%:z");
  g_variant_dict_insert (dict, name, "s", text);
}

GVariant *
regia_events_announce (GPtrArray *events, gint64 now_s, const char *const *ended)
{
  const RegiaEvent *event = regia_events_next (events, now_s, ended);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (event != NULL) {
    g_variant_dict_insert (&dict, "id", "s", event->id);
    g_variant_dict_insert (&dict, "name", "s", event->name);
    g_variant_dict_insert (&dict, "place", "s", event->place);
    g_variant_dict_insert (&dict, "start", "s", "");
    g_variant_dict_insert (&dict, "end", "s", "");
    add_time (&dict, "start", event->start_s, event->timezone);
    add_time (&dict, "end", event->end_s, event->timezone);
  }
  return g_variant_dict_end (&dict);
}

GVariant *
regia_events_to_variant (GPtrArray *events, gint64 now_s, const char *const *ended)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (events, i);
    RegiaEventState state = regia_events_state (events, event, now_s, ended);
    g_autofree char *file = g_filename_display_name (event->file);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "file", "s", file);
    g_variant_dict_insert (&dict, "id", "s", event->id);
    g_variant_dict_insert (&dict, "name", "s", event->name);
    g_variant_dict_insert (&dict, "place", "s", event->place);
    g_variant_dict_insert (&dict, "state", "s", regia_event_state_name (state));
    add_time (&dict, "start", event->start_s, event->timezone);
    add_time (&dict, "end", event->end_s, event->timezone);
    g_variant_dict_insert (&dict, "start-by-itself", "b", event->start_by_itself);
    if (event->error != NULL) {
      g_autofree char *error = g_utf8_make_valid (event->error, -1);

      g_variant_dict_insert (&dict, "error", "s", error);
    }
    g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}
