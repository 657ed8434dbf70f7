/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "alarms-private.h"
#include "desired-private.h"
#include "regia/base/error.h"
#include "show-private.h"

/* A show by hand: what its processes say, second by second, and what was told of its alarms. */
typedef struct {
  RegiaConfig *config;
  RegiaDesired *desired;
  RegiaAlarms *alarms;
  RegiaAlarmsInput input;
  GVariant *engine, *recorder, *gateway;
  GString *told; /* "+silence/desk " "-silence/desk " */
} Show;

#define LIVE_DESK                                                                                            \
  "'name': <'desk'>, 'state': <'live'>, 'has-audio': <true>, 'has-video': <false>, 'drift-ppm': <3.0>"
#define LIVE_CAMERA "'name': <'camera'>, 'state': <'live'>, 'has-audio': <false>, 'has-video': <true>"
#define GOOD        ", 'level-db': <-20.0>"

static const char *const event =
    "[event]\nname = Prova\nstart = 2026-11-26 10:00\n[source camera]\npipeline = test\naudio = no\n"
    "[source desk]\npipeline = test\nvideo = no\n[source booth]\npipeline = test\nvideo = no\n"
    "no_alarms = silence; drift\n[rendition 720p]\nsize = 1280x720\nbitrate = 2M\n[audio it]\nsources = "
    "desk; booth\n"
    "[relay tv]\nurl = rtmp://tv.example/live\n";

static void
set (GVariant **place, GVariant *value)
{
  g_clear_pointer (place, g_variant_unref);
  *place = g_variant_take_ref (value);
}

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

/* What the engine says of desk and camera besides. */
static void
set_engine (Show *self, const char *desk, const char *camera, gboolean shed)
{
  g_autofree char *text = g_strdup_printf ("{'ready': <true>, 'sources': <[<{%s}>, <{%s}>]>, 'renditions': "
                                           "<[<{'name': <'720p'>, 'shed': <%s>}>]>}",
                                           desk, camera, shed ? "true" : "false");

  set (&self->engine, parse (text));
}

static void
show_init (Show *self, const char *more)
{
  g_autofree char *text = g_strconcat (event, more, NULL);
  g_autoptr (GError) error = NULL;

  *self =
      (Show){.desired = regia_desired_new (), .alarms = regia_alarms_new (NULL), .told = g_string_new (NULL)};
  self->config = regia_config_parse (text, strlen (text), "event.conf", "/tmp", FALSE, &error);
  g_assert_no_error (error);
  set_engine (self, LIVE_DESK GOOD, LIVE_CAMERA, FALSE);
  set (&self->recorder, parse ("{'state': <'recording'>, 'message': <''>, 'left-ms': <uint64 7200000>}"));
  set (&self->gateway, parse ("{'viewers': <uint64 3>}"));
  self->input =
      (RegiaAlarmsInput){.config = regia_config_get (self->config),
                         .state = "on-air",
                         .temperature_c = NAN,
                         .load_percent = NAN,
                         .now_ms = 50000,
                         .wall_ms = 1700000000000,
                         .relays = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref)};
  g_ptr_array_add (self->input.relays, parse ("{'name': <'tv'>, 'state': <'live'>}"));
}

static void
show_clear (Show *self)
{
  g_ptr_array_unref (self->input.relays);
  regia_alarms_free (self->alarms);
  regia_desired_unref (self->desired);
  regia_config_unref (self->config);
  g_clear_pointer (&self->engine, g_variant_unref);
  g_clear_pointer (&self->recorder, g_variant_unref);
  g_clear_pointer (&self->gateway, g_variant_unref);
  g_string_free (self->told, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Show, show_clear)

static void
told_cb (const RegiaAlarm *alarm, gpointer user_data)
{
  Show *self = user_data;

  g_string_append_printf (self->told, "%c%s ", alarm->raised ? '+' : '-', alarm->id);
}

/* (transfer none): what was told within so many seconds. */
static const char *
pass (Show *self, guint seconds)
{
  g_string_truncate (self->told, 0);
  for (guint i = 0; i < seconds; i++) {
    self->input.now_ms += 1000;
    self->input.show_ms += 1000;
    self->input.wall_ms += 1000;
    self->input.engine = self->engine;
    self->input.recorder = self->recorder;
    self->input.gateway = self->gateway;
    self->input.desired = self->desired;
    regia_alarms_step (self->alarms, &self->input, told_cb, self);
  }
  return self->told->str;
}

static void
set_desk (Show *self, const char *what)
{
  g_autofree char *desk = g_strconcat (LIVE_DESK, what, NULL);

  set_engine (self, desk, LIVE_CAMERA, FALSE);
}

static void
set_camera (Show *self, const char *camera)
{
  set_engine (self, LIVE_DESK GOOD, camera, FALSE);
}

static void
test_calm (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  g_assert_cmpstr (pass (&self, 120), ==, "");
  g_assert_cmpuint (regia_alarms_get (self.alarms)->len, ==, 0);
}

static void
test_silence (void)
{
  g_auto (Show) self;
  const RegiaAlarm *alarm;

  show_init (&self, "");
  pass (&self, 5);
  set_desk (&self, ", 'level-db': <-60.0>");
  g_assert_cmpstr (pass (&self, 10), ==, "");
  g_assert_cmpstr (pass (&self, 1), ==, "+silence/desk ");
  alarm = g_ptr_array_index (regia_alarms_get (self.alarms), 0);
  g_assert_cmpint (alarm->since_ms, ==, 16000);
  g_assert_cmpint (alarm->since_wall_ms, ==, 1700000016000);
  /* between the two bounds nothing changes, however long */
  set_desk (&self, ", 'level-db': <-58.0>");
  g_assert_cmpstr (pass (&self, 60), ==, "");
  set_desk (&self, ", 'level-db': <-40.0>");
  g_assert_cmpstr (pass (&self, 2), ==, "");
  set_desk (&self, ", 'level-db': <-120.0>"); /* a cough is no end */
  g_assert_cmpstr (pass (&self, 30), ==, "");
  set_desk (&self, ", 'level-db': <-40.0>");
  g_assert_cmpstr (pass (&self, 3), ==, "-silence/desk ");
  /* a pause of speech is no alarm */
  for (guint i = 0; i < 20; i++) {
    set_desk (&self, i % 2 ? ", 'level-db': <-90.0>" : GOOD);
    g_assert_cmpstr (pass (&self, 9), ==, "");
  }
}

/* A camera that sends nothing while nobody speaks is silent; one that never sent any sound has none. */
static void
test_no_sound (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_engine (&self, "'name': <'desk'>, 'state': <'live'>, 'has-audio': <false>, 'channels': <uint64 0>",
              LIVE_CAMERA, FALSE);
  g_assert_cmpstr (pass (&self, 60), ==, "");
  set_engine (&self,
              "'name': <'desk'>, 'state': <'live'>, 'has-audio': <false>, 'channels': <uint64 2>, 'peak-db': "
              "<-120.0>",
              LIVE_CAMERA, FALSE);
  g_assert_cmpstr (pass (&self, 60), ==, "+silence/desk ");
}

static void
test_engine (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set (&self.engine,
       parse ("{'ready': <true>, 'frames-dropped': <uint64 300>, 'audios': <[<{'language': <'it'>, "
              "'backup': <'room'>}>]>}"));
  g_assert_cmpstr (pass (&self, 30), ==, "+backup/it ");
  set (&self.engine,
       parse ("{'ready': <true>, 'frames-dropped': <uint64 305>, 'audios': <[<{'language': <'it'>, "
              "'backup': <''>}>]>}"));
  g_assert_cmpstr (pass (&self, 5), ==, "+behind -backup/it ");
  g_assert_cmpstr (pass (&self, 10), ==, "-behind ");
}

static void
test_channels (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_desk (&self, GOOD ", 'channels': <uint64 2>, 'channel-db': <[-20.0, -70.0]>, 'correlation': <0.0>");
  g_assert_cmpstr (pass (&self, 30), ==, "+channel-dead/desk ");
  set_desk (&self, GOOD ", 'channels': <uint64 2>, 'channel-db': <[-20.0, -22.0]>, 'correlation': <-0.95>");
  g_assert_cmpstr (pass (&self, 30), ==, "-channel-dead/desk +out-of-phase/desk ");
  set_desk (&self, GOOD ", 'channels': <uint64 2>, 'channel-db': <[-20.0, -20.0]>, 'correlation': <1.0>");
  g_assert_cmpstr (pass (&self, 600), ==, "-out-of-phase/desk "); /* one voice on both sides is usual */
  /* one channel is as it is */
  set_desk (&self, GOOD ", 'channels': <uint64 1>, 'channel-db': <[-20.0, -70.0]>, 'correlation': <-1.0>");
  g_assert_cmpstr (pass (&self, 60), ==, "");
}

static void
test_equal (void)
{
  g_auto (Show) self;

  show_init (&self, "[alarms]\nequal_after = 20s\n");
  set_desk (&self, GOOD ", 'channels': <uint64 2>, 'channel-db': <[-20.0, -20.0]>, 'correlation': <1.0>");
  g_assert_cmpstr (pass (&self, 20), ==, "");
  g_assert_cmpstr (pass (&self, 1), ==, "+channels-equal/desk ");
  set_desk (&self, GOOD ", 'channels': <uint64 2>, 'channel-db': <[-20.0, -21.0]>, 'correlation': <0.9>");
  g_assert_cmpstr (pass (&self, 5), ==, "-channels-equal/desk ");
}

static void
test_clipping (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_desk (&self, GOOD ", 'clips': <uint64 1000>"); /* since the run began: nothing of it is new */
  g_assert_cmpstr (pass (&self, 20), ==, "");
  set_desk (&self, GOOD ", 'clips': <uint64 1004>");
  g_assert_cmpstr (pass (&self, 20), ==, "");
  set_desk (&self, GOOD ", 'clips': <uint64 1009>");
  g_assert_cmpstr (pass (&self, 1), ==, "+clipping/desk ");
  g_assert_cmpstr (pass (&self, 9), ==, "");
  g_assert_cmpstr (pass (&self, 2), ==, "-clipping/desk ");
  set_desk (&self, GOOD ", 'clips': <uint64 0>"); /* another run */
  g_assert_cmpstr (pass (&self, 2), ==, "");
  set_desk (&self, GOOD ", 'clips': <uint64 5>");
  g_assert_cmpstr (pass (&self, 1), ==, "+clipping/desk ");
}

static void
test_picture (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_camera (&self, LIVE_CAMERA ", 'black': <true>, 'still-ms': <uint64 60000>"); /* one alarm is enough */
  g_assert_cmpstr (pass (&self, 12), ==, "+black/camera ");
  set_camera (&self, LIVE_CAMERA ", 'black': <false>, 'still-ms': <uint64 9000>");
  g_assert_cmpstr (pass (&self, 12), ==, "-black/camera ");
  set_camera (&self, LIVE_CAMERA ", 'black': <false>, 'still-ms': <uint64 10000>");
  g_assert_cmpstr (pass (&self, 1), ==, "+frozen/camera ");
  set_camera (&self, LIVE_CAMERA ", 'black': <false>, 'still-ms': <uint64 0>");
  g_assert_cmpstr (pass (&self, 3), ==, "-frozen/camera ");
  set_camera (&self, "'name': <'camera'>, 'state': <'stalled'>, 'has-video': <false>, 'has-audio': <true>");
  g_assert_cmpstr (pass (&self, 12), ==, "+frozen/camera ");
  /* one alarm is enough for what is not there */
  set_camera (&self, "'name': <'camera'>, 'state': <'retrying'>, 'last-error': <'no route'>");
  g_assert_cmpstr (pass (&self, 5), ==, "+source-lost/camera -frozen/camera ");
}

static void
test_lost (void)
{
  g_auto (Show) self;
  g_autofree char *english = NULL, *italian = NULL;

  show_init (&self, "");
  g_assert_cmpstr (pass (&self, 5), ==, "");
  set_camera (&self, "'name': <'camera'>, 'state': <'retrying'>, 'last-error': <'no route to 192.0.2.1'>");
  g_assert_cmpstr (pass (&self, 1), ==, "+source-lost/camera ");
  english = regia_alarm_text (g_ptr_array_index (regia_alarms_get (self.alarms), 0), REGIA_ALARM_ENGLISH);
  italian = regia_alarm_text (g_ptr_array_index (regia_alarms_get (self.alarms), 0), REGIA_ALARM_ITALIAN);
  g_assert_cmpstr (english, ==, "camera has gone: no route to 192.0.2.1.");
  g_assert_cmpstr (italian, ==, "camera non c’è più: no route to 192.0.2.1.");
  /* each try begins with a start that says nothing */
  for (guint i = 0; i < 10; i++) {
    set_camera (&self, i % 2 ? "'name': <'camera'>, 'state': <'starting'>"
                             : "'name': <'camera'>, 'state': <'retrying'>");
    g_assert_cmpstr (pass (&self, 5), ==, "");
  }
  set_camera (&self, LIVE_CAMERA);
  g_assert_cmpstr (pass (&self, 3), ==, "-source-lost/camera ");
}

/* An engine that died says nothing: neither that all is well nor that all is lost. */
static void
test_engine_away (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_desk (&self, ", 'level-db': <-120.0>");
  g_assert_cmpstr (pass (&self, 11), ==, "+silence/desk ");
  set (&self.engine, parse ("{}"));
  g_assert_cmpstr (pass (&self, 4), ==, "");
  g_assert_cmpstr (pass (&self, 4), ==, "+programme ");
  set_desk (&self, ", 'level-db': <-120.0>");
  g_assert_cmpstr (pass (&self, 4), ==, "-programme ");
}

static void
test_show (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_engine (&self, LIVE_DESK GOOD, LIVE_CAMERA, TRUE);
  g_assert_cmpstr (pass (&self, 5), ==, "+shed/720p ");
  set_engine (&self, LIVE_DESK GOOD, LIVE_CAMERA, FALSE);
  g_assert_cmpstr (pass (&self, 10), ==, "");
  g_assert_cmpstr (pass (&self, 1), ==, "-shed/720p ");
  set (&self.recorder, parse ("{'state': <'recording'>, 'left-ms': <uint64 1700000>}"));
  g_assert_cmpstr (pass (&self, 3), ==, "+disk ");
  set (&self.recorder, parse ("{'state': <'recording'>, 'left-ms': <uint64 1810000>}"));
  g_assert_cmpstr (pass (&self, 60), ==, "");
  set (&self.recorder, parse ("{'state': <'no-space'>, 'message': <'the disk is full'>}"));
  g_assert_cmpstr (pass (&self, 3), ==, "+recording ");
  set (&self.recorder, parse ("{'state': <'recording'>, 'left-ms': <uint64 7000000>}"));
  g_assert_cmpstr (pass (&self, 12), ==, "-recording -disk ");
  set (&self.gateway, parse ("{}"));
  g_assert_cmpstr (pass (&self, 7), ==, "+viewers ");
  set (&self.gateway, parse ("{'viewers': <uint64 1>}"));
  g_assert_cmpstr (pass (&self, 4), ==, "-viewers ");
  g_ptr_array_set_size (self.input.relays, 0);
  g_ptr_array_add (self.input.relays, parse ("{'name': <'tv'>, 'state': <'retrying'>}"));
  g_assert_cmpstr (pass (&self, 12), ==, "+relay-lost/tv ");
  self.input.temperature_c = 84.9;
  g_assert_cmpstr (pass (&self, 30), ==, "");
  self.input.temperature_c = 85;
  g_assert_cmpstr (pass (&self, 12), ==, "+hot ");
  self.input.temperature_c = 81;
  g_assert_cmpstr (pass (&self, 60), ==, "");
  self.input.temperature_c = 79;
  g_assert_cmpstr (pass (&self, 12), ==, "-hot ");
  /* over: so is all that was wrong with it */
  self.input.state = "ending";
  g_assert_cmpstr (pass (&self, 1), ==, "-relay-lost/tv ");
}

/* Said of the scene that people want, for as long as another one is shown in its place. */
static void
test_backup_scene (void)
{
  g_auto (Show) self;
  const RegiaAlarm *alarm;
  g_autofree char *words = NULL;

  show_init (&self, "[scene speaker]\nsources = camera\nbackup = camera\n");
  set (&self.engine, parse ("{'ready': <true>, 'scene': <'camera'>, 'scene-for': <'speaker'>, 'scene-why': "
                            "<'camera: lost'>}"));
  g_assert_cmpstr (pass (&self, 2), ==, "+backup-scene/speaker ");
  alarm = g_ptr_array_index (regia_alarms_get (self.alarms), 0);
  words = regia_alarm_text (alarm, REGIA_ALARM_ENGLISH);
  g_assert_cmpstr (words, ==,
                   "The scene speaker is not shown; its backup is in its place: camera (camera: lost).");
  set (&self.engine, parse ("{}")); /* nobody knows */
  g_assert_cmpstr (pass (&self, 3), ==, "");
  /* A new one has not decided yet. */
  set (&self.engine,
       parse ("{'ready': <true>, 'scene': <'speaker'>, 'scene-for': <''>, 'sources': <[<{'name': "
              "<'camera'>, 'state': <'starting'>}>]>}"));
  g_assert_cmpstr (pass (&self, 6), ==, "");
  set (&self.engine,
       parse ("{'ready': <true>, 'scene': <'speaker'>, 'scene-for': <''>, 'sources': <[<{" LIVE_CAMERA
              "}>]>}"));
  g_assert_cmpstr (pass (&self, 4), ==, "-backup-scene/speaker ");
}

/* What one source says, for so long, and what is told of it at the end. */
typedef struct {
  const char *state;
  guint seconds;
  const char *told;
} Step;

static void
take_steps (const char *more, const char *source, const Step *steps, gsize count)
{
  g_auto (Show) self;

  show_init (&self, more);
  for (gsize i = 0; i < count; i++) {
    g_autofree char *text = g_strconcat (
        "{'ready': <true>, 'sources': <[<{'state': <'live'>, 'has-audio': <true>, 'level-db': <-20.0>, ",
        source, ", ", steps[i].state, "}>]>}", NULL);

    set (&self.engine, parse (text));
    g_assert_cmpstr (pass (&self, steps[i].seconds), ==, steps[i].told);
  }
}

static void
test_clock (void)
{
  static const Step steps[] = {{"'drift-ppm': <-210.0>", 30, ""},
                               {"'drift-ppm': <-210.0>", 1, "+drift/desk "},
                               {"'drift-ppm': <170.0>", 60, ""},
                               {"'drift-ppm': <-100.0>", 10, ""},
                               {"'drift-ppm': <-100.0>", 1, "-drift/desk "}};

  take_steps ("", "'name': <'desk'>", steps, G_N_ELEMENTS (steps));
}

/* By what is measured, and by a time that has to be set anew again and again; a step that is mended by a seam
 * or two is not apart. */
static void
test_apart (void)
{
#define AT(apart, resyncs) "'apart-ms': <int64 " #apart ">, 'resyncs': <uint64 " #resyncs ">"
  static const Step steps[] = {{AT (-99, 0), 30, ""},
                               {AT (-100, 0), 3, ""},
                               {AT (-100, 0), 1, "+apart/phone "},
                               {AT (60, 0), 60, ""},
                               {AT (40, 4), 40, "-apart/phone "},
                               {AT (0, 9), 4, "+apart/phone "},
                               {AT (0, 9), 30, "-apart/phone "}};
#undef AT

  take_steps ("[source phone]\npipeline = test\n", "'name': <'phone'>, 'has-video': <true>", steps,
              G_N_ELEMENTS (steps));
}

static RegiaDesired *
change (RegiaDesired *from, const char *id, const char *text, GPtrArray *alarms, const Show *show,
        GError **error)
{
  g_autoptr (GVariant) what = parse (text);
  RegiaDesiredContext context = {.relays = (const char *const[]){NULL},
                                 .scenes = (const char *const[]){NULL},
                                 .audios = regia_config_get (show->config)->audios,
                                 .wall_s = 1700000100,
                                 .alarms = alarms,
                                 .who = "anna, console"};

  return regia_desired_change (from, id, what, &context, error);
}

static void
want (Show *self, const char *id, const char *text)
{
  g_autoptr (GError) error = NULL;
  RegiaDesired *wanted = change (self->desired, id, text, regia_alarms_get (self->alarms), self, &error);

  g_assert_no_error (error);
  regia_desired_unref (self->desired);
  self->desired = wanted;
}

static void
test_muted (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  want (&self, "1", "{'mute': <('', 'desk', true)>}");
  g_assert_cmpstr (pass (&self, 20), ==, "");
  want (&self, "2", "{'gain': <('', 'booth', int64 -600)>}");
  g_assert_cmpstr (pass (&self, 5), ==, "+muted/it ");
  want (&self, "3", "{'gain': <('', 'booth', int64 -595)>}");
  g_assert_cmpstr (pass (&self, 1), ==, "-muted/it ");
}

static void
test_off (void)
{
  g_auto (Show) self;

  show_init (&self, "[alarms]\nsilence = off\nblack_after = off\nfrozen_after = off\ndrift = off\nhot = off\n"
                    "clipping = off\nchannels_after = off\n");
  self.input.temperature_c = 120;
  set_engine (
      &self,
      "'name': <'desk'>, 'state': <'live'>, 'has-audio': <true>, 'level-db': <-120.0>, 'drift-ppm': <900.0>, "
      "'clips': <uint64 1>, 'channels': <uint64 2>, 'channel-db': <[-20.0, -70.0]>, 'correlation': <-1.0>",
      LIVE_CAMERA ", 'black': <true>, 'still-ms': <uint64 60000>", FALSE);
  g_assert_cmpstr (pass (&self, 60), ==, "");
}

/* An interpreter's booth may be silent; that it has gone is said all the same. */
static void
test_left_out (void)
{
  g_auto (Show) self;

  show_init (&self, "");
  set_engine (
      &self, LIVE_DESK GOOD,
      "'name': <'booth'>, 'state': <'live'>, 'has-audio': <true>, 'level-db': <-120.0>, 'drift-ppm': <900.0>",
      FALSE);
  g_assert_cmpstr (pass (&self, 60), ==, "");
  set_engine (&self, LIVE_DESK GOOD, "'name': <'booth'>, 'state': <'failed'>", FALSE);
  g_assert_cmpstr (pass (&self, 1), ==, "+source-lost/booth ");
}

static const char *
acknowledged_by (Show *self, guint i)
{
  g_autoptr (GVariant) list = g_variant_ref_sink (regia_alarms_describe (self->alarms, self->desired));
  g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
  g_autoptr (GVariant) alarm = g_variant_get_variant (boxed);
  const char *by;

  g_assert_true (g_variant_lookup (alarm, "acknowledged-by", "&s", &by));
  return g_intern_string (by);
}

static void
test_acknowledged (void)
{
  g_auto (Show) self;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) ended = NULL;
  g_autofree char *shown = NULL;

  show_init (&self, "");
  g_assert_null (change (self.desired, "0", "{'acknowledge': <'silence/desk'>}", NULL, &self, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
  set_desk (&self, ", 'level-db': <-120.0>");
  pass (&self, 12);
  g_clear_error (&error);
  g_assert_null (
      change (self.desired, "1", "{'acknowledge': <'hot'>}", regia_alarms_get (self.alarms), &self, &error));
  g_assert_cmpstr (error->message, ==, "no alarm \"hot\" is raised; raised now: silence/desk");
  g_assert_cmpstr (acknowledged_by (&self, 0), ==, "");
  want (&self, "2", "{'acknowledge': <'silence/desk'>}");
  g_assert_cmpstr (acknowledged_by (&self, 0), ==, "anna, console");
  g_assert_cmpuint (self.desired->acknowledged->len, ==, 1);
  want (&self, "3", "{'acknowledge': <'silence/desk'>}"); /* once is enough */
  g_assert_cmpuint (self.desired->acknowledged->len, ==, 1);
  set_desk (&self, GOOD);
  g_assert_cmpstr (pass (&self, 3), ==, "-silence/desk ");
  ended = g_variant_ref_sink (regia_alarms_describe_ended (self.alarms));
  shown = g_variant_print (ended, FALSE);
  g_assert_nonnull (strstr (shown, "'acknowledged-by': <'anna, console'>"));
  g_assert_nonnull (strstr (shown, "'ended-ms': <uint64 15000>"));
  /* the next of that id is another one */
  set_desk (&self, ", 'level-db': <-120.0>");
  pass (&self, 12);
  g_assert_cmpstr (acknowledged_by (&self, 0), ==, "");
  want (&self, "4", "{'acknowledge': <'silence/desk'>}");
  g_assert_cmpuint (self.desired->acknowledged->len, ==, 1);
}

/* show.json, and back: what went on goes on, with its beginning and its acknowledgement. */
static void
test_kept (void)
{
  g_auto (Show) self;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  RegiaShow show = {.event_id = (char *)"e",
                    .id = (char *)"0123abcd",
                    .session = (char *)"s",
                    .config_path = (char *)"c",
                    .state = REGIA_SHOW_ON_AIR};
  RegiaShow read;
  const RegiaAlarm *alarm;

  show_init (&self, "");
  set_desk (&self, ", 'level-db': <-120.0>");
  set_camera (&self, "'name': <'camera'>, 'state': <'retrying'>");
  pass (&self, 2);
  set_desk (&self, ", 'level-db': <-120.0>");
  g_assert_cmpstr (pass (&self, 12), ==, "-source-lost/camera +silence/desk ");
  want (&self, "1", "{'acknowledge': <'silence/desk'>}");
  regia_epoch_now (&show.epoch);
  show.desired = self.desired;
  show.alarms = g_variant_ref_sink (regia_alarms_to_kept (self.alarms));
  json = regia_show_to_json (&show);
  g_variant_unref (show.alarms);

  g_assert_true (regia_show_from_json (json, &read, &error));
  g_assert_no_error (error);
  regia_alarms_free (self.alarms);
  self.alarms = regia_alarms_new (read.alarms);
  regia_desired_unref (self.desired);
  self.desired = regia_desired_ref (read.desired);
  regia_show_clear (&read);
  set (&self.engine, parse ("{}"));
  self.input.state = "starting";
  g_assert_cmpstr (pass (&self, 30), ==, "");
  set_desk (&self, ", 'level-db': <-120.0>");
  self.input.state = "on-air";
  g_assert_cmpstr (pass (&self, 30), ==, "");
  g_assert_cmpuint (regia_alarms_get (self.alarms)->len, ==, 1);
  alarm = g_ptr_array_index (regia_alarms_get (self.alarms), 0);
  g_assert_cmpstr (alarm->id, ==, "silence/desk");
  g_assert_cmpint (alarm->since_ms, ==, 13000);
  g_assert_cmpstr (acknowledged_by (&self, 0), ==, "anna, console");
  set_desk (&self, GOOD);
  g_assert_cmpstr (pass (&self, 3), ==, "-silence/desk ");
}

static void
test_ended_are_few (void)
{
  g_auto (Show) self;
  g_autoptr (GVariant) ended = NULL;

  show_init (&self, "");
  for (guint i = 0; i < REGIA_ALARMS_ENDED_MAX + 10; i++) {
    set_camera (&self, "'name': <'camera'>, 'state': <'retrying'>");
    pass (&self, 1);
    set_camera (&self, LIVE_CAMERA);
    g_assert_cmpstr (pass (&self, 3), ==, "-source-lost/camera ");
  }
  ended = g_variant_ref_sink (regia_alarms_describe_ended (self.alarms));
  g_assert_cmpuint (g_variant_n_children (ended), ==, REGIA_ALARMS_ENDED_MAX);
}

/* Each kind has words in each language, without anything left to be filled in. */
static void
test_words (void)
{
  for (guint kind = 0; kind < REGIA_ALARM_KINDS; kind++) {
    const RegiaAlarm alarm = {.kind = (RegiaAlarmKind)kind, .about = (char *)"desk", .value = (char *)": so"};
    g_autofree char *texts[2 * REGIA_ALARM_LANGUAGES] = {NULL};
    RegiaAlarmKind parsed;

    g_assert_true (regia_alarm_kind_parse (regia_alarm_kind_to_string (alarm.kind), &parsed));
    g_assert_cmpint (parsed, ==, kind);
    for (guint language = 0; language < REGIA_ALARM_LANGUAGES; language++) {
      g_autofree char *text = regia_alarm_text (&alarm, (RegiaAlarmLanguage)language);
      g_autofree char *remedy = regia_alarm_remedy (&alarm, (RegiaAlarmLanguage)language);

      g_assert_null (strchr (text, '{'));
      g_assert_null (strchr (remedy, '{'));
      g_assert_cmpuint (strlen (text), >, 15);
      g_assert_cmpuint (strlen (remedy), >, 30);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alarms/calm", test_calm);
  g_test_add_func ("/alarms/silence", test_silence);
  g_test_add_func ("/alarms/no-sound", test_no_sound);
  g_test_add_func ("/alarms/engine", test_engine);
  g_test_add_func ("/alarms/channels", test_channels);
  g_test_add_func ("/alarms/equal", test_equal);
  g_test_add_func ("/alarms/clipping", test_clipping);
  g_test_add_func ("/alarms/picture", test_picture);
  g_test_add_func ("/alarms/lost", test_lost);
  g_test_add_func ("/alarms/engine-away", test_engine_away);
  g_test_add_func ("/alarms/show", test_show);
  g_test_add_func ("/alarms/clock", test_clock);
  g_test_add_func ("/alarms/apart", test_apart);
  g_test_add_func ("/alarms/muted", test_muted);
  g_test_add_func ("/alarms/off", test_off);
  g_test_add_func ("/alarms/left-out", test_left_out);
  g_test_add_func ("/alarms/acknowledged", test_acknowledged);
  g_test_add_func ("/alarms/backup-scene", test_backup_scene);
  g_test_add_func ("/alarms/kept", test_kept);
  g_test_add_func ("/alarms/ended-are-few", test_ended_are_few);
  g_test_add_func ("/alarms/words", test_words);
  return g_test_run ();
}
