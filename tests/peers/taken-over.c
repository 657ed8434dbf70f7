/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Regia with a gateway that was taken over: the whole program, but for `child gateway`, which is this
 * stand-in, started by the director's own table as the real one is. It is no server and is not shut in; it
 * answers the director as a well-behaved child does, and on SIGUSR1 it tries on its control connection
 * whatever can be called: each method and property of the interfaces of src/control's XML, and of D-Bus' own,
 * at each path, with arguments that would do something; then it tells lies. Each try is a line of the file
 * that REGIA_TAKEN_OVER names:
 *
 *   call PATH INTERFACE METHOD ANSWER     ANSWER: a D-Bus error's name, or "answered"
 *   found PATH INTERFACE                  what introspection shows
 *   done N
 */
#undef main /* src/main.c's is called otherwise here */

#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regia-control-generated.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"

#define TRY_US    (20 * 1000) /* between two: the director's guard lets 100 messages a second through */
#define ANSWER_MS 3000

int regia_main (int argc, char **argv);

static const char dbus_xml[] =
    "<node>"
    "<interface name='org.freedesktop.DBus.Peer'><method name='Ping'/><method "
    "name='GetMachineId'/></interface>"
    "<interface name='org.freedesktop.DBus.Introspectable'><method name='Introspect'/></interface>"
    "<interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'/></interface>"
    "<interface name='org.freedesktop.DBus.Monitoring'><method name='BecomeMonitor'>"
    "<arg type='as' direction='in'/><arg type='u' direction='in'/></method></interface>"
    "<interface name='org.freedesktop.DBus'><method name='Hello'/><method name='ListNames'/>"
    "<method name='RequestName'><arg type='s' direction='in'/><arg type='u' direction='in'/></method>"
    "<method name='StartServiceByName'><arg type='s' direction='in'/><arg type='u' direction='in'/></method>"
    "<method name='UpdateActivationEnvironment'><arg type='a{ss}' direction='in'/></method>"
    "<method name='AddMatch'><arg type='s' direction='in'/></method>"
    "<method name='GetConnectionUnixProcessID'><arg type='s' direction='in'/></method></interface>"
    "</node>";

static const char *const paths[] = {"/",
                                    "/org",
                                    "/org/regia",
                                    REGIA_SHOW_OBJECT,
                                    REGIA_PROCESS_OBJECT,
                                    REGIA_ACCOUNTS_OBJECT,
                                    REGIA_CONSOLE_OBJECT,
                                    "/org/regia/Show/1",
                                    "/org/freedesktop/DBus"};

/* What a command changes (control/org.regia.control.xml, "Show.Command"), one key each; then a whole part. */
static const char *const changes[] = {"{'private': <true>}",
                                      "{'paused': <true>}",
                                      "{'relay': <('platform', false)>}",
                                      "{'mark': <(uint64 1000, 'taken over')>}",
                                      "{'end': <int64 1>}",
                                      "{'private': <true>, 'paused': <true>, 'recordings': <'/'>}"};
static const char *const words[] = {"second", "taken-over", "house"};

typedef struct {
  GMainLoop *loop;             /* (owned) */
  GDBusConnection *connection; /* (owned) */
  RegiaDBusProcess1 *skeleton; /* (owned) */
  GThread *worker;             /* (owned) (nullable) */
  FILE *report;                /* the worker's */
  guint tries;                 /* the worker's */
} Standin;

/* --- arguments --- */

/* The @n-th value of a type, of as many as there are. */
static GVariant *
make_value (const char *type, guint n, GUnixFDList *fds)
{
  switch (type[0]) {
  case 'b':
    return g_variant_new_boolean (n % 2 == 0);
  case 's':
    return g_variant_new_string (words[n % G_N_ELEMENTS (words)]);
  case 't':
    return g_variant_new_uint64 (1000 + n);
  case 'x':
    return g_variant_new_int64 (1000 + n);
  case 'u':
    return g_variant_new_uint32 (n);
  case 'h': {
    int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
    int handle = g_unix_fd_list_append (fds, fd, NULL);

    close (fd);
    return g_variant_new_handle (handle);
  }
  case 'a':
    if (g_str_equal (type, "a{sv}"))
      return g_variant_new_parsed (changes[n % G_N_ELEMENTS (changes)]);
    return g_variant_new_array (G_VARIANT_TYPE (type + 1), NULL, 0);
  default:
    g_error ("org.regia.control.xml has an argument of type %s; add values of it here", type);
  }
}

static guint
count_values (const char *type)
{
  if (g_str_equal (type, "a{sv}"))
    return G_N_ELEMENTS (changes);
  return type[0] == 's' ? G_N_ELEMENTS (words) : type[0] == 'b' ? 2 : 1;
}

/* --- tries, on the worker's thread --- */

static void
try_call (Standin *self, const char *path, const char *interface, const char *method, GVariant *arguments,
          GUnixFDList *fds)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
      self->connection, NULL, path, interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE, ANSWER_MS,
      fds, NULL, NULL, &error);

  if (error != NULL) {
    name = g_dbus_error_get_remote_error (error);
    if (name == NULL)
      name = g_strdup_printf ("none:%s", g_quark_to_string (error->domain));
  }
  fprintf (self->report, "call %s %s %s %s\n", path, interface, method, name != NULL ? name : "answered");
  self->tries++;
  g_usleep (TRY_US);
}

static void
try_method (Standin *self, const char *path, const char *interface, const GDBusMethodInfo *method)
{
  guint rounds = 1;

  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    rounds = MAX (rounds, count_values (method->in_args[i]->signature));
  for (guint round = 0; round < rounds; round++) {
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
    GVariantBuilder arguments;

    g_variant_builder_init (&arguments, G_VARIANT_TYPE_TUPLE);
    for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
      g_variant_builder_add_value (&arguments, make_value (method->in_args[i]->signature, round, fds));
    try_call (self, path, interface, method->name, g_variant_builder_end (&arguments), fds);
  }
}

static void
try_properties (Standin *self, const char *path, const GDBusInterfaceInfo *interface)
{
  static const char properties[] = "org.freedesktop.DBus.Properties";
  const char *const more[] = {"Desired", "State"};

  try_call (self, path, properties, "GetAll", g_variant_new ("(s)", interface->name), NULL);
  for (guint i = 0; interface->properties != NULL && interface->properties[i] != NULL; i++) {
    const GDBusPropertyInfo *property = interface->properties[i];

    try_call (self, path, properties, "Get", g_variant_new ("(ss)", interface->name, property->name), NULL);
    for (guint n = 0; n < count_values (property->signature); n++)
      try_call (
          self, path, properties, "Set",
          g_variant_new ("(ssv)", interface->name, property->name, make_value (property->signature, n, NULL)),
          NULL);
  }
  for (guint i = 0; i < G_N_ELEMENTS (more); i++)
    try_call (self, path, properties, "Set",
              g_variant_new ("(ssv)", interface->name, more[i], make_value ("a{sv}", 0, NULL)), NULL);
}

static void
try_interfaces (Standin *self, const char *path, const GDBusNodeInfo *node)
{
  for (guint i = 0; node->interfaces != NULL && node->interfaces[i] != NULL; i++) {
    const GDBusInterfaceInfo *interface = node->interfaces[i];

    for (guint j = 0; interface->methods != NULL && interface->methods[j] != NULL; j++)
      try_method (self, path, interface->name, interface->methods[j]);
    try_properties (self, path, interface);
  }
}

/* What is shown there, and what that names below it. */
static void
introspect (Standin *self, const char *path)
{
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_sync (self->connection, NULL, path, "org.freedesktop.DBus.Introspectable",
                                   "Introspect", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, NULL, NULL);
  g_autoptr (GDBusNodeInfo) node = NULL;
  const char *xml;

  g_usleep (TRY_US);
  if (reply == NULL)
    return;
  g_variant_get (reply, "(&s)", &xml);
  node = g_dbus_node_info_new_for_xml (xml, NULL);
  if (node == NULL)
    return;
  for (guint i = 0; node->interfaces != NULL && node->interfaces[i] != NULL; i++)
    fprintf (self->report, "found %s %s\n", path, node->interfaces[i]->name);
  try_interfaces (self, path, node);
  for (guint i = 0; node->nodes != NULL && node->nodes[i] != NULL; i++) {
    g_autofree char *below = g_strconcat (path[1] == '\0' ? "" : path, "/", node->nodes[i]->path, NULL);

    introspect (self, below);
  }
}

/* What every other process says of itself, said by this one; and the same in the director's own name. */
static void
lie (Standin *self)
{
  static const char lies[] =
      "{'ready': <true>, 'frames': <uint64 1>, 'generation': <uint64 999>, 'private': <true>,"
      " 'last-public-ms': <uint64 1>, 'state': <'finished'>, 'session': <'elsewhere'>, 'path': <'/'>,"
      " 'files': <['passwd']>, 'whole': <false>, 'last-fragment-ms': <uint64 1>, 'recovered': <uint64 9>,"
      " 'applied': <uint64 1000000>, 'desired': <{'paused': <true>}>}";
  const char *const interfaces[] = {"org.regia.Process1", "org.regia.Show1"};

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (interfaces); j++) {
      GVariantBuilder changed;

      g_variant_builder_init (&changed, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&changed, "{sv}", "State", g_variant_new_parsed (lies));
      g_dbus_connection_emit_signal (self->connection, NULL, paths[i], "org.freedesktop.DBus.Properties",
                                     "PropertiesChanged",
                                     g_variant_new ("(sa{sv}as)", interfaces[j], &changed, NULL), NULL);
      g_usleep (TRY_US);
    }
}

static gpointer
worker_thread (gpointer data)
{
  Standin *self = data;
  g_autofree char *text = NULL;
  g_autoptr (GDBusNodeInfo) control = NULL, dbus = g_dbus_node_info_new_for_xml (dbus_xml, NULL);

  g_assert_true (g_file_get_contents (CONTROL_XML, &text, NULL, NULL));
  control = g_dbus_node_info_new_for_xml (text, NULL);
  g_assert_nonnull (control);
  self->report = fopen (g_getenv ("REGIA_TAKEN_OVER"), "w");
  g_assert_nonnull (self->report);
  introspect (self, "/");
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    try_interfaces (self, paths[i], control);
    try_interfaces (self, paths[i], dbus);
  }
  lie (self);
  fprintf (self->report, "done %u\n", self->tries);
  fclose (self->report);
  return NULL;
}

static gboolean
begin_cb (gpointer data)
{
  Standin *self = data;

  if (self->worker == NULL)
    self->worker = g_thread_new ("worker", worker_thread, self);
  return G_SOURCE_CONTINUE;
}

/* --- as a child of the director --- */

static gboolean
ping_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, gpointer data)
{
  regia_dbus_process1_complete_ping (skeleton, invocation, TRUE, "");
  return TRUE;
}

static gboolean
apply_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, guint64 version, GVariant *part,
          gpointer data)
{
  regia_dbus_process1_complete_apply (skeleton, invocation);
  return TRUE;
}

static gboolean
use_feed_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *fd,
             gpointer data)
{
  regia_dbus_process1_complete_use_feed (skeleton, invocation, NULL);
  return TRUE;
}

static gboolean
stop_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, gboolean finish, gpointer data)
{
  Standin *self = data;

  regia_dbus_process1_complete_stop (skeleton, invocation);
  g_dbus_connection_flush_sync (self->connection, NULL, NULL);
  g_main_loop_quit (self->loop);
  return TRUE;
}

static void
closed_cb (GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
  _exit (0);
}

G_GNUC_NORETURN static void
take_over (void)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (REGIA_CHILD_CONTROL_FD, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GError) error = NULL;
  Standin self = {.loop = g_main_loop_new (NULL, FALSE), .skeleton = regia_dbus_process1_skeleton_new ()};
  GVariantBuilder state;

  self.connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                    G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                                NULL, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self.connection, "closed", G_CALLBACK (closed_cb), &self);
  g_signal_connect (self.skeleton, "handle-ping", G_CALLBACK (ping_cb), &self);
  g_signal_connect (self.skeleton, "handle-apply", G_CALLBACK (apply_cb), &self);
  g_signal_connect (self.skeleton, "handle-use-feed", G_CALLBACK (use_feed_cb), &self);
  g_signal_connect (self.skeleton, "handle-stop", G_CALLBACK (stop_cb), &self);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self.skeleton), self.connection,
                                    REGIA_PROCESS_OBJECT, &error);
  g_assert_no_error (error);
  g_unix_signal_add (SIGUSR1, begin_cb, &self);
  g_dbus_connection_start_message_processing (self.connection);
  g_variant_builder_init (&state, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&state, "{sv}", "address", g_variant_new_string ("taken over"));
  regia_dbus_process1_set_state (self.skeleton, g_variant_builder_end (&state));
  g_main_loop_run (self.loop);
  _exit (0); /* nothing of this is worth putting away */
}

int
main (int argc, char **argv)
{
  if (argc >= 3 && strcmp (argv[1], "child") == 0 && strcmp (argv[2], "gateway") == 0)
    take_over ();
  return regia_main (argc, argv);
}
