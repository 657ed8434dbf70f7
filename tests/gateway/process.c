/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gateway's process, started as the director starts it (this very program again), with an event that it
 * cannot serve, and a director that is gone or says Stop in the same moment.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../part.h"
#include "../wait.h"
#include "regia/gateway/gateway.h"

#define ROUNDS 12

static void
exited_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *(gboolean *)data = TRUE;
}

static void
call_stop (GDBusConnection *connection)
{
  g_dbus_connection_call (connection, NULL, "/org/regia/Process", "org.regia.Process1", "Stop",
                          g_variant_new ("(b)", TRUE), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL,
                          NULL);
  g_dbus_connection_flush_sync (connection, NULL, NULL);
}

/* @data: whether it is told Stop; else the director goes away. */
static void
test_stopped_unserved (gconstpointer data)
{
  gboolean say_stop = GPOINTER_TO_INT (data);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    g_autoptr (GSubprocess) gateway = NULL;
    g_autoptr (GSocket) socket = NULL;
    g_autoptr (GSocketConnection) stream = NULL;
    g_autoptr (GDBusConnection) connection = NULL;
    g_autoptr (GError) error = NULL;
    g_autofree char *guid = g_dbus_generate_guid ();
    gboolean gone = FALSE;
    g_autoptr (GVariant) part = g_variant_ref_sink (part_new (NULL, "/nonexistent", "1:2:b", 1));
    g_autofree char *name = NULL;
    int pair[2], part_fd = g_file_open_tmp ("regia-part-XXXXXX", &name, &error);

    g_assert_no_error (error);
    g_unlink (name);
    g_assert_cmpint (write (part_fd, g_variant_get_data (part), g_variant_get_size (part)), ==,
                     (gssize)g_variant_get_size (part));
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_subprocess_launcher_take_fd (launcher, pair[1], 3);
    g_subprocess_launcher_take_fd (launcher, part_fd, REGIA_CHILD_PART_FD);
    gateway = g_subprocess_launcher_spawn (launcher, &error, "/proc/self/exe", "child", "gateway", NULL);
    g_assert_no_error (error);
    g_subprocess_launcher_close (launcher);
    socket = g_socket_new_from_fd (pair[0], &error);
    g_assert_no_error (error);
    stream = g_socket_connection_factory_create_connection (socket);
    connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), guid,
                                             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                                 G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                             NULL, NULL, &error);
    g_assert_no_error (error);
    g_dbus_connection_set_exit_on_close (connection, FALSE);
    g_dbus_connection_start_message_processing (connection);
    if (say_stop)
      call_stop (connection);
    else
      g_dbus_connection_close_sync (connection, NULL, NULL);
    g_subprocess_wait_async (gateway, NULL, exited_cb, &gone);
    WAIT_UNTIL (gone);
    if (g_subprocess_get_if_signaled (gateway))
      g_error ("round %u: the gateway died of signal %d", round, g_subprocess_get_term_sig (gateway));
  }
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0)
    return regia_child_main (&regia_gateway_class, argc - 2, argv + 2);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/gateway/process/stopped-unserved", GINT_TO_POINTER (TRUE), test_stopped_unserved);
  g_test_add_data_func ("/gateway/process/orphaned-unserved", GINT_TO_POINTER (FALSE), test_stopped_unserved);
  return g_test_run ();
}
