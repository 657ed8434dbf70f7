/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "folder-private.h"

#include <string.h>

#define LOOK_US   (10 * G_USEC_PER_SEC)
#define SELDOM_US (60 * G_USEC_PER_SEC)
#define SILENT_US (25 * G_USEC_PER_SEC)

/*
 * Hall, folder and event files are read on GTask's threads, one look at a time, since each of their disks may
 * hang. What was seen last stays until something else is seen.
 */
struct _RegiaFolder {
  char *hall_path, *events_dir; /* (owned) */
  RegiaFolderLookedFunc looked;
  gpointer user_data;
  GCancellable *cancellable; /* (owned) */
  gboolean looking, again;
  gint64 looked_us;   /* when the last look began */
  GPtrArray *events;  /* (owned) (element-type RegiaEvent) as they were seen last */
  char *events_error; /* (owned) (nullable): why they cannot be seen now */
  RegiaConfig *hall;  /* (owned) (nullable): as it was when it was last without fault */
  char *hall_text;    /* (owned) (nullable): of hall */
  char *hall_error;   /* (owned) (nullable): what is wrong with it now */
};

typedef struct {
  char *folder, *hall_path; /* (owned) */
} Look;

typedef struct {
  GPtrArray *events;  /* (owned) (nullable) */
  char *events_error; /* (owned) (nullable) */
  RegiaConfig *hall;  /* (owned) (nullable) */
  char *hall_text;    /* (owned) (nullable) */
  char *hall_error;   /* (owned) (nullable) */
} Seen;

static void
look_free (Look *look)
{
  g_free (look->folder);
  g_free (look->hall_path);
  g_free (look);
}

static void
seen_free (Seen *seen)
{
  g_clear_pointer (&seen->events, g_ptr_array_unref);
  g_clear_pointer (&seen->hall, regia_config_unref);
  g_free (seen->events_error);
  g_free (seen->hall_text);
  g_free (seen->hall_error);
  g_free (seen);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Seen, seen_free)

static void
look_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Look *look = task_data;
  g_autoptr (GError) events_error = NULL, hall_error = NULL;
  Seen *seen = g_new0 (Seen, 1);

  seen->events = regia_events_scan (look->folder, look->hall_path, &events_error);
  seen->events_error = events_error != NULL ? g_strdup (events_error->message) : NULL;
  seen->hall = regia_config_load_hall (look->hall_path, &hall_error);
  seen->hall_error = hall_error != NULL ? g_strdup (hall_error->message) : NULL;
  seen->hall_text = seen->hall != NULL ? regia_config_to_text (seen->hall) : NULL;
  g_task_return_pointer (task, seen, (GDestroyNotify)seen_free);
}

/* Takes @now. */
static void
note_error (char **error, char *now)
{
  if (now != NULL && g_strcmp0 (now, *error) != 0)
    g_warning ("%s", now);
  g_free (*error);
  *error = now;
}

static void
take_seen (RegiaFolder *self, Seen *seen)
{
  note_error (&self->events_error, g_steal_pointer (&seen->events_error));
  note_error (&self->hall_error, g_steal_pointer (&seen->hall_error));
  if (seen->events != NULL) {
    g_ptr_array_unref (self->events);
    self->events = g_steal_pointer (&seen->events);
  }
  if (seen->hall != NULL) {
    g_clear_pointer (&self->hall, regia_config_unref);
    self->hall = g_steal_pointer (&seen->hall);
    g_free (self->hall_text);
    self->hall_text = g_steal_pointer (&seen->hall_text);
  }
}

static gint64
now_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static void begin_look (RegiaFolder *self);

static void
seen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaFolder *self;
  g_autoptr (Seen) seen = g_task_propagate_pointer (G_TASK (result), NULL);
  gboolean fresh;

  if (seen == NULL)
    return; /* cancelled: there is no folder any more */
  self = user_data;
  self->looking = FALSE;
  take_seen (self, seen);
  fresh = !self->again;
  if (self->again)
    begin_look (self);
  self->looked (fresh, self->user_data);
}

static void
begin_look (RegiaFolder *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, self->cancellable, seen_cb, self);
  Look *look = g_new0 (Look, 1);

  self->looking = TRUE;
  self->again = FALSE;
  self->looked_us = g_get_monotonic_time ();
  look->folder = g_strdup (self->events_dir);
  look->hall_path = g_strdup (self->hall_path);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, look, (GDestroyNotify)look_free);
  g_task_run_in_thread (task, look_thread);
}

RegiaFolder *
regia_folder_new (const char *events_dir, const char *hall_path, RegiaFolderLookedFunc looked,
                  gpointer user_data)
{
  RegiaFolder *self = g_new0 (RegiaFolder, 1);

  self->events_dir = g_strdup (events_dir);
  self->hall_path = g_strdup (hall_path);
  self->looked = looked;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->events = g_ptr_array_new ();
  return self;
}

void
regia_folder_free (RegiaFolder *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->events);
  g_clear_pointer (&self->hall, regia_config_unref);
  g_free (self->hall_path);
  g_free (self->events_dir);
  g_free (self->events_error);
  g_free (self->hall_text);
  g_free (self->hall_error);
  g_free (self);
}

void
regia_folder_look (RegiaFolder *self)
{
  if (self->looking)
    self->again = TRUE; /* what is on its way may have begun before something was changed */
  else
    begin_look (self);
}

void
regia_folder_tick (RegiaFolder *self, gboolean seldom)
{
  gint64 every_us = seldom ? SELDOM_US : LOOK_US;

  if (!self->looking && (self->looked_us == 0 || g_get_monotonic_time () - self->looked_us >= every_us))
    begin_look (self);
}

RegiaConfig *
regia_folder_get_hall (RegiaFolder *self)
{
  return self->hall;
}

GBytes *
regia_folder_get_hall_text (RegiaFolder *self)
{
  return self->hall_text != NULL ? g_bytes_new (self->hall_text, strlen (self->hall_text)) : NULL;
}

const RegiaEvent *
regia_folder_get_due (RegiaFolder *self, const char *const *ended)
{
  return self->events_error == NULL ? regia_events_due (self->events, now_s (), ended) : NULL;
}

GVariant *
regia_folder_announce (RegiaFolder *self, const char *const *ended)
{
  return g_variant_ref_sink (regia_events_announce (self->events, now_s (), ended));
}

GVariant *
regia_folder_describe (RegiaFolder *self, const char *on_air, const char *rehearsed, const char *const *ended)
{
  g_autofree char *folder = g_filename_display_name (self->events_dir);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "folder", "s", folder);
  g_variant_dict_insert (&dict, "error", "s", self->events_error != NULL ? self->events_error : "");
  g_variant_dict_insert (&dict, "on-air", "s", on_air);
  g_variant_dict_insert (&dict, "rehearsal", "s", rehearsed);
  g_variant_dict_insert_value (&dict, "events", regia_events_to_variant (self->events, now_s (), ended));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* (transfer full): names of the files that cannot be started; %NULL for none. */
static char *
name_faulty (RegiaFolder *self)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < self->events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (self->events, i);
    g_autofree char *name = g_filename_display_basename (event->file);

    if (event->error != NULL)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
  }
  return names->len > 0 ? g_strdup (names->str) : NULL;
}

void
regia_folder_warn (RegiaFolder *self, GPtrArray *warnings)
{
  g_autofree char *faulty = name_faulty (self);

  if (self->hall_error != NULL)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The hall file cannot be used as it is now: %s", self->hall_error));
  if (self->events_error != NULL)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The folder of events cannot be read: %s", self->events_error));
  if (self->looking && g_get_monotonic_time () - self->looked_us > SILENT_US)
    g_ptr_array_add (warnings, g_strdup_printf ("The disk of %s or of %s does not answer", self->events_dir,
                                                self->hall_path));
  if (faulty != NULL)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("Cannot be started as they are: %s; `regia events` says why", faulty));
}
