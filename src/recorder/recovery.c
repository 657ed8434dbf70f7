/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "recovery-private.h"

#include <linux/ioprio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "finish-private.h"
#include "regia/base/error.h"
#include "store-private.h"

/*
 * RegiaRecovery lives as long as the recorder's process. Its thread walks through the recordings folder once
 * and ends. It shares nothing with the recording but the disk, to which it is polite.
 */
struct _RegiaRecovery {
  char *recordings, *except; /* (owned) immutable */
  GCancellable *cancellable; /* (owned) */
  GThread *thread;
  gint count;   /* atomic */
  gint running; /* atomic */
};

static void
be_polite (void)
{
  if (syscall (SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE (IOPRIO_CLASS_IDLE, 0)) != 0)
    g_debug ("the disk does not know priorities");
  /* On Linux this is the calling thread's alone. */
  if (setpriority (PRIO_PROCESS, (id_t)syscall (SYS_gettid), 19) != 0)
    g_debug ("no lower priority");
}

/* Whoever lists the library looks whether a session is held by holding it for a moment. */
#define LOCK_WAIT_MS 500

/* TRUE when the session was unfinished and is finished now. */
static gboolean
recover (const char *recordings, const char *id, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaStore) store = regia_store_open (recordings, id, FALSE, LOCK_WAIT_MS, &error);
  g_autoptr (RegiaSession) session = NULL;
  gboolean rebuilt;

  if (store == NULL)
    return FALSE;
  session = regia_store_load (store, FALSE, &rebuilt, &error);
  if (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NEWER))
    g_message ("%s", error->message);
  if (session == NULL || (!rebuilt && !regia_finish_is_due (store, session)))
    return FALSE;
  g_clear_pointer (&session, regia_session_free);
  g_message ("finishing the recording %s, which was interrupted", id);
  session = regia_finish_run (store, NULL, NULL, cancellable, &error);
  if (session == NULL) {
    if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      g_warning ("the recording %s could not be finished now: %s", id, error->message);
    return FALSE;
  }
  g_message ("the recording %s is %s%s%s", id, session->state, session->message[0] != '\0' ? ": " : "",
             session->message);
  return TRUE;
}

static guint
walk (const char *recordings, const char *except, GCancellable *cancellable, gint *count)
{
  g_autoptr (GDir) dir = g_dir_open (recordings, 0, NULL);
  guint recovered = 0;
  const char *id;

  while (dir != NULL && (id = g_dir_read_name (dir)) != NULL && !g_cancellable_is_cancelled (cancellable))
    if (g_strcmp0 (id, except) != 0 && regia_session_name_is_safe (id) &&
        recover (recordings, id, cancellable)) {
      recovered++;
      if (count != NULL)
        g_atomic_int_inc (count);
    }
  return recovered;
}

guint
regia_recovery_run (const char *recordings, const char *except, GCancellable *cancellable)
{
  return walk (recordings, except, cancellable, NULL);
}

static gpointer
thread_main (gpointer user_data)
{
  RegiaRecovery *self = user_data;

  be_polite ();
  walk (self->recordings, self->except, self->cancellable, &self->count);
  g_atomic_int_set (&self->running, FALSE);
  return NULL;
}

RegiaRecovery *
regia_recovery_new (const char *recordings, const char *except)
{
  RegiaRecovery *self = g_new0 (RegiaRecovery, 1);

  self->recordings = g_strdup (recordings);
  self->except = g_strdup (except);
  self->cancellable = g_cancellable_new ();
  self->running = TRUE;
  self->thread = g_thread_new ("recovery", thread_main, self);
  return self;
}

void
regia_recovery_free (RegiaRecovery *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_object_unref (self->cancellable);
  g_free (self->recordings);
  g_free (self->except);
  g_free (self);
}

guint
regia_recovery_get_count (RegiaRecovery *self)
{
  return (guint)g_atomic_int_get (&self->count);
}

gboolean
regia_recovery_is_running (RegiaRecovery *self)
{
  return g_atomic_int_get (&self->running);
}
