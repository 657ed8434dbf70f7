/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <stdio.h>

#include "ready-private.h"
#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/config/config.h"
#include "regia/config/options.h"
#include "regia/config/pipeline.h"
#include "regia/config/scene.h"
#include "regia/engine/check.h"

static void
print_keys (void)
{
  g_autoptr (GArray) keys = regia_config_list_keys ();
  const char *group = "";

  for (guint i = 0; i < keys->len; i++) {
    const RegiaConfigKey *key = &g_array_index (keys, RegiaConfigKey, i);

    if (!g_str_equal (group, key->group))
      printf ("%s[%s%s]  %s\n", i > 0 ? "\n" : "", key->group, key->named ? " NAME" : "", key->group_help);
    group = key->group;
    printf ("  %-28s %s\n  %-28s allowed: %s\n", key->key, key->help, "", key->range);
    if (key->required)
      printf ("  %-28s must be given\n", "");
    else if (key->default_value != NULL)
      printf ("  %-28s without it: %s\n", "", key->default_value);
  }
}

static char *
describe_time (const char *written, gint64 unix_s, const char *zone_name)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zone_name);
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (unix_s);
  g_autoptr (GDateTime) local = NULL;

  if (zone == NULL || utc == NULL)
    return g_strdup (written);
  local = g_date_time_to_timezone (utc, zone);
  return g_date_time_format (local, "%Y-%m-%d %H:%M");
}

static void
print_event (const RegiaConfigValues *values)
{
  printf ("%-12s %s\n", values->name[0] != '\0' ? "Event" : "Hall",
          values->name[0] != '\0' ? values->name : values->place);
  if (values->name[0] != '\0' && values->place[0] != '\0')
    printf ("             %s\n", values->place);
  if (values->start != NULL || values->end != NULL) {
    g_autofree char *start =
        values->start != NULL ? describe_time (values->start, values->start_s, values->timezone) : NULL;
    g_autofree char *end =
        values->end != NULL ? describe_time (values->end, values->end_s, values->timezone) : NULL;

    printf ("When         %s%s%s (%s)\n", start != NULL ? start : "", end != NULL ? " to " : "",
            end != NULL ? end : "", values->timezone);
  }
}

static void
print_sources (const RegiaConfigValues *values)
{
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);
    g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("capture", source->pipeline, NULL);
    gboolean video = source->video && file != NULL && file->gives_video;
    gboolean audio = source->audio && file != NULL && file->gives_audio;

    printf ("%-12s %s: %s, %s%s%s", i == 0 ? "Sources" : "", source->name, source->pipeline,
            video ? "picture" : "", video && audio ? " and " : "", audio ? "sound" : "");
    if (source->delay_ms != 0)
      printf (", shifted by %d ms", source->delay_ms);
    printf ("\n");
  }
}

static void
print_programme (const RegiaConfigValues *values)
{
  g_autofree char *rate = values->rate_den == 1
                              ? g_strdup_printf ("%u", values->rate_num)
                              : g_strdup_printf ("%u/%u", values->rate_num, values->rate_den);
  g_autofree char *scenes = g_strjoinv (", ", values->shows);
  const char *first = regia_scenes_first_name (values);

  printf ("Programme    %ux%u at %s pictures a second, begins with %s\n", values->width, values->height, rate,
          first[0] != '\0' ? first : "the slate, for no source gives a picture");
  if (scenes[0] != '\0')
    printf ("Scenes       %s\n", scenes);
  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);

    printf ("%-12s %s: %ux%u, %u kbit/s, %s %s\n", i == 0 ? "Renditions" : "", rendition->name,
            rendition->width, rendition->height, rendition->bitrate_kbps, rendition->encoder,
            rendition->preset);
  }
  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);
    g_autofree char *sources = g_strjoinv (", ", audio->sources);

    printf ("%-12s %s (%s): %s; AAC %u, Opus %u kbit/s\n", i == 0 ? "Sound" : "", audio->language,
            audio->title, sources[0] != '\0' ? sources : "silence", audio->bitrate_kbps,
            audio->opus_bitrate_kbps);
  }
}

/* The host alone: some platforms make the rest of the address a secret. */
static void
print_relays (const RegiaConfigValues *values)
{
  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);
    g_autoptr (GUri) uri = g_uri_parse (relay->url, G_URI_FLAGS_ENCODED, NULL);

    printf ("%-12s %s: %s to %s, %s with %s%s%s\n", i == 0 ? "Relays" : "", relay->name,
            uri != NULL ? g_uri_get_scheme (uri) : "", uri != NULL ? g_uri_get_host (uri) : "",
            relay->rendition, relay->language, relay->key_file != NULL ? ", key in " : "",
            relay->key_file != NULL ? relay->key_file : "");
  }
}

static void
print_services (const RegiaConfigValues *values)
{
  g_autofree char *state_dir = regia_cli_state_dir (NULL);
  g_autofree char *folder =
      values->folder != NULL ? g_strdup (values->folder) : g_build_filename (state_dir, "recordings", NULL);
  g_autofree char *reserve = g_format_size (values->reserve_bytes);
  g_autofree char *hosts = g_strjoinv (", ", values->hosts);

  if (values->record)
    printf ("Recording    in %s, named %s; %s stay free\n", folder,
            values->id[0] != '\0' ? values->id : "after each event", reserve);
  else
    printf ("Recording    none\n");
  printf ("Viewers      %s://%s/%s%s\n", values->certificate != NULL ? "https" : "http", values->listen,
          hosts[0] != '\0' ? " and as " : "", hosts);
  if (values->redirect_listen != NULL)
    printf ("             sent there from http://%s/\n", values->redirect_listen);
  printf ("Console      %s://%s/\n",
          regia_config_get_console (values) == REGIA_CONFIG_CONSOLE_HTTPS ? "https" : "http",
          values->console_listen);
}

static void
warn_of_port (RegiaConfig *config, const char *group, const char *key, const char *listen)
{
  g_autofree char *warning = regia_cli_why_not_listening (listen);
  g_autofree char *where = regia_config_where (config, group, key);

  if (warning != NULL)
    fprintf (stderr, "warning: %s%s\n", where, warning);
}

/* One line for what the engine says of a group's pipeline. */
static void
report (RegiaConfig *config, const char *kind, const char *name, const char *key, const GError *error,
        int *exit_status)
{
  g_auto (GStrv) lines = NULL;
  g_autofree char *message = NULL;
  g_autofree char *title = g_strconcat (kind, " ", name, NULL);
  g_autofree char *where = regia_config_where (config, title, key);

  lines = g_strsplit (error->message, "\n", -1);
  message = g_strjoinv (" | ", lines);
  fprintf (stderr, "%s%s\n", where, message);
  /* a wrong file outweighs a missing package */
  if (*exit_status != 78)
    *exit_status = regia_error_exit_status (error);
}

/* The parameters as they are but for the secret ones: GStreamer repeats values in its messages. */
static GHashTable *
without_secrets (const RegiaConfigSource *source)
{
  GHashTable *values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("capture", source->pipeline, NULL);
  GHashTableIter iter;
  gpointer key, value;

  for (g_hash_table_iter_init (&iter, source->parameters); g_hash_table_iter_next (&iter, &key, &value);)
    g_hash_table_insert (values, key, value);
  for (guint i = 0; file != NULL && i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);

    if (param->secret && g_hash_table_lookup_extended (values, param->name, &key, NULL))
      g_hash_table_insert (values, key, (gpointer) "secret");
  }
  return values;
}

/* Whether this machine can capture and encode it: tried with GStreamer, no device is opened. */
static int
try_pipelines (RegiaConfig *config)
{
  const RegiaConfigValues *values = regia_config_get (config);
  static const char *const sound_encoders[] = {"aac", "opus"};
  int exit_status = 0;

  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);
    g_autoptr (GHashTable) parameters = without_secrets (source);
    g_autoptr (GError) error = NULL;

    if (!regia_engine_check_source (source->pipeline, parameters, &error))
      report (config, "source", source->name, "pipeline", error, &exit_status);
  }
  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);
    g_autoptr (GError) error = NULL;

    /* Which one that is shows when the engine is tried. */
    if (!g_str_equal (rendition->encoder, REGIA_ENCODER_AUTO) &&
        !regia_engine_check_encoder (rendition->encoder, NULL, &error))
      report (config, "rendition", rendition->name, "encoder", error, &exit_status);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (sound_encoders); i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, 0);
    g_autoptr (GError) error = NULL;

    if (!regia_engine_check_encoder (sound_encoders[i], NULL, &error))
      report (config, "audio", audio->language, sound_encoders[i], error, &exit_status);
  }
  return exit_status;
}

/* Faults come one a line and name their file themselves. */
static int
fail (const GError *error)
{
  fprintf (stderr, "%s\n", error->message);
  return regia_error_exit_status (error);
}

RegiaConfig *
regia_cli_load (const char *event, const char *hall, GError **error)
{
  if (event == NULL || event[0] == '\0')
    return regia_config_load_hall (hall, error);
  return regia_config_load_in_hall (event, hall != NULL && hall[0] != '\0' ? hall : NULL, error);
}

static void
print_meaning (RegiaConfig *config)
{
  const RegiaConfigValues *values = regia_config_get (config);

  print_event (values);
  print_sources (values);
  print_programme (values);
  print_relays (values);
  print_services (values);
  fflush (stdout);
}

int
regia_cli_check (int argc, char **argv)
{
  gboolean keys = FALSE, file_only = FALSE, json = FALSE;
  g_autofree char *hall = NULL, *state = NULL, *state_dir = NULL;
  GOptionEntry entries[] = {
      {"hall", 0, 0, G_OPTION_ARG_FILENAME, &hall,
       "The hall of an event file that names none; without an event file, the hall itself is checked",
       "HALL"},
      {"file", 0, 0, G_OPTION_ARG_NONE, &file_only,
       "Only what is written: no device is opened and nothing is measured", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print what was tried as JSON", NULL},
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state, "Folder of the state", "FOLDER"},
      {"keys", 0, 0, G_OPTION_ARG_NONE, &keys, "List every key that an event file can have", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (RegiaConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  const RegiaConfigValues *values;
  const char *event;
  int exit_status;

  if (!regia_cli_parse (
          "check", "FILE.conf",
          "Says what an event file means and what is wrong with it; then tries on this machine, "
          "in less than a minute and without starting the event, whether it can be held: sources, "
          "encoders, processor, disk, addresses, clock, relays. Exit status 0 for go, 69 for "
          "no-go, 78 when the file is wrong.",
          entries, &argc, &argv, &exit_status))
    return exit_status;
  if (keys) {
    print_keys ();
    return 0;
  }
  if (argc != 2 && !(argc == 1 && hall != NULL)) {
    fprintf (stderr, "regia: check takes one event file; `regia check --help` says more\n");
    return 64;
  }
  if (json && file_only) {
    fprintf (stderr, "regia: --json is for what is tried, and --file tries nothing; leave one out\n");
    return 64;
  }

  event = argc == 2 ? argv[1] : NULL;
  config = regia_cli_load (event, hall, &error);
  if (config == NULL || !regia_config_check_pipelines (config, &error) ||
      !regia_cli_check_slate (config, &error))
    return fail (error);
  values = regia_config_get (config);
  exit_status = try_pipelines (config);
  if (exit_status != 0)
    return exit_status;

  if (!json)
    print_meaning (config);
  for (guint i = 0; i < values->warnings->len; i++)
    fprintf (stderr, "warning: %s\n", (const char *)g_ptr_array_index (values->warnings, i));
  if (!file_only) {
    state_dir = regia_cli_state_dir (state);
    return regia_cli_ready (config, event, hall, state_dir, json);
  }
  warn_of_port (config, "web", "listen", values->listen);
  if (values->redirect_listen != NULL)
    warn_of_port (config, "web", "redirect_listen", values->redirect_listen);
  return 0;
}
