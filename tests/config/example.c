/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "regia/config/config.h"
#include "regia/config/options.h"

#define EXAMPLE REGIA_SOURCE_DIR "/config/example.conf"

/* One `key = value` or `#key = value` of the example, and whether an explanation stands above it. */
typedef struct {
  char *group; /* kind: "source" */
  char *key;
  char *value;
  gboolean commented;
  gboolean explained;
} Line;

static void
line_free (gpointer data)
{
  Line *line = data;

  g_free (line->group);
  g_free (line->key);
  g_free (line->value);
  g_free (line);
}

/* `#key =…`: the example writes prose as `# Text`, with a blank, so that the two cannot be taken for each
 * other. */
static gboolean
is_commented_key (const char *text)
{
  return text[0] == '#' && g_ascii_islower (text[1]) && strchr (text, '=') != NULL;
}

static GPtrArray *
read_example (char **ret_uncommented)
{
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) texts = NULL;
  g_autoptr (GString) uncommented = g_string_new (NULL);
  g_autofree char *group = g_strdup ("");
  GPtrArray *lines = g_ptr_array_new_with_free_func (line_free);
  gboolean explained = FALSE;

  g_file_get_contents (EXAMPLE, &content, NULL, &error);
  g_assert_no_error (error);
  texts = g_strsplit (content, "\n", -1);
  for (guint i = 0; texts[i] != NULL; i++) {
    const char *text = texts[i];

    if (text[0] == '[') {
      g_free (group);
      group = g_strndup (text + 1, strcspn (text + 1, " ]"));
      explained = FALSE;
    } else if (is_commented_key (text) || (text[0] != '#' && strchr (text, '=') != NULL)) {
      Line *line = g_new0 (Line, 1);
      const char *equals = strchr (text, '=');

      line->group = g_strdup (group);
      line->commented = text[0] == '#';
      line->key = g_strstrip (g_strndup (text + line->commented, equals - text - line->commented));
      line->value = g_strstrip (g_strdup (equals + 1));
      line->explained = explained;
      g_ptr_array_add (lines, line);
    } else
      explained = text[0] == '#';
    g_string_append_printf (uncommented, "%s\n", text + (is_commented_key (text) ? 1 : 0));
  }
  if (ret_uncommented != NULL)
    *ret_uncommented = g_string_free (g_steal_pointer (&uncommented), FALSE);
  return lines;
}

static const Line *
find_explained (GPtrArray *lines, const char *group, const char *key)
{
  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);

    if (line->explained && g_str_equal (line->group, group) && g_str_equal (line->key, key))
      return line;
  }
  return NULL;
}

static void
test_every_key_is_explained (void)
{
  g_autoptr (GPtrArray) lines = read_example (NULL);
  g_autoptr (GArray) keys = regia_config_list_keys ();

  g_assert_cmpuint (keys->len, >, 40);
  for (guint i = 0; i < keys->len; i++) {
    const RegiaConfigKey *key = &g_array_index (keys, RegiaConfigKey, i);

    if (find_explained (lines, key->group, key->key) == NULL)
      g_error ("config/example.conf does not explain [%s] %s; add a comment and `#%s = %s` below it",
               key->group, key->key, key->key, key->default_value != NULL ? key->default_value : "");
    g_assert_cmpstr (key->help, !=, NULL);
    g_assert_cmpstr (key->range, !=, NULL);
  }
}

/* A line `#key = value` says what holds without it: that is the compiled-in default, to the letter. */
static void
test_commented_values_are_the_defaults (void)
{
  g_autoptr (GPtrArray) lines = read_example (NULL);
  g_autoptr (GArray) keys = regia_config_list_keys ();
  guint compared = 0;

  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);
    gboolean known = FALSE;

    for (guint j = 0; j < keys->len; j++) {
      const RegiaConfigKey *key = &g_array_index (keys, RegiaConfigKey, j);

      if (!g_str_equal (key->group, line->group) || !g_str_equal (key->key, line->key))
        continue;
      known = TRUE;
      if (!line->commented)
        continue;
      g_test_message ("[%s] %s = %s", line->group, line->key, line->value);
      g_assert_false (key->required);
      g_assert_cmpstr (line->value, ==, key->default_value != NULL ? key->default_value : "");
      compared++;
    }
    /* only a source has keys that are not in the table: parameters of its pipeline */
    g_assert_true (known || (g_str_equal (line->group, "source") && !line->commented));
  }
  g_assert_cmpuint (compared, >, 30);
}

/* Everything but pointers to other structs, which have their own functions below. */
static char *
describe (const RegiaConfigValues *values)
{
  GString *text = g_string_new (NULL);
  g_autofree char *languages = g_strjoinv (",", values->languages);
  g_autofree char *hosts = g_strjoinv (",", values->hosts),
                  *proxies = g_strjoinv (",", values->trusted_proxies);

  g_string_append_printf (text, "%s|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%s|%s|%s\n", values->name,
                          values->place, values->start_s, values->end_s, values->timezone, languages,
                          values->id);
  g_string_append_printf (text, "%ux%u %u/%u %s %s %u\n", values->width, values->height, values->rate_num,
                          values->rate_den, values->picture, values->slate != NULL ? values->slate : "-",
                          values->latency_ms);
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    g_string_append_printf (text, "%s %s %d %u %u %d %u %u %u %u %s %d %d %u\n", source->name,
                            source->pipeline, source->audio, source->channels[0], source->channels[1],
                            source->video, source->crop[0], source->crop[1], source->crop[2], source->crop[3],
                            source->fit, source->delay_ms, source->iso,
                            g_hash_table_size (source->parameters));
  }
  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);

    g_string_append_printf (text, "%s %ux%u %u %s %s\n", rendition->name, rendition->width, rendition->height,
                            rendition->bitrate_kbps, rendition->encoder, rendition->preset);
  }
  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);
    g_autofree char *sources = g_strjoinv (",", audio->sources);

    g_string_append_printf (text, "%s %s %s %u %u\n", audio->language, audio->title, sources,
                            audio->bitrate_kbps, audio->opus_bitrate_kbps);
  }
  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);

    g_string_append_printf (text, "%s %s %s %s %s %u %s\n", relay->name, relay->url,
                            relay->key_file != NULL ? relay->key_file : "-", relay->rendition,
                            relay->language, relay->latency_ms,
                            relay->stream_id != NULL ? relay->stream_id : "-");
  }
  g_string_append_printf (text, "%d %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %u %u\n", values->record,
                          values->folder != NULL ? values->folder : "-", values->reserve_bytes,
                          values->warn_minutes, values->feed_seconds, values->feed_mbytes);
  g_string_append_printf (text, "%s %s %s %u %u %u %u %u\n", values->listen, hosts, proxies,
                          values->segment_ms, values->window_segments, values->threads,
                          values->max_connections, values->max_connections_per_address);
  g_string_append_printf (text, "%s\n", values->console_listen);
  g_string_append_printf (text, "%d %u %u %u %u %u %u %u %u %u\n", values->silence_db,
                          values->silence_after_ms, values->clipping, values->channels_after_ms,
                          values->equal_after_ms, values->black_after_ms, values->frozen_after_ms,
                          values->drift_ppm, values->apart_ms, values->hot_c);
  return g_string_free (text, FALSE);
}

/* Writing all of the commented defaults out changes nothing. */
static void
test_uncommented_means_the_same (void)
{
  g_autofree char *uncommented = NULL;
  g_autoptr (GPtrArray) lines = read_example (&uncommented);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) written = regia_config_load (EXAMPLE, NULL, &error);
  g_autoptr (RegiaConfig) all = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *got = NULL;

  g_assert_no_error (error);
  all = regia_config_parse (uncommented, strlen (uncommented), EXAMPLE, NULL, TRUE, &error);
  g_assert_no_error (error);
  expected = describe (regia_config_get (written));
  got = describe (regia_config_get (all));
  g_assert_cmpuint (lines->len, >, 40);
  g_test_message ("%s", expected);
  g_assert_cmpstr (got, ==, expected);
  g_assert_cmpuint (regia_config_get (written)->warnings->len, ==, 0);
}

/* The files that are shipped start on a machine with the shipped pipelines. */
static void
test_shipped_files (gconstpointer data)
{
  g_autofree char *path = g_build_filename (REGIA_SOURCE_DIR, "config", data, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load (path, NULL, &error);
  gboolean pipelines_fit;

  g_assert_no_error (error);
  g_assert_nonnull (config);
  pipelines_fit = regia_config_check_pipelines (config, &error);
  g_assert_no_error (error);
  g_assert_true (pipelines_fit);
  g_assert_true (g_str_has_prefix (regia_config_get (config)->listen, "127."));
  g_assert_true (g_str_has_prefix (regia_config_get (config)->console_listen, "127."));
}

static void
test_shipped_hall (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (REGIA_SOURCE_DIR, "config", data, NULL);
  g_autoptr (RegiaConfig) config = regia_config_load_hall (path, &error);
  gboolean pipelines_fit;

  g_assert_no_error (error);
  pipelines_fit = regia_config_check_pipelines (config, &error);
  g_assert_no_error (error);
  g_assert_true (pipelines_fit);
  g_assert_cmpuint (regia_config_get (config)->warnings->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/example/explained", test_every_key_is_explained);
  g_test_add_func ("/config/example/defaults", test_commented_values_are_the_defaults);
  g_test_add_func ("/config/example/uncommented", test_uncommented_means_the_same);
  g_test_add_data_func ("/config/shipped/example", "example.conf", test_shipped_files);
  g_test_add_data_func ("/config/shipped/demo", "demo.conf", test_shipped_files);
  g_test_add_data_func ("/config/shipped/event", "event.conf", test_shipped_files);
  g_test_add_data_func ("/config/shipped/hall", "hall.conf", test_shipped_hall);
  g_test_add_data_func ("/config/shipped/hall-new", "hall-new.conf", test_shipped_hall);
  return g_test_run ();
}
