/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `regia check` as a person calls it: the program's path is the only argument. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

static const char *program;

typedef struct {
  int status;
  char *out;
  char *err;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_free (outcome->out);
  g_free (outcome->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static Outcome
check (const char *argument, const char *more)
{
  Outcome outcome = {0};
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, program,
                        "check", "--file", argument, more, NULL);

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &outcome.out, &outcome.err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  outcome.status = g_subprocess_get_exit_status (process);
  g_test_message ("%d\n%s%s", outcome.status, outcome.out, outcome.err);
  return outcome;
}

static char *
write_event (const char *text)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("regia-XXXXXX.conf", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static void
test_demo (void)
{
  g_auto (Outcome) outcome = check (REGIA_SOURCE_DIR "/config/demo.conf", NULL);

  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_nonnull (strstr (outcome.out, "Sirio migranti: esperienze a confronto (prova)"));
  g_assert_nonnull (strstr (outcome.out, "test: test, picture and sound"));
  g_assert_nonnull (strstr (outcome.out, "720p: 1280x720, 2500 kbit/s"));
  g_assert_nonnull (strstr (outcome.out, "http://127.0.0.1:8080/"));
}

static void
test_faults (void)
{
  g_autofree char *path = write_event ("[event]\nname = a\n[source a]\npipeline = rtsp\nlocatoin = geheim\n");
  g_autofree char *worse =
      write_event ("[event]\nnam = a\n[source a]\npipeline = test\n[web]\nthreads = 0\n");
  g_auto (Outcome) outcome = check (path, NULL);
  g_auto (Outcome) outcome_worse = check (worse, NULL);
  g_autofree char *missing = g_strdup_printf ("%s:3: [source a] location: missing; ", path);
  g_autofree char *unknown = g_strdup_printf ("\n%s:5: [source a] locatoin: not a parameter", path);

  g_assert_cmpint (outcome.status, ==, 78);
  g_assert_cmpstr (outcome.out, ==, "");
  g_assert_true (g_str_has_prefix (outcome.err, missing));
  g_assert_nonnull (strstr (outcome.err, unknown));
  g_assert_nonnull (strstr (outcome.err, "did you mean \"location\"?"));
  g_assert_null (strstr (outcome.err, "geheim"));

  g_assert_cmpint (outcome_worse.status, ==, 78);
  g_assert_true (g_str_has_prefix (outcome_worse.err, worse));
  g_assert_nonnull (strstr (outcome_worse.err, ":6: [web] threads: "));
  g_remove (path);
  g_remove (worse);
}

/* What only GStreamer can know: the value fits no property. The password is not part of any message. */
static void
test_engine_refuses (void)
{
  g_autofree char *path = write_event ("[event]\nname = a\n[source a]\npipeline = rtsp\n"
                                       "location = rtsp://192.0.2.1/a\nlatency = soon\npassword = geheim\n");
  g_auto (Outcome) outcome = check (path, NULL);
  g_autofree char *expected = g_strdup_printf ("%s:4: [source a] pipeline: ", path);

  g_assert_cmpint (outcome.status, ==, 78);
  g_assert_cmpstr (outcome.out, ==, "");
  g_assert_true (g_str_has_prefix (outcome.err, expected));
  g_assert_nonnull (strstr (outcome.err, "latency"));
  g_assert_null (strstr (outcome.err, "geheim"));
  g_remove (path);
}

/* An element that no package has: exit status 69, as everywhere where something is missing. */
static void
test_element_missing (void)
{
  g_autofree char *pipeline = NULL;
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("regia-XXXXXX.pipeline", &pipeline, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (pipeline, "# summary: a\n# needs: nosuchsrc\nnosuchsrc name=video\n", -1, &error);
  g_assert_no_error (error);
  text = g_strdup_printf ("[event]\nname = a\n[source a]\npipeline = %s\n", pipeline);
  path = write_event (text);
  {
    g_auto (Outcome) outcome = check (path, NULL);

    g_assert_cmpint (outcome.status, ==, 69);
    g_assert_nonnull (strstr (outcome.err, "[source a] pipeline: "));
    g_assert_nonnull (strstr (outcome.err, "nosuchsrc"));
  }
  g_remove (path);
  g_remove (pipeline);
}

/* Only a warning: the event itself may be running. */
static void
test_port_in_use (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GError) error = NULL;
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_autofree char *text = g_strdup_printf (
      "[event]\nname = a\n[source a]\npipeline = test\n[web]\nlisten = 127.0.0.1:%u\n", port);
  g_autofree char *path = write_event (text);
  g_auto (Outcome) outcome = check (path, NULL);

  g_assert_no_error (error);
  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_true (g_str_has_prefix (outcome.err, "warning: "));
  g_assert_nonnull (strstr (outcome.err, "[web] listen: "));
  g_assert_nonnull (strstr (outcome.err, "choose another port"));
  g_remove (path);
}

static void
test_warning (void)
{
  g_autofree char *path = write_event (
      "[event]\nname = a\n[source a]\npipeline = test\n[rendition a]\nsize = 640x480\nbitrate = 1M\n");
  g_auto (Outcome) outcome = check (path, NULL);

  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_nonnull (strstr (outcome.err, ":6: [rendition a] size: not the shape"));
  g_remove (path);
}

/* A slate that cannot be shown: told by check, and run does not begin with it. */
static void
test_slate (void)
{
  static const struct {
    const char *content;
    gsize length;
    const char *word;
  } slates[] = {
      {"", 0, "is empty"},
      {"Sirio migranti", 14, "is no picture"},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x02\0\0\0\0\0\0\0", 33, "20000 x 20000"},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20\x08\x02\0\0\0\0\0\0\0", 33, "cut off"},
  };
  g_autofree char *folder = g_dir_make_tmp ("regia-check-XXXXXX", NULL);
  g_autofree char *slate = g_build_filename (folder, "slate.png", NULL);
  g_autofree char *state = g_strconcat ("--state=", folder, "/state", NULL);
  g_autofree char *text =
      g_strdup_printf ("[event]\nname = a\n[source a]\npipeline = test\n[programme]\nslate = %s\n", slate);
  g_autofree char *path = write_event (text);
  g_autofree char *expected = g_strdup_printf ("%s:6: [programme] slate: %s ", path, slate);

  for (gsize i = 0; i < G_N_ELEMENTS (slates); i++) {
    g_autoptr (GSubprocess) run = NULL;
    g_autofree char *err = NULL;

    g_assert_true (g_file_set_contents (slate, slates[i].content, (gssize)slates[i].length, NULL));
    {
      g_auto (Outcome) outcome = check (path, NULL);

      g_assert_cmpint (outcome.status, ==, 78);
      g_assert_cmpstr (outcome.out, ==, "");
      g_assert_true (g_str_has_prefix (outcome.err, expected));
      g_assert_nonnull (strstr (outcome.err, slates[i].word));
    }
    run = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL, program, "run", state, path, NULL);
    g_assert_true (g_subprocess_communicate_utf8 (run, NULL, NULL, NULL, &err, NULL));
    g_assert_true (g_subprocess_get_if_exited (run));
    g_assert_cmpint (g_subprocess_get_exit_status (run), ==, 78);
    g_assert_nonnull (strstr (err, slates[i].word));
  }
  g_remove (slate);
  g_remove (folder);
  g_remove (path);
}

/* A fault in the hall is named there; a hall can be checked by itself. */
static void
test_hall (void)
{
  g_autofree char *hall = write_event ("[web]\nthreads = 0\n[source a]\npipeline = test\n");
  g_autofree char *text = g_strdup_printf ("[event]\nname = a\nhall = %s\n", hall);
  g_autofree char *event = write_event (text);
  g_autofree char *option = g_strconcat ("--hall=", hall, NULL);
  g_autofree char *expected = g_strconcat (hall, ":2: [web] threads: ", NULL);
  g_auto (Outcome) bad_event = check (event, NULL);
  g_auto (Outcome) bad_hall = check (option, NULL);

  g_assert_cmpint (bad_event.status, ==, 78);
  g_assert_true (g_str_has_prefix (bad_event.err, expected));
  g_assert_cmpint (bad_hall.status, ==, 78);
  g_assert_true (g_str_has_prefix (bad_hall.err, expected));
  g_assert_true (g_file_set_contents (hall, "[web]\nthreads = 3\n[source a]\npipeline = test\n", -1, NULL));
  {
    g_auto (Outcome) good_event = check (event, NULL);
    g_auto (Outcome) good_hall = check (option, NULL);

    g_assert_cmpint (good_event.status, ==, 0);
    g_assert_nonnull (strstr (good_event.out, "a: test, picture and sound"));
    g_assert_cmpint (good_hall.status, ==, 0);
  }
  g_remove (event);
  g_remove (hall);
}

static void
test_usage (void)
{
  g_auto (Outcome) none = check (NULL, NULL);
  g_auto (Outcome) two = check ("a.conf", "b.conf");
  g_auto (Outcome) option = check ("--no-such-option", NULL);
  g_auto (Outcome) missing = check ("/nonexistent/event.conf", NULL);

  g_assert_cmpint (none.status, ==, 64);
  g_assert_cmpint (two.status, ==, 64);
  g_assert_cmpint (option.status, ==, 64);
  g_assert_nonnull (strstr (option.err, "--help"));
  g_assert_cmpint (missing.status, ==, 78);
  g_assert_nonnull (strstr (missing.err, "/nonexistent/event.conf: cannot be read"));
}

static void
test_keys (void)
{
  g_auto (Outcome) outcome = check ("--keys", NULL);
  g_auto (Outcome) help = check ("--help", NULL);

  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_nonnull (strstr (outcome.out, "[source NAME]"));
  g_assert_nonnull (strstr (outcome.out, "max_connections_per_address"));
  g_assert_cmpint (help.status, ==, 0);
  g_assert_nonnull (strstr (help.out, "--keys"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  program = argv[1];
  g_test_add_func ("/config/check/demo", test_demo);
  g_test_add_func ("/config/check/faults", test_faults);
  g_test_add_func ("/config/check/engine-refuses", test_engine_refuses);
  g_test_add_func ("/config/check/element-missing", test_element_missing);
  g_test_add_func ("/config/check/port-in-use", test_port_in_use);
  g_test_add_func ("/config/check/warning", test_warning);
  g_test_add_func ("/config/check/slate", test_slate);
  g_test_add_func ("/config/check/hall", test_hall);
  g_test_add_func ("/config/check/usage", test_usage);
  g_test_add_func ("/config/check/keys", test_keys);
  return g_test_run ();
}
