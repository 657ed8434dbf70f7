/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-control"

#include "regia/control/child.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "child-feed-private.h"
#include "regia-control-generated.h"
#include "regia/base/error.h"
#include "regia/base/log.h"
#include "regia/base/thread.h"
#include "regia/control/paths.h"

/* After the director is gone nobody would kill a process that hangs on its way out, so it does that itself.
 */
#define ORPHAN_DEADLINE_S 5
#define LAST_WORDS_MS     1000

/*
 * RegiaChild lives on the main thread from the start of main() to its end. Its state property may be set from
 * any thread: the value travels to the main context, where the D-Bus skeleton belongs.
 */
struct _RegiaChild {
  const RegiaChildClass *class;
  gpointer instance_data;                                /* (owned): the process' own struct */
  GVariant *part;                                        /* (owned) immutable */
  char *instance;                                        /* (owned) immutable */
  const char *run_dir, *recordings_dir, *session, *show; /* of part; immutable */
  RegiaEpoch epoch;                                      /* immutable */
  guint64 generation;                                    /* immutable */

  GMainLoop *loop;             /* (owned) */
  GDBusConnection *connection; /* (owned) (nullable) */
  RegiaDBusProcess1 *skeleton; /* (owned) (nullable) */
  RegiaChildFeed *feed;        /* (owned) */
  guint64 applied;             /* version in effect */
  GVariant *state;             /* (owned) (nullable): the last one published, without what is added here */
  gboolean running;            /* start() has succeeded */
  gboolean stopping, finishing;
  int exit_status;
};

static void publish (RegiaChild *self);

static void
begin_stop (RegiaChild *self, gboolean finish)
{
  if (self->stopping && (finish || !self->finishing))
    return;
  self->stopping = TRUE;
  self->finishing = finish;
  if (self->running)
    self->class->stop (self, finish, self->instance_data);
  else
    regia_child_stopped (self);
}

static gboolean
handle_ping_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaChild *self = user_data;
  g_autofree char *why = NULL;
  gboolean ok =
      !self->running || self->class->health == NULL || self->class->health (&why, self->instance_data);

  regia_dbus_process1_complete_ping (skeleton, invocation, ok, why != NULL ? why : "");
  return TRUE;
}

static gboolean
handle_stop_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, gboolean finish,
                gpointer user_data)
{
  regia_dbus_process1_complete_stop (skeleton, invocation);
  begin_stop (user_data, finish);
  return TRUE;
}

static gboolean
handle_apply_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, guint64 version,
                 GVariant *part, gpointer user_data)
{
  RegiaChild *self = user_data;

  regia_dbus_process1_complete_apply (skeleton, invocation);
  if (!self->running || self->stopping)
    return TRUE;
  if (self->class->apply == NULL || self->class->apply (self, part, self->instance_data))
    regia_child_set_applied (self, version);
  return TRUE;
}

static gboolean
handle_tell_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, GVariant *status,
                gpointer user_data)
{
  RegiaChild *self = user_data;

  regia_dbus_process1_complete_tell (skeleton, invocation);
  if (self->running && !self->stopping && self->class->tell != NULL)
    self->class->tell (status, self->instance_data);
  return TRUE;
}

static gboolean
orphan_deadline_cb (gpointer user_data)
{
  g_warning ("still here %d s after the director went away; leaving the hard way", ORPHAN_DEADLINE_S);
  _exit (EX_TEMPFAIL);
}

static void
connection_closed_cb (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error,
                      gpointer user_data)
{
  RegiaChild *self = user_data;

  if (!self->stopping)
    g_message ("the director is gone; going away in order");
  g_timeout_add_seconds (ORPHAN_DEADLINE_S, orphan_deadline_cb, self);
  begin_stop (self, FALSE);
}

static gboolean
connect_director (RegiaChild *self, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (REGIA_CHILD_CONTROL_FD, error);
  g_autoptr (GSocketConnection) stream = NULL;

  if (socket == NULL)
    return FALSE;
  stream = g_socket_connection_factory_create_connection (socket);
  self->connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                     G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                                 NULL, NULL, error);
  if (self->connection == NULL)
    return FALSE;
  self->skeleton = regia_dbus_process1_skeleton_new ();
  regia_dbus_process1_set_state (self->skeleton, g_variant_new ("a{sv}", NULL));
  g_signal_connect (self->skeleton, "handle-ping", G_CALLBACK (handle_ping_cb), self);
  g_signal_connect (self->skeleton, "handle-stop", G_CALLBACK (handle_stop_cb), self);
  g_signal_connect (self->skeleton, "handle-apply", G_CALLBACK (handle_apply_cb), self);
  g_signal_connect (self->skeleton, "handle-tell", G_CALLBACK (handle_tell_cb), self);
  regia_child_feed_connect (self->feed, self->skeleton);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), self->connection,
                                         REGIA_PROCESS_OBJECT, error))
    return FALSE;
  g_signal_connect (self->connection, "closed", G_CALLBACK (connection_closed_cb), self);
  g_dbus_connection_set_exit_on_close (self->connection, FALSE);
  g_dbus_connection_start_message_processing (self->connection);
  return TRUE;
}

/* Returns: (transfer full) (nullable): what lies in the descriptor. */
static GVariant *
read_part (void)
{
  struct stat st;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) part = NULL;
  char *data;

  if (fstat (REGIA_CHILD_PART_FD, &st) < 0 || !S_ISREG (st.st_mode) || st.st_size <= 0)
    return NULL;
  data = g_malloc ((gsize)st.st_size);
  bytes = g_bytes_new_take (data, (gsize)st.st_size);
  if (pread (REGIA_CHILD_PART_FD, data, (gsize)st.st_size, 0) != st.st_size)
    return NULL;
  close (REGIA_CHILD_PART_FD);
  part = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  return g_variant_is_normal_form (part) ? g_steal_pointer (&part) : NULL;
}

static gboolean
take_part (RegiaChild *self)
{
  const char *epoch;

  self->part = read_part ();
  return self->part != NULL && g_variant_lookup (self->part, "version", "t", &self->applied) &&
         g_variant_lookup (self->part, "run", "&s", &self->run_dir) &&
         g_variant_lookup (self->part, "recordings", "&s", &self->recordings_dir) &&
         g_variant_lookup (self->part, "session", "&s", &self->session) &&
         g_variant_lookup (self->part, "show", "&s", &self->show) &&
         g_variant_lookup (self->part, "generation", "t", &self->generation) &&
         g_variant_lookup (self->part, "epoch", "&s", &epoch) && regia_epoch_parse (epoch, &self->epoch);
}

/* Ctrl-C reaches every process of the terminal and systemd may signal the whole group; only the director
 * decides what ends, and in which order. A peer that went away is an error of write(), never a death. */
static void
ignore_signals (void)
{
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
}

RegiaChild *
regia_child_new (const RegiaChildClass *class, int argc, char **argv, GError **error)
{
  g_autoptr (RegiaChild) self = g_new0 (RegiaChild, 1);
  g_autofree char *log_name = NULL, *comm = NULL;
  GOptionEntry entries[] = {
      {"instance", 0, 0, G_OPTION_ARG_STRING, &self->instance, NULL, NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  self->class = class;
  self->instance_data = g_malloc0 (MAX (class->size, 1));
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return NULL;
  if (argc > 1 || !take_part (self)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                 "`regia child %s` is started by the director and cannot be started by hand; use `regia run`",
                 class->kind);
    return NULL;
  }
  if (self->instance == NULL)
    self->instance = g_strdup ("");
  log_name = self->instance[0] != '\0' ? g_strdup_printf ("%s %s", class->kind, self->instance)
                                       : g_strdup (class->kind);
  regia_log_init (log_name);
  /* Started through /proc/self/exe, it would be called "exe" in every list of processes. */
  comm = g_strdup_printf ("regia-%s", class->kind);
  prctl (PR_SET_NAME, comm, 0, 0, 0);
  ignore_signals ();
  self->loop = g_main_loop_new (NULL, FALSE);
  self->feed = regia_child_feed_new ();
  return g_steal_pointer (&self);
}

void
regia_child_free (RegiaChild *self)
{
  if (self == NULL)
    return;
  if (self->connection != NULL) {
    g_signal_handlers_disconnect_by_data (self->connection, self);
    if (self->skeleton != NULL)
      g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  }
  g_clear_object (&self->skeleton);
  g_clear_pointer (&self->feed, regia_child_feed_free);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->part, g_variant_unref);
  g_clear_pointer (&self->state, g_variant_unref);
  g_free (self->instance_data);
  g_free (self->instance);
  g_free (self);
}

#define GETTER(type, field)                                                                                  \
  type regia_child_get_##field (RegiaChild *self)                                                            \
  {                                                                                                          \
    return self->field;                                                                                      \
  }
GETTER (const char *, instance)
GETTER (const char *, run_dir)
GETTER (const char *, recordings_dir)
GETTER (const char *, session)
GETTER (const char *, show)
GETTER (guint64, generation)
GETTER (GVariant *, part)
GETTER (GDBusConnection *, connection)

const char *
regia_child_get_kind (RegiaChild *self)
{
  return self->class->kind;
}

const RegiaEpoch *
regia_child_get_epoch (RegiaChild *self)
{
  return &self->epoch;
}

typedef struct {
  RegiaChild *child;
  GVariant *state;
  int exit_status;
} Message;

static void
publish (RegiaChild *self)
{
  GVariantDict dict;

  if (self->state == NULL || self->skeleton == NULL)
    return;
  g_variant_dict_init (&dict, self->state);
  g_variant_dict_insert (&dict, "applied", "t", self->applied);
  regia_dbus_process1_set_state (self->skeleton, g_variant_dict_end (&dict));
  /* Without this the change waits for an idle moment, which a busy main context may not have. */
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

static gboolean
set_state_cb (gpointer user_data)
{
  Message *message = user_data;

  g_clear_pointer (&message->child->state, g_variant_unref);
  message->child->state = g_steal_pointer (&message->state);
  publish (message->child);
  return G_SOURCE_REMOVE;
}

static void
message_free (Message *message)
{
  g_clear_pointer (&message->state, g_variant_unref);
  g_free (message);
}

void
regia_child_set_state (RegiaChild *self, GVariant *state)
{
  Message *message = g_new0 (Message, 1);

  message->child = self;
  message->state = g_variant_ref_sink (state);
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, set_state_cb, message, (GDestroyNotify)message_free);
}

void
regia_child_set_applied (RegiaChild *self, guint64 version)
{
  REGIA_ON_THREAD (NULL);

  self->applied = version;
  publish (self);
}

static gboolean
quit_cb (gpointer user_data)
{
  Message *message = user_data;

  if (message->child->exit_status == 0)
    message->child->exit_status = message->exit_status;
  g_main_loop_quit (message->child->loop);
  return G_SOURCE_REMOVE;
}

static void
quit (RegiaChild *self, int exit_status)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Message *message = g_new0 (Message, 1);

  message->child = self;
  message->exit_status = exit_status;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, quit_cb, message, (GDestroyNotify)message_free);
  g_source_attach (source, NULL);
}

void
regia_child_stopped (RegiaChild *self)
{
  quit (self, 0);
}

void
regia_child_failed (RegiaChild *self, const GError *error)
{
  GVariantDict dict;

  g_warning ("%s", error->message);
  /* The last words go over the control connection as well, so that the director can tell people why. */
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "error", "s", error->message);
  regia_child_set_state (self, g_variant_dict_end (&dict));
  quit (self, regia_error_exit_status (error));
}

static void
run (RegiaChild *self)
{
  g_autoptr (GVariant) pong = NULL;

  /* The director may have vanished before the loop began. */
  if (g_dbus_connection_is_closed (self->connection) && !self->stopping)
    begin_stop (self, FALSE);
  g_main_loop_run (self->loop);
  /* There and back: the director has its last words before it can hear that the process has gone. Whatever it
   * answers, and if nothing for a second, it is as well. */
  pong = g_dbus_connection_call_sync (self->connection, NULL, REGIA_PROCESS_OBJECT,
                                      "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, LAST_WORDS_MS, NULL, NULL);
}

int
regia_child_main (const RegiaChildClass *class, int argc, char **argv)
{
  g_autoptr (GError) error = NULL, connect_error = NULL;
  g_autoptr (RegiaChild) self = regia_child_new (class, argc, argv, &error);
  gboolean ok;

  if (self == NULL) {
    g_printerr ("regia: %s\n", error->message);
    return regia_error_exit_status (error);
  }
  ok = class->prepare == NULL || class->prepare (self, self->instance_data, &error);
  if (!connect_director (self, &connect_error)) {
    g_printerr ("regia: cannot reach the director: %s\n", connect_error->message);
    return regia_error_exit_status (connect_error);
  }
  self->running = ok && class->start (self, self->instance_data, &error);
  if (self->running)
    regia_child_feed_begin (self->feed, class, self->instance_data);
  else
    regia_child_failed (self, error);
  run (self);
  if (class->clear != NULL)
    class->clear (self->instance_data);
  return self->exit_status;
}
