/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "show-file-private.h"

#include <string.h>

#include "regia/base/file.h"

#define LAST_SAVE_MS 3000
#define SAVE_LATE_US (15 * G_USEC_PER_SEC)

/*
 * A disk that hangs or is full must not stop the director, so once the show runs its state is written on a
 * worker thread. At most one write is on its way; a change meanwhile is remembered and written after it.
 */
typedef struct {
  RegiaShowFileSavedFunc saved;
  gpointer user_data;
} Waiter;

struct _RegiaShowFile {
  char *path; /* (owned) */
  RegiaShow *show;
  gboolean saving, save_again;
  gint64 saving_us;       /* since when */
  char *error;            /* (owned) (nullable): why the last time failed */
  GArray *written, *next; /* (owned) (element-type Waiter): for the write on its way; for the one after it */
};

RegiaShowFile *
regia_show_file_new (const char *path, RegiaShow *show)
{
  RegiaShowFile *self = g_new0 (RegiaShowFile, 1);

  self->path = g_strdup (path);
  self->show = show;
  self->written = g_array_new (FALSE, FALSE, sizeof (Waiter));
  self->next = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

void
regia_show_file_free (RegiaShowFile *self)
{
  if (self == NULL || self->saving)
    return; /* the job still points here; the process is about to end */
  g_free (self->path);
  g_free (self->error);
  g_array_unref (self->written);
  g_array_unref (self->next);
  g_free (self);
}

static char *
show_text (RegiaShowFile *self)
{
  RegiaShowNow now;

  regia_show_now (&now);
  regia_show_note_reached (self->show, &now);
  return regia_show_to_json (self->show);
}

static void
note_error (RegiaShowFile *self, const GError *error)
{
  if (error != NULL && g_strcmp0 (error->message, self->error) != 0)
    g_warning ("the show's state cannot be kept; after a crash this show would go on as it was: %s",
               error->message);
  g_free (self->error);
  self->error = error != NULL ? g_strdup (error->message) : NULL;
}

gboolean
regia_show_file_save (RegiaShowFile *self, GError **error)
{
  g_autofree char *text = show_text (self);
  g_autoptr (GError) local_error = NULL;
  gboolean ok = regia_file_replace (self->path, text, strlen (text), 0600, &local_error);

  note_error (self, local_error);
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return ok;
}

static void
save_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_auto (GStrv) job = g_strdupv (task_data);
  GError *error = NULL;

  if (regia_file_replace (job[0], job[1], strlen (job[1]), 0600, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaShowFile *self = user_data;
  g_autoptr (GArray) waiters = g_steal_pointer (&self->written);
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  note_error (self, error);
  self->saving = FALSE;
  self->written = g_array_new (FALSE, FALSE, sizeof (Waiter));
  if (self->save_again)
    regia_show_file_save_later (self);
  for (guint i = 0; i < waiters->len; i++) {
    const Waiter *waiter = &g_array_index (waiters, Waiter, i);
    waiter->saved (error, waiter->user_data);
  }
}

void
regia_show_file_save_later (RegiaShowFile *self)
{
  g_autoptr (GTask) task = NULL;
  char **job;

  self->save_again = self->saving;
  if (self->saving)
    return;
  self->saving = TRUE;
  self->saving_us = g_get_monotonic_time ();
  g_array_unref (self->written);
  self->written = self->next;
  self->next = g_array_new (FALSE, FALSE, sizeof (Waiter));
  task = g_task_new (NULL, NULL, saved_cb, self);
  job = g_new0 (char *, 3);
  job[0] = g_strdup (self->path);
  job[1] = show_text (self);
  g_task_set_task_data (task, job, (GDestroyNotify)g_strfreev);
  g_task_run_in_thread (task, save_thread);
}

void
regia_show_file_save_then (RegiaShowFile *self, RegiaShowFileSavedFunc saved, gpointer user_data)
{
  const Waiter waiter = {saved, user_data};

  g_array_append_val (self->next, waiter);
  regia_show_file_save_later (self);
}

void
regia_show_file_save_at_last (RegiaShowFile *self)
{
  gint64 deadline_us = g_get_monotonic_time () + LAST_SAVE_MS * 1000;
  g_autoptr (GError) error = NULL;

  while (self->saving && g_get_monotonic_time () < deadline_us)
    g_main_context_iteration (NULL, TRUE);
  if (self->saving)
    g_warning ("%s: the disk does not answer; the next start may go on with this show", self->path);
  else if (!regia_show_file_save (self, &error))
    g_warning ("%s; the next start may go on with this show, `regia run --new` begins another",
               error->message);
}

void
regia_show_file_warn (RegiaShowFile *self, GPtrArray *warnings)
{
  gint64 saving_us = self->saving ? g_get_monotonic_time () - self->saving_us : 0;

  if (saving_us > SAVE_LATE_US)
    g_ptr_array_add (warnings, g_strdup_printf ("The disk of %s has not answered for %" G_GINT64_FORMAT
                                                " s; the event goes on",
                                                self->path, saving_us / G_USEC_PER_SEC));
  else if (self->error != NULL)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The show's state cannot be kept: %s. The event goes on; make the "
                                      "folder writable before this computer is restarted",
                                      self->error));
}
