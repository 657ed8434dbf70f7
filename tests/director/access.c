/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may ask who is who: this very program is the child (`child KIND`), and calls the director's objects on
 * its connection. A stand-in for the console has the right by its row of the table; the gateway's row has
 * not.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "../part.h"
#include "../wait.h"
#include "access-private.h"
#include "pairs.h"
#include "regia-control-generated.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"
#include "regia/control/role.h"
#include "regia/director/password.h"
#include "regia/director/people.h"

#define PASSWORD "una sera in riva al mare"

/* The child's side: `said` of its State is what the calls gave, one after the other. */

typedef struct {
  RegiaChild *child;
  GString *said;
  char *session;
} Asker;

static void
say (Asker *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "said", "s", self->said->str);
  regia_child_set_state (self->child, g_variant_dict_end (&dict));
}

/* Returns: whether it was answered. */
static gboolean
ask (Asker *self, const char *object, const char *interface, const char *method, GVariant *arguments,
     GVariant **ret_reply)
{
  g_autoptr (GError) error = NULL;

  *ret_reply =
      g_dbus_connection_call_sync (regia_child_get_connection (self->child), NULL, object, interface, method,
                                   arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  if (*ret_reply == NULL) {
    g_autofree char *name = g_dbus_error_get_remote_error (error);
    g_string_append_printf (self->said, "%s: %s\n", method, name);
  }
  return *ret_reply != NULL;
}

static void
ask_login (Asker *self, const char *password)
{
  g_autoptr (GVariant) reply = NULL;
  const char *refusal, *session, *role;
  guint retry_after;
  gint64 expires;

  if (!ask (self, REGIA_ACCOUNTS_OBJECT, "org.regia.Accounts1", "Login",
            g_variant_new ("(sss)", "anna", password, "10.0.0.1"), &reply))
    return;
  g_variant_get (reply, "(&su&s&sx)", &refusal, &retry_after, &session, &role, &expires);
  g_string_append_printf (self->said, "Login: %s %u %s %s %d\n", refusal, retry_after,
                          session[0] != '\0' ? "session" : "none", role,
                          expires > g_get_real_time () / G_USEC_PER_SEC);
  g_free (self->session);
  self->session = g_strdup (session);
}

static void
ask_check (Asker *self, const char *token)
{
  g_autoptr (GVariant) reply = NULL;
  const char *name, *role;

  if (!ask (self, REGIA_ACCOUNTS_OBJECT, "org.regia.Accounts1", "Check", g_variant_new ("(s)", token),
            &reply))
    return;
  g_variant_get (reply, "(&s&s)", &name, &role);
  g_string_append_printf (self->said, "Check: %s %s\n", name, role);
}

static void
ask_once (Asker *self, const char *token)
{
  g_autoptr (GVariant) reply = NULL;
  const char *refusal, *session, *role;
  guint retry_after;
  gint64 expires;

  if (!ask (self, REGIA_ACCOUNTS_OBJECT, "org.regia.Accounts1", "UseOneTime",
            g_variant_new ("(ss)", token, "127.0.0.1"), &reply))
    return;
  g_variant_get (reply, "(&su&s&sx)", &refusal, &retry_after, &session, &role, &expires);
  g_string_append_printf (self->said, "UseOneTime: %s %s %s\n", refusal,
                          session[0] != '\0' ? "session" : "none", role);
}

/* What a child that was taken over would try. */
static void
ask_others (Asker *self)
{
  g_autoptr (GVariant) set = NULL, link = NULL, stop = NULL;

  ask (self, REGIA_PEOPLE_OBJECT, "org.regia.People1", "Set",
       g_variant_new ("(sss)", "eve", "technician", "$y$"), &set);
  ask (self, REGIA_PEOPLE_OBJECT, "org.regia.People1", "MakeLink", NULL, &link);
  ask (self, REGIA_SHOW_OBJECT, "org.regia.Show1", "Stop", g_variant_new ("(b)", TRUE), &stop);
}

static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer data)
{
  Asker *self = data;
  const char *link;

  if (g_variant_lookup (part, "link", "&s", &link)) {
    ask_once (self, link);
    ask_once (self, link);
    say (self);
  }
  return TRUE;
}

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  Asker *self = data;
  g_autoptr (GVariant) out = NULL;

  self->child = child;
  self->said = g_string_new (NULL);
  self->session = g_strdup ("");
  ask_login (self, "una sera in montagna");
  ask_login (self, PASSWORD);
  ask_check (self, self->session);
  ask_check (self, "no session's");
  ask (self, REGIA_ACCOUNTS_OBJECT, "org.regia.Accounts1", "Logout", g_variant_new ("(s)", self->session),
       &out);
  ask_check (self, self->session);
  ask_others (self);
  say (self);
  return TRUE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  regia_child_stopped (child);
}

static void
clear_cb (gpointer data)
{
  Asker *self = data;

  g_string_free (self->said, TRUE);
  g_free (self->session);
}

#define ASKER(name)                                                                                          \
  {.kind = (name),                                                                                           \
   .size = sizeof (Asker),                                                                                   \
   .start = start_cb,                                                                                        \
   .apply = apply_cb,                                                                                        \
   .stop = stop_cb,                                                                                          \
   .clear = clear_cb}
static const RegiaChildClass askers[] = {ASKER ("desk"), ASKER ("gateway")};

/* The director's side */

typedef struct {
  char *dir;
  GString *audit;
  RegiaAccess *access;
  RegiaProcess *process;
  const RegiaProcessKind *kind;
  char *link; /* (nullable): told with the part */
} Fixture;

/* As a row of the table with that right would be. */
static const RegiaProcessKind desk = {.kind = "desk", .accounts = TRUE};

static char *
address_cb (gpointer user_data)
{
  return g_strdup ("http://127.0.0.1:8090");
}

static void
audit_cb (const char *who, const char *what, gpointer user_data)
{
  g_string_append_printf (((Fixture *)user_data)->audit, "%s: %s\n", who, what);
}

static const RegiaAccessHost host = {.address = address_cb, .audit = audit_cb};

static GVariant *
part_cb (RegiaProcess *process, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GVariant) part = g_variant_ref_sink (part_new (NULL, "/none", "1:2:b", 7));
  GVariantDict dict;

  g_variant_dict_init (&dict, part);
  if (f->link != NULL)
    g_variant_dict_insert (&dict, "link", "s", f->link);
  return g_variant_dict_end (&dict);
}

static void
connected_cb (RegiaProcess *process, GDBusConnection *connection, gpointer user_data)
{
  Fixture *f = user_data;

  regia_access_connect (f->access, f->kind, connection);
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
}

static const RegiaProcessCallbacks callbacks = {
    .part = part_cb, .connected = connected_cb, .changed = changed_cb};

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaPeople) none = regia_people_new ();
  g_autofree char *hash = regia_password_hash ("anna", PASSWORD, NULL);
  g_autoptr (RegiaPeople) people = regia_people_with (none, "anna", REGIA_ROLE_TECHNICIAN, hash, NULL);
  g_autofree char *path = NULL;

  f->dir = g_dir_make_tmp ("regia-access-XXXXXX", NULL);
  path = g_build_filename (f->dir, "people.json", NULL);
  g_assert_true (regia_people_save (people, path, NULL));
  f->audit = g_string_new (NULL);
  f->access = regia_access_new (f->dir, &host, f);
  f->kind = data;
  f->process = regia_process_new (f->kind->kind, "", &callbacks, f);
  regia_process_start (f->process);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  static const char *const files[] = {"people.json", "sessions.json", NULL};

  regia_process_free (f->process);
  regia_access_free (f->access);
  for (guint i = 0; files[i] != NULL; i++) {
    g_autofree char *path = g_build_filename (f->dir, files[i], NULL);
    g_remove (path);
  }
  g_rmdir (f->dir);
  g_free (f->dir);
  g_free (f->link);
  g_string_free (f->audit, TRUE);
}

/* (transfer full): "" before it has said anything. */
static char *
heard (Fixture *f)
{
  g_autoptr (GVariant) state = regia_process_get_published (f->process);
  const char *said = "";

  g_variant_lookup (state, "said", "&s", &said);
  return g_strdup (said);
}

static gboolean
has_said (Fixture *f, guint lines)
{
  g_autofree char *said = heard (f);
  guint n = 0;

  for (const char *p = said; *p != '\0'; p++)
    n += *p == '\n';
  return n >= lines;
}

static void
test_allowed (Fixture *f, gconstpointer data)
{
  g_autofree char *said = NULL;

  WAIT_UNTIL (has_said (f, 8));
  said = heard (f);
  g_assert_cmpstr (said, ==,
                   "Login: wrong 0 none viewer 0\n"
                   "Login:  0 session technician 1\n"
                   "Check: anna technician\n"
                   "Check:  viewer\n"
                   "Check:  viewer\n"
                   "Set: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "MakeLink: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Stop: org.freedesktop.DBus.Error.UnknownMethod\n");
  g_assert_null (strstr (f->audit->str, PASSWORD));
}

static void
test_not_allowed (Fixture *f, gconstpointer data)
{
  g_autofree char *said = NULL;

  WAIT_UNTIL (has_said (f, 9));
  said = heard (f);
  g_assert_cmpstr (said, ==,
                   "Login: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Login: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Check: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Check: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Logout: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Check: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Set: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "MakeLink: org.freedesktop.DBus.Error.UnknownMethod\n"
                   "Stop: org.freedesktop.DBus.Error.UnknownMethod\n");
  g_assert_cmpstr (f->audit->str, ==, "");
}

/* The command line's side: a connection within this process. */

static void
connected_end_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusConnection **)user_data = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static void
connect_end (int fd, GDBusConnectionFlags flags, const char *guid, GDBusConnection **ret_connection)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);

  g_dbus_connection_new (G_IO_STREAM (stream), guid, flags, NULL, NULL, connected_end_cb, ret_connection);
}

static void
replied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

/* (transfer full) (nullable) */
static GVariant *
call_people (GDBusConnection *client, const char *method, GVariant *arguments, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_dbus_connection_call (client, NULL, REGIA_PEOPLE_OBJECT, "org.regia.People1", method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, replied_cb, &result);
  WAIT_UNTIL (result != NULL);
  return g_dbus_connection_call_finish (client, result, error);
}

static void
test_command_line (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *name, *role, *hash, *word;
  } refused[] = {
      {"Eve", "staff", NULL, "no name for somebody"},  {"eve", "admin", NULL, "staff or technician"},
      {"eve", "viewer", NULL, "staff or technician"},  {"eve", "staff", "", "yescrypt"},
      {"eve", "staff", "a word in clear", "yescrypt"},
  };
  g_autoptr (GDBusConnection) server = NULL, client = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autofree char *hash = regia_password_hash ("bruno", PASSWORD, NULL);
  g_autoptr (GVariant) set = NULL, list = NULL, removed = NULL, link = NULL;
  g_autofree char *people = NULL, *said = NULL;
  g_autoptr (GError) error = NULL;
  const char *address;
  guint seconds;
  int pair[2];

  WAIT_UNTIL (has_said (f, 8));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  connect_end (pair[0], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, guid, &server);
  connect_end (pair[1], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, &client);
  WAIT_UNTIL (server != NULL && client != NULL);
  g_assert_true (g_dbus_interface_skeleton_export (regia_access_get_people (f->access), server,
                                                   REGIA_PEOPLE_OBJECT, NULL));

  set = call_people (client, "Set", g_variant_new ("(sss)", "bruno", "staff", hash), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GError) why = NULL;
    const char *given = refused[i].hash != NULL ? refused[i].hash : hash;

    g_assert_null (
        call_people (client, "Set", g_variant_new ("(sss)", refused[i].name, refused[i].role, given), &why));
    g_assert_nonnull (strstr (why->message, refused[i].word));
  }
  list = call_people (client, "List", NULL, &error);
  g_assert_no_error (error);
  people = g_variant_print (list, FALSE);
  g_assert_nonnull (strstr (people, "'bruno'"));
  g_assert_nonnull (strstr (people, "'anna'"));
  g_assert_null (strstr (people, "eve"));
  g_assert_null (strstr (people, "$y$"));
  removed = call_people (client, "Remove", g_variant_new ("(s)", "bruno"), &error);
  g_assert_no_error (error);

  link = call_people (client, "MakeLink", NULL, &error);
  g_assert_no_error (error);
  g_variant_get (link, "(&su)", &address, &seconds);
  g_assert_true (g_str_has_prefix (address, "http://127.0.0.1:8090/?once="));
  g_assert_cmpuint (seconds, ==, 900);
  f->link = g_strdup (strchr (address, '=') + 1);
  regia_process_apply (f->process);
  WAIT_UNTIL (has_said (f, 10));
  said = heard (f);
  g_assert_true (g_str_has_suffix (said, "UseOneTime:  session technician\nUseOneTime: wrong none viewer\n"));
  g_assert_null (strstr (f->audit->str, f->link));
  g_assert_true (g_dbus_connection_close_sync (client, NULL, NULL));
}

/* A browser gets in where the address leads: by a name that is in the certificate, where that is https. */
static void
test_address (void)
{
  static const struct {
    const char *listen, *hosts;
    gboolean certificate, read;
    const char *address;
  } table[] = {
      {"127.0.0.1:8090", "", FALSE, FALSE, "http://127.0.0.1:8090"},
      {"127.0.0.1:8090", "localhost", TRUE, TRUE, "http://127.0.0.1:8090"},
      {"[::1]:8090", "", TRUE, TRUE, "http://[::1]:8090"},
      {"0.0.0.0:8090", "localhost", FALSE, FALSE, "http://127.0.0.1:8090"},
      {"[::]:8090", "", FALSE, FALSE, "http://[::1]:8090"},
      {"192.0.2.7:8090", "", FALSE, FALSE, "http://192.0.2.7:8090"},
      {"192.0.2.7:8090", "", TRUE, TRUE, "https://192.0.2.7:8090"},
      {"0.0.0.0:8090", "", TRUE, TRUE, "https://127.0.0.1:8090"},
      {"[::]:8090", "", TRUE, TRUE, "https://localhost:8090"},
      {"[::]:8090", "", TRUE, FALSE, "https://[::1]:8090"},
      {"0.0.0.0:8090", "*;live.example.org;localhost", TRUE, TRUE, "https://localhost:8090"},
      {"0.0.0.0:8090", "*;live.example.org;2001:db8::1", TRUE, TRUE, "https://127.0.0.1:8090"},
      {"0.0.0.0:8090", "localhost", TRUE, FALSE, "https://127.0.0.1:8090"},
  };
  g_auto (Pair) made = {0};
  g_autoptr (RegiaTls) tls = NULL;
  RegiaConfigPair pair = {0};

  pair_make (&made, -1, 1000);
  pair.tls = tls = pair_tls (&made);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (GStrv) hosts = g_strsplit (table[i].hosts, ";", -1);
    g_autofree char *listen = g_strdup (table[i].listen), *file = g_strdup ("/certificate.pem");
    const RegiaConfigValues values = {
        .console_listen = listen, .hosts = hosts, .certificate = table[i].certificate ? file : NULL};
    g_autofree char *address = regia_access_address (&values, table[i].read ? &pair : NULL);

    g_assert_cmpstr (address, ==, table[i].address);
  }
}

/* No other row of the table has the right. And none is told a key that does not speak https with it. */
static void
test_table (void)
{
  static const char *const kinds[] = {"engine", "recorder", "gateway", "relay"};
  char certificate[] = "/certificate.pem", here[] = "127.0.0.1:8090", everywhere[] = "0.0.0.0:8090";
  const RegiaConfigValues none = {.console_listen = everywhere},
                          far = {.console_listen = everywhere, .certificate = certificate},
                          near = {.console_listen = here, .certificate = certificate};
  const RegiaProcessKind *console = regia_process_kind ("console");

  g_assert_false (regia_process_speaks_https (console, &none));
  g_assert_false (regia_process_speaks_https (console, &near));
  g_assert_true (regia_process_speaks_https (console, &far));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    gboolean gateway = strcmp (kinds[i], "gateway") == 0;

    g_assert_false (regia_process_speaks_https (regia_process_kind (kinds[i]), &none));
    g_assert_true (regia_process_speaks_https (regia_process_kind (kinds[i]), &near) == gateway);
    g_assert_true (regia_process_speaks_https (regia_process_kind (kinds[i]), &far) == gateway);
  }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_assert_false (regia_process_kind (kinds[i])->accounts);
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0)
    for (guint i = 0; i < G_N_ELEMENTS (askers); i++)
      if (strcmp (askers[i].kind, argv[2]) == 0)
        return regia_child_main (&askers[i], argc - 2, argv + 2);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/access/allowed", Fixture, &desk, set_up, test_allowed, tear_down);
  g_test_add ("/access/not-allowed", Fixture, regia_process_kind ("gateway"), set_up, test_not_allowed,
              tear_down);
  g_test_add ("/access/command-line", Fixture, &desk, set_up, test_command_line, tear_down);
  g_test_add_func ("/access/address", test_address);
  g_test_add_func ("/access/table", test_table);
  return g_test_run ();
}
