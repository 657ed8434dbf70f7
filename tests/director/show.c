/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "show-private.h"
#include "status-private.h"

#define HOUR (3600 * REGIA_SECOND)
#define WALL (1664436600 * REGIA_SECOND)

static void
test_round_trip (void)
{
  g_autoptr (RegiaDesired) desired = regia_desired_new ();
  RegiaShow show = {.id = (char *)"0a1b2c3d",
                    .event_id = (char *)"2022-09-29-sirio",
                    .session = (char *)"2022-09-29-sirio-2",
                    .config_path = (char *)"/etc/è.conf",
                    .state = REGIA_SHOW_ENDING,
                    .left = TRUE,
                    .desired = desired,
                    .epoch = {5, 1664436600000000000, "boot"},
                    .generation = 3,
                    .aired_ns = 66 * REGIA_SECOND,
                    .reached_ns = 77 * REGIA_SECOND,
                    .reached_wall_ns = 1664436677000000000};
  g_autofree char *text = regia_show_to_json (&show);
  g_autoptr (GError) error = NULL;
  RegiaShow read = {0};

  g_assert_true (regia_show_from_json (text, &read, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (read.event_id, ==, show.event_id);
  g_assert_cmpstr (read.session, ==, show.session);
  g_assert_cmpstr (read.id, ==, show.id);
  g_assert_cmpstr (read.config_path, ==, show.config_path);
  g_assert_cmpint (read.state, ==, REGIA_SHOW_ENDING);
  g_assert_true (read.left);
  g_assert_cmpuint (read.desired->version, ==, 1);
  g_assert_cmpint (read.epoch.realtime_ns, ==, show.epoch.realtime_ns);
  g_assert_cmpuint (read.generation, ==, 3);
  g_assert_cmpint (read.aired_ns, ==, show.aired_ns);
  g_assert_cmpint (read.reached_ns, ==, show.reached_ns);
  g_assert_cmpint (read.reached_wall_ns, ==, show.reached_wall_ns);
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
      "{\"version\":2,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":\"gone\",\"epoch\":\"1:"
      "2:b\",\"generation\":1}",
      "{\"version\":2,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":\"on-air\",\"epoch\":\"1:"
      "2:b\",\"generation\":1,\"desired\":{\"private\":7}}",
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

/* Each state that a show can be found in, and what a start makes of it. */
static void
test_decide (void)
{
  static const struct {
    RegiaShowState state;
    gboolean left, by_service, fresh, again, other, old;
    RegiaStart start;
  } rows[] = {
      {REGIA_SHOW_STANDBY, .start = REGIA_START_NEW},
      {REGIA_SHOW_ON_AIR, .start = REGIA_START_GO_ON},
      {REGIA_SHOW_ON_AIR, .by_service = TRUE, .start = REGIA_START_GO_ON},
      {REGIA_SHOW_ON_AIR, .other = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ON_AIR, .old = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ON_AIR, .fresh = TRUE, .start = REGIA_START_NEW},
      /* never on the air by a start, whoever says what; over after so long, as any other */
      {REGIA_SHOW_REHEARSAL, .start = REGIA_START_REHEARSE},
      {REGIA_SHOW_REHEARSAL, .by_service = TRUE, .start = REGIA_START_REHEARSE},
      {REGIA_SHOW_REHEARSAL, .again = TRUE, .start = REGIA_START_REHEARSE},
      {REGIA_SHOW_REHEARSAL, .other = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_REHEARSAL, .fresh = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_REHEARSAL, .old = TRUE, .start = REGIA_START_NEW},
      /* killed, or the machine restarted, while the recording was being finished, whenever that was */
      {REGIA_SHOW_ENDING, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDING, .by_service = TRUE, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDING, .old = TRUE, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDING, .other = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ENDING, .again = TRUE, .start = REGIA_START_GO_ON},
      /* somebody pressed Ctrl-C twice and starts again, and so does systemd */
      {REGIA_SHOW_ENDING, .left = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ENDING, .left = TRUE, .by_service = TRUE, .start = REGIA_START_FINISH},
      /* killed, or the machine restarted, while it only served recordings */
      {REGIA_SHOW_ENDED, .start = REGIA_START_SERVE},
      {REGIA_SHOW_ENDED, .old = TRUE, .start = REGIA_START_SERVE},
      {REGIA_SHOW_ENDED, .by_service = TRUE, .start = REGIA_START_SERVE},
      {REGIA_SHOW_ENDED, .again = TRUE, .start = REGIA_START_GO_ON},
      {REGIA_SHOW_ENDED, .fresh = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ENDED, .other = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ENDED, .left = TRUE, .start = REGIA_START_NEW},
      {REGIA_SHOW_ENDED, .left = TRUE, .by_service = TRUE, .start = REGIA_START_SERVE},
  };
  const RegiaStartWish wish = {.event_id = "e"};

  g_assert_cmpint (regia_show_decide (NULL, &wish, 0), ==, REGIA_START_NEW);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    RegiaShow show = {.event_id = (char *)"e", .state = rows[i].state, .left = rows[i].left};
    RegiaStartWish started = {.event_id = rows[i].other ? "other" : "e",
                              .fresh = rows[i].fresh,
                              .again = rows[i].again,
                              .by_service = rows[i].by_service};

    g_test_message ("row %u", i);
    g_assert_cmpint (regia_show_decide (&show, &started, rows[i].old ? REGIA_SHOW_RESUME_LIMIT_S : 1), ==,
                     rows[i].start);
  }
}

/* The service: what each state becomes, with no file but show.json asked for. */
static void
test_decide_service (void)
{
  static const struct {
    RegiaShowState state;
    gboolean left, old;
    RegiaStart start;
  } rows[] = {
      {REGIA_SHOW_STANDBY, .start = REGIA_START_STAND_BY},
      {REGIA_SHOW_REHEARSAL, .start = REGIA_START_REHEARSE},
      {REGIA_SHOW_REHEARSAL, .old = TRUE, .start = REGIA_START_STAND_BY},
      {REGIA_SHOW_ON_AIR, .start = REGIA_START_GO_ON},
      /* the machine was off over night */
      {REGIA_SHOW_ON_AIR, .old = TRUE, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDING, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDING, .left = TRUE, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDING, .old = TRUE, .start = REGIA_START_FINISH},
      {REGIA_SHOW_ENDED, .start = REGIA_START_STAND_BY},
      {REGIA_SHOW_ENDED, .left = TRUE, .start = REGIA_START_STAND_BY},
  };

  g_assert_cmpint (regia_show_decide_service (NULL, 0), ==, REGIA_START_STAND_BY);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const RegiaShow show = {.event_id = (char *)"e", .state = rows[i].state, .left = rows[i].left};

    g_test_message ("row %u", i);
    g_assert_cmpint (regia_show_decide_service (&show, rows[i].old ? REGIA_SHOW_RESUME_LIMIT_S : 1), ==,
                     rows[i].start);
  }
}

/* What was ended is remembered over restarts, once each, and not for ever. */
static void
test_ended (void)
{
  g_autoptr (RegiaDesired) desired = regia_desired_new ();
  RegiaShow show = {.event_id = (char *)"one",
                    .id = (char *)"0a1b2c3d",
                    .session = (char *)"one",
                    .config_path = (char *)"/one.conf",
                    .state = REGIA_SHOW_ENDED,
                    .desired = desired,
                    .epoch = {5, 6, "boot"}};
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  RegiaShow read = {0};

  regia_show_note_ended (&show);
  show.event_id = (char *)"two";
  regia_show_note_ended (&show);
  regia_show_note_ended (&show);
  g_assert_cmpuint (g_strv_length (show.ended), ==, 2);
  text = regia_show_to_json (&show);
  g_assert_true (regia_show_from_json (text, &read, &error));
  g_assert_no_error (error);
  g_assert_true (g_strv_equal ((const char *const *)read.ended, (const char *const *)show.ended));
  regia_show_clear (&read);
  regia_show_forget_ended (&show);
  g_assert_cmpuint (g_strv_length (show.ended), ==, 1);
  g_assert_cmpstr (show.ended[0], ==, "one");
  for (guint i = 0; i < REGIA_SHOW_ENDED_MAX + 7; i++) {
    g_autofree char *id = g_strdup_printf ("event-%u", i);
    show.event_id = id;
    regia_show_note_ended (&show);
  }
  g_assert_cmpuint (g_strv_length (show.ended), ==, REGIA_SHOW_ENDED_MAX);
  g_assert_cmpstr (show.ended[0], ==, "event-7");
  g_strfreev (show.ended);
}

/* A service that has had no event yet; nothing else may be without a session. In standby no show time goes
 * by. */
static void
test_standby (void)
{
  g_autoptr (RegiaDesired) desired = regia_desired_new ();
  RegiaShow show = {.event_id = (char *)"",
                    .id = (char *)"0a1b2c3d",
                    .session = (char *)"",
                    .config_path = (char *)"",
                    .desired = desired,
                    .epoch = {5, 6, "boot"},
                    .reached_ns = 7,
                    .reached_wall_ns = 8};
  const RegiaShowNow now = {.boot_id = "boot", .monotonic_ns = 3 * HOUR, .realtime_ns = 9 * HOUR};
  g_autofree char *standby = regia_show_to_json (&show), *on_air = NULL;
  RegiaShow read = {0};

  g_assert_true (regia_show_from_json (standby, &read, NULL));
  g_assert_cmpint (read.state, ==, REGIA_SHOW_STANDBY);
  regia_show_clear (&read);
  regia_show_note_reached (&show, &now);
  g_assert_cmpint (show.reached_ns, ==, 7);
  g_assert_cmpint (show.reached_wall_ns, ==, 8);
  show.state = REGIA_SHOW_ON_AIR;
  on_air = regia_show_to_json (&show);
  g_assert_false (regia_show_from_json (on_air, &read, NULL));
}

/* As the first version wrote it, and as a later one may. */
static void
test_versions (void)
{
  static const char first[] = "{\"version\":1,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":"
                              "\"on-air\",\"epoch\":\"1:2:b\","
                              "\"generation\":4}";
  static const char later[] = "{\"version\":99,\"anything\":true}";
  g_autoptr (GError) error = NULL;
  RegiaShow read = {0};

  g_assert_true (regia_show_from_json (first, &read, &error));
  g_assert_no_error (error);
  g_assert_cmpint (read.state, ==, REGIA_SHOW_ON_AIR);
  g_assert_false (read.left);
  g_assert_cmpuint (read.generation, ==, 4);
  g_assert_cmpuint (read.desired->version, ==, 1);
  regia_show_clear (&read);
  g_assert_false (regia_show_from_json (later, &read, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "newer Regia"));
}

/* A show of which an hour of show time was written at WALL + one hour; then what the clocks say at its next
 * start, and where it goes on. */
static void
test_go_on (void)
{
  static const struct {
    const char *boot;
    gint64 realtime_ns, recorded_ns, expected_ns, idle_s;
  } table[] = {
      /* The same boot: the monotonic clock has it, whatever the wall clock was set to. */
      {"boot-a", WALL + HOUR, 0, 2 * HOUR, 3600},
      {"boot-a", 0, 0, 2 * HOUR, 3600},
      {"boot-a", WALL + 90000 * HOUR, 0, 2 * HOUR, 3600},
      /* Another: by the wall clock, … */
      {"boot-b", WALL + HOUR + 90 * REGIA_SECOND, 0, HOUR + 90 * REGIA_SECOND, 90},
      {"boot-b", WALL + 3 * HOUR, 0, 3 * HOUR, 7200},
      /* … also one that says that less time went by than may be unwritten, … */
      {"boot-b", WALL + HOUR + 2 * REGIA_SECOND, 0, HOUR + REGIA_SHOW_STEP_NS, 2},
      /* … or that came back earlier: before the last word, before the show, before everything, … */
      {"boot-b", WALL + HOUR - REGIA_SECOND, 0, HOUR + REGIA_SHOW_STEP_NS, 0},
      {"boot-b", WALL - 40 * HOUR, 0, HOUR + REGIA_SHOW_STEP_NS, 0},
      {"boot-b", 0, 0, HOUR + REGIA_SHOW_STEP_NS, 0},
      /* … or years later, which no event is. */
      {"boot-b", WALL + 90000 * HOUR, 0, HOUR + REGIA_SHOW_STEP_NS, 0},
      /* The state could not be written for ten minutes, the recording was. */
      {"boot-b", 0, WALL + HOUR + HOUR / 6, HOUR + HOUR / 6 + REGIA_SHOW_STEP_NS, 0},
      {"boot-b", WALL + 2 * HOUR, WALL + HOUR + HOUR / 6, 2 * HOUR, 3600},
      {"boot-b", 0, WALL - HOUR, HOUR + REGIA_SHOW_STEP_NS, 0},
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    RegiaShow show = {
        .epoch = {100 * REGIA_SECOND, WALL, "boot-a"}, .reached_ns = HOUR, .reached_wall_ns = WALL + HOUR};
    gboolean same = g_str_equal (table[i].boot, "boot-a");
    RegiaShowNow now = {.monotonic_ns = same ? 100 * REGIA_SECOND + 2 * HOUR : 30 * REGIA_SECOND,
                        .realtime_ns = table[i].realtime_ns};

    g_strlcpy (now.boot_id, table[i].boot, sizeof now.boot_id);
    g_assert_cmpint (regia_show_idle_s (&show, &now), ==, table[i].idle_s);
    g_assert_cmpint (regia_show_go_on (&show, &now, table[i].recorded_ns), ==, !same);
    g_assert_cmpint (now.monotonic_ns - show.epoch.monotonic_ns, ==, table[i].expected_ns);
    /* Never back, and never further than an interrupted show is gone on with. */
    g_assert_cmpint (now.monotonic_ns - show.epoch.monotonic_ns, >=, show.reached_ns);
    g_assert_cmpint (now.monotonic_ns - show.epoch.monotonic_ns, <=,
                     HOUR + REGIA_SHOW_RESUME_LIMIT_S * REGIA_SECOND);
    g_assert_cmpint (show.epoch.realtime_ns, ==, WALL);
  }
}

/* Some boots one after the other, each with a clock of its own: show time goes one way. */
static void
test_never_back (void)
{
  static const gint64 clocks[] = {WALL + 5 * REGIA_SECOND, 0, 1000 * REGIA_SECOND,
                                  WALL + 4 * HOUR,         7, WALL + HOUR};
  RegiaShow show = {.state = REGIA_SHOW_ON_AIR, .epoch = {0, WALL, "boot"}};
  gint64 last_ns = 0;

  show.reached_wall_ns = WALL;
  for (guint i = 0; i < G_N_ELEMENTS (clocks); i++) {
    RegiaShowNow now = {.monotonic_ns = (gint64)i * 17 * REGIA_SECOND, .realtime_ns = clocks[i]};

    g_snprintf (now.boot_id, sizeof now.boot_id, "boot-%u", i);
    g_assert_true (regia_show_go_on (&show, &now, 0));
    g_assert_cmpint (now.monotonic_ns - show.epoch.monotonic_ns, >, last_ns);
    /* Seen by viewers, and not written any more. */
    last_ns = now.monotonic_ns - show.epoch.monotonic_ns + REGIA_SHOW_SAVE_EVERY_S * REGIA_SECOND;
    regia_show_note_reached (&show, &now);
  }
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
    warnings = regia_status_warnings (&config, "on-air", TRUE, engine, recorder, gateway, relays);
    if (table[i].expected == NULL) {
      g_assert_cmpuint (g_strv_length (warnings), ==, 0);
    } else {
      g_assert_cmpuint (g_strv_length (warnings), ==, 1);
      g_assert_nonnull (strstr (warnings[0], table[i].expected));
    }
  }
}

/* Over: what is not finished is said, but not of a recording that was finished before this program began. */
static void
test_warnings_after (void)
{
  RegiaConfigValues config = {.record = TRUE};
  static const struct {
    const char *recorder, *expected;
    gboolean ran;
  } table[] = {
      {"{'state': <'finished'>}", NULL, TRUE},
      {"{'state': <'finishing'>}", "not finished yet", TRUE},
      {"{}", "not finished yet", TRUE},
      {"{}", NULL, FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GVariant) none = dict ("{}"), recorder = dict (table[i].recorder);
    g_autoptr (GPtrArray) relays = g_ptr_array_new ();
    g_auto (GStrv) warnings =
        regia_status_warnings (&config, "ended", table[i].ran, none, recorder, none, relays);

    g_assert_cmpuint (g_strv_length (warnings), ==, table[i].expected != NULL ? 1 : 0);
    if (table[i].expected != NULL)
      g_assert_nonnull (strstr (warnings[0], table[i].expected));
  }
}

/* Whether a show of the first version was ended is in its recording's record. */
static void
test_settle (void)
{
  static const struct {
    const char *record;
    int version;
    gboolean ending;
  } table[] = {
      {"{\"state\":\"finishing\"}", 1, TRUE},
      {"{\"state\":\"finished\"}", 1, TRUE},
      {"{\"state\":\"recording\"}", 1, FALSE},
      {"{\"state\":", 1, FALSE},
      {NULL, 1, FALSE},
      {"{\"state\":\"finishing\"}", 2, FALSE},
  };
  g_autofree char *folder = g_dir_make_tmp ("regia-show-XXXXXX", NULL);
  g_autofree char *session = g_build_filename (folder, "s", NULL);
  g_autofree char *path = g_build_filename (session, "session.json", NULL);

  g_assert_cmpint (g_mkdir (session, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"version\":%d,\"event\":\"e\",\"session\":\"s\",\"config\":\"c\",\"state\":\"on-air\","
        "\"epoch\":\"1:2:b\",\"generation\":1}",
        table[i].version);
    RegiaShow show;

    g_unlink (path);
    if (table[i].record != NULL)
      g_assert_true (g_file_set_contents (path, table[i].record, -1, NULL));
    g_assert_true (regia_show_from_json (text, &show, NULL));
    g_assert_cmpint (regia_show_settle (&show, folder), ==, table[i].ending);
    g_assert_cmpint (show.state, ==, table[i].ending ? REGIA_SHOW_ENDING : REGIA_SHOW_ON_AIR);
    g_assert_false (regia_show_settle (&show, folder));
    regia_show_clear (&show);
  }
  g_unlink (path);
  g_rmdir (session);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/director/show/round-trip", test_round_trip);
  g_test_add_func ("/director/show/bad-state", test_bad_state);
  g_test_add_func ("/director/show/decide", test_decide);
  g_test_add_func ("/director/show/decide-service", test_decide_service);
  g_test_add_func ("/director/show/ended", test_ended);
  g_test_add_func ("/director/show/standby", test_standby);
  g_test_add_func ("/director/show/versions", test_versions);
  g_test_add_func ("/director/show/go-on", test_go_on);
  g_test_add_func ("/director/show/never-back", test_never_back);
  g_test_add_func ("/director/show/new-session", test_new_session);
  g_test_add_func ("/director/show/settle", test_settle);
  g_test_add_func ("/director/status/warnings", test_warnings);
  g_test_add_func ("/director/status/warnings-after", test_warnings_after);
  return g_test_run ();
}
