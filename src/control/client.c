/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-control"

#include "regia/control/client.h"

#include <gio/gunixfdlist.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/socket.h"
#include "regia/control/paths.h"

/* The process that holds director.lock, where the file can be believed; 0 otherwise: it may be of an earlier
 * run, and could not be written to since. */
static int
find_owner (int lock_fd)
{
  char text[16] = "";
  g_autofree char *link = NULL, *program = NULL, *own = g_file_read_link ("/proc/self/exe", NULL);
  gssize n = pread (lock_fd, text, sizeof text - 1, 0);
  int pid = n > 0 ? atoi (text) : 0;

  if (pid <= 0)
    return 0;
  link = g_strdup_printf ("/proc/%d/exe", pid);
  program = g_file_read_link (link, NULL);
  return program != NULL && g_strcmp0 (program, own) == 0 ? pid : 0;
}

/* Nobody answered: says what may be the matter and what to do about it. */
static void
explain_silence (const char *control_path, int errno_of_it, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (control_path);
  g_autofree char *lock_path = g_build_filename (folder, "director.lock", NULL);
  g_autofree char *who = NULL;
  int fd = open (lock_path, O_RDONLY | O_CLOEXEC);
  gboolean held = fd >= 0 && flock (fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
  int pid = held ? find_owner (fd) : 0;

  if (fd >= 0)
    close (fd);
  who = pid > 0 ? g_strdup_printf ("`kill %d`", pid)
                : g_strdup ("Ctrl-C where it was started or `systemctl stop regia`");
  if (held)
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_STATE,
        "an event runs on this folder, but %s does not answer (%s). Its socket is made anew within some "
        "seconds: try again; %s ends the event without it",
        control_path, g_strerror (errno_of_it), who);
  else
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_STATE,
        "nothing runs here (%s: %s); start an event with `regia run`, or name its folder with --state. If "
        "one runs and its folder was removed, it makes it anew within some seconds: try again; %s ends the "
        "event without it",
        control_path, g_strerror (errno_of_it), who);
}

static GDBusConnection *
connect_to (const char *control_path, guint timeout_s, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GError) local_error = NULL;
  GDBusConnection *connection;
  int fd = regia_socket_connect (control_path);

  if (fd < 0) {
    explain_silence (control_path, errno, error);
    return NULL;
  }
  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL) {
    close (fd);
    return NULL;
  }
  /* The D-Bus handshake has no deadline of its own; a director that is stopped would keep us for ever. */
  g_socket_set_timeout (socket, timeout_s);
  stream = g_socket_connection_factory_create_connection (socket);
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
call_object (GDBusConnection *connection, const char *object, const char *interface, const char *method,
             GVariant *arguments, const char *reply_type, guint timeout_ms, GError **error)
{
  GVariant *reply = g_dbus_connection_call_sync (connection, NULL, object, interface, method, arguments,
                                                 G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE,
                                                 (int)timeout_ms, NULL, error);

  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  return reply;
}

static GVariant *
call (GDBusConnection *connection, const char *method, GVariant *arguments, const char *reply_type,
      guint timeout_ms, GError **error)
{
  return call_object (connection, REGIA_SHOW_OBJECT, "org.regia.Show1", method, arguments, reply_type,
                      timeout_ms, error);
}

GVariant *
regia_client_get_status (const char *control_path, guint timeout_ms, GError **error)
{
  g_autoptr (GDBusConnection) connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);
  g_autoptr (GVariant) reply =
      connection != NULL ? call (connection, "GetStatus", NULL, "(a{sv})", timeout_ms, error) : NULL;

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

GVariant *
regia_client_get_events (const char *control_path, guint timeout_ms, GError **error)
{
  g_autoptr (GDBusConnection) connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);
  g_autoptr (GVariant) reply =
      connection != NULL ? call (connection, "GetEvents", NULL, "(a{sv})", timeout_ms, error) : NULL;

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static void
explain_lateness (const char *remedy, guint timeout_ms, GError **error)
{
  if (error != NULL && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_prefix_error (error, "no answer within %u s, so it is not known whether this took effect (%s): ",
                    timeout_ms / 1000, remedy);
}

/* What changes something: without an answer nobody knows whether it did. Takes @arguments. */
static GVariant *
call_change (const char *control_path, const char *method, GVariant *arguments, guint timeout_ms,
             GError **error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (arguments);
  g_autoptr (GDBusConnection) connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);
  g_autoptr (GVariant) reply = NULL;

  if (connection == NULL)
    return NULL;
  reply = call (connection, method, owned, "(a{sv})", timeout_ms, error);
  if (reply == NULL)
    explain_lateness ("`regia status` tells", timeout_ms, error);
  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

GVariant *
regia_client_command (const char *control_path, const char *id, GVariant *change, guint timeout_ms,
                      GError **error)
{
  return call_change (control_path, "Command", g_variant_new ("(s@a{sv})", id, change), timeout_ms, error);
}

GVariant *
regia_client_start (const char *control_path, const char *name, gboolean again, guint timeout_ms,
                    GError **error)
{
  return call_change (control_path, "Start", g_variant_new ("(sb)", name, again), timeout_ms, error);
}

GVariant *
regia_client_rehearse (const char *control_path, const char *name, guint timeout_ms, GError **error)
{
  return call_change (control_path, "Rehearse", g_variant_new ("(s)", name), timeout_ms, error);
}

int
regia_client_open_feed (const char *control_path, guint timeout_ms, GError **error)
{
  g_autoptr (GDBusConnection) connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);
  g_autoptr (GUnixFDList) list = NULL;
  g_autoptr (GVariant) reply = NULL;
  gint32 handle;

  if (connection == NULL)
    return -1;
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      connection, NULL, REGIA_SHOW_OBJECT, "org.regia.Show1", "OpenFeed", NULL, G_VARIANT_TYPE ("(h)"),
      G_DBUS_CALL_FLAGS_NONE, (int)timeout_ms, NULL, &list, NULL, error);
  if (reply == NULL)
    return -1;
  g_variant_get (reply, "(h)", &handle);
  if (list == NULL || handle < 0 || handle >= g_unix_fd_list_get_length (list)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the director at %s gave no descriptor",
                 control_path);
    return -1;
  }
  return g_unix_fd_list_get (list, handle, error);
}

/* Takes @arguments. */
static GVariant *
call_people (const char *control_path, const char *method, GVariant *arguments, const char *reply_type,
             guint timeout_ms, GError **error)
{
  g_autoptr (GVariant) owned = arguments != NULL ? g_variant_ref_sink (arguments) : NULL;
  g_autoptr (GDBusConnection) connection = connect_to (control_path, MAX (timeout_ms / 1000, 1u), error);

  if (connection == NULL)
    return NULL;
  return call_object (connection, REGIA_PEOPLE_OBJECT, "org.regia.People1", method, owned, reply_type,
                      timeout_ms, error);
}

GVariant *
regia_client_list_people (const char *control_path, guint timeout_ms, GError **error)
{
  g_autoptr (GVariant) reply = call_people (control_path, "List", NULL, "(aa{sv})", timeout_ms, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static gboolean
change_people (const char *control_path, const char *method, GVariant *arguments, guint timeout_ms,
               GError **error)
{
  g_autoptr (GVariant) reply = call_people (control_path, method, arguments, "()", timeout_ms, error);

  if (reply == NULL)
    explain_lateness ("`regia passwd --list` tells", timeout_ms, error);
  return reply != NULL;
}

gboolean
regia_client_set_person (const char *control_path, const char *name, const char *role, const char *hash,
                         guint timeout_ms, GError **error)
{
  return change_people (control_path, "Set", g_variant_new ("(sss)", name, role, hash), timeout_ms, error);
}

gboolean
regia_client_remove_person (const char *control_path, const char *name, guint timeout_ms, GError **error)
{
  return change_people (control_path, "Remove", g_variant_new ("(s)", name), timeout_ms, error);
}

char *
regia_client_make_link (const char *control_path, guint *ret_seconds, guint timeout_ms, GError **error)
{
  g_autoptr (GVariant) reply = call_people (control_path, "MakeLink", NULL, "(su)", timeout_ms, error);
  char *address = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(su)", &address, ret_seconds);
  return address;
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
