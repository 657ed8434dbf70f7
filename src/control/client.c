/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-control"

#include "regia/control/client.h"

#include <gio/gunixsocketaddress.h>

#include "regia/base/error.h"
#include "regia/control/paths.h"

#define CONNECT_TIMEOUT_S 5

static GDBusConnection *
connect_to (const char *control_path, guint timeout_s, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (control_path);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GError) local_error = NULL;
  GDBusConnection *connection;

  /* The D-Bus handshake has no deadline of its own; a director that is stopped would keep us for ever. */
  g_socket_client_set_timeout (client, timeout_s);
  stream = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &local_error);
  if (stream == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "nothing runs here (%s does not answer); start an event with `regia run`, or name its "
                 "folder with --state",
                 control_path);
    return NULL;
  }
  connection = g_dbus_connection_new_sync (
      G_IO_STREAM (stream), NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, &local_error);
  if (connection == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the director at %s does not answer: %s",
                 control_path, local_error->message);
    return NULL;
  }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  /* Calls have deadlines of their own. */
  g_socket_set_timeout (g_socket_connection_get_socket (stream), 0);
  return connection;
}

static GVariant *
call (GDBusConnection *connection, const char *method, GVariant *arguments, const char *reply_type,
      guint timeout_ms, GError **error)
{
  GVariant *reply = g_dbus_connection_call_sync (connection, NULL, REGIA_SHOW_OBJECT, "org.regia.Show1",
                                                 method, arguments, G_VARIANT_TYPE (reply_type),
                                                 G_DBUS_CALL_FLAGS_NONE, (int)timeout_ms, NULL, error);

  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  return reply;
}

GVariant *
regia_client_get_status (const char *control_path, guint timeout_ms, GError **error)
{
  g_autoptr (GDBusConnection) connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);
  g_autoptr (GVariant) reply =
      connection != NULL ? call (connection, "GetStatus", NULL, "(a{sv})", timeout_ms, error) : NULL;

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **ret_result = user_data;

  *ret_result = g_object_ref (result);
}

GVariant *
regia_client_stop (const char *control_path, gboolean quit, guint timeout_ms, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) stopped = NULL;
  g_autoptr (GVariant) reply = NULL;

  connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);
  if (connection == NULL)
    return NULL;
  /* Asked before it is told to end, on the same connection: it cannot be gone by then. */
  g_main_context_push_thread_default (context);
  g_dbus_connection_call (connection, NULL, REGIA_SHOW_OBJECT, "org.regia.Show1", "WaitEnd", NULL,
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, ended_cb,
                          &result);
  g_main_context_pop_thread_default (context);
  stopped = call (connection, "Stop", g_variant_new ("(b)", quit), "()", timeout_ms, error);
  if (stopped == NULL)
    g_dbus_connection_close_sync (connection, NULL, NULL);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  reply = g_dbus_connection_call_finish (connection, result, stopped != NULL ? error : NULL);
  if (reply == NULL && stopped != NULL)
    g_prefix_error (error,
                    "Regia has gone without saying how the event ended; `regia run` of the same event goes "
                    "on with it or finishes its recording: ");
  return reply != NULL && stopped != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}
