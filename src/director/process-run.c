/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handed-private.h"
#include "process-parts-private.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"

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
  regia_process_set_state (self, self->state == REGIA_PROCESS_STARTING ? REGIA_PROCESS_RUNNING : self->state);
  if (self->apply_again)
    regia_process_apply (self);
  if (!self->wanted)
    regia_process_stop (self, self->stop_finish, 0); /* with the deadline it has */
  else
    regia_process_tick (self);
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
    return; /* cancelled, or it died at once: regia_process_exited_cb or the connect deadline deals with it */
  self = user_data;
  self->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  self->state_subscription = g_dbus_connection_signal_subscribe (
      connection, NULL, "org.freedesktop.DBus.Properties", "PropertiesChanged", REGIA_PROCESS_OBJECT, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, state_changed_cb, self, NULL);
  if (self->callbacks->connected != NULL)
    self->callbacks->connected (self, connection, self->user_data);
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

void
regia_process_spawn (RegiaProcess *self)
{
  int pair[2], part_fd;

  self->started_us = g_get_monotonic_time ();
  self->replacing = FALSE;
  if (self->callbacks->starting != NULL)
    self->callbacks->starting (self, self->user_data);
  part_fd = open_part (self);
  if (part_fd < 0) {
    regia_process_plan_restart (self, 0);
    return;
  }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
    g_free (self->last_exit);
    self->last_exit = g_strdup_printf ("cannot make a socket pair: %s", g_strerror (errno));
    close (part_fd);
    regia_process_plan_restart (self, 0);
    return;
  }
  if (!launch (self, pair[1], part_fd)) {
    close (pair[0]);
    regia_process_plan_restart (self, 0);
    return;
  }
  g_clear_pointer (&self->last_error, g_free);
  g_clear_pointer (&self->published, g_variant_unref);
  self->cancellable = g_cancellable_new ();
  self->stop_deadline_us = 0;
  self->look_source = g_timeout_add (REGIA_LIVENESS_LOOK_MS, regia_process_look_cb, self);
  self->ping_sent_us = 0;
  g_subprocess_wait_async (self->subprocess, self->cancellable, regia_process_exited_cb, self);
  connect_child (self, pair[0]);
  regia_process_set_state (self, REGIA_PROCESS_STARTING);
}
