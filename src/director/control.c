/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "control-private.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia-control-generated.h"
#include "regia/base/error.h"
#include "regia/base/socket.h"
#include "regia/control/paths.h"

/* How long a client may take to say who it is. */
#define HANDSHAKE_S 5
/* Clients that are saying so; more wait. */
#define HANDSHAKES 16

/*
 * RegiaControlListener: the listening socket and where it lies. Made and looked at on any one thread at a
 * time: the state folder may be removed or hang in mid-event, so looking again is done where waiting does no
 * harm (watch.c).
 */
struct _RegiaControlListener {
  char *path; /* (owned) */
  int listen_fd;
  dev_t device; /* of the socket in the file system */
  ino_t inode;
  gboolean served;
};

struct _RegiaControl {
  const RegiaControlMethods *methods; /* static */
  gpointer user_data;
  RegiaControlListener *listener; /* (owned) (nullable): none, or lent to whoever looks after it */
  GSocketService *service;        /* (owned) (nullable): accepts at the listener */
  RegiaDBusShow1 *full;           /* (owned) */
  GDBusInterfaceSkeleton *more;   /* (owned) (nullable): what else is served … */
  const char *more_object;        /* … and where; static */
  GPtrArray *connections;         /* (owned) (element-type GDBusConnection) */
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

/* An answer that is given later. */
typedef struct {
  RegiaControl *control;
  GDBusMethodInvocation *invocation; /* (owned) */
} Question;

static Question *
question_new (RegiaControl *self, GDBusMethodInvocation *invocation)
{
  Question *question = g_new (Question, 1);

  *question = (Question){self, invocation};
  return question;
}

static void
stopped_cb (const GError *error, gpointer user_data)
{
  g_autofree Question *question = user_data;

  /* It ends in any case; that a crash might undo it is a warning in the status. */
  if (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_STATE))
    g_dbus_method_invocation_return_gerror (question->invocation, error);
  else
    regia_dbus_show1_complete_stop (question->control->full, question->invocation);
}

/* Whoever asks, as the kernel knows him. */
char *
regia_control_name_caller (GDBusMethodInvocation *invocation)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  GCredentials *credentials = g_dbus_connection_get_peer_credentials (connection);
  uid_t uid = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t)-1;
  char buffer[4096];
  struct passwd entry, *found = NULL;

  if (getpwuid_r (uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
    return g_strdup_printf ("%s, command line", found->pw_name);
  return g_strdup_printf ("uid %u, command line", (guint)uid);
}

static gboolean
stop_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gboolean quit, gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autofree char *who = regia_control_name_caller (invocation);

  self->methods->stop (quit, who, stopped_cb, question_new (self, invocation), self->user_data);
  return TRUE;
}

static void
commanded_cb (GVariant *result, const GError *error, gpointer user_data)
{
  g_autofree Question *question = user_data;

  if (error != NULL)
    g_dbus_method_invocation_return_gerror (question->invocation, error);
  else
    regia_dbus_show1_complete_command (question->control->full, question->invocation, result);
}

static gboolean
command_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, const char *id, GVariant *change,
            gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autofree char *who = regia_control_name_caller (invocation);

  self->methods->command (id, who, change, commanded_cb, question_new (self, invocation), self->user_data);
  return TRUE;
}

static void
started_cb (GVariant *result, const GError *error, gpointer user_data)
{
  g_autofree Question *question = user_data;

  if (error != NULL)
    g_dbus_method_invocation_return_gerror (question->invocation, error);
  else
    regia_dbus_show1_complete_start (question->control->full, question->invocation, result);
}

static gboolean
start_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, const char *name, gboolean again,
          gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autofree char *who = regia_control_name_caller (invocation);

  self->methods->start (name, again, who, started_cb, question_new (self, invocation), self->user_data);
  return TRUE;
}

static void
rehearsed_cb (GVariant *result, const GError *error, gpointer user_data)
{
  g_autofree Question *question = user_data;

  if (error != NULL)
    g_dbus_method_invocation_return_gerror (question->invocation, error);
  else
    regia_dbus_show1_complete_rehearse (question->control->full, question->invocation, result);
}

static gboolean
rehearse_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, const char *name,
             gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autofree char *who = regia_control_name_caller (invocation);

  self->methods->rehearse (name, who, rehearsed_cb, question_new (self, invocation), self->user_data);
  return TRUE;
}

static void
got_events_cb (GVariant *result, const GError *error, gpointer user_data)
{
  g_autofree Question *question = user_data;

  if (error != NULL)
    g_dbus_method_invocation_return_gerror (question->invocation, error);
  else
    regia_dbus_show1_complete_get_events (question->control->full, question->invocation, result);
}

static gboolean
get_events_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaControl *self = user_data;

  self->methods->get_events (got_events_cb, question_new (self, invocation), self->user_data);
  return TRUE;
}

static gboolean
open_feed_cb (RegiaDBusShow1 *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *list,
              gpointer user_data)
{
  RegiaControl *self = user_data;
  g_autoptr (GUnixFDList) reply = NULL;
  g_autoptr (GError) error = NULL;
  int fd = self->methods->open_feed (self->user_data, &error);

  if (fd < 0) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return TRUE;
  }
  reply = g_unix_fd_list_new_from_array (&fd, 1);
  regia_dbus_show1_complete_open_feed (skeleton, invocation, reply, g_variant_new_handle (0));
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
regia_control_tell_begin (RegiaControl *self)
{
  g_clear_pointer (&self->ended, g_variant_unref);
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

void
regia_control_add (RegiaControl *self, GDBusInterfaceSkeleton *skeleton, const char *object)
{
  g_clear_object (&self->more);
  self->more = g_object_ref (skeleton);
  self->more_object = object;
}

static void
closed_cb (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error, gpointer user_data)
{
  RegiaControl *self = user_data;

  g_dbus_interface_skeleton_unexport_from_connection (G_DBUS_INTERFACE_SKELETON (self->full), connection);
  if (self->more != NULL && g_dbus_interface_skeleton_has_connection (self->more, connection))
    g_dbus_interface_skeleton_unexport_from_connection (self->more, connection);
  g_ptr_array_remove_fast (self->connections, connection);
}

typedef struct {
  RegiaControl *control;
  GDBusConnection *connection; /* (owned) */
} Arrival;

static void
arrival_free (Arrival *arrival)
{
  g_object_unref (arrival->connection);
  g_free (arrival);
}

static gboolean
serve (RegiaControl *self, GDBusConnection *connection, GError **error)
{
  GDBusInterfaceSkeleton *full = G_DBUS_INTERFACE_SKELETON (self->full);

  if (!g_dbus_interface_skeleton_export (full, connection, REGIA_SHOW_OBJECT, error))
    return FALSE;
  if (self->more == NULL ||
      g_dbus_interface_skeleton_export (self->more, connection, self->more_object, error))
    return TRUE;
  g_dbus_interface_skeleton_unexport_from_connection (full, connection);
  return FALSE;
}

static gboolean
arrived_cb (gpointer user_data)
{
  Arrival *arrival = user_data;
  RegiaControl *self = arrival->control;
  GDBusConnection *connection = arrival->connection;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_set_exit_on_close (connection, FALSE);
  if (!serve (self, connection, &error)) {
    g_warning ("a control connection cannot be served: %s", error->message);
    return G_SOURCE_REMOVE;
  }
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), self);
  g_ptr_array_add (self->connections, g_object_ref (connection));
  g_dbus_connection_start_message_processing (connection);
  return G_SOURCE_REMOVE;
}

/* Root and the user that Regia runs as; the socket's mode says the same, this holds even if somebody loosens
 * it. */
static gboolean
authorize_cb (GDBusAuthObserver *observer, GIOStream *stream, GCredentials *credentials, gpointer user_data)
{
  uid_t uid = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t)-1;

  return uid == geteuid () || uid == 0;
}

/* On a thread of the service: who connects and then says nothing keeps nobody but itself waiting. */
static gboolean
run_cb (GThreadedSocketService *service, GSocketConnection *stream, GObject *source, gpointer user_data)
{
  GSocket *socket = g_socket_connection_get_socket (stream);
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection;
  Arrival *arrival;

  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (authorize_cb), NULL);
  g_socket_set_timeout (socket, HANDSHAKE_S);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), guid,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                               G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                           observer, NULL, &error);
  g_socket_set_timeout (socket, 0);
  if (connection == NULL) {
    g_debug ("control.sock: %s", error->message);
    return TRUE;
  }
  arrival = g_new0 (Arrival, 1);
  arrival->control = user_data;
  arrival->connection = connection;
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, arrived_cb, arrival, (GDestroyNotify)arrival_free);
  return TRUE;
}

RegiaControlListener *
regia_control_listener_new (const char *path, GError **error)
{
  RegiaControlListener *self;
  struct stat st;
  int fd = regia_socket_listen (path, error);

  if (fd < 0)
    return NULL;
  self = g_new0 (RegiaControlListener, 1);
  self->path = g_strdup (path);
  self->listen_fd = fd;
  if (lstat (path, &st) == 0) {
    self->device = st.st_dev;
    self->inode = st.st_ino;
  }
  return self;
}

gboolean
regia_control_listener_is_there (RegiaControlListener *self)
{
  struct stat st;

  return lstat (self->path, &st) == 0 && st.st_dev == self->device && st.st_ino == self->inode;
}

void
regia_control_listener_free (RegiaControlListener *self)
{
  if (self == NULL)
    return;
  /* Only our own: what has its place by now may be somebody else's. */
  if (regia_control_listener_is_there (self))
    unlink (self->path);
  close (self->listen_fd);
  g_free (self->path);
  g_free (self);
}

RegiaControl *
regia_control_new (const RegiaControlMethods *methods, gpointer user_data)
{
  RegiaControl *self = g_new0 (RegiaControl, 1);

  self->methods = methods;
  self->user_data = user_data;
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->waiting = g_ptr_array_new ();
  self->full = regia_dbus_show1_skeleton_new ();
  g_signal_connect (self->full, "handle-get-status", G_CALLBACK (get_status_cb), self);
  g_signal_connect (self->full, "handle-stop", G_CALLBACK (stop_cb), self);
  g_signal_connect (self->full, "handle-command", G_CALLBACK (command_cb), self);
  g_signal_connect (self->full, "handle-start", G_CALLBACK (start_cb), self);
  g_signal_connect (self->full, "handle-rehearse", G_CALLBACK (rehearse_cb), self);
  g_signal_connect (self->full, "handle-get-events", G_CALLBACK (get_events_cb), self);
  g_signal_connect (self->full, "handle-wait-end", G_CALLBACK (wait_end_cb), self);
  g_signal_connect (self->full, "handle-open-feed", G_CALLBACK (open_feed_cb), self);
  return self;
}

static void
stop_service (RegiaControl *self)
{
  if (self->service == NULL)
    return;
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
}

void
regia_control_open (RegiaControl *self, RegiaControlListener *listener)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  self->listener = listener;
  /* One that was looked at and is still the same. */
  if (listener->served)
    return;
  stop_service (self);
  listener->served = TRUE;
  socket = g_socket_new_from_fd (fcntl (listener->listen_fd, F_DUPFD_CLOEXEC, 3), &error);
  self->service = g_threaded_socket_service_new (HANDSHAKES);
  if (socket == NULL ||
      !g_socket_listener_add_socket (G_SOCKET_LISTENER (self->service), socket, NULL, &error)) {
    g_warning ("%s cannot be served: %s", listener->path, error->message);
    return;
  }
  g_signal_connect (self->service, "run", G_CALLBACK (run_cb), self);
  g_socket_service_start (self->service);
}

RegiaControlListener *
regia_control_lend (RegiaControl *self)
{
  return g_steal_pointer (&self->listener);
}

void
regia_control_free (RegiaControl *self)
{
  if (self == NULL)
    return;
  stop_service (self);
  regia_control_listener_free (self->listener);
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
  g_clear_object (&self->more);
  g_free (self);
}
