/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-control"

#include "regia/control/client.h"

#include <gio/gunixsocketaddress.h>

#include "regia/base/error.h"
#include "regia/control/paths.h"

static GVariant *
call (const char *control_path, const char *method, GVariant *arguments, const char *reply_type,
      guint timeout_ms, GError **error)
{
  g_autoptr (GVariant) owned = arguments != NULL ? g_variant_ref_sink (arguments) : NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (control_path);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GError) local_error = NULL;
  GVariant *reply;

  /* The D-Bus handshake has no deadline of its own; a director that is stopped would keep us for ever. */
  g_socket_client_set_timeout (client, MAX (timeout_ms / 1000, 1u));
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
  reply = g_dbus_connection_call_sync (connection, NULL, REGIA_SHOW_OBJECT, "org.regia.Show1", method, owned,
                                       G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE, (int)timeout_ms,
                                       NULL, error);
  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  return reply;
}

GVariant *
regia_client_get_status (const char *control_path, guint timeout_ms, GError **error)
{
  g_autoptr (GVariant) reply = call (control_path, "GetStatus", NULL, "(a{sv})", timeout_ms, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

gboolean
regia_client_stop (const char *control_path, gboolean quit, guint timeout_ms, GError **error)
{
  g_autoptr (GVariant) reply =
      call (control_path, "Stop", g_variant_new ("(b)", quit), "()", timeout_ms, error);

  return reply != NULL;
}
