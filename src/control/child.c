/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-control"

#include "regia/control/child.h"

#include <gio/gunixfdlist.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "regia-control-generated.h"
#include "regia/base/error.h"
#include "regia/base/log.h"
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
  char *name, *instance, *event_path, *base_dir, *run_dir, *recordings_dir, *session,
      *feed_path;     /* (owned) immutable */
  RegiaEpoch epoch;   /* immutable */
  guint64 generation; /* immutable */
  int feed_fd;        /* immutable; the engine's: see regia_child_get_feed_fd() */

  GMainLoop *loop;             /* (owned) */
  GDBusConnection *connection; /* (owned) */
  RegiaDBusProcess1 *skeleton; /* (owned) */
  RegiaDBusShow1 *show;        /* (owned) (nullable): proxy, made at the first question */
  RegiaChildStopFunc stop;
  gpointer stop_data;
  RegiaChildHealthFunc health;
  gpointer health_data;
  gboolean stopping;
  int exit_status;
};

static void
begin_stop (RegiaChild *self, gboolean finish)
{
  if (self->stopping)
    return;
  self->stopping = TRUE;
  if (self->stop != NULL)
    self->stop (self, finish, self->stop_data);
  else
    regia_child_stopped (self);
}

static gboolean
handle_ping_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaChild *self = user_data;
  g_autofree char *why = NULL;
  gboolean ok = self->health == NULL || self->health (&why, self->health_data);

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
connect_director (RegiaChild *self, int fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);
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
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), self->connection,
                                         REGIA_PROCESS_OBJECT, error))
    return FALSE;
  g_signal_connect (self->connection, "closed", G_CALLBACK (connection_closed_cb), self);
  g_dbus_connection_set_exit_on_close (self->connection, FALSE);
  g_dbus_connection_start_message_processing (self->connection);
  return TRUE;
}

RegiaChild *
regia_child_new (int argc, char **argv, GError **error)
{
  g_autoptr (RegiaChild) self = g_new0 (RegiaChild, 1);
  g_autofree char *epoch = NULL, *log_name = NULL, *comm = NULL;
  int control_fd = -1;
  gint64 generation = 0;
  int recordings_fd = -1; /* the gateway's, who reads it before this */
  GOptionEntry entries[] = {
      {"control-fd", 0, 0, G_OPTION_ARG_INT, &control_fd, NULL, NULL},
      {"instance", 0, 0, G_OPTION_ARG_STRING, &self->instance, NULL, NULL},
      {"event", 0, 0, G_OPTION_ARG_FILENAME, &self->event_path, NULL, NULL},
      {"base", 0, 0, G_OPTION_ARG_FILENAME, &self->base_dir, NULL, NULL},
      {"run", 0, 0, G_OPTION_ARG_FILENAME, &self->run_dir, NULL, NULL},
      {"recordings", 0, 0, G_OPTION_ARG_FILENAME, &self->recordings_dir, NULL, NULL},
      {"recordings-fd", 0, 0, G_OPTION_ARG_INT, &recordings_fd, NULL, NULL},
      {"feed", 0, 0, G_OPTION_ARG_FILENAME, &self->feed_path, NULL, NULL},
      {"feed-fd", 0, 0, G_OPTION_ARG_INT, &self->feed_fd, NULL, NULL},
      {"session", 0, 0, G_OPTION_ARG_STRING, &self->session, NULL, NULL},
      {"epoch", 0, 0, G_OPTION_ARG_STRING, &epoch, NULL, NULL},
      {"generation", 0, 0, G_OPTION_ARG_INT64, &generation, NULL, NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  self->name = g_strdup (argv[0]);
  self->feed_fd = -1;
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return NULL;
  if (argc > 1 || control_fd < 0 || self->event_path == NULL || self->run_dir == NULL ||
      self->recordings_dir == NULL || self->session == NULL || epoch == NULL ||
      !regia_epoch_parse (epoch, &self->epoch) || generation < 0) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                 "`regia child %s` is started by the director and cannot be started by hand; use `regia run`",
                 self->name);
    return NULL;
  }
  self->generation = (guint64)generation;
  if (self->instance == NULL)
    self->instance = g_strdup ("");
  if (self->base_dir == NULL)
    self->base_dir = g_path_get_dirname (self->event_path);
  if (self->feed_path == NULL)
    self->feed_path = g_build_filename (self->run_dir, REGIA_FEED_SOCKET, NULL);
  log_name = self->instance[0] != '\0' ? g_strdup_printf ("%s %s", self->name, self->instance)
                                       : g_strdup (self->name);
  regia_log_init (log_name);
  /* Started through /proc/self/exe, it would be called "exe" in every list of processes. */
  comm = g_strdup_printf ("regia-%s", self->name);
  prctl (PR_SET_NAME, comm, 0, 0, 0);

  /* Ctrl-C reaches every process of the terminal and systemd may signal the whole group; only the director
   * decides what ends, and in which order. A peer that went away is an error of write(), never a death. */
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  self->loop = g_main_loop_new (NULL, FALSE);
  if (!connect_director (self, control_fd, error)) {
    g_prefix_error (error, "cannot reach the director: ");
    return NULL;
  }
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
  g_clear_object (&self->show);
  g_clear_object (&self->skeleton);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_free (self->name);
  g_free (self->instance);
  g_free (self->event_path);
  g_free (self->base_dir);
  g_free (self->run_dir);
  g_free (self->recordings_dir);
  g_free (self->session);
  g_free (self->feed_path);
  g_free (self);
}

#define GETTER(type, field)                                                                                  \
  type regia_child_get_##field (RegiaChild *self)                                                            \
  {                                                                                                          \
    return self->field;                                                                                      \
  }
GETTER (const char *, name)
GETTER (const char *, instance)
GETTER (const char *, event_path)
GETTER (const char *, base_dir)
GETTER (const char *, run_dir)
GETTER (const char *, recordings_dir)
GETTER (const char *, session)
GETTER (const char *, feed_path)
GETTER (int, feed_fd)
GETTER (guint64, generation)

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

static gboolean
set_state_cb (gpointer user_data)
{
  Message *message = user_data;

  regia_dbus_process1_set_state (message->child->skeleton, message->state);
  /* Without this the change waits for an idle moment, which a busy main context may not have. */
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (message->child->skeleton));
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
regia_child_set_health (RegiaChild *self, RegiaChildHealthFunc func, gpointer user_data)
{
  self->health = func;
  self->health_data = user_data;
}

static void
got_status_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL) {
    g_dbus_error_strip_remote_error (error);
    g_task_return_error (task, g_steal_pointer (&error));
    return;
  }
  g_task_return_pointer (task, g_variant_get_child_value (reply, 0), (GDestroyNotify)g_variant_unref);
}

void
regia_child_get_status (RegiaChild *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, regia_child_get_status);
  g_dbus_connection_call (self->connection, NULL, REGIA_SHOW_OBJECT, "org.regia.Show1", "GetStatus", NULL,
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, 2000, cancellable,
                          got_status_cb, task);
}

GVariant *
regia_child_get_status_finish (RegiaChild *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

int
regia_child_run (RegiaChild *self, RegiaChildStopFunc stop, gpointer user_data)
{
  g_autoptr (GVariant) pong = NULL;

  self->stop = stop;
  self->stop_data = user_data;
  /* The director may have vanished, or the process have failed, before the loop began. */
  if (g_dbus_connection_is_closed (self->connection) && !self->stopping)
    begin_stop (self, FALSE);
  g_main_loop_run (self->loop);
  /* There and back: the director has its last words before it can hear that the process has gone. Whatever it
   * answers, and if nothing for a second, it is as well. */
  pong = g_dbus_connection_call_sync (self->connection, NULL, REGIA_PROCESS_OBJECT,
                                      "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, LAST_WORDS_MS, NULL, NULL);
  return self->exit_status;
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
