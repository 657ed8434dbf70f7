/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "regia/engine/core.h"

#include <math.h>
#include <string.h>

#include "inputs-private.h"
#include "launch-private.h"
#include "lineup-private.h"
#include "look-private.h"
#include "meters-private.h"
#include "programme-private.h"
#include "regia/base/error.h"
#include "regia/base/thread.h"
#include "shedding-private.h"
#include "stand-in-private.h"

/*
 * RegiaEngine holds one programme and the sources that are on (lineup.c), and shows scenes of them. It looks
 * after them ten times a second; otherwise nothing happens here.
 *
 * Life cycle: new → start → (ready) → end → drain → free. Owner: the engine process (engine.c) or a
 * test. Main thread but for drain.
 */

#define TICK_MS 100
/* Two lives of an encoder: nothing has come out of either. */
#define ENCODER_STUCK_NS (7 * REGIA_SECOND)
/* Frames that an encoder was given with the place of the one before it are no sign of a slow machine. */
#define CATCHING_UP_NS (10 * REGIA_SECOND)
/* An encoder that gives nothing for so long may be stuck, which is another matter: less than what makes it
 * count as behind, or one that has just got stuck would. */
#define WORKING_NS     (REGIA_SHEDDING_BEHIND_NS * 3 / 4)
#define MIX_STUCK_NS   (5 * REGIA_SECOND)
#define SOURCES_END_NS (500 * REGIA_MSECOND)

/* What an encoder had done when its rates were last measured. */
typedef struct {
  guint64 packets, bytes;
  gint64 at_ns;
  double fps, bps;
} Rate;

struct _RegiaEngine {
  RegiaConfig *config; /* (owned) */
  const RegiaConfigValues *values;
  RegiaEpoch epoch;
  RegiaEngineCallbacks callbacks;
  gpointer user_data;
  RegiaProgramme *programme;      /* (owned) */
  RegiaLook *look;                /* (owned) */
  RegiaLineup *lineup;            /* (owned) */
  RegiaMeters *meters;            /* (owned) */
  RegiaInputs *inputs;            /* (owned) */
  GPtrArray *scenes;              /* (element-type RegiaScene) (owned) */
  const RegiaScene *wanted;       /* (unowned) (nullable): that people want */
  const RegiaScene *scene;        /* (unowned) (nullable): that is shown: the same, or its backup */
  const RegiaConfigScene *backed; /* (unowned) (nullable): of the wanted one, where it has a backup */
  gboolean held;                  /* people want it without one */
  RegiaStandIn stand_in;
  char *trouble;           /* (owned) (nullable) in words, why the backup is shown */
  Rate *rates;             /* (owned) one for each encoder */
  RegiaShedding *shedding; /* (owned) */
  gint64 started_ns;
  gboolean ready, failed;
  guint tick; /* source id */
};

static void
on_programme_failed_cb (const GError *error, gpointer user_data)
{
  RegiaEngine *self = user_data;

  if (self->failed)
    return;
  self->failed = TRUE;
  self->callbacks.failed_cb (error, self->user_data);
}

static void
give_meters (RegiaEngine *self)
{
  GBytes *json;
  gint64 time_ns;

  while ((json = regia_meters_next (self->meters, &time_ns)) != NULL)
    regia_programme_give_meters (self->programme, json, time_ns);
}

static RegiaEncoder *
get_encoder (RegiaEngine *self, guint index)
{
  return g_ptr_array_index (regia_programme_get_encoders (self->programme), index);
}

/* Encoders that hang are replaced; renditions go when the machine cannot keep up, and come back. */
static void
look_after_renditions (RegiaEngine *self, gint64 now_ns)
{
  guint count = self->values->renditions->len;
  g_autofree RegiaSheddingLoad *loads = g_new0 (RegiaSheddingLoad, count);
  RegiaProgrammeStats mix;
  int changed;

  for (guint i = 0; i < count; i++) {
    RegiaEncoder *encoder = get_encoder (self, i);
    RegiaEncoderStats stats;
    gboolean fell_back;

    if (regia_encoder_tick (encoder, now_ns, &fell_back)) {
      g_autofree char *error = regia_encoder_get_error (encoder), *used = regia_encoder_get_encoder (encoder);
      g_message ("track %s: its encoder is started anew, %s: %s",
                 regia_encoder_get_spec (encoder)->track_name, used, error);
    }
    if (fell_back)
      regia_programme_renew_blank (self->programme);
    regia_encoder_get_stats (encoder, &stats);
    loads[i].behind_ns =
        (gint64)stats.waiting * REGIA_SECOND * self->values->rate_den / self->values->rate_num;
    loads[i].judged = now_ns - stats.last_packet_ns < WORKING_NS &&
                      (stats.restarts == 0 || now_ns - stats.restarted_ns > CATCHING_UP_NS);
  }
  if (!self->ready)
    return;
  regia_programme_get_stats (self->programme, &mix);
  changed = regia_shedding_step (self->shedding, loads, mix.behind_ns, now_ns);
  if (changed >= 0) {
    RegiaSheddingState state;

    regia_shedding_get (self->shedding, (guint)changed, &state);
    regia_encoder_set_shed (get_encoder (self, (guint)changed), state.shed);
    if (state.shed)
      g_message ("track %s is not made for now: %s",
                 regia_encoder_get_spec (get_encoder (self, (guint)changed))->track_name, state.why);
    else
      g_message ("track %s is made again",
                 regia_encoder_get_spec (get_encoder (self, (guint)changed))->track_name);
  }
}

static void
show_now (RegiaEngine *self, const RegiaScene *scene, int fade_ms)
{
  if (scene != self->scene)
    regia_programme_show (self->programme, scene, fade_ms >= 0 ? (guint)fade_ms : scene->fade_ms);
  self->scene = scene;
  regia_look_set_scene (self->look, scene->name);
}

/* (transfer full) (nullable): the first source of @scene that the backup's rules count as in trouble, in
 * words. */
static char *
find_trouble (RegiaEngine *self, const RegiaScene *scene)
{
  for (guint i = 0; i < scene->places->len; i++) {
    const RegiaScenePlace *place = g_ptr_array_index (scene->places, i);
    RegiaPictureTrouble trouble;
    const char *words = NULL;

    if (regia_lineup_get_trouble (self->lineup, place->source, &trouble))
      words = regia_stand_in_words (self->backed, &trouble);
    if (words != NULL)
      return g_strdup_printf ("%s: %s", place->source, words);
  }
  return NULL;
}

/* A scene whose source is in trouble gives way to its backup, and gets its place back. */
static void
judge_scene (RegiaEngine *self, gint64 now_ns)
{
  const RegiaScene *backup =
      self->backed != NULL ? regia_scenes_find (self->scenes, self->backed->backup) : NULL;
  g_autofree char *trouble = NULL, *backup_trouble = NULL;
  gboolean was_used = self->stand_in.used;

  if (backup == NULL)
    return;
  trouble = find_trouble (self, self->wanted);
  backup_trouble = find_trouble (self, backup);
  regia_stand_in_decide (&self->stand_in, self->backed, trouble != NULL, backup_trouble != NULL, self->held,
                         now_ns);
  if (self->stand_in.used == was_used)
    return;
  g_free (self->trouble);
  self->trouble = self->stand_in.used ? g_steal_pointer (&trouble) : NULL;
  if (self->stand_in.used)
    g_message ("the scene \"%s\" is shown in place of \"%s\": %s", backup->name, self->wanted->name,
               self->trouble);
  else
    g_message ("the scene \"%s\" is shown again", self->wanted->name);
  show_now (self, self->stand_in.used ? backup : self->wanted, -1);
}

static gboolean
on_tick_cb (gpointer user_data)
{
  RegiaEngine *self = user_data;
  gint64 now_ns = regia_clock_monotonic_ns ();

  regia_lineup_tick (self->lineup, now_ns);
  judge_scene (self, now_ns);
  give_meters (self);
  regia_mix_wait_step (regia_programme_get_wait (self->programme), regia_epoch_show_time (&self->epoch));
  regia_inputs_tick (self->inputs, regia_epoch_show_time (&self->epoch));
  look_after_renditions (self, now_ns);
  if (!self->ready && regia_programme_is_ready (self->programme)) {
    self->ready = TRUE;
    self->callbacks.ready_cb (self->user_data);
  }
  return G_SOURCE_CONTINUE;
}

static void
want (RegiaEngine *self, const RegiaScene *scene)
{
  self->wanted = scene;
  self->backed = NULL;
  self->stand_in = (RegiaStandIn){0};
  g_clear_pointer (&self->trouble, g_free);
  for (guint i = 0; scene != NULL && i < self->values->scenes->len; i++) {
    const RegiaConfigScene *config = g_ptr_array_index (self->values->scenes, i);

    if (config->backup != NULL && strcmp (config->name, scene->name) == 0)
      self->backed = config;
  }
}

RegiaEngine *
regia_engine_new (RegiaConfig *config, const RegiaEpoch *epoch, RegiaFeedLog *log,
                  const RegiaEngineCallbacks *callbacks, gpointer user_data, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  g_autoptr (RegiaEngine) self = g_new0 (RegiaEngine, 1);

  self->config = regia_config_ref (config);
  self->values = regia_config_get (config);
  self->epoch = *epoch;
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->inputs = regia_inputs_new (self->values);
  if (!regia_gst_init (error))
    return NULL;
  self->programme = regia_programme_new (self->values, epoch, log, on_programme_failed_cb, self, error);
  if (self->programme == NULL)
    return NULL;
  self->look = regia_look_new (self->values, epoch, self->programme);
  self->shedding = regia_shedding_new (self->values->renditions->len);
  self->rates = g_new0 (Rate, regia_programme_get_encoders (self->programme)->len);
  self->meters = regia_meters_new ();
  for (guint i = 0; i < self->values->audios->len; i++)
    regia_meters_add_mix (self->meters,
                          ((const RegiaConfigAudio *)g_ptr_array_index (self->values->audios, i))->language,
                          regia_programme_get_meter (self->programme, i));
  self->lineup = regia_lineup_new (self->programme, self->inputs, self->meters, epoch);
  regia_lineup_set (self->lineup, config, NULL);
  self->scenes = regia_scenes_new (self->values);
  self->scene = regia_scenes_first (self->scenes, self->values);
  regia_programme_show (self->programme, self->scene, 0);
  regia_look_set_scene (self->look, regia_engine_get_scene (self));
  want (self, self->scene);
  return g_steal_pointer (&self);
}

void
regia_engine_set_ingest (RegiaEngine *self, int fd)
{
  REGIA_ON_THREAD (NULL);

  regia_lineup_set_ingest (self->lineup, fd);
}

gboolean
regia_engine_start (RegiaEngine *self, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);
  if (!regia_programme_start (self->programme, error))
    return FALSE;
  self->started_ns = regia_clock_monotonic_ns ();
  regia_look_start (self->look);
  self->tick = g_timeout_add (TICK_MS, on_tick_cb, self);
  on_tick_cb (self);
  return TRUE;
}

gboolean
regia_engine_show (RegiaEngine *self, const char *name, int fade_ms, gboolean held)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  const RegiaScene *scene = regia_scenes_find (self->scenes, name);

  if (scene == NULL)
    return FALSE;
  if (scene != self->wanted || held != self->held)
    want (self, scene);
  self->held = held;
  if (!self->stand_in.used)
    show_now (self, scene, fade_ms);
  return TRUE;
}

void
regia_engine_set_sources (RegiaEngine *self, RegiaConfig *config)
{
  REGIA_ON_THREAD (NULL);

  const RegiaConfigValues *values = regia_config_get (config);
  g_autoptr (GPtrArray) before = NULL;
  const RegiaScene *shown = NULL, *wanted = NULL;

  if (!regia_lineup_set (self->lineup, config, self->scene))
    return;
  before = self->scenes;
  self->scenes = regia_scenes_new (values);
  if (self->scene != NULL && self->wanted != NULL) {
    shown = regia_scenes_find (self->scenes, self->scene->name);
    wanted = regia_scenes_find (self->scenes, self->wanted->name);
  }
  if (shown != NULL && wanted != NULL) {
    self->wanted = wanted;
  } else {
    shown = regia_scenes_first (self->scenes, values);
    regia_programme_show (self->programme, shown, 0);
    want (self, shown);
  }
  self->scene = shown;
  regia_look_set_scene (self->look, regia_engine_get_scene (self));
}

void
regia_engine_set_caption (RegiaEngine *self, const char *name, const char *line)
{
  REGIA_ON_THREAD (NULL);
  regia_look_set_caption (self->look, name, line, self->started_ns == 0);
}

void
regia_engine_set_tone (RegiaEngine *self, gboolean on)
{
  REGIA_ON_THREAD (NULL);
  regia_look_set_tone (self->look, on);
}

void
regia_engine_set_gains (RegiaEngine *self, const RegiaEngineGain *gains, guint count)
{
  REGIA_ON_THREAD (NULL);

  regia_inputs_set_gains (self->inputs, gains, count,
                          self->started_ns > 0 ? regia_epoch_show_time (&self->epoch) : -1);
}

void
regia_engine_set_wanted (RegiaEngine *self, guint64 tracks)
{
  REGIA_ON_THREAD (NULL);
  regia_programme_set_wanted (self->programme, tracks);
}

const char *
regia_engine_get_scene (RegiaEngine *self)
{
  return self->scene != NULL ? self->scene->name : "";
}

void
regia_engine_force_keyframe (RegiaEngine *self, gint64 from_ns)
{
  REGIA_ON_THREAD (NULL);

  GPtrArray *encoders = regia_programme_get_encoders (self->programme);

  for (guint i = 0; i < encoders->len; i++)
    regia_encoder_force_keyframe (g_ptr_array_index (encoders, i), from_ns);
}

void
regia_engine_end (RegiaEngine *self)
{
  REGIA_ON_THREAD (NULL);
  g_clear_handle_id (&self->tick, g_source_remove);
  give_meters (self);
  regia_programme_end (self->programme);
}

/* Sources go last: a mixer whose inputs have just stopped waits its whole latency before the output that the
 * end travels with. */
gboolean
regia_engine_drain (RegiaEngine *self, guint timeout_ms)
{
  gint64 until_ns = regia_clock_monotonic_ns () + (gint64)timeout_ms * REGIA_MSECOND;
  gboolean drained = regia_programme_wait_drained (self->programme, until_ns);

  regia_lineup_stop (self->lineup, MAX (until_ns, regia_clock_monotonic_ns () + SOURCES_END_NS));
  return drained;
}

void
regia_engine_free (RegiaEngine *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->tick, g_source_remove);
  regia_lineup_free (self->lineup);
  regia_inputs_free (self->inputs);
  regia_meters_free (self->meters);
  g_clear_pointer (&self->scenes, g_ptr_array_unref);
  g_free (self->trouble);
  regia_look_free (self->look);
  regia_programme_free (self->programme);
  regia_shedding_free (self->shedding);
  g_free (self->rates);
  regia_config_unref (self->config);
  g_free (self);
}

/* A rendition that is not recorded has an encoder of its own to be replaced, and that is enough; all the
 * others are worth a new engine. */
static gboolean
must_give (RegiaEngine *self, guint encoder)
{
  return !self->ready || encoder == 0 || encoder >= self->values->renditions->len;
}

gboolean
regia_engine_is_healthy (RegiaEngine *self, char **ret_why)
{
  REGIA_ON_THREAD_VAL (NULL, TRUE);

  gint64 now_ns = regia_clock_monotonic_ns ();
  GPtrArray *encoders = regia_programme_get_encoders (self->programme);
  RegiaProgrammeStats mix;

  if (self->started_ns == 0)
    return TRUE;
  regia_programme_get_stats (self->programme, &mix);
  if (now_ns - MAX (mix.last_frame_ns, self->started_ns) > MIX_STUCK_NS) {
    *ret_why = g_strdup_printf ("no programme frame for %.0f s",
                                (double)(now_ns - MAX (mix.last_frame_ns, self->started_ns)) / REGIA_SECOND);
    return FALSE;
  }
  for (guint i = 0; i < encoders->len; i++) {
    RegiaEncoderStats stats;
    gint64 since_ns;

    regia_encoder_get_stats (g_ptr_array_index (encoders, i), &stats);
    /* A mixer that stands still starves its encoders; pictures and sound have mixers of their own. */
    if (now_ns - MAX (stats.last_in_ns, self->started_ns) > MIX_STUCK_NS) {
      *ret_why = g_strdup_printf ("track %s: nothing has gone into its encoder for %.0f s",
                                  regia_encoder_get_spec (g_ptr_array_index (encoders, i))->track_name,
                                  (double)(now_ns - MAX (stats.last_in_ns, self->started_ns)) / REGIA_SECOND);
      return FALSE;
    }
    since_ns = MAX (stats.last_packet_ns, self->started_ns);
    if (must_give (self, i) && stats.last_in_ns > since_ns && now_ns - since_ns > ENCODER_STUCK_NS) {
      *ret_why = g_strdup_printf ("track %s: frames go in and no packet has come out for %.0f s",
                                  regia_encoder_get_spec (g_ptr_array_index (encoders, i))->track_name,
                                  (double)(now_ns - since_ns) / REGIA_SECOND);
      return FALSE;
    }
  }
  return TRUE;
}

static const Rate *
measure (RegiaEngine *self, guint index, const RegiaEncoderStats *stats, gint64 now_ns)
{
  Rate *rate = &self->rates[index];
  double seconds = (double)(now_ns - rate->at_ns) / REGIA_SECOND;

  if (seconds < 0.5)
    return rate;
  if (rate->at_ns != 0) {
    rate->fps = (double)(stats->packets - rate->packets) / seconds;
    rate->bps = (double)(stats->bytes - rate->bytes) * 8 / seconds;
  }
  rate->packets = stats->packets;
  rate->bytes = stats->bytes;
  rate->at_ns = now_ns;
  return rate;
}

static GVariant *
rendition_state (RegiaEngine *self, guint index, const RegiaEncoderStats *stats, const Rate *rate,
                 gint64 now_ns)
{
  const RegiaConfigRendition *config = g_ptr_array_index (self->values->renditions, index);
  RegiaEncoder *encoder = get_encoder (self, index);
  g_autofree char *error = regia_encoder_get_error (encoder), *used = regia_encoder_get_encoder (encoder);
  gint64 since_ms = 0, retry_ms = 0;
  RegiaSheddingState shedding;
  GVariantDict dict;

  regia_shedding_get (self->shedding, index, &shedding);
  if (shedding.shed) {
    since_ms = (regia_epoch_show_time (&self->epoch) - (now_ns - shedding.since_ns)) / REGIA_MSECOND;
    retry_ms = (shedding.retry_ns - now_ns) / REGIA_MSECOND;
  }

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", config->name);
  g_variant_dict_insert (&dict, "track", "s", regia_encoder_get_spec (encoder)->track_name);
  g_variant_dict_insert (&dict, "codec", "s", regia_encoder_get_codec (encoder));
  g_variant_dict_insert (&dict, "width", "t", (guint64)config->width);
  g_variant_dict_insert (&dict, "height", "t", (guint64)config->height);
  g_variant_dict_insert (&dict, "fps", "d", rate->fps);
  g_variant_dict_insert (&dict, "bps", "t", (guint64)rate->bps);
  g_variant_dict_insert (&dict, "target-bps", "t", (guint64)config->bitrate_kbps * 1000);
  g_variant_dict_insert (&dict, "shed", "b", shedding.shed);
  g_variant_dict_insert (&dict, "shed-since-ms", "t", (guint64)MAX (since_ms, 0));
  g_variant_dict_insert (&dict, "shed-why", "s", shedding.why);
  g_variant_dict_insert (&dict, "retry-in-ms", "t", (guint64)MAX (retry_ms, 0));
  g_variant_dict_insert (&dict, "encoder", "s", used);
  g_variant_dict_insert (
      &dict, "encoder-why", "s",
      regia_encoder_get_spec (encoder)->automatic ? regia_programme_get_chosen_why (self->programme) : "");
  g_variant_dict_insert (&dict, "restarts", "t", stats->restarts);
  g_variant_dict_insert (&dict, "last-error", "s", error);
  return g_variant_new_variant (g_variant_dict_end (&dict));
}

static GVariant *
audio_state (const RegiaConfigAudio *config, RegiaEncoder *encoder, const Rate *rate,
             const RegiaMeterValues *meter, const char *backup, gboolean ducked, double levelled_db)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "language", "s", config->language);
  g_variant_dict_insert (&dict, "track", "s", regia_encoder_get_spec (encoder)->track_name);
  g_variant_dict_insert (&dict, "codec", "s", regia_encoder_get_codec (encoder));
  g_variant_dict_insert (&dict, "bps", "t", (guint64)rate->bps);
  g_variant_dict_insert (&dict, "level-db", "d", meter->rms_db);
  regia_meter_values_add (meter, &dict);
  g_variant_dict_insert (&dict, "backup", "s", backup);
  g_variant_dict_insert (&dict, "ducked", "b", ducked);
  g_variant_dict_insert (&dict, "levelled-db", "d", round (levelled_db * 10) / 10 + 0.0 /* never −0 */);
  return g_variant_new_variant (g_variant_dict_end (&dict));
}

GVariant *
regia_engine_get_state (RegiaEngine *self)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  GPtrArray *encoders = regia_programme_get_encoders (self->programme);
  gint64 now_ns = regia_clock_monotonic_ns ();
  GVariantBuilder sources, renditions, audios;
  GVariantDict dict;
  RegiaProgrammeStats mix;
  g_autofree char *slate_error = NULL, *blank_error = NULL;
  guint64 dropped = 0;

  g_variant_builder_init (&sources, G_VARIANT_TYPE ("av"));
  g_variant_builder_init (&renditions, G_VARIANT_TYPE ("av"));
  g_variant_builder_init (&audios, G_VARIANT_TYPE ("av"));
  regia_lineup_add_states (self->lineup, &sources, now_ns);
  for (guint i = 0; i < encoders->len; i++) {
    RegiaEncoder *encoder = g_ptr_array_index (encoders, i);
    guint first_audio = self->values->renditions->len, audio = (i - first_audio) / 2;
    RegiaEncoderStats stats;
    const Rate *rate;

    regia_encoder_get_stats (encoder, &stats);
    rate = measure (self, i, &stats, now_ns);
    /* Of one that may be shed it is told by itself that it is. */
    if (!regia_encoder_get_spec (encoder)->may_shed)
      dropped += stats.dropped;
    if (i < first_audio)
      g_variant_builder_add_value (&renditions, rendition_state (self, i, &stats, rate, now_ns));
    else {
      const RegiaConfigAudio *config = g_ptr_array_index (self->values->audios, audio);
      RegiaMeterValues meter = regia_meters_get_mix (self->meters, config->language);

      g_variant_builder_add_value (
          &audios, audio_state (config, encoder, rate, &meter, regia_inputs_get_backup (self->inputs, audio),
                                regia_inputs_is_ducked (self->inputs, audio),
                                regia_programme_get_levelled_db (self->programme, audio)));
    }
  }
  regia_programme_get_stats (self->programme, &mix);
  slate_error = regia_programme_get_slate_error (self->programme);
  blank_error = regia_programme_get_blank_error (self->programme);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "ready", "b", self->ready);
  g_variant_dict_insert (&dict, "frames", "t", mix.frames);
  g_variant_dict_insert (&dict, "frames-dropped", "t", mix.missed + dropped);
  g_variant_dict_insert (&dict, "scene", "s", regia_engine_get_scene (self));
  g_variant_dict_insert (&dict, "scene-for", "s", self->stand_in.used ? self->wanted->name : "");
  g_variant_dict_insert (&dict, "scene-why", "s", self->trouble != NULL ? self->trouble : "");
  g_variant_dict_insert (&dict, "slate-error", "s", slate_error);
  g_variant_dict_insert (&dict, "blank-error", "s", blank_error);
  regia_mix_wait_add_state (regia_programme_get_wait (self->programme), &dict);
  g_variant_dict_insert_value (&dict, "sources", g_variant_builder_end (&sources));
  g_variant_dict_insert_value (&dict, "renditions", g_variant_builder_end (&renditions));
  g_variant_dict_insert_value (&dict, "audios", g_variant_builder_end (&audios));
  return g_variant_dict_end (&dict);
}
