/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the console may have done, in whose name, and what happens to a command that comes twice. */
#include "console-private.h"

#include <string.h>
#include <sys/socket.h>

#include "../wait.h"
#include "readers-private.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"

typedef struct {
  RegiaConsole *console;
  GDBusConnection *ours, *theirs;  /* the director's end, the console's */
  GString *done;                   /* what was commanded, a line each */
  RegiaControlCommandedFunc later; /* (nullable): an answer that was put off … */
  gpointer later_data;             /* … and its data */
} Fixture;

static void
command_cb (const char *id, const char *who, GVariant *change, RegiaControlCommandedFunc commanded,
            gpointer data, gpointer user_data)
{
  Fixture *f = user_data;
  g_autofree char *text = g_variant_print (change, FALSE);
  g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_new_parsed ("{'version': <uint64 2>}"));

  g_string_append_printf (f->done, "%s: %s %s\n", who, id, text);
  commanded (result, NULL, data);
}

static void
start_cb (const char *name, gboolean again, const char *who, RegiaControlCommandedFunc started, gpointer data,
          gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_new_parsed ("{'id': <%s>}", name));
  g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, "not now");

  g_string_append_printf (f->done, "%s: start %s\n", who, name);
  if (strcmp (name, "slow") == 0) {
    f->later = started;
    f->later_data = data;
  } else if (strcmp (name, "none") == 0) {
    started (NULL, error, data);
  } else {
    started (result, NULL, data);
  }
}

static void
stop_cb (gboolean quit, const char *who, RegiaControlStoppedFunc stopped, gpointer data, gpointer user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->done, "%s: stop%s\n", who, quit ? " --quit" : "");
  stopped (NULL, data);
}

static void
get_events_cb (RegiaControlCommandedFunc done, gpointer data, gpointer user_data)
{
  g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));

  g_string_append (((Fixture *)user_data)->done, "events\n");
  done (result, NULL, data);
}

static const RegiaControlMethods methods = {
    .command = command_cb, .start = start_cb, .stop = stop_cb, .get_events = get_events_cb};

static void
identify_cb (const char *token, char **ret_name, RegiaRole *ret_role, gpointer user_data)
{
  gboolean staff = strcmp (token, "bruno's") == 0, technician = strcmp (token, "anna's") == 0;

  *ret_name = technician ? g_strdup ("anna") : staff ? g_strdup ("bruno") : NULL;
  *ret_role = technician ? REGIA_ROLE_TECHNICIAN : staff ? REGIA_ROLE_STAFF : REGIA_ROLE_VIEWER;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusConnection **)data = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static void
connect_end (int fd, gboolean as_server, GDBusConnection **ret_connection)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autofree char *guid = g_dbus_generate_guid ();

  g_dbus_connection_new (G_IO_STREAM (stream), as_server ? guid : NULL,
                         as_server ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                                   : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                         NULL, NULL, connected_cb, ret_connection);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const RegiaProcessKind desk = {.kind = "desk", .commands = TRUE},
                                other = {.kind = "other", .accounts = TRUE, .shows = TRUE};
  int pair[2];

  f->done = g_string_new (NULL);
  f->console = regia_console_new (&methods, identify_cb, f);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  connect_end (pair[0], TRUE, &f->ours);
  connect_end (pair[1], FALSE, &f->theirs);
  WAIT_UNTIL (f->ours != NULL && f->theirs != NULL);
  g_dbus_connection_set_exit_on_close (f->ours, FALSE);
  g_dbus_connection_set_exit_on_close (f->theirs, FALSE);
  regia_console_connect (f->console, data == NULL ? &desk : &other, f->ours);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_dbus_connection_close_sync (f->theirs, NULL, NULL);
  WAIT_UNTIL (g_dbus_connection_is_closed (f->ours));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  regia_console_free (f->console);
  g_object_unref (f->ours);
  g_object_unref (f->theirs);
  g_string_free (f->done, TRUE);
}

typedef struct {
  gboolean over;
  char *text; /* (owned): what was answered or why not */
} Answer;

static void
called_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  answer->text = value != NULL ? g_variant_print (value, FALSE) : g_strdup (error->message);
  answer->over = TRUE;
}

static void
begin_call (Fixture *f, const char *method, GVariant *arguments, Answer *answer)
{
  g_dbus_connection_call (f->theirs, NULL, REGIA_CONSOLE_OBJECT, "org.regia.Console1", method, arguments,
                          NULL, G_DBUS_CALL_FLAGS_NONE, 5000, NULL, called_cb, answer);
}

/* Whether the answer holds @words, and @done is what was done then. */
static void
expect (Fixture *f, const char *method, GVariant *arguments, const char *words, const char *done)
{
  Answer answer = {0};

  g_string_set_size (f->done, 0);
  begin_call (f, method, arguments, &answer);
  WAIT_UNTIL (answer.over);
  if (strstr (answer.text, words) == NULL)
    g_error ("%s: %s, not %s", method, answer.text, words);
  g_assert_cmpstr (f->done->str, ==, done);
  g_free (answer.text);
}

static GVariant *
private_on (const char *token, const char *id)
{
  return g_variant_new ("(ss@a{sv})", token, id, g_variant_new_parsed ("{'private': <true>}"));
}

static void
test_names (Fixture *f, gconstpointer data)
{
  expect (f, "Command", private_on ("anna's", "1"), "'version': <uint64 2>",
          "anna, console: 1 {'private': <true>}\n");
  expect (f, "Start", g_variant_new ("(sssb)", "anna's", "2", "uno", FALSE), "'uno'",
          "anna, console: start uno\n");
  expect (f, "Stop", g_variant_new ("(ss)", "anna's", "3"), "({},)", "anna, console: stop\n");
  expect (f, "GetEvents", g_variant_new ("(s)", "anna's"), "({},)", "events\n");
}

/* Whatever the console says itself: the token decides. */
static void
test_roles (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *token, *words;
  } rows[] = {{"bruno's", "AccessDenied"}, {"", "AccessDenied"}, {"eve's", "AccessDenied"}};

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    expect (f, "Command", private_on (rows[i].token, "1"), rows[i].words, "");
    expect (f, "Start", g_variant_new ("(sssb)", rows[i].token, "2", "uno", FALSE), rows[i].words, "");
    expect (f, "Rehearse", g_variant_new ("(sss)", rows[i].token, "2", "uno"), rows[i].words, "");
    expect (f, "Stop", g_variant_new ("(ss)", rows[i].token, "3"), rows[i].words, "");
    expect (f, "GetEvents", g_variant_new ("(s)", rows[i].token), rows[i].words, "");
  }
}

static GVariant *
start (const char *id, const char *name)
{
  return g_variant_new ("(sssb)", "anna's", id, name, FALSE);
}

static void
test_repeated (Fixture *f, gconstpointer data)
{
  Answer answer = {0};
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));

  expect (f, "Start", start ("a", "uno"), "'uno'", "anna, console: start uno\n");
  expect (f, "Start", start ("a", "uno"), "'repeated': <true>", "");
  expect (f, "Start", start ("a", "due"), "another command has had that id", "");
  expect (f, "Stop", g_variant_new ("(ss)", "anna's", "a"), "another command has had that id", "");
  expect (f, "Stop", g_variant_new ("(ss)", "anna's", "b"), "({},)", "anna, console: stop\n");
  expect (f, "Stop", g_variant_new ("(ss)", "anna's", "b"), "'repeated': <true>", "");
  /* What was refused had no effect, and may be tried again. */
  expect (f, "Start", start ("c", "none"), "not now", "anna, console: start none\n");
  expect (f, "Start", start ("c", "none"), "not now", "anna, console: start none\n");
  /* While it is on its way. */
  begin_call (f, "Start", start ("d", "slow"), &answer);
  WAIT_UNTIL (f->later != NULL);
  expect (f, "Start", start ("d", "slow"), "still on its way", "");
  f->later (nothing, NULL, f->later_data);
  WAIT_UNTIL (answer.over);
  g_assert_cmpstr (answer.text, ==, "({},)");
  g_free (answer.text);
  expect (f, "Start", start ("d", "slow"), "'repeated': <true>", "");
  for (guint i = 0; i < 3; i++) {
    static const char *const ids[] = {"", "a b",
                                      "12345678901234567890123456789012345678901234567890123456789012345"};
    expect (f, "Start", start (ids[i], "uno"), "1 to 64 printable", "");
  }
}

/* A child whose row does not say so finds nothing to call. */
static void
test_not_allowed (Fixture *f, gconstpointer data)
{
  expect (f, "Command", private_on ("anna's", "1"), "UnknownMethod", "");
  expect (f, "Stop", g_variant_new ("(ss)", "anna's", "3"), "UnknownMethod", "");
}

static void
test_table (void)
{
  static const char *const kinds[] = {"engine", "recorder", "gateway", "relay"};

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const RegiaProcessKind *kind = regia_process_kind (kinds[i]);
    g_assert_false (kind->commands || kind->whole || kind->accounts);
  }
  g_assert_true (regia_process_kind ("console")->commands);
  g_assert_cmpstr (regia_process_kind ("console")->reads, ==, REGIA_READERS_HOUSE);
  g_assert_false (regia_process_kind ("console")->recordings);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/console/names", Fixture, NULL, set_up, test_names, tear_down);
  g_test_add ("/console/roles", Fixture, NULL, set_up, test_roles, tear_down);
  g_test_add ("/console/repeated", Fixture, NULL, set_up, test_repeated, tear_down);
  g_test_add ("/console/not-allowed", Fixture, "other", set_up, test_not_allowed, tear_down);
  g_test_add_func ("/console/table", test_table);
  return g_test_run ();
}
