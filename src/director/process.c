/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "process-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard-private.h"
#include "handed-private.h"
#include "liveness-private.h"
#include "regia-control-generated.h"
#include "regia/base/backoff.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"

#define PING_EVERY_US       (G_USEC_PER_SEC / 2)
#define CONNECT_DEADLINE_MS 8000
#define HANDED_MAX          4

/*
 * RegiaProcess: spawns `regia child …` from the director's own executable, with one end of a socket pair as
 * descriptor 3, speaks D-Bus over the other end, asks twice a second whether all is well, and starts it again
 * whenever it is gone: at once the first time, then with backoff. A process that is stopped (SIGSTOP),
 * deadlocked or says itself that it hangs is killed first.
 *
 * Life: made with the show, freed with it. One run of the child is a Run; callbacks of an old run are
 * recognised by its pointer being gone from here (they hold a cancelled cancellable), so a late answer never
 * touches the new one.
 */
struct _RegiaProcess {
  char *kind, *instance, *name;           /* (owned) */
  const RegiaProcessCallbacks *callbacks; /* static */
  gpointer user_data;
  struct {
    int target, fd;
  } handed[HANDED_MAX]; /* descriptors (unowned) that each run is given a copy of */
  guint n_handed;

  gboolean wanted;
  RegiaProcessState state;
  GSubprocess *subprocess;     /* (owned) (nullable) */
  GCancellable *cancellable;   /* (owned) (nullable): of the present run */
  RegiaGuard *guard;           /* (owned) (nullable) */
  GDBusConnection *connection; /* (owned) (nullable) */
  guint state_subscription;    /* on connection */
  RegiaDBusProcess1 *proxy;    /* (owned) (nullable) */
  guint64 run;                 /* counts them */
  gint64 started_us, ping_sent_us, stop_deadline_us;
  guint look_source;      /* of the present run */
  RegiaLiveness liveness; /* while a ping is pending */
  gboolean complained;    /* the last ping was answered with a complaint */
  gboolean ping_pending, stop_sent, stop_sent_finish, stop_finish;
  gboolean applying, apply_again; /* one Apply is on its way; another is to follow */
  guint finish_tries;             /* how often it may be started again only to finish */
  gboolean finishing_again;       /* it is */
  gboolean replacing;             /* it is to go and be started again, without a fault of its own */
  GVariant *published;            /* (owned) (nullable) */
  char *last_error;               /* (owned) (nullable): its last words */
  char *last_exit;                /* (owned) (nullable) */
  char *hang_why;                 /* (owned) (nullable) */
  guint restarts;
  RegiaBackoff backoff;
  guint restart_source;
};

static void spawn (RegiaProcess *self);
static void tick (RegiaProcess *self);
static gboolean look_cb (gpointer user_data);
static void kill_hung (RegiaProcess *self, const char *why);

static void
set_state (RegiaProcess *self, RegiaProcessState state)
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
  self->ping_pending = self->complained = self->stop_sent = self->applying = self->apply_again = FALSE;
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
    spawn (self);
  else
    set_state (self, REGIA_PROCESS_STOPPED);
  return G_SOURCE_REMOVE;
}

static void
plan_restart (RegiaProcess *self, guint64 ran_ms)
{
  guint delay_ms = regia_backoff_failed (&self->backoff, ran_ms, g_random_double ());

  self->restarts++;
  g_warning ("%s ended: %s; starting it again in %u ms", self->name, self->last_exit, delay_ms);
  self->restart_source = g_timeout_add (delay_ms, restart_cb, self);
  set_state (self, REGIA_PROCESS_RESTARTING);
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

static void
exited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
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
    spawn (self);
  } else if (self->wanted || (!clean && may_finish (self))) {
    plan_restart (self, ran_ms);
  } else {
    g_info ("%s has ended: %s", self->name, self->last_exit);
    set_state (self, REGIA_PROCESS_STOPPED);
  }
}

static void
kill_hung (RegiaProcess *self, const char *why)
{
  g_warning ("%s hangs (%s); killing it", self->name, why);
  g_free (self->hang_why);
  self->hang_why = g_strdup (why);
  set_state (self, REGIA_PROCESS_HUNG);
  g_subprocess_force_exit (self->subprocess);
}

/* What it sends is not let in any more: there is no haste. */
static void
kill_flooding (RegiaProcess *self)
{
  g_warning ("%s floods the director: %s; killing it", self->name, regia_guard_get_fault (self->guard));
  set_state (self, REGIA_PROCESS_HUNG);
  g_subprocess_force_exit (self->subprocess);
}

/* PropertiesChanged of the child's one interface: (sa{sv}as). */
static void
state_changed_cb (GDBusConnection *connection, const char *sender, const char *object, const char *interface,
                  const char *signal, GVariant *parameters, gpointer user_data)
{
  RegiaProcess *self = user_data;
  g_autoptr (GVariant) changed = NULL;
  g_autoptr (GVariant) state = NULL;
  const char *last_error;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  state = g_variant_lookup_value (changed, "State", G_VARIANT_TYPE_VARDICT);
  if (state == NULL)
    return;
  if (g_variant_lookup (state, "error", "&s", &last_error)) {
    g_free (self->last_error);
    self->last_error = g_strdup (last_error);
  } else {
    g_clear_pointer (&self->published, g_variant_unref);
    self->published = g_variant_ref (state);
  }
  self->callbacks->changed (self, self->user_data);
}

static void
proxy_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;
  RegiaDBusProcess1 *proxy = regia_dbus_process1_proxy_new_finish (result, &error);

  if (proxy == NULL) {
    if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      g_debug ("no proxy: %s", error->message);
    return; /* the connect deadline deals with it */
  }
  self = user_data;
  self->proxy = proxy;
  self->run++;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (proxy), G_MAXINT);
  set_state (self, self->state == REGIA_PROCESS_STARTING ? REGIA_PROCESS_RUNNING : self->state);
  if (self->apply_again)
    regia_process_apply (self);
  if (!self->wanted)
    regia_process_stop (self, self->stop_finish, 0); /* with the deadline it has */
  else
    tick (self);
}

/* Subscribed before the first message is read, so that even the last words of a child that fails at once are
 * heard. */
static void
connection_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);

  if (connection == NULL)
    return; /* cancelled, or it died at once: exited_cb or the connect deadline deals with it */
  self = user_data;
  self->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  self->state_subscription = g_dbus_connection_signal_subscribe (
      connection, NULL, "org.freedesktop.DBus.Properties", "PropertiesChanged", REGIA_PROCESS_OBJECT, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, state_changed_cb, self, NULL);
  g_dbus_connection_start_message_processing (connection);
  regia_dbus_process1_proxy_new (
      connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS, NULL,
      REGIA_PROCESS_OBJECT, self->cancellable, proxy_ready_cb, self);
}

/* Returns: the child's part of the desired state as a sealed file; −1 and a word on it. */
static int
open_part (RegiaProcess *self)
{
  g_autoptr (GVariant) part = g_variant_ref_sink (self->callbacks->part (self, self->user_data));
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (part);
  g_autoptr (GError) error = NULL;
  int fd = regia_handed_seal ("part", bytes, &error);

  if (fd < 0) {
    g_free (self->last_exit);
    self->last_exit = g_strdup_printf ("cannot be given its part: %s", error->message);
  }
  return fd;
}

/* The director's end of the control connection, with the guard before it. */
static void
connect_child (RegiaProcess *self, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();
  int guarded_fd;

  self->guard = regia_guard_new (fd, &guarded_fd, &error);
  socket = self->guard != NULL ? g_socket_new_from_fd (guarded_fd, &error) : NULL;
  if (socket == NULL)
    return;
  stream = g_socket_connection_factory_create_connection (socket);
  g_dbus_connection_new (G_IO_STREAM (stream), guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                             G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         NULL, self->cancellable, connection_ready_cb, self);
}

/* Takes both descriptors. */
static gboolean
launch (RegiaProcess *self, int control_fd, int part_fd)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_autofree char *instance = g_strdup_printf ("--instance=%s", self->instance);
  const char *const argv[] = {"/proc/self/exe", "child", self->kind,
                              self->instance[0] != '\0' ? instance : NULL, NULL};
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_flags (launcher, G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_launcher_take_fd (launcher, control_fd, REGIA_CHILD_CONTROL_FD);
  g_subprocess_launcher_take_fd (launcher, part_fd, REGIA_CHILD_PART_FD);
  for (guint i = 0; i < self->n_handed; i++)
    if (self->handed[i].fd >= 0)
      g_subprocess_launcher_take_fd (launcher, fcntl (self->handed[i].fd, F_DUPFD_CLOEXEC, 3),
                                     self->handed[i].target);
  self->subprocess = g_subprocess_launcher_spawnv (launcher, argv, &error);
  /* The launcher holds our copies of the child's ends until it goes; the child's end must not stay open here,
   * or we never see it die. */
  g_subprocess_launcher_close (launcher);
  if (self->subprocess != NULL)
    return TRUE;
  g_free (self->last_exit);
  self->last_exit = g_strdup_printf ("cannot be started: %s", error->message);
  return FALSE;
}

static void
spawn (RegiaProcess *self)
{
  int pair[2], part_fd;

  self->started_us = g_get_monotonic_time ();
  self->replacing = FALSE;
  if (self->callbacks->starting != NULL)
    self->callbacks->starting (self, self->user_data);
  part_fd = open_part (self);
  if (part_fd < 0) {
    plan_restart (self, 0);
    return;
  }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
    g_free (self->last_exit);
    self->last_exit = g_strdup_printf ("cannot make a socket pair: %s", g_strerror (errno));
    close (part_fd);
    plan_restart (self, 0);
    return;
  }
  if (!launch (self, pair[1], part_fd)) {
    close (pair[0]);
    plan_restart (self, 0);
    return;
  }
  g_clear_pointer (&self->last_error, g_free);
  g_clear_pointer (&self->published, g_variant_unref);
  self->cancellable = g_cancellable_new ();
  self->stop_deadline_us = 0;
  self->look_source = g_timeout_add (REGIA_LIVENESS_LOOK_MS, look_cb, self);
  self->ping_sent_us = 0;
  g_subprocess_wait_async (self->subprocess, self->cancellable, exited_cb, self);
  connect_child (self, pair[0]);
  set_state (self, REGIA_PROCESS_STARTING);
}

void
regia_process_start (RegiaProcess *self)
{
  self->wanted = TRUE;
  if (self->subprocess == NULL && self->restart_source == 0)
    spawn (self);
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
      spawn (self); /* is told to stop as soon as it listens */
    else
      set_state (self, REGIA_PROCESS_STOPPED);
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

void
regia_process_kill (RegiaProcess *self, const char *why)
{
  if (self->subprocess != NULL && self->state != REGIA_PROCESS_HUNG)
    kill_hung (self, why);
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

static void
pinged_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self;
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL;
  gboolean ok;

  if (!regia_dbus_process1_call_ping_finish (REGIA_DBUS_PROCESS1 (source), &ok, &why, result, &error))
    return; /* cancelled, or the connection is gone: exited_cb will tell */
  self = user_data;
  self->ping_pending = FALSE;
  /* Once may be of a moment that is over: it was stopped, or the machine suspended, and goes on. */
  if (!ok && !self->complained) {
    self->complained = TRUE;
    return;
  }
  self->complained = !ok;
  if (!ok && self->state == REGIA_PROCESS_RUNNING && self->wanted)
    kill_hung (self, why[0] != '\0' ? why : "it says so itself");
}

static int
get_pid (RegiaProcess *self)
{
  const char *id = self->subprocess != NULL ? g_subprocess_get_identifier (self->subprocess) : NULL;

  return id != NULL ? atoi (id) : 0;
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

  regia_liveness_sample (get_pid (self), &sample);
  why = regia_liveness_look (&self->liveness, &sample, g_get_monotonic_time (), self->published == NULL);
  if (why != NULL)
    kill_hung (self, why);
}

/* Pings, kills what hangs. */
static void
tick (RegiaProcess *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->subprocess == NULL || self->state == REGIA_PROCESS_HUNG)
    return;
  if (self->guard != NULL && regia_guard_get_fault (self->guard) != NULL) {
    kill_flooding (self);
    return;
  }
  if (self->stop_deadline_us != 0 && now_us > self->stop_deadline_us) {
    kill_hung (self, "it did not end in its time");
  } else if (self->proxy == NULL) {
    if (now_us - self->started_us > (gint64)CONNECT_DEADLINE_MS * 1000)
      kill_hung (self, "it did not report after its start");
  } else if (self->ping_pending) {
    judge_silence (self);
  } else if (now_us - self->ping_sent_us >= PING_EVERY_US) {
    ping (self);
  }
}

static gboolean
look_cb (gpointer user_data)
{
  tick (user_data);
  return G_SOURCE_CONTINUE;
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

  return regia_process_describe (self->name, get_pid (self), names[self->state], self->restarts,
                                 self->started_us, self->last_exit);
}

guint64
regia_process_get_run (RegiaProcess *self)
{
  return self->proxy != NULL ? self->run : 0;
}

static void
handed_over_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaProcess *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_proxy_call_with_unix_fd_list_finish (G_DBUS_PROXY (source), NULL, result, &error);

  /* One that went away meanwhile is handed another when it is back, and so is a reader that refuses: without
   * the feed it would run and do nothing. The engine is never ended because of one reader. */
  if (reply == NULL && g_dbus_error_is_remote_error (error)) {
    g_warning ("%s could not be handed the feed: %s", self->name, error->message);
    if (strcmp (self->kind, "engine") != 0)
      regia_process_kill (self, "it refused the feed");
  }
}

static void
hand_over (RegiaProcess *self, const char *method, int fd, GVariant *arguments)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);

  g_dbus_proxy_call_with_unix_fd_list (G_DBUS_PROXY (self->proxy), method, arguments, G_DBUS_CALL_FLAGS_NONE,
                                       -1, list, self->cancellable, handed_over_cb, self);
}

void
regia_process_use_feed (RegiaProcess *self, int fd)
{
  hand_over (self, "UseFeed", fd, g_variant_new ("(h)", 0));
}

void
regia_process_add_reader (RegiaProcess *self, int fd, const char *name, const char *rights)
{
  hand_over (self, "AddReader", fd, g_variant_new ("(hss)", 0, name, rights));
}
