/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "show-private.h"
#include "status-private.h"

static void
test_round_trip (void)
{
  RegiaShow show = {.event_id = (char *)"2022-09-29-sirio",
                    .session = (char *)"2022-09-29-sirio-2",
                    .config_path = (char *)"/etc/è.conf",
                    .on_air = TRUE,
                    .epoch = {5, 1664436600000000000, "boot"},
                    .generation = 3};
  g_autofree char *text = regia_show_to_json (&show);
  g_autoptr (GError) error = NULL;
  RegiaShow read = {0};

  g_assert_true (regia_show_from_json (text, &read, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (read.event_id, ==, show.event_id);
  g_assert_cmpstr (read.session, ==, show.session);
  g_assert_cmpstr (read.config_path, ==, show.config_path);
  g_assert_true (read.on_air);
  g_assert_cmpint (read.epoch.realtime_ns, ==, show.epoch.realtime_ns);
  g_assert_cmpuint (read.generation, ==, 3);
  regia_show_clear (&read);
}

static void
test_bad_state (void)
{
  static const char *const bad[] = {
      "",
      "{}",
      "[]",
      "{\"version\":1}",
      "{\"version\":2,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":\"on-air\",\"epoch\":\"1:"
      "2:b\",\"generation\":1}",
      "{\"version\":1,\"event\":\"e\",\"session\":\"../"
      "s\",\"config\":\"c\",\"state\":\"on-air\",\"epoch\":\"1:2:b\",\"generation\":1}",
      "{\"version\":1,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":\"on-air\",\"epoch\":\"1:"
      "b\",\"generation\":1}",
      "{\"version\":1,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":\"on-air\",\"epoch\":\"1:"
      "2:b\",\"generation\":-1}",
      "{\"version\":1,\"event\":7,\"session\":\"s\",\"config\":\"c\",\"state\":\"on-air\",\"epoch\":\"1:2:"
      "b\",\"generation\":1}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    RegiaShow read = {0};
    g_assert_false (regia_show_from_json (bad[i], &read, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  }
}

static void
test_may_resume (void)
{
  RegiaShow show = {.event_id = (char *)"e", .on_air = TRUE};

  g_assert_true (regia_show_may_resume (&show, "e", 1));
  g_assert_false (regia_show_may_resume (&show, "other", 1));
  g_assert_false (regia_show_may_resume (&show, "e", REGIA_SHOW_RESUME_LIMIT_S));
  show.on_air = FALSE;
  g_assert_false (regia_show_may_resume (&show, "e", 1));
}

static void
test_new_session (void)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-show-XXXXXX", NULL);
  g_autofree char *one = g_build_filename (folder, "e", NULL), *two = g_build_filename (folder, "e-2", NULL);
  g_autofree char *three = g_build_filename (folder, "e-3", NULL);
  g_autofree char *a = regia_show_new_session (folder, "e"), *b = NULL, *c = NULL, *d = NULL;

  g_assert_cmpstr (a, ==, "e");
  g_mkdir (one, 0700);
  b = regia_show_new_session (folder, "e");
  g_assert_cmpstr (b, ==, "e-2");
  g_mkdir (two, 0700);
  c = regia_show_new_session (folder, "e");
  g_assert_cmpstr (c, ==, "e-3");
  /* A link that leads nowhere is no place to record into. */
  g_assert_cmpint (symlink ("/nonexistent/disk", three), ==, 0);
  d = regia_show_new_session (folder, "e");
  g_assert_cmpstr (d, ==, "e-4");
  g_unlink (three);
  g_rmdir (one);
  g_rmdir (two);
  g_rmdir (folder);
}

static GVariant *
dict (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_warnings (void)
{
  RegiaConfigValues config = {.record = TRUE, .warn_minutes = 30, .feed_seconds = 60};
  static const struct {
    const char *engine, *recorder, *gateway, *relay, *expected;
  } table[] = {
      {"{'ready': <true>}", "{'state': <'recording'>, 'left-ms': <uint64 7200000>}",
       "{'viewers': <uint64 1>}", NULL, NULL},
      {"{'ready': <true>}", "{}", "{'viewers': <uint64 1>}", NULL, "Not recording"},
      {"{'ready': <true>}", "{'state': <'no-space'>, 'message': <'the disk is full'>}",
       "{'viewers': <uint64 1>}", NULL, "the disk is full"},
      {"{'ready': <true>}", "{'state': <'recording'>, 'left-ms': <uint64 600000>}", "{'viewers': <uint64 1>}",
       NULL, "full in 10 min"},
      {"{'ready': <true>}", "{'state': <'recording'>, 'last-fragment-age-ms': <uint64 9000>}",
       "{'viewers': <uint64 1>}", NULL, "nothing has reached the disk for 9 s"},
      {"{}", "{'state': <'recording'>}", "{'viewers': <uint64 1>}", NULL, "No programme"},
      {"{'sources': <[<{'name': <'camera'>, 'state': <'retrying'>, 'last-error': <'refused'>}>]>}",
       "{'state': <'recording'>}", "{'viewers': <uint64 1>}", NULL, "camera is retrying: refused"},
      {"{'sources': <[<{'name': <'desk'>, 'state': <'live'>, 'note': <'it has 2 channels'>}>]>}",
       "{'state': <'recording'>}", "{'viewers': <uint64 1>}", NULL, "Source desk: it has 2 channels"},
      {"{'ready': <true>, 'slate-error': <'/srv/slate.png is empty; copy it again'>}",
       "{'state': <'recording'>}", "{'viewers': <uint64 1>}", NULL, "/srv/slate.png is empty"},
      {"{'ready': <true>}", "{'state': <'recording'>}", "{}", NULL, "Viewers cannot watch"},
      {"{'ready': <true>}", "{'state': <'recording'>}", "{'viewers': <uint64 1>}",
       "{'name': <'youtube'>, 'state': <'stalled'>, 'last-error': <'no answer'>}",
       "Relay youtube is stalled: no answer"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GVariant) engine = dict (table[i].engine), recorder = dict (table[i].recorder),
                         gateway = dict (table[i].gateway);
    g_autoptr (GPtrArray) relays = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
    g_auto (GStrv) warnings = NULL;

    if (table[i].relay != NULL)
      g_ptr_array_add (relays, dict (table[i].relay));
    warnings = regia_status_warnings (&config, REGIA_SHOW_ON_AIR, engine, recorder, gateway, relays);
    if (table[i].expected == NULL) {
      g_assert_cmpuint (g_strv_length (warnings), ==, 0);
    } else {
      g_assert_cmpuint (g_strv_length (warnings), ==, 1);
      g_assert_nonnull (strstr (warnings[0], table[i].expected));
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/director/show/round-trip", test_round_trip);
  g_test_add_func ("/director/show/bad-state", test_bad_state);
  g_test_add_func ("/director/show/may-resume", test_may_resume);
  g_test_add_func ("/director/show/new-session", test_new_session);
  g_test_add_func ("/director/status/warnings", test_warnings);
  return g_test_run ();
}
