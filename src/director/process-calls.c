/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <gio/gunixfdlist.h>

#include "process-parts-private.h"
#include "status-private.h"

#define PING_EVERY_US       (G_USEC_PER_SEC / 2)
#define CONNECT_DEADLINE_MS 8000
/* Who hears nothing for five takes it that the director does not answer. */
#define TELL_EVERY_US (2 * G_USEC_PER_SEC)

/* What is wanted of it */

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;

  if (!regia_dbus_process1_call_apply_finish (REGIA_DBUS_PROCESS1 (source), result, &error))
    return; /* cancelled, or the connection is gone: the next run begins with the newest part */
  self = user_data;
  self->applying = FALSE;
  if (self->apply_again)
    regia_process_apply (self);
}

void
regia_process_apply (RegiaProcess *self)
{
  g_autoptr (GVariant) part = NULL;
  guint64 version = 0;

  if (self->subprocess == NULL)
    return; /* it begins with the newest */
  self->apply_again = self->applying || self->proxy == NULL;
  if (self->apply_again)
    return;
  part = g_variant_ref_sink (self->callbacks->part (self, self->user_data));
  g_variant_lookup (part, "version", "t", &version);
  self->applying = TRUE;
  regia_dbus_process1_call_apply (self->proxy, version, part, self->cancellable, applied_cb, self);
}

static void
told_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) next = NULL;

  if (!regia_dbus_process1_call_tell_finish (REGIA_DBUS_PROCESS1 (source), result, &error))
    return; /* cancelled, or the connection is gone: the next run begins with the newest */
  self = user_data;
  self->telling = FALSE;
  next = g_steal_pointer (&self->to_tell);
  if (next != NULL)
    regia_process_tell (self, next);
}

void
regia_process_tell (RegiaProcess *self, GVariant *status)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->proxy == NULL)
    return; /* it begins with the newest, or is told with the next second */
  if (self->telling) {
    g_clear_pointer (&self->to_tell, g_variant_unref);
    self->to_tell = g_variant_ref (status);
    return;
  }
  if (self->told != NULL && now_us - self->told_us < TELL_EVERY_US &&
      !regia_status_is_news (status, self->told))
    return;
  g_clear_pointer (&self->told, g_variant_unref);
  self->told = g_variant_ref (status);
  self->told_us = now_us;
  self->telling = TRUE;
  regia_dbus_process1_call_tell (self->proxy, status, self->cancellable, told_cb, self);
}

/* Whether it is well */

/* What it sends is not let in any more: there is no haste. */
static void
kill_flooding (RegiaProcess *self)
{
  g_warning ("%s floods the director: %s; killing it", self->name, regia_guard_get_fault (self->guard));
  regia_process_set_state (self, REGIA_PROCESS_HUNG);
  g_subprocess_force_exit (self->subprocess);
}

static void
pinged_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL;
  gboolean ok;

  if (!regia_dbus_process1_call_ping_finish (REGIA_DBUS_PROCESS1 (source), &ok, &why, result, &error))
    return; /* cancelled, or the connection is gone: regia_process_exited_cb will tell */
  self = user_data;
  self->ping_pending = FALSE;
  /* Once may be of a moment that is over: it was stopped, or the machine suspended, and goes on. */
  if (!ok && !self->complained) {
    self->complained = TRUE;
    return;
  }
  self->complained = !ok;
  if (!ok && self->state == REGIA_PROCESS_RUNNING && self->wanted)
    regia_process_kill_hung (self, why[0] != '\0' ? why : "it says so itself");
}

static void
ping (RegiaProcess *self)
{
  self->ping_pending = TRUE;
  self->ping_sent_us = g_get_monotonic_time ();
  self->liveness = (RegiaLiveness){0};
  regia_dbus_process1_call_ping (self->proxy, self->cancellable, pinged_cb, self);
}

static void
judge_silence (RegiaProcess *self)
{
  RegiaLivenessSample sample;
  const char *why;

  regia_liveness_sample (regia_process_get_pid (self), &sample);
  why = regia_liveness_look (&self->liveness, &sample, g_get_monotonic_time (), self->published == NULL);
  if (why != NULL)
    regia_process_kill_hung (self, why);
}

/* Pings, kills what hangs. */
void
regia_process_tick (RegiaProcess *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->subprocess == NULL || self->state == REGIA_PROCESS_HUNG)
    return;
  if (self->guard != NULL && regia_guard_get_fault (self->guard) != NULL) {
    kill_flooding (self);
    return;
  }
  if (self->stop_deadline_us != 0 && now_us > self->stop_deadline_us) {
    regia_process_kill_hung (self, "it did not end in its time");
  } else if (self->proxy == NULL) {
    if (now_us - self->started_us > (gint64)CONNECT_DEADLINE_MS * 1000)
      regia_process_kill_hung (self, "it did not report after its start");
  } else if (self->ping_pending) {
    judge_silence (self);
  } else if (now_us - self->ping_sent_us >= PING_EVERY_US) {
    ping (self);
  }
}

gboolean
regia_process_look_cb (gpointer user_data)
{
  regia_process_tick (user_data);
  return G_SOURCE_CONTINUE;
}

/* The feed */

/* One end of a pair on its way. */
typedef struct {
  RegiaProcess *process;
  char *name;                  /* (owned) (nullable): the reader that the engine is to let in */
  RegiaProcessAddedFunc added; /* (nullable) */
  gpointer user_data;
} HandOver;

static void
hand_over_free (HandOver *self)
{
  g_free (self->name);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HandOver, hand_over_free)

static void
handed_over_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HandOver) handed = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_proxy_call_with_unix_fd_list_finish (G_DBUS_PROXY (source), NULL, result, &error);

  /* One that went away meanwhile is handed another when it is back. */
  if (reply == NULL && !g_dbus_error_is_remote_error (error))
    return;
  if (error != NULL)
    g_dbus_error_strip_remote_error (error);
  if (handed->name != NULL) {
    if (handed->added != NULL)
      handed->added (handed->name, error != NULL ? error->message : NULL, handed->user_data);
  } else if (error != NULL) {
    /* Without the feed it would run and do nothing. */
    g_warning ("%s could not be handed the feed: %s", handed->process->name, error->message);
    regia_process_kill (handed->process, "it refused the feed");
  }
}

/* Takes @handed. */
static void
hand_over (HandOver *handed, const char *method, int fd, GVariant *arguments)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);
  RegiaProcess *process = handed->process;

  g_dbus_proxy_call_with_unix_fd_list (G_DBUS_PROXY (process->proxy), method, arguments,
                                       G_DBUS_CALL_FLAGS_NONE, -1, list, process->cancellable, handed_over_cb,
                                       handed);
}

void
regia_process_use_feed (RegiaProcess *self, int fd)
{
  HandOver *handed = g_new0 (HandOver, 1);

  handed->process = self;
  hand_over (handed, "UseFeed", fd, g_variant_new ("(h)", 0));
}

void
regia_process_add_reader (RegiaProcess *self, int fd, const char *name, const char *rights,
                          RegiaProcessAddedFunc added, gpointer user_data)
{
  HandOver *handed = g_new0 (HandOver, 1);

  *handed = (HandOver){self, g_strdup (name), added, user_data};
  hand_over (handed, "AddReader", fd, g_variant_new ("(hss)", 0, name, rights));
}
