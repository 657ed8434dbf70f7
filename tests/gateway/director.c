/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "director.h"

#include <string.h>
#include <sys/socket.h>

#include "regia-control-generated.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"

struct _Director {
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  int fd;
  GDBusConnection *connection;
  RegiaDBusAccounts1 *accounts;
  RegiaDBusConsole1 *console;
  gboolean was_used; /* the one-time token; the director's thread */
  GMutex lock;       /* guards: */
  GString *asked;
  gboolean forgotten;
};

G_GNUC_PRINTF (2, 3)
static void
note (Director *self, const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  g_mutex_lock (&self->lock);
  g_string_append_printf (self->asked, "%s\n", line);
  g_mutex_unlock (&self->lock);
}

static gboolean
is_technician (Director *self, const char *token)
{
  gboolean forgotten;

  g_mutex_lock (&self->lock);
  forgotten = self->forgotten;
  g_mutex_unlock (&self->lock);
  return !forgotten && strcmp (token, DIRECTOR_TECHNICIAN) == 0;
}

static gboolean
login_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *name,
          const char *password, const char *address, gpointer data)
{
  gboolean right = strcmp (name, "anna") == 0 && strcmp (password, "right") == 0;
  gboolean wait = strcmp (name, "guesser") == 0;

  note (data, "login %s %s", name, address);
  regia_dbus_accounts1_complete_login (skeleton, invocation,
                                       right  ? ""
                                       : wait ? "wait"
                                              : "wrong",
                                       wait ? 7 : 0, right ? DIRECTOR_TECHNICIAN : "",
                                       right ? "technician" : "viewer", right ? 4000000000 : 0);
  return TRUE;
}

static gboolean
use_one_time_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
                 const char *address, gpointer data)
{
  Director *self = data;
  gboolean right = !self->was_used && strcmp (token, DIRECTOR_ONCE) == 0;

  note (self, "once %s", address);
  self->was_used = self->was_used || right;
  regia_dbus_accounts1_complete_use_one_time (skeleton, invocation, right ? "" : "wrong", 0,
                                              right ? DIRECTOR_TECHNICIAN : "",
                                              right ? "technician" : "viewer", right ? 4000000000 : 0);
  return TRUE;
}

static gboolean
check_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token, gpointer data)
{
  gboolean staff = strcmp (token, DIRECTOR_STAFF) == 0, technician = is_technician (data, token);

  note (data, "check");
  regia_dbus_accounts1_complete_check (skeleton, invocation,
                                       technician ? "anna"
                                       : staff    ? "bruno"
                                                  : "",
                                       technician ? "technician"
                                       : staff    ? "staff"
                                                  : "viewer");
  return TRUE;
}

static gboolean
logout_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token, gpointer data)
{
  note (data, "logout");
  director_forget (data);
  regia_dbus_accounts1_complete_logout (skeleton, invocation);
  return TRUE;
}

/* What is marked says what becomes of it. */
static gboolean
command_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token, const char *id,
            GVariant *change, gpointer data)
{
  g_autofree char *text = g_variant_print (change, FALSE);
  GVariantDict dict;

  note (data, "command %s %s", id, text);
  if (!is_technician (data, token)) {
    g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                   "the session is over");
  } else if (strstr (text, "no-relay") != NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_USAGE, "no relay");
  } else if (strstr (text, "too-late") != NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_STATE, "over");
  } else if (strstr (text, "disk-full") != NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
  } else if (strstr (text, "goes-away") != NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, G_IO_ERROR, G_IO_ERROR_CLOSED, "went away");
  } else if (strstr (text, "killed") != NULL) {
    g_dbus_connection_close_sync (g_dbus_method_invocation_get_connection (invocation), NULL, NULL);
    g_object_unref (invocation);
  } else {
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "version", "t", (guint64)3);
    regia_dbus_console1_complete_command (skeleton, invocation, g_variant_dict_end (&dict));
  }
  return TRUE;
}

static gboolean
start_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token, const char *id,
          const char *name, gboolean again, gpointer data)
{
  GVariantDict dict;

  note (data, "start %s %s%s", id, name, again ? " again" : "");
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", name);
  regia_dbus_console1_complete_start (skeleton, invocation, g_variant_dict_end (&dict));
  return TRUE;
}

static gboolean
rehearse_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
             const char *id, const char *name, gpointer data)
{
  note (data, "rehearse %s %s", id, name);
  regia_dbus_console1_complete_rehearse (skeleton, invocation, g_variant_new ("a{sv}", NULL));
  return TRUE;
}

static gboolean
stop_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token, const char *id,
         gpointer data)
{
  note (data, "stop %s", id);
  regia_dbus_console1_complete_stop (skeleton, invocation, g_variant_new ("a{sv}", NULL));
  return TRUE;
}

/* What the text, or else the name, says becomes of it. */
static gboolean
edit_file_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
              const char *action, const char *name, GVariant *arguments, gpointer data)
{
  g_autofree char *text = g_variant_print (arguments, FALSE);
  const char *outcome = NULL;
  GVariantDict dict;

  note (data, "edit %s %s %s", action, name, text);
  if (strstr (name, "..") != NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_USAGE,
                                                   "no such name");
    return TRUE;
  }
  g_variant_lookup (arguments, "text", "&s", &outcome);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "outcome", "s",
                         outcome != NULL                   ? outcome
                         : strcmp (action, "remove") == 0  ? "removed"
                         : strcmp (name, "none.conf") == 0 ? "missing"
                                                           : "read");
  g_variant_dict_insert (&dict, "version", "s", strcmp (action, "remove") == 0 ? "" : "v2");
  regia_dbus_console1_complete_edit_file (skeleton, invocation, g_variant_dict_end (&dict));
  return TRUE;
}

static GDBusConnection *
connect_to (int fd, gboolean as_server)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autofree char *guid = g_dbus_generate_guid ();
  GDBusConnection *connection =
      g_dbus_connection_new_sync (G_IO_STREAM (stream), as_server ? guid : NULL,
                                  as_server ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                                  G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING
                                            : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                                  NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void export (gpointer skeleton, Director *self, const char *object)
{
  g_autoptr (GError) error = NULL;

  g_dbus_interface_skeleton_export (skeleton, self->connection, object, &error);
  g_assert_no_error (error);
}

static gpointer
thread_func (gpointer data)
{
  Director *self = data;

  g_main_context_push_thread_default (self->context);
  self->connection = connect_to (self->fd, TRUE);
  self->accounts = regia_dbus_accounts1_skeleton_new ();
  self->console = regia_dbus_console1_skeleton_new ();
  g_signal_connect (self->accounts, "handle-login", G_CALLBACK (login_cb), self);
  g_signal_connect (self->accounts, "handle-use-one-time", G_CALLBACK (use_one_time_cb), self);
  g_signal_connect (self->accounts, "handle-check", G_CALLBACK (check_cb), self);
  g_signal_connect (self->accounts, "handle-logout", G_CALLBACK (logout_cb), self);
  g_signal_connect (self->console, "handle-command", G_CALLBACK (command_cb), self);
  g_signal_connect (self->console, "handle-start", G_CALLBACK (start_cb), self);
  g_signal_connect (self->console, "handle-rehearse", G_CALLBACK (rehearse_cb), self);
  g_signal_connect (self->console, "handle-edit-file", G_CALLBACK (edit_file_cb), self);
  g_signal_connect (self->console, "handle-stop", G_CALLBACK (stop_cb), self);
  export (self->accounts, self, REGIA_ACCOUNTS_OBJECT);
  export (self->console, self, REGIA_CONSOLE_OBJECT);
  g_dbus_connection_start_message_processing (self->connection);
  g_main_loop_run (self->loop);
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->accounts));
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->console));
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_object_unref (self->accounts);
  g_object_unref (self->console);
  g_object_unref (self->connection);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

Director *
director_new (GDBusConnection **ret_connection)
{
  Director *self = g_new0 (Director, 1);
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_mutex_init (&self->lock);
  self->asked = g_string_new (NULL);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->fd = pair[0];
  self->thread = g_thread_new ("director", thread_func, self);
  *ret_connection = connect_to (pair[1], FALSE);
  g_dbus_connection_set_exit_on_close (*ret_connection, FALSE);
  return self;
}

void
director_hang_up (Director *self)
{
  g_main_loop_quit (self->loop);
  g_clear_pointer (&self->thread, g_thread_join);
}

void
director_free (Director *self)
{
  if (self->thread != NULL)
    director_hang_up (self);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_string_free (self->asked, TRUE);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
director_forget (Director *self)
{
  g_mutex_lock (&self->lock);
  self->forgotten = TRUE;
  g_mutex_unlock (&self->lock);
}

char *
director_take (Director *self)
{
  char *asked;

  g_mutex_lock (&self->lock);
  asked = g_strdup (self->asked->str);
  g_string_set_size (self->asked, 0);
  g_mutex_unlock (&self->lock);
  return asked;
}
