/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "control-private.h"

#include <sys/stat.h>
#include <unistd.h>

#include "regia-control-generated.h"
#include "regia/control/paths.h"

struct _RegiaControl {
  const RegiaControlMethods *methods; /* static */
  gpointer user_data;
  char *path;                /* (owned) */
  GDBusServer *server;       /* (owned) */
  RegiaDBusShow1 *full;      /* (owned): for control.sock */
  RegiaDBusShow1 *read_only; /* (owned): for the gateway */
  GPtrArray *connections;    /* (owned) (element-type GDBusConnection) */
  GPtrArray *waiting; /* (owned) (element-type GDBusMethodInvocation): for the end, each answered once */
  GVariant *ended;    /* (owned) (nullable): the answer */
};

static gboolean
get_status_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autoptr (GVariant) status = self->methods->get_status (self->user_data);

  regia_dbus_show1_complete_get_status (skeleton, invocation, status);
  return TRUE;
}

static gboolean
stop_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gboolean quit, gpointer user_data)
{
  RegiaControl *self = user_data;

  regia_dbus_show1_complete_stop (skeleton, invocation);
  self->methods->stop (quit, self->user_data);
  return TRUE;
}

static gboolean
wait_end_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaControl *self = user_data;

  if (self->ended != NULL)
    regia_dbus_show1_complete_wait_end (skeleton, invocation, self->ended);
  else
    g_ptr_array_add (self->waiting, invocation);
  return TRUE;
}

void
regia_control_tell_end (RegiaControl *self, GVariant *status)
{
  g_clear_pointer (&self->ended, g_variant_unref);
  self->ended = g_variant_ref (status);
  for (guint i = 0; i < self->waiting->len; i++)
    regia_dbus_show1_complete_wait_end (self->full, g_ptr_array_index (self->waiting, i), status);
  g_ptr_array_set_size (self->waiting, 0);
}

static gboolean
refuse_wait_end_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                 "only control.sock waits for the end");
  return TRUE;
}

static gboolean
refuse_stop_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gboolean quit,
                gpointer user_data)
{
  g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                 "only control.sock can end the show");
  return TRUE;
}

static void
closed_cb (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error, gpointer user_data)
{
  RegiaControl *self = user_data;

  g_dbus_interface_skeleton_unexport_from_connection (G_DBUS_INTERFACE_SKELETON (self->full), connection);
  g_ptr_array_remove_fast (self->connections, connection);
}

static gboolean
new_connection_cb (GDBusServer *server, GDBusConnection *connection, gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_set_exit_on_close (connection, FALSE);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->full), connection,
                                         REGIA_SHOW_OBJECT, &error)) {
    g_warning ("a control connection cannot be served: %s", error->message);
    return FALSE;
  }
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), self);
  g_ptr_array_add (self->connections, g_object_ref (connection));
  return TRUE;
}

/* Root and the user that Regia runs as; the socket's mode says the same, this holds even if somebody loosens
 * it. */
static gboolean
authorize_cb (GDBusAuthObserver *observer, GIOStream *stream, GCredentials *credentials, gpointer user_data)
{
  uid_t uid = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t)-1;

  return uid == geteuid () || uid == 0;
}

RegiaControl *
regia_control_new (const char *path, const RegiaControlMethods *methods, gpointer user_data, GError **error)
{
  g_autoptr (RegiaControl) self = g_new0 (RegiaControl, 1);
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  g_autofree char *address = g_strdup_printf ("unix:path=%s", escaped);
  g_autofree char *guid = g_dbus_generate_guid ();
  mode_t old_mask;

  self->methods = methods;
  self->user_data = user_data;
  self->path = g_strdup (path);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->waiting = g_ptr_array_new ();
  self->full = regia_dbus_show1_skeleton_new ();
  g_signal_connect (self->full, "handle-get-status", G_CALLBACK (get_status_cb), self);
  g_signal_connect (self->full, "handle-stop", G_CALLBACK (stop_cb), self);
  g_signal_connect (self->full, "handle-wait-end", G_CALLBACK (wait_end_cb), self);
  self->read_only = regia_dbus_show1_skeleton_new ();
  g_signal_connect (self->read_only, "handle-get-status", G_CALLBACK (get_status_cb), self);
  g_signal_connect (self->read_only, "handle-stop", G_CALLBACK (refuse_stop_cb), self);
  g_signal_connect (self->read_only, "handle-wait-end", G_CALLBACK (refuse_wait_end_cb), self);

  unlink (path);
  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (authorize_cb), NULL);
  old_mask = umask (0177);
  self->server = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, observer, NULL, error);
  umask (old_mask);
  if (self->server == NULL)
    return NULL;
  g_signal_connect (self->server, "new-connection", G_CALLBACK (new_connection_cb), self);
  g_dbus_server_start (self->server);
  return g_steal_pointer (&self);
}

void
regia_control_free (RegiaControl *self)
{
  if (self == NULL)
    return;
  if (self->server != NULL) {
    g_dbus_server_stop (self->server);
    unlink (self->path);
  }
  g_clear_object (&self->server);
  for (guint i = 0; i < self->waiting->len; i++)
    g_dbus_method_invocation_return_error_literal (g_ptr_array_index (self->waiting, i), G_DBUS_ERROR,
                                                   G_DBUS_ERROR_NO_REPLY, "Regia went away before the end");
  for (guint i = 0; i < self->connections->len; i++) {
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->connections, i), self);
    /* Answers are a few kB and fit into the socket, whether they are read or not. */
    g_dbus_connection_flush_sync (g_ptr_array_index (self->connections, i), NULL, NULL);
  }
  g_ptr_array_unref (self->connections);
  g_ptr_array_unref (self->waiting);
  g_clear_pointer (&self->ended, g_variant_unref);
  g_object_unref (self->full);
  g_object_unref (self->read_only);
  g_free (self->path);
  g_free (self);
}

GDBusInterfaceSkeleton *
regia_control_get_read_only (RegiaControl *self)
{
  return G_DBUS_INTERFACE_SKELETON (self->read_only);
}
