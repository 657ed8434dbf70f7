/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/config/part.h"

#include <string.h>

#include "regia/base/error.h"

/* Every value another one than its default, and a marker in everything that is a secret or could be. */
static const char event[] = "[event]\n"
                            "name = Prova\n"
                            "place = Sala\n"
                            "start = 2030-01-02 10:00\n"
                            "end = 2030-01-02 12:00\n"
                            "timezone = Europe/Lisbon\n"
                            "languages = it;en\n"
                            "id = prova\n"
                            "[programme]\n"
                            "size = 1920x1080\n"
                            "rate = 30000/1001\n"
                            "picture = camera\n"
                            "ladder = 1080p; 360p; audio\n"
                            "slate = pictures/slate.png\n"
                            "latency = 300ms\n"
                            "[source camera]\n"
                            "pipeline = my/camera.pipeline\n"
                            "location = rtsp://hall/?token=MARK-CAMERA\n"
                            "password = MARK-PASSWORD\n"
                            "delay = -20ms\n"
                            "iso = yes\n"
                            "audio = no\n"
                            "[source desk]\n"
                            "pipeline = pulse\n"
                            "device = MARK-DESK\n"
                            "channels = 3;4\n"
                            "crop = 1; 2; 3; 4\n"
                            "fit = fill\n"
                            "video = no\n"
                            "[source hall]\n"
                            "pipeline = pulse\n"
                            "video = no\n"
                            "[source guest]\n"
                            "pipeline = rtmp-in\n"
                            "key = MARK-SENDER\n"
                            "[scene stage]\n"
                            "layout = free\n"
                            "sources = camera\n"
                            "areas = 0 0 50 100\n"
                            "fade = 300ms\n"
                            "backup = break\n"
                            "backup_when = lost; black\n"
                            "[look]\n"
                            "logo = MARK-LOGO.png\n"
                            "logo_corner = top-left\n"
                            "logo_size = 12\n"
                            "logo_opacity = 50\n"
                            "slates = starting; break\n"
                            "institution = Prefettura\n"
                            "colour = #abcdef\n"
                            "background = #102030\n"
                            "[talk 1]\n"
                            "title = Parole\n"
                            "speaker = Rossi\n"
                            "role = Scuola\n"
                            "[rendition 1080p]\n"
                            "size = 1920x1080\n"
                            "bitrate = 5M\n"
                            "encoder = other\n"
                            "preset = fast\n"
                            "[rendition 360p]\n"
                            "size = 640x360\n"
                            "bitrate = 700k\n"
                            "[audio it]\n"
                            "title = Sala\n"
                            "sources = desk\n"
                            "gains = -3.5dB\n"
                            "backup = hall\n"
                            "backup_below = -40dB\n"
                            "backup_after = 5s\n"
                            "level = -16\n"
                            "limit = off\n"
                            "duck_by = -12dB\n"
                            "duck_above = -30dB\n"
                            "duck_attack = 50ms\n"
                            "duck_release = 2s\n"
                            "bitrate = 96k\n"
                            "opus_bitrate = 64k\n"
                            "[audio en]\n"
                            "sources = desk; hall\n"
                            "duck = desk\n"
                            "[relay first]\n"
                            "url = rtmp://first.example/live?token=MARK-FIRST\n"
                            "key_file = first.key\n"
                            "rendition = 360p\n"
                            "language = en\n"
                            "[relay second]\n"
                            "url = srt://second.example:9000\n"
                            "key_file = MARK-SECOND.key\n"
                            "latency = 900ms\n"
                            "stream_id = MARK-SECOND-STREAM\n"
                            "[record]\n"
                            "folder = MARK-FOLDER\n"
                            "reserve = 750M\n"
                            "warn = 12min\n"
                            "[feed]\n"
                            "memory = 90s\n"
                            "limit = 300M\n"
                            "[web]\n"
                            "listen = 0.0.0.0:8123\n"
                            "certificate = chain.pem\n"
                            "key = MARK-CERTIFICATE-KEY.pem\n"
                            "redirect_listen = 0.0.0.0:8124\n"
                            "hosts = live.example.org\n"
                            "trusted_proxies = 127.0.0.1; 2001:db8::/32\n"
                            "segment = 3s\n"
                            "window = 7\n"
                            "threads = 3\n"
                            "max_connections = 999\n"
                            "max_connections_per_address = 99\n"
                            "[console]\n"
                            "listen = 127.0.0.1:8321\n";

/* Not UTF-8, as a folder's name may be. */
#define BASE_DIR "/srv/perch\xe9"

#define KEY "MARK-KEY"

static RegiaConfig *
load (void)
{
  g_autoptr (GError) error = NULL;
  RegiaConfig *config = regia_config_parse (event, strlen (event), "event.conf", BASE_DIR, FALSE, &error);

  g_assert_no_error (error);
  return config;
}

static GVariant *
take_part (RegiaConfig *config, const char *kind, const char *instance, const char *key)
{
  GVariant *part = regia_config_part (config, kind, instance, key);

  g_assert_nonnull (part);
  g_assert_true (g_variant_is_floating (part));
  g_assert_true (g_variant_is_of_type (part, G_VARIANT_TYPE_VARDICT));
  return g_variant_ref_sink (part);
}

static RegiaConfig *
read_part (GVariant *part)
{
  g_autoptr (GError) error = NULL;
  RegiaConfig *config = regia_config_new_from_part (part, &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

/* What a part holds, by name: a field that is added to the table for a child shows up here, and whoever
 * writes it down says that it is none of another's secrets. */
typedef struct {
  const char *kind, *instance, *key;
  const char *fields; /* in alphabetic order */
  const char *marks;  /* in order of the file */
} Holds;

static const Holds holds[] = {
    {"engine", "", NULL,
     "audio audio.backup audio.backup_after_ms audio.backup_below audio.bitrate_kbps audio.duck "
     "audio.duck_above audio.duck_attack_ms audio.duck_by audio.duck_release_ms audio.gains audio.language "
     "audio.level audio.limit audio.opus_bitrate_kbps audio.sources audio.title feed_mbytes feed_seconds "
     "height "
     "languages latency_ms "
     "look_background look_colour look_institution look_logo look_logo_corner look_logo_opacity "
     "look_logo_percent look_slates name picture place rate_den rate_num record rendition "
     "rendition.bitrate_kbps rendition.encoder rendition.height rendition.name rendition.preset "
     "rendition.width scene scene.areas scene.backup scene.backup_after_ms "
     "scene.backup_until_ms scene.backup_when scene.corner scene.fade_ms scene.layout scene.name "
     "scene.small_percent scene.sources segment_ms slate source source.audio source.channel_left "
     "source.channel_right "
     "source.crop_bottom source.crop_left source.crop_right source.crop_top source.delay_ms source.fit "
     "source.iso "
     "source.name source.parameters source.pipeline source.video start_s timezone width",
     "MARK-CAMERA MARK-PASSWORD MARK-DESK MARK-SENDER"},
    {"recorder", "", NULL,
     "audio audio.language audio.title end end_s feed_seconds id languages name place record rendition "
     "rendition.name reserve_bytes start start_s timezone",
     ""},
    {"gateway", "", NULL,
     "certificate hosts ladder listen max_connections max_connections_per_address redirect_listen segment_ms "
     "threads "
     "trusted_proxies window_segments",
     ""},
    {"console", "", NULL, "certificate console_listen hosts segment_ms trusted_proxies", ""},
    {"listener", "", NULL, "source source.name source.parameters source.pipeline", "MARK-SENDER"},
    {"relay", "first", KEY,
     "key relay relay.key_file relay.language relay.latency_ms relay.name relay.rendition relay.url",
     "MARK-FIRST MARK-KEY"},
    {"relay", "second", NULL,
     "relay relay.key_file relay.language relay.latency_ms relay.name relay.rendition relay.stream_id "
     "relay.url",
     "MARK-SECOND MARK-SECOND-STREAM"},
};

static void
collect_names (GVariant *dict, const char *prefix, GHashTable *names)
{
  GVariantIter iter;
  const char *name;
  GVariant *next;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &next)) {
    g_autoptr (GVariant) value = next;

    g_hash_table_add (names, g_strconcat (prefix, name, NULL));
    for (gsize i = 0;
         g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")) && i < g_variant_n_children (value); i++) {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);
      g_autofree char *inner = g_strconcat (name, ".", NULL);

      collect_names (child, inner, names);
    }
  }
}

static void
test_holds (gconstpointer data)
{
  static const char *const marks[] = {"MARK-CAMERA",        "MARK-PASSWORD", "MARK-DESK",
                                      "MARK-SENDER",        "MARK-FIRST",    "MARK-SECOND",
                                      "MARK-SECOND-STREAM", "MARK-FOLDER",   KEY};
  const Holds *row = data;
  g_autoptr (RegiaConfig) config = load ();
  g_autoptr (GVariant) part = take_part (config, row->kind, row->instance, row->key);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GList) sorted = NULL;
  g_autoptr (GString) fields = g_string_new (NULL), found = g_string_new (NULL);

  collect_names (part, "", names);
  sorted = g_list_sort (g_hash_table_get_keys (names), (GCompareFunc)strcmp);
  for (GList *name = sorted; name != NULL; name = name->next)
    g_string_append_printf (fields, "%s%s", fields->len > 0 ? " " : "", (char *)name->data);
  g_assert_cmpstr (fields->str, ==, row->fields);

  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (memmem (g_variant_get_data (part), g_variant_get_size (part), marks[i], strlen (marks[i])) != NULL)
      g_string_append_printf (found, "%s%s", found->len > 0 ? " " : "", marks[i]);
  g_assert_cmpstr (found->str, ==, row->marks);
}

/* Whatever is in a part comes out of it again: what was read from it has the same part, to the byte. */
static void
test_goes_round (gconstpointer data)
{
  const Holds *row = data;
  g_autoptr (RegiaConfig) config = load ();
  g_autoptr (GVariant) part = take_part (config, row->kind, row->instance, row->key);
  g_autoptr (RegiaConfig) read = read_part (part);
  g_autoptr (GVariant) again = take_part (read, row->kind, row->instance, row->key);
  g_autofree char *key = regia_config_part_key (part);

  g_assert_true (g_variant_equal (part, again));
  g_assert_cmpstr (key, ==, row->key);
  g_assert_nonnull (regia_config_get (read)->hosts);
  g_assert_nonnull (regia_config_get (read)->languages);
  g_assert_cmpuint (regia_config_get (read)->warnings->len, ==, 0);
}

/* The same by hand for what each child does with it: the table could be wrong in both directions alike. */
static void
test_engine_values (void)
{
  g_autoptr (RegiaConfig) config = load ();
  g_autoptr (GVariant) part = take_part (config, "engine", "", NULL);
  g_autoptr (RegiaConfig) read = read_part (part);
  const RegiaConfigValues *values = regia_config_get (read);
  const RegiaConfigSource *camera, *desk;
  const RegiaConfigRendition *first;
  const RegiaConfigAudio *it, *en;

  g_assert_cmpstr (values->name, ==, "Prova");
  g_assert_cmpstr (values->place, ==, "Sala");
  g_assert_cmpuint (values->width, ==, 1920);
  g_assert_cmpuint (values->height, ==, 1080);
  g_assert_cmpuint (values->rate_num, ==, 30000);
  g_assert_cmpuint (values->rate_den, ==, 1001);
  g_assert_cmpstr (values->picture, ==, "camera");
  g_assert_cmpstr (values->slate, ==, BASE_DIR "/pictures/slate.png");
  g_assert_cmpuint (values->latency_ms, ==, 300);
  g_assert_true (values->record);
  g_assert_cmpuint (values->feed_seconds, ==, 90);
  g_assert_cmpuint (values->feed_mbytes, ==, 300);
  g_assert_cmpuint (values->segment_ms, ==, 3000);
  g_assert_cmpuint (values->relays->len, ==, 0);
  g_assert_cmpuint (values->sources->len, ==, 4);
  camera = g_ptr_array_index (values->sources, 0);
  desk = g_ptr_array_index (values->sources, 1);
  g_assert_cmpstr (camera->name, ==, "camera");
  g_assert_cmpstr (camera->pipeline, ==, BASE_DIR "/my/camera.pipeline");
  g_assert_cmpuint (g_hash_table_size (camera->parameters), ==, 2);
  g_assert_cmpstr (g_hash_table_lookup (camera->parameters, "password"), ==, "MARK-PASSWORD");
  g_assert_cmpint (camera->delay_ms, ==, -20);
  g_assert_false (camera->audio);
  g_assert_true (camera->video);
  g_assert_true (camera->iso);
  g_assert_false (desk->iso);
  g_assert_cmpuint (desk->channels[0], ==, 3);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (desk->crop[i], ==, i + 1);
  g_assert_cmpstr (desk->fit, ==, "fill");
  g_assert_cmpuint (desk->channels[1], ==, 4);
  g_assert_false (desk->video);
  g_assert_cmpuint (values->renditions->len, ==, 2);
  first = g_ptr_array_index (values->renditions, 0);
  g_assert_cmpstr (first->name, ==, "1080p");
  g_assert_cmpuint (first->width, ==, 1920);
  g_assert_cmpuint (first->height, ==, 1080);
  g_assert_cmpuint (first->bitrate_kbps, ==, 5000);
  g_assert_cmpstr (first->encoder, ==, "other");
  g_assert_cmpstr (first->preset, ==, "fast");
  g_assert_cmpuint (values->audios->len, ==, 2);
  it = g_ptr_array_index (values->audios, 0);
  en = g_ptr_array_index (values->audios, 1);
  g_assert_cmpstr (it->title, ==, "Sala");
  g_assert_cmpstr (it->sources[0], ==, "desk");
  g_assert_cmpuint (it->bitrate_kbps, ==, 96);
  g_assert_cmpuint (it->opus_bitrate_kbps, ==, 64);
  g_assert_cmpstr (en->language, ==, "en");
  g_assert_cmpstr (en->title, ==, "English");
}

static void
test_other_values (void)
{
  g_autoptr (RegiaConfig) config = load ();
  g_autoptr (GVariant) recorder_part = take_part (config, "recorder", "", NULL);
  g_autoptr (GVariant) gateway_part = take_part (config, "gateway", "", NULL);
  g_autoptr (GVariant) relay_part = take_part (config, "relay", "first", NULL);
  g_autoptr (RegiaConfig) recorder = read_part (recorder_part);
  g_autoptr (RegiaConfig) gateway = read_part (gateway_part);
  g_autoptr (RegiaConfig) relay = read_part (relay_part);
  const RegiaConfigValues *values = regia_config_get (recorder);
  const RegiaConfigRelay *first;

  g_assert_cmpstr (values->name, ==, "Prova");
  g_assert_cmpstr (values->id, ==, "prova");
  g_assert_cmpstr (values->start, ==, "2030-01-02 10:00");
  g_assert_cmpint (values->start_s, ==, G_GINT64_CONSTANT (1893578400));
  g_assert_cmpint (values->end_s, ==, G_GINT64_CONSTANT (1893585600));
  g_assert_cmpstr (values->timezone, ==, "Europe/Lisbon");
  g_assert_cmpuint (values->reserve_bytes, ==, 750000000);
  g_assert_cmpuint (values->feed_seconds, ==, 90);
  g_assert_cmpstr (((RegiaConfigRendition *)values->renditions->pdata[0])->name, ==, "1080p");
  g_assert_cmpstr (((RegiaConfigAudio *)values->audios->pdata[1])->language, ==, "en");
  /* nobody's but the director's: as if nothing were written */
  g_assert_cmpuint (values->warn_minutes, ==, 30);
  g_assert_null (values->folder);
  g_assert_cmpstr (values->listen, ==, "127.0.0.1:8080");
  g_assert_cmpuint (values->sources->len, ==, 0);

  values = regia_config_get (gateway);
  g_assert_cmpstr (values->listen, ==, "0.0.0.0:8123");
  g_assert_cmpstr (values->hosts[0], ==, "live.example.org");
  g_assert_cmpuint (g_strv_length (values->trusted_proxies), ==, 2);
  g_assert_cmpstr (values->trusted_proxies[1], ==, "2001:db8::/32");
  g_assert_cmpstr (values->name, ==, "");
  g_assert_cmpint (values->start_s, ==, 0);
  g_assert_null (values->languages[0]);
  g_assert_cmpuint (values->segment_ms, ==, 3000);
  g_assert_cmpuint (values->window_segments, ==, 7);
  g_assert_cmpuint (values->threads, ==, 3);
  g_assert_cmpuint (values->max_connections, ==, 999);
  g_assert_cmpuint (values->max_connections_per_address, ==, 99);
  g_assert_cmpuint (values->renditions->len, ==, 0);

  values = regia_config_get (relay);
  g_assert_cmpuint (values->relays->len, ==, 1);
  first = g_ptr_array_index (values->relays, 0);
  g_assert_cmpstr (first->name, ==, "first");
  g_assert_cmpstr (first->url, ==, "rtmp://first.example/live?token=MARK-FIRST");
  g_assert_cmpstr (first->key_file, ==, BASE_DIR "/first.key");
  g_assert_cmpstr (first->rendition, ==, "360p");
  g_assert_cmpstr (first->language, ==, "en");
  g_assert_cmpuint (first->latency_ms, ==, 400);
  g_assert_null (first->stream_id);
  g_assert_cmpstr (values->name, ==, "");
}

static void
test_no_such_part (void)
{
  g_autoptr (RegiaConfig) config = load ();

  g_assert_null (regia_config_part (config, "relay", "third", NULL));
  g_assert_null (regia_config_part (config, "relay", "", NULL));
  g_assert_null (regia_config_part (config, "job", "", NULL));
}

/* A director of another version: refused by name, never half read. */
static void
test_refused (gconstpointer data)
{
  static const char *const words[] = {"unknown field \"colour\"", "another type of \"width\"",
                                      "unknown group \"choir\"",  "unknown field \"colour\"",
                                      "another type of \"url\"",  "a relay without a name"};
  static const char *const texts[] = {
      "{'colour': <'red'>}",
      "{'width': <'red'>}",
      "{'choir': <[{'name': <'a'>}]>}",
      "{'relay': <[{'name': <'a'>, 'colour': <'red'>}]>}",
      "{'relay': <[{'name': <'a'>, 'url': <1>}]>}",
      "{'relay': <[{'url': <'srt://a:1'>}]>}",
  };
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) part = g_variant_parse (G_VARIANT_TYPE_VARDICT, texts[i], NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (regia_config_new_from_part (part, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (error->message, words[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (holds); i++) {
    g_autofree char *held = g_strdup_printf ("/config/part/holds/%s%s", holds[i].kind, holds[i].instance);
    g_autofree char *round = g_strdup_printf ("/config/part/round/%s%s", holds[i].kind, holds[i].instance);

    g_test_add_data_func (held, &holds[i], test_holds);
    g_test_add_data_func (round, &holds[i], test_goes_round);
  }
  g_test_add_func ("/config/part/engine", test_engine_values);
  g_test_add_func ("/config/part/others", test_other_values);
  g_test_add_func ("/config/part/none", test_no_such_part);
  for (guint i = 0; i < 6; i++) {
    g_autofree char *path = g_strdup_printf ("/config/part/refused/%u", i);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_refused);
  }
  return g_test_run ();
}
