/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "status-private.h"

#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/json.h"
#include "regia/config/scene.h"

/* Nothing on disk for this long while recording is worth an alarm: five fragments. */
#define FRAGMENT_LATE_MS 5000

const char *
regia_status_state (const RegiaStatusInput *input)
{
  RegiaShowState state = input->show->state;

  if (state == REGIA_SHOW_ON_AIR && !input->ready)
    return "starting";
  if (state == REGIA_SHOW_ON_AIR && input->desired->paused)
    return "paused";
  return regia_show_state_to_string (state == REGIA_SHOW_ENDING && input->ended ? REGIA_SHOW_ENDED : state);
}

G_GNUC_PRINTF (2, 3)
static void
add (GPtrArray *warnings, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (warnings, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
add_recorder_warnings (GPtrArray *warnings, const RegiaConfigValues *config, GVariant *recorder)
{
  const char *state = regia_json_get_string (recorder, "state"),
             *message = regia_json_get_string (recorder, "message");
  guint64 left_ms = (guint64)regia_json_get_int (recorder, "left-ms"),
          age_ms = (guint64)regia_json_get_int (recorder, "last-fragment-age-ms");

  if (state[0] == '\0') {
    add (warnings, "Not recording: the recorder does not report. It is started again by itself");
    return;
  }
  if (message[0] != '\0')
    add (warnings, "Recorder: %s", message);
  else if (g_str_equal (state, "waiting"))
    add (warnings, "Recorder: nothing is recorded yet; it waits for the engine's tracks");
  if (g_str_equal (state, "recording") && age_ms > FRAGMENT_LATE_MS)
    add (warnings,
         "Recorder: nothing has reached the disk for %" G_GUINT64_FORMAT
         " s; what is missing is kept in memory for %u s",
         age_ms / 1000, config->feed_seconds);
  if (g_str_equal (state, "recording") && left_ms > 0 && left_ms / 60000 < config->warn_minutes)
    add (warnings,
         "The disk is full in %" G_GUINT64_FORMAT
         " min; free space, the recording stops cleanly at the reserve",
         left_ms / 60000);
}

static void
add_engine_warnings (GPtrArray *warnings, GVariant *engine)
{
  g_autoptr (GVariant) sources = g_variant_lookup_value (engine, "sources", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) renditions = g_variant_lookup_value (engine, "renditions", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) audios = g_variant_lookup_value (engine, "audios", G_VARIANT_TYPE ("av"));

  if (regia_json_get_string (engine, "slate-error")[0] != '\0')
    add (warnings, "The event's slate is not shown, name and place stand in for it: %s",
         regia_json_get_string (engine, "slate-error"));
  if (g_variant_n_children (engine) == 0)
    add (warnings, "No programme: the engine does not report. It is started again by itself");
  for (gsize i = 0; sources != NULL && i < g_variant_n_children (sources); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (sources, i);
    g_autoptr (GVariant) source = g_variant_get_variant (boxed);
    const char *state = regia_json_get_string (source, "state"),
               *last_error = regia_json_get_string (source, "last-error");

    if (!g_str_equal (state, "live") && !g_str_equal (state, "starting"))
      add (warnings, "Source %s is %s%s%s; the slate or silence stands in for it",
           regia_json_get_string (source, "name"), state, last_error[0] != '\0' ? ": " : "", last_error);
    if (regia_json_get_string (source, "note")[0] != '\0')
      add (warnings, "Source %s: %s", regia_json_get_string (source, "name"),
           regia_json_get_string (source, "note"));
  }
  for (gsize i = 0; audios != NULL && i < g_variant_n_children (audios); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (audios, i);
    g_autoptr (GVariant) audio = g_variant_get_variant (boxed);
    const char *backup = regia_json_get_string (audio, "backup");

    /* One entry for each codec. */
    if (backup[0] != '\0' && g_strcmp0 (regia_json_get_string (audio, "codec"), "opus") != 0)
      add (warnings, "Language %s: none of its own sources is heard; %s takes their place",
           regia_json_get_string (audio, "language"), backup);
  }
  for (gsize i = 0; renditions != NULL && i < g_variant_n_children (renditions); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (renditions, i);
    g_autoptr (GVariant) rendition = g_variant_get_variant (boxed);
    gboolean shed = FALSE;

    if (g_variant_lookup (rendition, "shed", "b", &shed) && shed)
      add (warnings,
           "Rendition %s is not made for now, %s; it is tried again by itself. Recording and sound are "
           "whole; a "
           "faster preset or fewer renditions help",
           regia_json_get_string (rendition, "name"), regia_json_get_string (rendition, "shed-why"));
  }
}

char **
regia_status_warnings (const RegiaConfigValues *config, const char *state, gboolean recorder_ran,
                       GVariant *engine, GVariant *recorder, GVariant *gateway, GPtrArray *relays)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new ();
  gboolean paused = g_str_equal (state, "paused"), ended = g_str_equal (state, "ended");

  if (g_str_equal (state, "rehearsal"))
    add_engine_warnings (warnings, engine);
  if (paused || g_str_equal (state, "on-air")) {
    if (paused)
      add (warnings, "The recording is paused; `regia resume` goes on with it");
    else if (config->record)
      add_recorder_warnings (warnings, config, recorder);
    else
      add (warnings, "This event is not recorded ([record] enabled = no)");
    add_engine_warnings (warnings, engine);
    if (g_variant_n_children (gateway) == 0)
      add (warnings, "Viewers cannot watch: the gateway does not report. It is started again by itself");
    for (guint i = 0; i < relays->len; i++) {
      GVariant *relay = g_ptr_array_index (relays, i);
      const char *relay_state = regia_json_get_string (relay, "state"),
                 *last_error = regia_json_get_string (relay, "last-error");

      if (g_str_equal (relay_state, "stalled") || g_str_equal (relay_state, "retrying"))
        add (warnings, "Relay %s is %s%s%s", regia_json_get_string (relay, "name"), relay_state,
             last_error[0] != '\0' ? ": " : "", last_error);
    }
  }
  /* Over, but something is left to do: no room for the finished file, for example. */
  if (ended && regia_json_get_string (recorder, "message")[0] != '\0')
    add (warnings, "Recorder: %s", regia_json_get_string (recorder, "message"));
  else if (ended && recorder_ran && config->record &&
           !g_str_equal (regia_json_get_string (recorder, "state"), "finished"))
    add (warnings, "The recording is not finished yet; the next start of Regia finishes it");
  g_ptr_array_add (warnings, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&warnings), FALSE);
}

char *
regia_status_format_time (const RegiaConfigValues *config, gint64 time_s)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time_s);
  g_autoptr (GDateTime) there =
      utc != NULL && config->zone != NULL ? g_date_time_to_timezone (utc, config->zone) : NULL;

  if (time_s == 0)
    return g_strdup ("");
  if (there == NULL)
    return regia_time_format_iso (time_s * REGIA_SECOND);
  return g_date_time_format (there, "%Y-%m-%dT%H:%M:%S%:z");
}

static GVariant *
describe_event (const RegiaConfigValues *config, gint64 desired_end_s)
{
  g_autofree char *start = regia_status_format_time (config, config->start_s);
  g_autofree char *end =
      regia_status_format_time (config, desired_end_s != 0 ? desired_end_s : config->end_s);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", config->name);
  g_variant_dict_insert (&dict, "place", "s", config->place);
  g_variant_dict_insert (&dict, "start", "s", start);
  g_variant_dict_insert (&dict, "end", "s", end);
  g_variant_dict_insert_value (&dict, "languages",
                               g_variant_new_strv ((const char *const *)config->languages, -1));
  g_variant_dict_insert (&dict, "title-slug", "s", config->id);
  return g_variant_dict_end (&dict);
}

GVariant *
regia_status_announce (const RegiaConfigValues *config)
{
  g_autofree char *start = regia_status_format_time (config, config->start_s);
  g_autofree char *end = regia_status_format_time (config, config->end_s);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", config->id);
  g_variant_dict_insert (&dict, "name", "s", config->name);
  g_variant_dict_insert (&dict, "place", "s", config->place);
  g_variant_dict_insert (&dict, "start", "s", start);
  g_variant_dict_insert (&dict, "end", "s", end);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Sources that are live and rates that were measured are nothing to show once the engine has ended. */
static GVariant *
engine_state (RegiaProcesses *processes)
{
  RegiaProcessEntry *entry = regia_processes_find_name (processes, "engine");

  if (regia_process_get_state (entry->process) == REGIA_PROCESS_STOPPED)
    return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  return regia_process_get_published (entry->process);
}

/* Where the event had ended before this program began, there was nothing to do for it. */
static gboolean
has_run (RegiaProcesses *processes, const char *name)
{
  RegiaProcessEntry *entry = regia_processes_find_name (processes, name);

  return entry != NULL && (regia_process_get_state (entry->process) != REGIA_PROCESS_STOPPED ||
                           regia_process_get_last_exit (entry->process) != NULL);
}

static GVariant *
describe_fader (const RegiaConfigAudio *audio, const char *source, gboolean is_backup,
                const RegiaDesired *desired)
{
  RegiaDesiredFader fader = regia_desired_get_fader (desired, audio, source);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "language", "s", fader.language);
  g_variant_dict_insert (&dict, "source", "s", fader.source);
  g_variant_dict_insert (&dict, "gain-db", "d", (double)fader.gain / 10);
  g_variant_dict_insert (&dict, "muted", "b", fader.muted);
  g_variant_dict_insert (&dict, "backup", "b", is_backup);
  return g_variant_new_variant (g_variant_dict_end (&dict));
}

/* Every source in every language, and behind them its backup. */
static GVariant *
describe_faders (const RegiaConfigValues *config, const RegiaDesired *desired)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < config->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (config->audios, i);

    for (guint j = 0; audio->sources[j] != NULL; j++)
      g_variant_builder_add_value (&builder, describe_fader (audio, audio->sources[j], FALSE, desired));
    if (audio->backup != NULL)
      g_variant_builder_add_value (&builder, describe_fader (audio, audio->backup, TRUE, desired));
  }
  return g_variant_builder_end (&builder);
}

GVariant *
regia_status_describe_talks (GPtrArray *talks)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; talks != NULL && i < talks->len; i++) {
    const RegiaConfigTalk *talk = g_ptr_array_index (talks, i);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "number", "x", g_ascii_strtoll (talk->name, NULL, 10));
    g_variant_dict_insert (&dict, "title", "s", talk->title);
    g_variant_dict_insert (&dict, "speaker", "s", talk->speaker);
    g_variant_dict_insert (&dict, "role", "s", talk->role != NULL ? talk->role : "");
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

/* What people want of it, as far as that is not to be seen elsewhere. */
static GVariant *
describe_desired (const RegiaConfigValues *config, const RegiaDesired *desired, gboolean on)
{
  const char *first = on ? regia_scenes_first_name (config) : "";
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", desired->version);
  g_variant_dict_insert (&dict, "scene", "s", desired->scene[0] != '\0' ? desired->scene : first);
  g_variant_dict_insert (&dict, "scene-held", "b", desired->held);
  g_variant_dict_insert (&dict, "tone", "b", desired->tone);
  g_variant_dict_insert (&dict, "caption", "s", desired->caption);
  g_variant_dict_insert (&dict, "caption-line", "s", desired->caption_line);
  g_variant_dict_insert (&dict, "notice", "s", desired->notice);
  g_variant_dict_insert (&dict, "talk", "x", desired->talk);
  g_variant_dict_insert (&dict, "talk-since-ms", "t", desired->talk_since_ms);
  g_variant_dict_insert_value (&dict, "faders",
                               on ? describe_faders (config, desired) : g_variant_new ("av", NULL));
  g_variant_dict_insert (&dict, "private", "b", desired->private_on);
  g_variant_dict_insert (&dict, "paused", "b", desired->paused);
  g_variant_dict_insert (&dict, "marks", "t", (guint64)desired->marks->len);
  g_variant_dict_insert_value (
      &dict, "relays-off",
      g_variant_new_strv ((const char *const *)desired->relays_off->pdata, (gssize)desired->relays_off->len));
  return g_variant_dict_end (&dict);
}

/* (transfer full): without what always changes. */
static GVariant *
strip (GVariant *status)
{
  static const char *const clocks[] = {"wall", "show-time-ms", "gateway", "processes"};
  g_autoptr (GVariant) list = g_variant_lookup_value (status, "processes", G_VARIANT_TYPE ("av"));
  GVariantBuilder processes;
  GVariantDict dict;

  g_variant_dict_init (&dict, status);
  for (guint i = 0; i < G_N_ELEMENTS (clocks); i++)
    g_variant_dict_remove (&dict, clocks[i]);
  g_variant_builder_init (&processes, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++) {
    static const char *const used[] = {"uptime-ms", "rss-bytes", "cpu-ms"};
    g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
    g_autoptr (GVariant) described = g_variant_get_variant (boxed);
    GVariantDict process;

    g_variant_dict_init (&process, described);
    for (guint k = 0; k < G_N_ELEMENTS (used); k++)
      g_variant_dict_remove (&process, used[k]);
    g_variant_builder_add (&processes, "v", g_variant_dict_end (&process));
  }
  g_variant_dict_insert_value (&dict, "processes", g_variant_builder_end (&processes));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

gboolean
regia_status_is_news (GVariant *status, GVariant *before)
{
  g_autoptr (GVariant) now = strip (status), then = strip (before);

  return !g_variant_equal (now, then);
}

/* Takes @then. */
static char **
join (GPtrArray *first, char **then)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

  for (guint i = 0; i < first->len; i++)
    g_strv_builder_add (all, g_ptr_array_index (first, i));
  g_strv_builder_addv (all, (const char **)then);
  g_strfreev (then);
  return g_strv_builder_end (all);
}

GVariant *
regia_status_build (const RegiaStatusInput *input)
{
  g_autoptr (GVariant) engine = engine_state (input->processes);
  g_autoptr (GVariant) gateway = regia_processes_get_state (input->processes, "gateway");
  g_autoptr (GVariant) recorder = regia_processes_get_state (input->processes, "recorder");
  g_autoptr (GPtrArray) relays = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  g_autofree char *wall = regia_time_format_iso (regia_clock_realtime_ns ());
  g_autofree char *started = regia_time_format_iso (input->show->epoch.realtime_ns + input->show->aired_ns);
  const char *state = regia_status_state (input);
  gboolean on = input->show->state != REGIA_SHOW_STANDBY;
  g_auto (GStrv) warnings = NULL;
  GVariantBuilder relay_list, processes;
  GVariantDict dict;

  g_variant_builder_init (&relay_list, G_VARIANT_TYPE ("av"));
  g_variant_builder_init (&processes, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (
      &processes, "v",
      regia_process_describe ("director", getpid (), "running", 0, input->director_started_us, ""));
  for (guint i = 0; i < input->processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (input->processes, i);

    if (entry->removed)
      continue;
    g_variant_builder_add (&processes, "v", regia_process_to_variant (entry->process));
    if (entry->kind->many) {
      GVariant *published = regia_process_get_published (entry->process);

      g_ptr_array_add (relays, published);
      if (g_variant_n_children (published) > 0)
        g_variant_builder_add (&relay_list, "v", published);
    }
  }
  warnings = join (input->folders,
                   regia_status_warnings (input->config, state, has_run (input->processes, "recorder"),
                                          engine, recorder, gateway, relays));

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "s", REGIA_VERSION);
  g_variant_dict_insert_value (&dict, "event", describe_event (input->config, input->desired->end_s));
  g_variant_dict_insert (&dict, "state", "s", state);
  g_variant_dict_insert (&dict, "show-time-ms", "t",
                         on ? (guint64)MAX (input->show_time_ns, 0) / REGIA_MSECOND : (guint64)0);
  g_variant_dict_insert (&dict, "aired-ms", "t",
                         on ? (guint64)(input->show->aired_ns / REGIA_MSECOND) : (guint64)0);
  g_variant_dict_insert (&dict, "wall", "s", wall);
  g_variant_dict_insert (&dict, "started", "s", on ? started : "");
  g_variant_dict_insert (&dict, "generation", "t", on ? input->show->generation : (guint64)0);
  g_variant_dict_insert_value (&dict, "next", input->next);
  g_variant_dict_insert_value (&dict, "scenes",
                               g_variant_new_strv ((const char *const *)input->config->shows, on ? -1 : 0));
  g_variant_dict_insert_value (&dict, "talks", regia_status_describe_talks (input->config->talks));
  g_variant_dict_insert_value (&dict, "desired", describe_desired (input->config, input->desired, on));
  g_variant_dict_insert_value (&dict, "engine", engine);
  g_variant_dict_insert_value (&dict, "recorder", recorder);
  g_variant_dict_insert_value (&dict, "gateway", gateway);
  g_variant_dict_insert_value (&dict, "relays", g_variant_builder_end (&relay_list));
  g_variant_dict_insert_value (&dict, "processes", g_variant_builder_end (&processes));
  g_variant_dict_insert_value (&dict, "alarms",
                               input->alarms != NULL ? regia_alarms_describe (input->alarms, input->desired)
                                                     : g_variant_new ("av", NULL));
  g_variant_dict_insert_value (&dict, "alarms-ended",
                               input->alarms != NULL ? regia_alarms_describe_ended (input->alarms)
                                                     : g_variant_new ("av", NULL));
  g_variant_dict_insert_value (&dict, "warnings", g_variant_new_strv ((const char *const *)warnings, -1));
  return g_variant_dict_end (&dict);
}
