/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <string.h>

#include "ready-private.h"
#include "regia/base/json.h"
#include "regia/config/ingest.h"
#include "regia/config/pipeline.h"

/* What a trial of the engine says of an event: values in, rows out. */

#define SILENT_DB      (-60.0)
#define FPS_ENOUGH     0.9  /* of a source: what it lacks is filled with its last picture */
#define ENCODED_LOOK   0.98 /* of a rendition */
#define ENCODED_NO_GO  0.92
#define LIVED_ENOUGH   0.95
#define CORES_LOOK     0.7
#define CORES_NO_GO    0.9
#define THREAD_LOOK    0.75 /* of one core */
#define THREAD_NO_GO   0.92
#define MACHINE_LOOK   0.9
#define OTHERS_MINIMUM 0.25 /* of the machine, that is not ours */

static GVariant *
find (GPtrArray *entries, const char *name)
{
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    if (g_str_equal (regia_json_get_string (g_ptr_array_index (entries, i), "name"), name))
      return g_ptr_array_index (entries, i);
  return NULL;
}

static double
seen_of (GPtrArray *seen, const char *name, const char *key, double otherwise)
{
  GVariant *one = find (seen, name);

  return one != NULL ? regia_json_get_double (one, key) : otherwise;
}

/* Its far end calls when it likes, and need not have yet. */
static gboolean
waits_to_be_called (const RegiaConfigSource *source)
{
  const char *uri = g_hash_table_lookup (source->parameters, "uri");

  if (regia_config_source_has_ingest (source))
    return TRUE;
  return g_str_equal (source->pipeline, "srt") && (uri == NULL || strstr (uri, "mode=listener") != NULL);
}

static double
rate_of (const RegiaConfigValues *values)
{
  return (double)values->rate_num / values->rate_den;
}

/* "what is wrong; what to do" apart. */
static void
add_words (GPtrArray *rows, RegiaReadiness state, const char *name, const char *words, const char *remedy)
{
  const char *rest = strstr (words, "; ");
  g_autofree char *what = rest != NULL ? g_strndup (words, (gsize)(rest - words)) : g_strdup (words);

  regia_ready_add (rows, state, "source", name, rest != NULL ? rest + 2 : remedy, "%s", what);
}

static void
judge_source (GPtrArray *rows, const RegiaConfigValues *values, const RegiaConfigSource *config,
              GVariant *source, double lived, double level_db, double fps)
{
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("capture", config->pipeline, NULL);
  const char *state = regia_json_get_string (source, "state"),
             *error = regia_json_get_string (source, "last-error"),
             *note = regia_json_get_string (source, "note");
  gboolean wants_video = config->video && file != NULL && file->gives_video,
           wants_audio = config->audio && file != NULL && file->gives_audio,
           has_video = regia_json_get_boolean (source, "has-video"),
           has_audio = regia_json_get_boolean (source, "has-audio");
  g_autofree char *picture = has_video ? g_strdup_printf ("picture, %.1f a second", fps) : g_strdup (""),
                  *sound = has_audio ? g_strdup_printf ("%ssound, %.0f dBFS at most", has_video ? "; " : "",
                                                        MAX (level_db, -120.0))
                                     : g_strdup ("");

  if (!g_str_equal (state, "live") && waits_to_be_called (config))
    regia_ready_add (rows, REGIA_READY_LOOK, "source", config->name, "ask its far end to call",
                     "nobody has called yet");
  else if (!g_str_equal (state, "live"))
    add_words (rows, REGIA_READY_NO_GO, config->name,
               error[0] != '\0' ? error : "gives nothing although it was started",
               "check that it is switched on, and its cable");
  else if ((wants_video && !has_video && !has_audio) || (wants_audio && !has_audio && !has_video))
    regia_ready_add (rows, REGIA_READY_NO_GO, "source", config->name,
                     "check that it is switched on, and its cable", "gives neither picture nor sound");
  else if (lived < LIVED_ENOUGH)
    regia_ready_add (rows, REGIA_READY_LOOK, "source", config->name, "check its cable and network",
                     "came and went: there for %.0f %% of the time%s%s", lived * 100,
                     error[0] != '\0' ? "; last: " : "", error);
  else if (note[0] != '\0')
    add_words (rows, REGIA_READY_LOOK, config->name, note, "");
  else if (has_audio && level_db <= SILENT_DB)
    regia_ready_add (rows, REGIA_READY_LOOK, "source", config->name,
                     "let somebody speak into it; check its fader, mute key and cable", "%s%s: silent",
                     picture, sound);
  else if (has_video && fps > 0 && fps < FPS_ENOUGH * rate_of (values))
    regia_ready_add (rows, REGIA_READY_LOOK, "source", config->name,
                     "set it to the programme's rate, or the programme to its",
                     "%s%s, where the programme has %.2f", picture, sound, rate_of (values));
  else
    regia_ready_add (rows, REGIA_READY_GO, "source", config->name, NULL, "%s%s", picture, sound);
}

static void
judge_renditions (GPtrArray *rows, const RegiaConfigValues *values, GVariant *engine, GPtrArray *seen)
{
  g_autoptr (GPtrArray) renditions = regia_json_get_list (engine, "renditions");

  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *config = g_ptr_array_index (values->renditions, i);
    GVariant *rendition = find (renditions, config->name);
    const char *used = rendition != NULL ? regia_json_get_string (rendition, "encoder") : "";
    const char *why = rendition != NULL ? regia_json_get_string (rendition, "encoder-why") : "";
    double fps = seen_of (seen, config->name, "fps", 0);
    gboolean shed = rendition == NULL || regia_json_get_boolean (rendition, "shed");
    RegiaReadiness state = shed || fps < ENCODED_NO_GO * rate_of (values) ? REGIA_READY_NO_GO
                           : fps < ENCODED_LOOK * rate_of (values)        ? REGIA_READY_LOOK
                                                                          : REGIA_READY_GO;

    regia_ready_add (rows, state, "rendition", config->name,
                     state == REGIA_READY_GO
                         ? NULL
                         : "take a quicker preset, a smaller picture, fewer renditions, or a faster machine",
                     "%s%s%s, %.1f of %.2f pictures a second, %" G_GINT64_FORMAT " kbit/s",
                     used[0] != '\0' ? used : config->encoder, why[0] != '\0' ? ", because " : "", why, fps,
                     rate_of (values), rendition != NULL ? regia_json_get_int (rendition, "bps") / 1000 : 0);
  }
}

static void
judge_processor (GPtrArray *rows, GVariant *report, gboolean all_live)
{
  double cores = regia_json_get_double (report, "cores"), used = regia_json_get_double (report, "cores-used"),
         busiest = regia_json_get_double (report, "busiest"),
         machine = regia_json_get_double (report, "machine-busy");
  gint64 dropped = regia_json_get_int (report, "dropped");
  double share = cores > 0 ? used / cores : 1;
  RegiaReadiness state = REGIA_READY_GO;
  const char *remedy = NULL;

  if (share >= CORES_NO_GO || busiest >= THREAD_NO_GO || dropped > 0)
    state = REGIA_READY_NO_GO;
  else if (share >= CORES_LOOK || busiest >= THREAD_LOOK)
    state = REGIA_READY_LOOK;
  if (state != REGIA_READY_GO)
    remedy = "take a quicker preset, a smaller picture, fewer renditions, or a faster machine; viewers and "
             "relays need some as well";
  else if (machine >= MACHINE_LOOK && machine - share >= OTHERS_MINIMUM) {
    state = REGIA_READY_LOOK;
    remedy = "end what else runs here";
  } else if (!all_live) {
    state = REGIA_READY_LOOK;
    remedy = "try again when all sources are there: they need more than the slate does";
  }
  regia_ready_add (rows, state, "processor", NULL, remedy,
                   "%.2f of %.1f cores, busiest thread (%s) %.0f %% of one; %" G_GINT64_FORMAT
                   " pictures lost; machine %.0f %% busy",
                   used, cores, regia_json_get_string (report, "busiest-thread"), busiest * 100, dropped,
                   machine * 100);
}

void
regia_ready_judge_trial (GPtrArray *rows, const RegiaConfigValues *values, GVariant *report)
{
  g_autoptr (GVariant) engine = g_variant_lookup_value (report, "engine", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GPtrArray) sources = engine != NULL ? regia_json_get_list (engine, "sources") : NULL,
                        seen = regia_json_get_list (report, "sources"),
                        encoded = regia_json_get_list (report, "renditions");
  gboolean all_live = TRUE;

  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *config = g_ptr_array_index (values->sources, i);
    GVariant *source = find (sources, config->name);

    if (source == NULL)
      continue;
    all_live = all_live && g_str_equal (regia_json_get_string (source, "state"), "live");
    judge_source (rows, values, config, source, seen_of (seen, config->name, "lived", 0),
                  seen_of (seen, config->name, "level-db", -120), seen_of (seen, config->name, "fps", 0));
  }
  if (engine == NULL)
    return;
  if (regia_json_get_string (engine, "slate-error")[0] != '\0')
    regia_ready_add (rows, REGIA_READY_LOOK, "slate", NULL, "save it anew as PNG or JPEG", "%s",
                     regia_json_get_string (engine, "slate-error"));
  judge_renditions (rows, values, engine, encoded);
  judge_processor (rows, report, all_live);
}

/* The disk is not written to besides: the recorder needs it. */
static void
judge_recorder (GPtrArray *rows, GVariant *status)
{
  g_autoptr (GVariant) recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
  const char *state = recorder != NULL ? regia_json_get_string (recorder, "state") : "";
  double hours = recorder != NULL ? (double)regia_json_get_int (recorder, "left-ms") / 3600000 : 0;
  gboolean records = g_str_equal (state, "recording");

  if (records && hours > 0)
    regia_ready_add (rows, REGIA_READY_GO, "recording", NULL, NULL, "recording, room for %.1f hours", hours);
  else
    regia_ready_add (rows, records ? REGIA_READY_GO : REGIA_READY_LOOK, "recording", NULL,
                     records ? NULL : "see `regia status`", "%s",
                     state[0] != '\0' ? state : "the recorder says nothing");
}

void
regia_ready_judge_running (GPtrArray *rows, const RegiaConfigValues *values, GVariant *status)
{
  g_autoptr (GVariant) engine = g_variant_lookup_value (status, "engine", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GPtrArray) sources = engine != NULL ? regia_json_get_list (engine, "sources") : NULL,
                        relays = regia_json_get_list (status, "relays");

  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *config = g_ptr_array_index (values->sources, i);
    GVariant *source = find (sources, config->name);

    if (source != NULL)
      judge_source (rows, values, config, source, 1, regia_json_get_double (source, "level-db"),
                    regia_json_get_double (source, "fps"));
    else
      regia_ready_add (rows, REGIA_READY_LOOK, "source", config->name, "end that event, then try again",
                       "not tried: the event that is on does not have it");
  }
  regia_ready_add (rows, REGIA_READY_LOOK, "processor", NULL, "see `regia status`",
                   "not measured while an event is on");
  if (values->record)
    judge_recorder (rows, status);
  for (guint i = 0; i < values->relays->len; i++) {
    const char *name = ((const RegiaConfigRelay *)g_ptr_array_index (values->relays, i))->name;
    GVariant *relay = find (relays, name);
    const char *state =
                   relay != NULL ? regia_json_get_string (relay, "state") : "not of the event that is on",
               *error = relay != NULL ? regia_json_get_string (relay, "last-error") : "";
    gboolean live = g_str_equal (state, "live");

    regia_ready_add (rows, live ? REGIA_READY_GO : REGIA_READY_LOOK, "relay", name,
                     live ? NULL : "see `regia status`", "%s%s%s", state,
                     error[0] != '\0' && !live ? ": " : "", live ? "" : error);
  }
}
