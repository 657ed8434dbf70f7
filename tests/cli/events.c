/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `regia events` as a person calls it: the program's path is the only argument. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

static const char *program;

static char *
run (int expected_status, const char *first, const char *second)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error, program,
                        "events", first, second, NULL);
  char *out = NULL;

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", out);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, expected_status);
  return out;
}

static void
write_text (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

#define SOURCE "[source a]\npipeline = test\n"

static void
test_list (void)
{
  static const char *const files[] = {"over.conf", "far.conf", "farther.conf", "broken.conf"};
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("regia-events-XXXXXX", &error);
  g_autofree char *option = g_strconcat ("--events=", folder, NULL);
  g_autofree char *good = NULL, *bad = NULL, *json = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;

  write_text (folder, "over.conf",
              "[event]\nname = Sirio\nstart = 2022-09-29 09:30\nend = 2022-09-29 13:00\n" SOURCE);
  write_text (folder, "far.conf",
              "[event]\nname = Perché\nstart = 2099-01-02 10:00\nend = 2099-01-02 12:00\nstart_by_itself = "
              "yes\n" SOURCE);
  write_text (folder, "farther.conf", "[event]\nname = Due\nstart = 2099-01-03 10:00\n" SOURCE);
  good = run (0, option, NULL);
  g_assert_cmpstr (good, ==,
                   "past       2022-09-29 09:30–13:00             Sirio (over.conf)\n"
                   "next       2099-01-02 10:00–12:00  by itself  Perché (far.conf)\n"
                   "later      2099-01-03 10:00                   Due (farther.conf)\n");

  write_text (folder, "broken.conf", "[event]\nname = Rotto\n" SOURCE "[web]\nthreads = 0\n");
  bad = run (78, option, NULL);
  g_assert_nonnull (strstr (bad, "faulty "));
  g_assert_nonnull (strstr (bad, "broken.conf:6: [web] threads: "));
  g_assert_true (g_str_has_prefix (bad, good)); /* it keeps nobody else out */

  json = run (78, option, "--json");
  root = json_from_string (json, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (root)), ==, 4);
  object = json_array_get_object_element (json_node_get_array (root), 1);
  g_assert_cmpstr (json_object_get_string_member (object, "state"), ==, "next");
  g_assert_cmpstr (json_object_get_string_member (object, "start"), ==, "2099-01-02T10:00:00+01:00");

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (folder, files[i], NULL);

    g_remove (path);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_usage (void)
{
  g_autofree char *nobody =
      run (75, "--state=/nonexistent", NULL); /* without a folder the running director is asked */
  g_autofree char *stray = run (64, "--events=/tmp", "more");
  g_autofree char *missing = run (78, "--events=/nonexistent", NULL);

  g_assert_nonnull (strstr (nobody, "nothing runs here"));
  g_assert_nonnull (strstr (stray, "--help"));
  g_assert_nonnull (strstr (missing, "/nonexistent"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  program = argv[1];
  g_test_add_func ("/cli/events/list", test_list);
  g_test_add_func ("/cli/events/usage", test_usage);
  return g_test_run ();
}
