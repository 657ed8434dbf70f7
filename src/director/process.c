/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "process-parts-private.h"

void
regia_process_set_state (RegiaProcess *self, RegiaProcessState state)
{
  self->state = state;
  self->callbacks->changed (self, self->user_data);
}

void
regia_process_hand (RegiaProcess *self, int target, int fd)
{
  guint i = 0;

  while (i < self->n_handed && self->handed[i].target != target)
    i++;
  g_return_if_fail (i < HANDED_MAX);
  self->n_handed = MAX (self->n_handed, i + 1);
  self->handed[i].target = target;
  self->handed[i].fd = fd;
}

RegiaProcess *
regia_process_new (const char *kind, const char *instance, const RegiaProcessCallbacks *callbacks,
                   gpointer user_data)
{
  RegiaProcess *self = g_new0 (RegiaProcess, 1);

  self->kind = g_strdup (kind);
  self->instance = g_strdup (instance);
  self->name = instance[0] != '\0' ? g_strdup_printf ("%s %s", kind, instance) : g_strdup (kind);
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->backoff = (RegiaBackoff){.first_ms = 50, .max_ms = 5000, .reset_ms = 10000};
  return self;
}

/* Lets go of everything that belongs to the present run. */
static void
end_run (RegiaProcess *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->look_source, g_source_remove);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->proxy);
  if (self->connection != NULL) {
    g_dbus_connection_signal_unsubscribe (self->connection, self->state_subscription);
    g_dbus_connection_close (self->connection, NULL, NULL, NULL);
  }
  g_clear_object (&self->connection);
  g_clear_pointer (&self->guard, regia_guard_free);
  g_clear_object (&self->subprocess);
  self->ping_pending = self->complained = self->stop_sent = self->applying = self->apply_again =
      self->telling = FALSE;
  g_clear_pointer (&self->to_tell, g_variant_unref);
  g_clear_pointer (&self->told, g_variant_unref);
  self->started_us = 0;
}

void
regia_process_free (RegiaProcess *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->restart_source, g_source_remove);
  if (self->subprocess != NULL)
    g_subprocess_force_exit (self->subprocess);
  end_run (self);
  g_clear_pointer (&self->published, g_variant_unref);
  g_free (self->last_error);
  g_free (self->last_exit);
  g_free (self->hang_why);
  g_free (self->name);
  g_free (self->kind);
  g_free (self->instance);
  g_free (self);
}

static gboolean
restart_cb (gpointer user_data)
{
  RegiaProcess *self = user_data;

  self->restart_source = 0;
  if (self->wanted || self->finishing_again)
    regia_process_spawn (self);
  else
    regia_process_set_state (self, REGIA_PROCESS_STOPPED);
  return G_SOURCE_REMOVE;
}

void
regia_process_plan_restart (RegiaProcess *self, guint64 ran_ms)
{
  guint delay_ms = regia_backoff_failed (&self->backoff, ran_ms, g_random_double ());

  self->restarts++;
  g_warning ("%s ended: %s; starting it again in %u ms", self->name, self->last_exit, delay_ms);
  self->restart_source = g_timeout_add (delay_ms, restart_cb, self);
  regia_process_set_state (self, REGIA_PROCESS_RESTARTING);
}

static char *
exit_in_words (GSubprocess *subprocess, const char *fault, const char *hang_why, const char *last_error)
{
  if (fault != NULL)
    return g_strdup_printf ("it flooded the director (%s) and was killed", fault);
  if (hang_why != NULL)
    return g_strdup_printf ("it hung (%s) and was killed", hang_why);
  if (g_subprocess_get_if_signaled (subprocess))
    return g_strdup_printf ("killed by signal %d (%s)", g_subprocess_get_term_sig (subprocess),
                            strsignal (g_subprocess_get_term_sig (subprocess)));
  if (last_error != NULL)
    return g_strdup (last_error);
  return g_strdup_printf ("exit status %d", g_subprocess_get_exit_status (subprocess));
}

/* One that is wanted no more, but has work to finish that only it can do. Uses up a try. */
static gboolean
may_finish (RegiaProcess *self)
{
  self->finishing_again = !self->wanted && self->stop_finish && self->finish_tries > 0;
  if (self->finishing_again)
    self->finish_tries--;
  return self->finishing_again;
}

void
regia_process_exited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;
  guint64 ran_ms;
  gboolean clean;

  if (!g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error))
    return; /* cancelled: this run is no longer ours */
  self = user_data;
  ran_ms = (guint64)(g_get_monotonic_time () - self->started_us) / 1000;
  g_free (self->last_exit);
  self->last_exit =
      exit_in_words (G_SUBPROCESS (source), self->guard != NULL ? regia_guard_get_fault (self->guard) : NULL,
                     self->hang_why, self->last_error);
  clean = g_subprocess_get_successful (G_SUBPROCESS (source));
  g_clear_pointer (&self->hang_why, g_free);
  end_run (self);
  if (self->wanted && clean && self->replacing) {
    regia_process_spawn (self);
  } else if (self->wanted || (!clean && may_finish (self))) {
    regia_process_plan_restart (self, ran_ms);
  } else {
    g_info ("%s has ended: %s", self->name, self->last_exit);
    regia_process_set_state (self, REGIA_PROCESS_STOPPED);
  }
}

void
regia_process_kill_hung (RegiaProcess *self, const char *why)
{
  g_warning ("%s hangs (%s); killing it", self->name, why);
  g_free (self->hang_why);
  self->hang_why = g_strdup (why);
  regia_process_set_state (self, REGIA_PROCESS_HUNG);
  g_subprocess_force_exit (self->subprocess);
}

void
regia_process_start (RegiaProcess *self)
{
  self->wanted = TRUE;
  if (self->subprocess == NULL && self->restart_source == 0)
    regia_process_spawn (self);
}

void
regia_process_set_finish_tries (RegiaProcess *self, guint tries)
{
  self->finish_tries = tries;
}

/* Who asks again and again, as the director does with each tick, does not thereby give it more time. */
static void
set_stop_deadline (RegiaProcess *self, guint deadline_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + (gint64)deadline_ms * 1000;

  if (deadline_ms > 0 && (self->stop_deadline_us == 0 || deadline_us < self->stop_deadline_us))
    self->stop_deadline_us = deadline_us;
}

void
regia_process_stop (RegiaProcess *self, gboolean finish, guint deadline_ms)
{
  self->wanted = FALSE;
  self->stop_finish = finish;
  if (self->restart_source != 0) {
    g_clear_handle_id (&self->restart_source, g_source_remove);
    if (may_finish (self))
      regia_process_spawn (self); /* is told to stop as soon as it listens */
    else
      regia_process_set_state (self, REGIA_PROCESS_STOPPED);
  }
  if (self->subprocess == NULL)
    return;
  set_stop_deadline (self, deadline_ms);
  /* Said again only to take `finish` back: whoever is told to hurry has heard the first. */
  if (self->proxy != NULL && (!self->stop_sent || (self->stop_sent_finish && !finish))) {
    self->stop_sent = TRUE;
    self->stop_sent_finish = finish;
    regia_dbus_process1_call_stop (self->proxy, finish, self->cancellable, NULL, NULL);
  }
}

void
regia_process_kill (RegiaProcess *self, const char *why)
{
  if (self->subprocess != NULL && self->state != REGIA_PROCESS_HUNG)
    regia_process_kill_hung (self, why);
}

void
regia_process_replace (RegiaProcess *self, guint deadline_ms)
{
  if (!self->wanted || self->proxy == NULL || self->stop_sent)
    return; /* the next run is what is asked for */
  self->replacing = self->stop_sent = TRUE;
  self->stop_sent_finish = FALSE;
  set_stop_deadline (self, deadline_ms);
  regia_dbus_process1_call_stop (self->proxy, FALSE, self->cancellable, NULL, NULL);
}

int
regia_process_get_pid (RegiaProcess *self)
{
  const char *id = self->subprocess != NULL ? g_subprocess_get_identifier (self->subprocess) : NULL;

  return id != NULL ? atoi (id) : 0;
}

const char *
regia_process_get_instance (RegiaProcess *self)
{
  return self->instance;
}

const char *
regia_process_get_name (RegiaProcess *self)
{
  return self->name;
}

RegiaProcessState
regia_process_get_state (RegiaProcess *self)
{
  return self->state;
}

guint
regia_process_get_restarts (RegiaProcess *self)
{
  return self->restarts;
}

gint64
regia_process_get_started_us (RegiaProcess *self)
{
  return self->started_us;
}

const char *
regia_process_get_last_exit (RegiaProcess *self)
{
  return self->last_exit;
}

GVariant *
regia_process_get_published (RegiaProcess *self)
{
  if (self->published != NULL)
    return g_variant_ref (self->published);
  return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

GVariant *
regia_process_to_variant (RegiaProcess *self)
{
  static const char *const names[] = {"stopped", "starting", "running", "hung", "restarting"};

  return regia_process_describe (self->name, regia_process_get_pid (self), names[self->state], self->restarts,
                                 self->started_us, self->last_exit);
}

guint64
regia_process_get_run (RegiaProcess *self)
{
  return self->proxy != NULL ? self->run : 0;
}
