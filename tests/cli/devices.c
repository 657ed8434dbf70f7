/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `regia devices` as a person calls it, whatever is plugged in here: the program's path is the only argument.
 */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

static const char *program;

/* @server: of the sound; there is no other one. Returns: the exit status. */
static int
run (const char *server, const char *argument, char **ret_out)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  g_subprocess_launcher_setenv (launcher, "PULSE_SERVER", server, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", "/nonexistent", TRUE);
  g_subprocess_launcher_unsetenv (launcher, "PIPEWIRE_RUNTIME_DIR");
  process = g_subprocess_launcher_spawn (launcher, &error, program, "devices", argument, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, ret_out, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", *ret_out);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

/* (transfer full) (nullable): why one way was not gone to its end. */
static char *
reason_of (JsonObject *answer, const char *way)
{
  JsonArray *notes = json_object_get_array_member (answer, "not-seen");

  for (guint i = 0; i < json_array_get_length (notes); i++) {
    JsonObject *note = json_array_get_object_element (notes, i);

    if (g_str_equal (json_object_get_string_member (note, "way"), way))
      return g_strdup (json_object_get_string_member (note, "reason"));
  }
  return NULL;
}

static void
test_nobody (void)
{
  g_autofree char *json = NULL, *text = NULL, *pulse = NULL, *pipewire = NULL;
  int json_status = run ("unix:/nonexistent/native", "--json", &json);
  int status = run ("unix:/nonexistent/native", NULL, &text);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (json, &error);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  JsonObject *answer;
  guint groups = 0, devices;

  g_assert_no_error (error);
  answer = json_node_get_object (root);
  devices = json_array_get_length (json_object_get_array_member (answer, "devices"));
  pulse = reason_of (answer, "pulse");
  pipewire = reason_of (answer, "pipewire");
  g_assert_true (json_object_get_boolean_member (answer, "complete"));
  g_assert_nonnull (pulse);
  g_assert_nonnull (strstr (pulse, "PULSE_SERVER"));
  g_assert_nonnull (pipewire);
  g_assert_nonnull (strstr (pipewire, "no server runs"));
  g_assert_cmpint (json_status, ==, devices == 0 ? 69 : 0);
  g_assert_cmpint (status, ==, json_status);
  for (char **line = lines; *line != NULL; line++)
    groups += g_str_has_prefix (*line, "[source ");
  g_assert_cmpuint (groups, <=, devices);
  g_assert_true ((strstr (text, "# Nothing was found") != NULL) == (devices == 0));
  g_assert_nonnull (strstr (text, "# Not seen: sound server: "));
}

/* A server that lets in and says nothing. */
static void
test_silent (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("regia-devices-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "native", NULL),
                  *server = g_strconcat ("unix:", path, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autofree char *json = NULL, *pulse = NULL;
  g_autoptr (JsonNode) root = NULL;
  int status;

  g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL,
                                 NULL, &error);
  g_assert_no_error (error);
  status = run (server, "--json", &json);
  root = json_from_string (json, &error);
  g_assert_no_error (error);
  pulse = reason_of (json_node_get_object (root), "pulse");
  g_assert_nonnull (pulse);
  g_assert_true (g_str_has_prefix (pulse, "no answer within "));
  g_assert_false (json_object_get_boolean_member (json_node_get_object (root), "complete"));
  g_assert_cmpint (status, ==, 75);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_usage (void)
{
  g_autofree char *stray = NULL, *option = NULL, *help = NULL;

  g_assert_cmpint (run ("", "surplus", &stray), ==, 64);
  g_assert_nonnull (strstr (stray, "--help"));
  g_assert_cmpint (run ("", "--no-such-option", &option), ==, 64);
  g_assert_cmpint (run ("", "--help", &help), ==, 0);
  g_assert_nonnull (strstr (help, "--json"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  program = argv[1];
  g_test_add_func ("/cli/devices/nobody", test_nobody);
  g_test_add_func ("/cli/devices/silent", test_silent);
  g_test_add_func ("/cli/devices/usage", test_usage);
  return g_test_run ();
}
