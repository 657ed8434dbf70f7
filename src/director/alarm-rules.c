/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <math.h>

#include "alarms-private.h"
#include "regia/base/json.h"

/*
 * What is an alarm. The bound at which one ends lies away from that at which it begins, and what lies between
 * the two is unknown: a sound that hovers about the bound raises one alarm and not twenty. Of a process that
 * says nothing all is unknown, but that it does; what a process does not measure is not judged.
 */

#define SILENCE_DB       -60 /* of channels, where silence itself is off */
#define LEVEL_MARGIN_DB  3   /* above silence: sound again */
#define DEAD_DB          20  /* the other channel is so much above silence */
#define PHASE_BAD        -0.7
#define PHASE_GOOD       -0.3
#define EQUAL            0.9999
#define DIFFERENT        0.999
#define EQUAL_DB         0.1
#define HOT_MARGIN_C     5
#define FRAGMENT_LATE_MS 5000 /* nothing on the disk for so long while it is recorded: five fragments */
#define ABSENT_AFTER_MS  5000 /* a process is started again within less */
#define MUTED_AFTER_MS   3000 /* one is often muted a moment before the other is not */
#define DRIFT_AFTER_MS   30000
#define APART_AFTER_MS   3000
#define SET_ANEW         5 /* within 10 s: a clock that cannot be followed */
#define LOST_FRAMES      5 /* within 10 s; a busy moment costs one or two */
#define RELAY_AFTER_MS   10000
#define HOT_AFTER_MS     10000
#define SOON_MS          2000  /* what is good again is so at once, or nearly */
#define CALM_MS          10000 /* what comes and goes has to stay away for so long */

static RegiaAlarmTruth
truth (gboolean yes, gboolean no)
{
  return yes ? REGIA_ALARM_YES : no ? REGIA_ALARM_NO : REGIA_ALARM_UNKNOWN;
}

/* (transfer full) (nullable): the entry of a list of a State that is called @name. */
static GVariant *
find (GVariant *state, const char *list_name, const char *name)
{
  g_autoptr (GPtrArray) list = regia_json_get_list (state, list_name);

  for (guint i = 0; list != NULL && i < list->len; i++) {
    GVariant *entry = g_ptr_array_index (list, i);

    if (g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) &&
        g_str_equal (regia_json_get_string (entry, "name"), name))
      return g_variant_ref (entry);
  }
  return NULL;
}

static gboolean
has (GVariant *dict, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, key, NULL);

  return value != NULL;
}

/* One source */

typedef struct {
  RegiaAlarms *alarms;
  const RegiaConfigValues *config;
  const RegiaConfigSource *source;
  GVariant *state;      /* a{sv}; {} while the engine says nothing */
  RegiaAlarmTruth live; /* NO: source-lost says it */
} Judged;

static gboolean
is_judged (const Judged *self, const char *kind)
{
  const char *const *no_alarms = (const char *const *)self->source->no_alarms;

  return no_alarms == NULL || (!g_strv_contains (no_alarms, kind) && !g_strv_contains (no_alarms, "all"));
}

/* While it is not live nothing of it is measured, and one that is lost is neither silent nor black: one alarm
 * is enough. */
static gboolean
is_measured (const Judged *self, RegiaAlarmKind kind)
{
  if (self->live == REGIA_ALARM_YES)
    return TRUE;
  regia_alarms_judge (self->alarms, kind, self->source->name, self->live, 0, 0, "%s", "");
  return FALSE;
}

static void
judge_silence (const Judged *self)
{
  /* A peak is held: between two looks nothing is missed. */
  double level_db =
      regia_json_get_double (self->state, has (self->state, "peak-db") ? "peak-db" : "level-db");
  int bound_db = self->config->silence_db;

  if (bound_db == 0 || !is_judged (self, "silence") || !self->source->audio ||
      !is_measured (self, REGIA_ALARM_SILENCE))
    return;
  /* Some send nothing while it is silent; who never sent any sound has none. */
  if (!regia_json_get_boolean (self->state, "has-audio") && regia_json_get_int (self->state, "channels") == 0)
    return;
  regia_alarms_judge (self->alarms, REGIA_ALARM_SILENCE, self->source->name,
                      truth (level_db <= bound_db, level_db > bound_db + LEVEL_MARGIN_DB),
                      self->config->silence_after_ms, SOON_MS, "%d dBFS", bound_db);
}

static void
judge_clipping (const Judged *self)
{
  const char *name = self->source->name;
  guint bound = self->config->clipping;
  guint64 clips;

  if (bound == 0 || !is_judged (self, "clipping") || !is_measured (self, REGIA_ALARM_CLIPPING) ||
      !has (self->state, "clips"))
    return;
  clips = regia_alarms_count (self->alarms, REGIA_ALARM_CLIPPING, name,
                              (guint64)MAX (regia_json_get_int (self->state, "clips"), 0));
  regia_alarms_judge (self->alarms, REGIA_ALARM_CLIPPING, name, truth (clips >= bound, clips == 0), 0, 0,
                      "%" G_GUINT64_FORMAT, clips);
}

/* Two that are taken apart; one for both sides is as it was asked for. */
static gboolean
has_two_channels (const Judged *self)
{
  return regia_json_get_int (self->state, "channels") > 1 &&
         (self->source->channels[0] == 0 || self->source->channels[0] != self->source->channels[1]);
}

static void
judge_phase (const Judged *self, double low_db, double difference_db)
{
  double correlation = regia_json_get_double (self->state, "correlation");
  double bound_db = self->config->silence_db != 0 ? self->config->silence_db : SILENCE_DB;
  gboolean heard = low_db > bound_db;

  if (!has (self->state, "correlation"))
    return;
  if (self->config->channels_after_ms > 0)
    regia_alarms_judge (self->alarms, REGIA_ALARM_OUT_OF_PHASE, self->source->name,
                        truth (heard && correlation <= PHASE_BAD, heard && correlation >= PHASE_GOOD),
                        self->config->channels_after_ms, SOON_MS, "%s", "");
  if (self->config->equal_after_ms > 0)
    regia_alarms_judge (self->alarms, REGIA_ALARM_CHANNELS_EQUAL, self->source->name,
                        truth (heard && correlation >= EQUAL && difference_db <= EQUAL_DB,
                               heard && (correlation < DIFFERENT || difference_db > 2 * EQUAL_DB)),
                        self->config->equal_after_ms, SOON_MS, "%s", "");
}

static void
judge_channels (const Judged *self)
{
  static const RegiaAlarmKind kinds[] = {REGIA_ALARM_CHANNEL_DEAD, REGIA_ALARM_OUT_OF_PHASE,
                                         REGIA_ALARM_CHANNELS_EQUAL};
  g_autoptr (GVariant) levels = g_variant_lookup_value (self->state, "channel-db", G_VARIANT_TYPE ("ad"));
  double bound_db = self->config->silence_db != 0 ? self->config->silence_db : SILENCE_DB;
  double left, right;

  if (!is_judged (self, "channels") || !self->source->audio)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    is_measured (self, kinds[i]);
  if (self->live != REGIA_ALARM_YES || levels == NULL || g_variant_n_children (levels) != 2 ||
      !has_two_channels (self))
    return;
  g_variant_get_child (levels, 0, "d", &left);
  g_variant_get_child (levels, 1, "d", &right);
  if (self->config->channels_after_ms > 0)
    regia_alarms_judge (self->alarms, REGIA_ALARM_CHANNEL_DEAD, self->source->name,
                        truth (MIN (left, right) <= bound_db && MAX (left, right) >= bound_db + DEAD_DB,
                               MIN (left, right) > bound_db + LEVEL_MARGIN_DB),
                        self->config->channels_after_ms, SOON_MS, "%s", left < right ? "L" : "R");
  judge_phase (self, MIN (left, right), fabs (left - right));
}

static void
judge_black (const Judged *self)
{
  gboolean black = regia_json_get_boolean (self->state, "black");

  if (self->config->black_after_ms > 0 && is_judged (self, "black") &&
      is_measured (self, REGIA_ALARM_BLACK) && has (self->state, "black"))
    regia_alarms_judge (self->alarms, REGIA_ALARM_BLACK, self->source->name, truth (black, !black),
                        self->config->black_after_ms, SOON_MS, "%s", "");
}

static gboolean
is_told_black (const Judged *self)
{
  return self->config->black_after_ms > 0 && is_judged (self, "black") &&
         regia_json_get_boolean (self->state, "black");
}

/* The same picture again and again, or none while the sound goes on; where both stop it is soon lost. What is
 * black stands still as well, which is said once. */
static void
judge_frozen (const Judged *self)
{
  gboolean stalled = g_str_equal (regia_json_get_string (self->state, "state"), "stalled") &&
                     regia_json_get_boolean (self->state, "has-audio");
  gint64 frozen_ms = self->config->frozen_after_ms;
  gboolean still = regia_json_get_int (self->state, "still-ms") >= frozen_ms && !is_told_black (self);

  if (frozen_ms == 0 || !is_judged (self, "frozen") || (!stalled && !is_measured (self, REGIA_ALARM_FROZEN)))
    return;
  if (stalled || regia_json_get_boolean (self->state, "has-video"))
    regia_alarms_judge (self->alarms, REGIA_ALARM_FROZEN, self->source->name, truth (stalled || still, TRUE),
                        still ? 0 : frozen_ms, SOON_MS, "%s", "");
}

static void
judge_clock (const Judged *self)
{
  const char *name = self->source->name;
  double drift_ppm = fabs (regia_json_get_double (self->state, "drift-ppm"));

  if (self->config->drift_ppm > 0 && is_judged (self, "drift") && is_measured (self, REGIA_ALARM_DRIFT))
    regia_alarms_judge (
        self->alarms, REGIA_ALARM_DRIFT, name,
        truth (drift_ppm >= self->config->drift_ppm, drift_ppm < self->config->drift_ppm * 0.8),
        DRIFT_AFTER_MS, CALM_MS, "%.0f ppm", drift_ppm);
}

/* As far as it is measured; and where the time of one has to be set anew again and again it is not. */
static void
judge_apart (const Judged *self)
{
  const char *name = self->source->name;
  gint64 apart_ms = regia_json_get_int (self->state, "apart-ms"), bound_ms = self->config->apart_ms;
  gboolean yes, no;
  guint64 anew;

  if (bound_ms == 0 || !is_judged (self, "apart") || !is_measured (self, REGIA_ALARM_APART))
    return;
  anew = regia_alarms_count (self->alarms, REGIA_ALARM_APART, name,
                             (guint64)MAX (regia_json_get_int (self->state, "resyncs"), 0));
  yes = ABS (apart_ms) >= bound_ms || anew >= SET_ANEW;
  no = ABS (apart_ms) < bound_ms / 2 && anew == 0;
  if (anew >= SET_ANEW)
    regia_alarms_judge (self->alarms, REGIA_ALARM_APART, name, truth (yes, no), APART_AFTER_MS, CALM_MS,
                        "%" G_GUINT64_FORMAT " × / 10 s", anew);
  else
    regia_alarms_judge (self->alarms, REGIA_ALARM_APART, name, truth (yes, no), APART_AFTER_MS, CALM_MS,
                        "%+" G_GINT64_FORMAT " ms", apart_ms);
}

static void
judge_source (RegiaAlarms *alarms, const RegiaAlarmsInput *input, const RegiaConfigSource *source)
{
  g_autoptr (GVariant) found = find (input->engine, "sources", source->name);
  g_autoptr (GVariant) state =
      found != NULL ? g_variant_ref (found) : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  const char *name = regia_json_get_string (state, "state"),
             *error = regia_json_get_string (state, "last-error");
  gboolean lost = g_str_equal (name, "retrying") || g_str_equal (name, "failed");
  Judged judged = {alarms, input->config, source, state, truth (g_str_equal (name, "live"), lost)};

  regia_alarms_judge (alarms, REGIA_ALARM_SOURCE_LOST, source->name,
                      truth (lost, judged.live == REGIA_ALARM_YES), 0, SOON_MS, "%s",
                      *error != '\0' ? error : name);
  judge_silence (&judged);
  judge_clipping (&judged);
  judge_channels (&judged);
  if (source->video) {
    judge_black (&judged);
    judge_frozen (&judged);
  }
  judge_clock (&judged);
  if (source->video && source->audio)
    judge_apart (&judged);
}

/* The show */

static void
judge_languages (RegiaAlarms *alarms, const RegiaAlarmsInput *input)
{
  for (guint i = 0; i < input->config->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (input->config->audios, i);
    gboolean heard = FALSE;

    for (guint j = 0; audio->sources[j] != NULL; j++) {
      RegiaDesiredFader fader = regia_desired_get_fader (input->desired, audio, audio->sources[j]);

      heard |= !fader.muted && fader.gain > REGIA_CONFIG_GAIN_MIN;
    }
    if (audio->sources[0] != NULL)
      regia_alarms_judge (alarms, REGIA_ALARM_MUTED, audio->language, truth (!heard, heard), MUTED_AFTER_MS,
                          0, "%s", "");
  }
}

static void
judge_backups (RegiaAlarms *alarms, const RegiaAlarmsInput *input)
{
  g_autoptr (GPtrArray) list = regia_json_get_list (input->engine, "audios");

  for (guint i = 0; i < input->config->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (input->config->audios, i);
    const char *backup = "";
    gboolean told = FALSE;

    for (guint j = 0; list != NULL && j < list->len; j++)
      if (g_str_equal (regia_json_get_string (list->pdata[j], "language"), audio->language)) {
        backup = regia_json_get_string (list->pdata[j], "backup");
        told = TRUE;
      }
    regia_alarms_judge (alarms, REGIA_ALARM_BACKUP, audio->language, truth (*backup != '\0', told), 0,
                        SOON_MS, "%s", backup);
  }
}

/* An engine that was started anew shows the scene itself until its backup is due again: that is no end. */
static gboolean
awaits_backup (const RegiaAlarmsInput *input, const RegiaConfigScene *scene)
{
  if (input->desired->held || !g_str_equal (regia_json_get_string (input->engine, "scene"), scene->name))
    return FALSE;
  for (guint i = 0; scene->sources[i] != NULL; i++) {
    g_autoptr (GVariant) source = find (input->engine, "sources", scene->sources[i]);

    if (source == NULL || !g_str_equal (regia_json_get_string (source, "state"), "live"))
      return TRUE;
  }
  return FALSE;
}

/* Of all scenes that have a backup: one that people have left is over. */
static void
judge_scenes (RegiaAlarms *alarms, const RegiaAlarmsInput *input)
{
  const char *replaced = regia_json_get_string (input->engine, "scene-for");
  g_autofree char *value = g_strdup_printf ("%s (%s)", regia_json_get_string (input->engine, "scene"),
                                            regia_json_get_string (input->engine, "scene-why"));

  for (guint i = 0; i < input->config->scenes->len; i++) {
    const RegiaConfigScene *scene = g_ptr_array_index (input->config->scenes, i);

    if (scene->backup != NULL)
      regia_alarms_judge (alarms, REGIA_ALARM_BACKUP_SCENE, scene->name,
                          truth (g_str_equal (scene->name, replaced),
                                 has (input->engine, "scene-for") && !awaits_backup (input, scene)),
                          0, SOON_MS, "%s", value);
  }
}

/* Renditions that were given up so that the others are whole; the first, which is recorded, never is. */
static void
judge_renditions (RegiaAlarms *alarms, const RegiaAlarmsInput *input)
{
  g_autofree char *load =
      isnan (input->load_percent) ? g_strdup ("") : g_strdup_printf (" (%.0f %%)", input->load_percent);
  guint64 lost;

  for (guint i = 0; i < input->config->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (input->config->renditions, i);
    g_autoptr (GVariant) state = find (input->engine, "renditions", rendition->name);
    gboolean shed = state != NULL && regia_json_get_boolean (state, "shed");

    regia_alarms_judge (alarms, REGIA_ALARM_SHED, rendition->name, truth (shed, state != NULL), 0, CALM_MS,
                        "%s", load);
  }
  if (!has (input->engine, "frames-dropped")) {
    regia_alarms_judge (alarms, REGIA_ALARM_BEHIND, "", REGIA_ALARM_UNKNOWN, 0, 0, "%s", "");
    return;
  }
  lost = regia_alarms_count (alarms, REGIA_ALARM_BEHIND, "",
                             (guint64)MAX (regia_json_get_int (input->engine, "frames-dropped"), 0));
  regia_alarms_judge (alarms, REGIA_ALARM_BEHIND, "", truth (lost >= LOST_FRAMES, lost == 0), 0, 0, "%s",
                      load);
}

static void
judge_recorder (RegiaAlarms *alarms, const RegiaAlarmsInput *input, gboolean starting)
{
  const char *state = regia_json_get_string (input->recorder, "state"),
             *message = regia_json_get_string (input->recorder, "message");
  gint64 age_ms = regia_json_get_int (input->recorder, "last-fragment-age-ms"),
         left_ms = regia_json_get_int (input->recorder, "left-ms"),
         warn_ms = (gint64)input->config->warn_minutes * 60000;
  gboolean recording = g_str_equal (state, "recording"),
           stopped = g_str_equal (state, "no-space") || g_str_equal (state, "disk-error"),
           late = recording && age_ms > FRAGMENT_LATE_MS;

  if (!input->config->record)
    return;
  regia_alarms_judge (
      alarms, REGIA_ALARM_RECORDING, "",
      truth (stopped || late || (*state == '\0' && !starting), recording || g_str_equal (state, "paused")),
      stopped || late ? 0 : ABSENT_AFTER_MS, SOON_MS, "%s",
      *message != '\0' ? message
      : late           ? "nothing reaches the disk"
      : *state != '\0' ? state
                       : "the recorder does not answer");
  regia_alarms_judge (
      alarms, REGIA_ALARM_DISK, "",
      truth (recording && left_ms > 0 && left_ms < warn_ms, recording && left_ms > warn_ms + warn_ms / 10),
      SOON_MS, CALM_MS, "%" G_GINT64_FORMAT " min", left_ms / 60000);
}

static void
judge_relays (RegiaAlarms *alarms, const RegiaAlarmsInput *input)
{
  for (guint i = 0; i < input->config->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (input->config->relays, i);
    const char *state = "", *error = "";
    g_autofree char *why = NULL;

    if (g_ptr_array_find_with_equal_func (input->desired->relays_off, relay->name, g_str_equal, NULL))
      continue;
    for (guint j = 0; j < input->relays->len; j++) {
      GVariant *entry = g_ptr_array_index (input->relays, j);

      if (!g_str_equal (regia_json_get_string (entry, "name"), relay->name))
        continue;
      state = regia_json_get_string (entry, "state");
      error = regia_json_get_string (entry, "last-error");
    }
    why = *error != '\0' ? g_strconcat (": ", error, NULL) : g_strdup ("");
    /* While it tries again it says so at times, and in between that it connects. */
    regia_alarms_judge (alarms, REGIA_ALARM_RELAY_LOST, relay->name,
                        truth (g_str_equal (state, "stalled") || g_str_equal (state, "retrying") ||
                                   (g_str_equal (state, "connecting") && *error != '\0'),
                               g_str_equal (state, "live")),
                        RELAY_AFTER_MS, SOON_MS, "%s", why);
  }
}

static void
judge_programme (RegiaAlarms *alarms, const RegiaAlarmsInput *input, gboolean starting)
{
  gboolean absent = g_variant_n_children (input->engine) == 0;

  regia_alarms_judge (alarms, REGIA_ALARM_PROGRAMME, "",
                      starting ? REGIA_ALARM_UNKNOWN
                               : truth (absent, regia_json_get_boolean (input->engine, "ready")),
                      ABSENT_AFTER_MS, SOON_MS, "%s", "");
}

static void
judge_viewers (RegiaAlarms *alarms, const RegiaAlarmsInput *input, gboolean starting)
{
  gboolean absent = g_variant_n_children (input->gateway) == 0;

  regia_alarms_judge (alarms, REGIA_ALARM_VIEWERS, "",
                      absent && starting ? REGIA_ALARM_UNKNOWN : truth (absent, !absent), ABSENT_AFTER_MS,
                      SOON_MS, "%s", "");
}

void
regia_alarm_rules (RegiaAlarms *self, const RegiaAlarmsInput *input)
{
  gboolean rehearsal = g_str_equal (input->state, "rehearsal"),
           starting = g_str_equal (input->state, "starting");

  if (!rehearsal && !starting && !g_str_equal (input->state, "on-air") &&
      !g_str_equal (input->state, "paused"))
    return;
  judge_programme (self, input, starting);
  for (guint i = 0; i < input->config->sources->len; i++)
    judge_source (self, input, g_ptr_array_index (input->config->sources, i));
  judge_languages (self, input);
  judge_backups (self, input);
  judge_scenes (self, input);
  judge_renditions (self, input);
  if (!rehearsal) {
    judge_recorder (self, input, starting);
    judge_viewers (self, input, starting);
    judge_relays (self, input);
  }
  if (input->config->hot_c > 0)
    regia_alarms_judge (self, REGIA_ALARM_HOT, "",
                        truth (input->temperature_c >= input->config->hot_c,
                               input->temperature_c < (double)input->config->hot_c - HOT_MARGIN_C),
                        HOT_AFTER_MS, CALM_MS, "%.0f °C", input->temperature_c);
}
