/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "kept-private.h"

#include <string.h>

#include "regia/base/file.h"

#define LAST_SAVE_MS 3000
#define SAVE_LATE_US (15 * G_USEC_PER_SEC)

/*
 * A disk that hangs or is full must not stop the director, so once the show runs its files are written on a
 * worker thread. At most one write of a file is on its way; a change meanwhile is remembered and written
 * after it.
 */
typedef struct {
  RegiaKeptSavedFunc saved;
  gpointer user_data;
} Waiter;

struct _RegiaKept {
  char *path;       /* (owned) */
  const char *loss; /* static */
  RegiaKeptTextFunc text;
  gpointer user_data;
  gboolean saving, save_again;
  gboolean orphaned;      /* freed while saving: nobody is told any more */
  gint64 saving_us;       /* since when */
  char *error;            /* (owned) (nullable): why the last time failed */
  GArray *written, *next; /* (owned) (element-type Waiter): for the write on its way; for the one after it */
};

RegiaKept *
regia_kept_new (const char *path, const char *loss, RegiaKeptTextFunc text, gpointer user_data)
{
  RegiaKept *self = g_new0 (RegiaKept, 1);

  self->path = g_strdup (path);
  self->loss = loss;
  self->text = text;
  self->user_data = user_data;
  self->written = g_array_new (FALSE, FALSE, sizeof (Waiter));
  self->next = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

void
regia_kept_free (RegiaKept *self)
{
  if (self == NULL)
    return;
  /* The job still points here. */
  self->orphaned = self->saving;
  if (self->orphaned)
    return;
  g_free (self->path);
  g_free (self->error);
  g_array_unref (self->written);
  g_array_unref (self->next);
  g_free (self);
}

static void
note_error (RegiaKept *self, const GError *error)
{
  if (error != NULL && g_strcmp0 (error->message, self->error) != 0)
    g_warning ("%s: %s", self->loss, error->message);
  g_free (self->error);
  self->error = error != NULL ? g_strdup (error->message) : NULL;
}

gboolean
regia_kept_save (RegiaKept *self, GError **error)
{
  g_autofree char *text = self->text (self->user_data);
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
  RegiaKept *self = user_data;
  g_autoptr (GArray) waiters = NULL;
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  if (self->orphaned) {
    self->saving = FALSE;
    regia_kept_free (self);
    return;
  }
  waiters = g_steal_pointer (&self->written);
  note_error (self, error);
  self->saving = FALSE;
  self->written = g_array_new (FALSE, FALSE, sizeof (Waiter));
  if (self->save_again)
    regia_kept_save_later (self);
  for (guint i = 0; i < waiters->len; i++) {
    const Waiter *waiter = &g_array_index (waiters, Waiter, i);
    waiter->saved (error, waiter->user_data);
  }
}

void
regia_kept_save_later (RegiaKept *self)
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
  job[1] = self->text (self->user_data);
  g_task_set_task_data (task, job, (GDestroyNotify)g_strfreev);
  g_task_run_in_thread (task, save_thread);
}

void
regia_kept_save_then (RegiaKept *self, RegiaKeptSavedFunc saved, gpointer user_data)
{
  const Waiter waiter = {saved, user_data};

  g_array_append_val (self->next, waiter);
  regia_kept_save_later (self);
}

gboolean
regia_kept_settle (RegiaKept *self)
{
  gint64 deadline_us = g_get_monotonic_time () + LAST_SAVE_MS * 1000;

  while (self->saving && g_get_monotonic_time () < deadline_us)
    g_main_context_iteration (NULL, TRUE);
  return !self->saving;
}

gboolean
regia_kept_has_failed (RegiaKept *self)
{
  return self->error != NULL && !self->saving;
}

void
regia_kept_warn (RegiaKept *self, const char *fault, const char *remedy, GPtrArray *warnings)
{
  gint64 saving_us = self->saving ? g_get_monotonic_time () - self->saving_us : 0;

  if (saving_us > SAVE_LATE_US)
    g_ptr_array_add (warnings, g_strdup_printf ("The disk of %s has not answered for %" G_GINT64_FORMAT
                                                " s; the event goes on",
                                                self->path, saving_us / G_USEC_PER_SEC));
  else if (self->error != NULL)
    g_ptr_array_add (warnings, g_strdup_printf ("%s: %s. %s", fault, self->error, remedy));
}
