/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A system bus with nobody on it but systemd, which says in which state the machine is: `system-bus SOCKET
 * STATE`, for example "stopping".
 */
#include <gio/gio.h>
#include <stdio.h>

static const char xml[] = "<node><interface name='org.freedesktop.DBus'><method name='Hello'><arg type='s' "
                          "direction='out'/></method>"
                          "</interface><interface name='org.freedesktop.systemd1.Manager'>"
                          "<property name='SystemState' type='s' access='read'/></interface></node>";

static GDBusNodeInfo *node;

static void
call_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *arguments, GDBusMethodInvocation *invocation, gpointer data)
{
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", ":1.1"));
}

static GVariant *
get_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
        const char *property, GError **error, gpointer data)
{
  return g_variant_new_string (data);
}

static const GDBusInterfaceVTable vtable = {.method_call = call_cb, .get_property = get_cb};

static gboolean
connected_cb (GDBusServer *server, GDBusConnection *connection, gpointer state)
{
  g_dbus_connection_register_object (connection, "/org/freedesktop/DBus", node->interfaces[0], &vtable, state,
                                     NULL, NULL);
  g_dbus_connection_register_object (connection, "/org/freedesktop/systemd1", node->interfaces[1], &vtable,
                                     state, NULL, NULL);
  g_object_ref (connection); /* for as long as this runs */
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *address = g_strdup_printf ("unix:path=%s", argc > 2 ? argv[1] : "");
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusServer) server = NULL;

  if (argc != 3) {
    fprintf (stderr, "system-bus SOCKET STATE\n");
    return 64;
  }
  node = g_dbus_node_info_new_for_xml (xml, NULL);
  server = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);
  if (server == NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 69;
  }
  g_signal_connect (server, "new-connection", G_CALLBACK (connected_cb), argv[2]);
  g_dbus_server_start (server);
  g_main_loop_run (loop);
  return 0;
}
