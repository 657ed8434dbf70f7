/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `regia check` makes of what it has seen. */

#include <string.h>
#include <unistd.h>

#include "ready-private.h"
#include "regia/base/json.h"

static const char event[] = "[event]\nname = Test\nstart = 2022-09-29 09:30\nend = 2022-09-29 13:00\n"
                            "[source camera]\npipeline = test\naudio = no\n"
                            "[source desk]\npipeline = test\nvideo = no\n"
                            "[source guest]\npipeline = srt\nuri = srt://:7001?mode=listener\n"
                            "[rendition 720p]\nsize = 1280x720\nbitrate = 4000k\n"
                            "[record]\nreserve = 1G\n";

static RegiaConfig *
load (void)
{
  g_autoptr (GError) error = NULL;
  RegiaConfig *config = regia_config_parse (event, strlen (event), "test.conf", "/", FALSE, &error);

  g_assert_no_error (error);
  return config;
}

static const RegiaReadyRow *
find (GPtrArray *rows, const char *what)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (((RegiaReadyRow *)g_ptr_array_index (rows, i))->what, what))
      return g_ptr_array_index (rows, i);
  g_error ("no row says anything of %s", what);
}

static void
is (GPtrArray *rows, const char *what, RegiaReadiness state, const char *words)
{
  const RegiaReadyRow *row = find (rows, what);

  g_test_message ("%s: %d %s (%s)", what, row->state, row->text, row->remedy);
  g_assert_cmpint (row->state, ==, state);
  g_assert_nonnull (strstr (row->text, words));
  g_assert_true ((row->remedy[0] != '\0') == (state != REGIA_READY_GO));
}

/* A trial in which all is well, but for what replaces a part of its text. */
static GPtrArray *
judge (RegiaConfig *config, const char *part, const char *other)
{
  static const char good[] = "{'engine': {'slate-error': '', 'sources': ["
                             "{'name': 'camera', 'state': 'live', 'has-video': true, 'has-audio': false, "
                             "'last-error': '', 'note': ''},"
                             "{'name': 'desk', 'state': 'live', 'has-video': false, 'has-audio': true, "
                             "'last-error': '', 'note': ''},"
                             "{'name': 'guest', 'state': 'live', 'has-video': true, 'has-audio': true, "
                             "'last-error': '', 'note': ''}],"
                             "'renditions': [{'name': '720p', 'shed': false, 'bps': 4000000}]},"
                             "'sources': [{'name': 'camera', 'lived': 1.0, 'level-db': -120.0, 'fps': 25.0},"
                             "{'name': 'desk', 'lived': 1.0, 'level-db': -23.0, 'fps': 0.0},"
                             "{'name': 'guest', 'lived': 1.0, 'level-db': -20.0, 'fps': 25.0}],"
                             "'renditions': [{'name': '720p', 'fps': 24.9}],"
                             "'dropped': 0, 'cores': 2.0, 'cores-used': 0.9, 'busiest': 0.4, "
                             "'busiest-thread': 'x', 'machine-busy': 0.5}";
  g_auto (GStrv) pieces = g_strsplit (good, part != NULL ? part : "\n", 2);
  g_autofree char *text = g_strjoinv (other, pieces);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) report = NULL;
  GPtrArray *rows = regia_ready_rows_new ();

  g_assert_cmpuint (g_strv_length (pieces), ==, part != NULL ? 2 : 1);
  g_strdelimit (text, "'", '"');
  report = regia_json_to_vardict (text, -1, &error);
  g_assert_no_error (error);
  regia_ready_judge_trial (rows, regia_config_get (config), report);
  return rows;
}

static void
test_trial (void)
{
  static const struct {
    const char *part, *other, *what;
    RegiaReadiness state;
    const char *words;
  } cases[] = {
      {NULL, NULL, "source camera", REGIA_READY_GO, "picture, 25.0 a second"},
      {NULL, NULL, "source desk", REGIA_READY_GO, "sound, -23 dBFS"},
      {NULL, NULL, "source guest", REGIA_READY_GO, "picture, 25.0 a second; sound, -20 dBFS"},
      {NULL, NULL, "rendition 720p", REGIA_READY_GO, "24.9 of 25.00"},
      {NULL, NULL, "processor", REGIA_READY_GO, "0.90 of 2.0 cores"},
      {"'camera', 'state': 'live', 'has-video': true, 'has-audio': false, 'last-error': ''",
       "'camera', 'state': 'failed', 'has-video': false, 'has-audio': false, 'last-error': 'no cable; plug "
       "it in'",
       "source camera", REGIA_READY_NO_GO, "no cable"},
      {"'camera', 'state': 'live', 'has-video': true", "'camera', 'state': 'starting', 'has-video': false",
       "source camera", REGIA_READY_NO_GO, "gives nothing"},
      {"'camera', 'state': 'live'", "'camera', 'state': 'starting'", "processor", REGIA_READY_LOOK, "0.90"},
      {"'guest', 'state': 'live'", "'guest', 'state': 'starting'", "source guest", REGIA_READY_LOOK,
       "called"},
      {"'camera', 'state': 'live', 'has-video': true", "'camera', 'state': 'live', 'has-video': false",
       "source camera", REGIA_READY_NO_GO, "neither"},
      {"'camera', 'lived': 1.0", "'camera', 'lived': 0.5", "source camera", REGIA_READY_LOOK, "50 %"},
      {"'level-db': -23.0", "'level-db': -75.0", "source desk", REGIA_READY_LOOK, "silent"},
      {"-120.0, 'fps': 25.0", "-120.0, 'fps': 12.5", "source camera", REGIA_READY_LOOK, "12.5 a second"},
      {"'fps': 24.9", "'fps': 24.0", "rendition 720p", REGIA_READY_LOOK, "24.0 of 25.00"},
      {"'fps': 24.9", "'fps': 18.0", "rendition 720p", REGIA_READY_NO_GO, "18.0 of 25.00"},
      {"'shed': false", "'shed': true", "rendition 720p", REGIA_READY_NO_GO, "24.9"},
      {"'cores-used': 0.9", "'cores-used': 1.5", "processor", REGIA_READY_LOOK, "1.50"},
      {"'cores-used': 0.9", "'cores-used': 1.9", "processor", REGIA_READY_NO_GO, "1.90"},
      {"'busiest': 0.4", "'busiest': 0.8", "processor", REGIA_READY_LOOK, "80 % of one"},
      {"'busiest': 0.4", "'busiest': 0.97", "processor", REGIA_READY_NO_GO, "97 % of one"},
      {"'dropped': 0", "'dropped': 3", "processor", REGIA_READY_NO_GO, "3 pictures lost"},
      {"'machine-busy': 0.5", "'machine-busy': 0.99", "processor", REGIA_READY_LOOK, "99 % busy"},
      {"'slate-error': ''", "'slate-error': 'no picture'", "slate", REGIA_READY_LOOK, "no picture"},
  };
  g_autoptr (RegiaConfig) config = load ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) rows = judge (config, cases[i].part, cases[i].other);

    is (rows, cases[i].what, cases[i].state, cases[i].words);
  }
}

static void
test_disk (void)
{
  static const struct {
    RegiaDiskFigures figures;
    RegiaReadiness state;
    const char *words;
  } cases[] = {
      {{.free_bytes = 100e9, .bytes_per_s = 200e6, .slowest_ms = 20}, REGIA_READY_GO, "the event takes 3.5"},
      {{.free_bytes = 12e9, .bytes_per_s = 200e6, .slowest_ms = 20}, REGIA_READY_LOOK, "room for 5.8"},
      {{.free_bytes = 7e9, .bytes_per_s = 200e6, .slowest_ms = 20}, REGIA_READY_NO_GO, "room for 3.2"},
      {{.free_bytes = 5e8, .bytes_per_s = 200e6, .slowest_ms = 20}, REGIA_READY_NO_GO, "room for 0.0"},
      {{.free_bytes = 100e9, .bytes_per_s = 3e6, .slowest_ms = 20}, REGIA_READY_LOOK, "writes 3 MB/s"},
      {{.free_bytes = 100e9, .bytes_per_s = 1e6, .slowest_ms = 20}, REGIA_READY_NO_GO, "writes 1 MB/s"},
      {{.free_bytes = 100e9, .bytes_per_s = 200e6, .slowest_ms = 2000}, REGIA_READY_LOOK, "2000 ms"},
      {{.free_bytes = 100e9, .bytes_per_s = 200e6, .slowest_ms = 12000}, REGIA_READY_NO_GO, "12000 ms"},
  };
  g_autoptr (RegiaConfig) config = load ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) rows = regia_ready_rows_new ();

    regia_ready_judge_disk (rows, regia_config_get (config), &cases[i].figures);
    is (rows, "recording", cases[i].state, cases[i].words);
  }
}

/* A real one: what is measured is plausible, and nothing is left. */
static void
test_measure (void)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-XXXXXX", NULL),
                  *below = g_build_filename (folder, "not", "yet", NULL);
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  RegiaDiskFigures figures = {0};

  g_assert_true (regia_ready_measure_disk (below, &figures, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (figures.free_bytes, >, 0);
  g_assert_cmpfloat (figures.bytes_per_s, >, 1e5);
  g_assert_cmpfloat (figures.slowest_ms, >, 0);
  dir = g_dir_open (folder, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  rmdir (folder);
  g_assert_true (regia_ready_measure_disk ("/proc/self", &figures, &error)); /* no room: nothing is tried */
  g_assert_cmpuint (figures.free_bytes, ==, 0);
}

/* An event that is on: its status says how the sources are, and nothing is measured. */
static void
test_running (void)
{
  g_autoptr (RegiaConfig) config = load ();
  g_autoptr (GPtrArray) rows = regia_ready_rows_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) status = regia_json_to_vardict (
      "{\"engine\": {\"sources\": [{\"name\": \"camera\", \"state\": \"live\", "
      "\"has-video\": true, \"fps\": 25.0}]}, \"recorder\": {\"state\": \"recording\", "
      "\"left-ms\": 7200000}}",
      -1, &error);

  g_assert_no_error (error);
  regia_ready_judge_running (rows, regia_config_get (config), status);
  is (rows, "source camera", REGIA_READY_GO, "25.0 a second");
  is (rows, "source desk", REGIA_READY_LOOK, "not tried");
  is (rows, "processor", REGIA_READY_LOOK, "not measured");
  is (rows, "recording", REGIA_READY_GO, "room for 2.0 hours");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/ready/trial", test_trial);
  g_test_add_func ("/cli/ready/disk", test_disk);
  g_test_add_func ("/cli/ready/measure", test_measure);
  g_test_add_func ("/cli/ready/running", test_running);
  return g_test_run ();
}
