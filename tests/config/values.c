/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What event files mean that have no fault; config.c has those that have. */
#include <locale.h>
#include <string.h>

#include "parse.h"

static void
test_defaults (void)
{
  g_autoptr (RegiaConfig) config = parse_good (BASE);
  const RegiaConfigValues *values = regia_config_get (config);
  const RegiaConfigSource *source = g_ptr_array_index (values->sources, 0);
  const RegiaConfigRendition *first = g_ptr_array_index (values->renditions, 0);
  const RegiaConfigRendition *second = g_ptr_array_index (values->renditions, 1);
  const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, 0);

  g_assert_cmpstr (values->name, ==, "Prova");
  g_assert_cmpstr (values->place, ==, "");
  g_assert_cmpstr (values->id, ==, "prova");
  g_assert_null (values->start);
  g_assert_cmpint (values->start_s, ==, 0);
  g_assert_cmpstr (values->timezone, ==, "Europe/Rome");
  g_assert_cmpstr (values->languages[0], ==, "it");
  g_assert_null (values->languages[1]);
  g_assert_cmpuint (values->width, ==, 1280);
  g_assert_cmpuint (values->height, ==, 720);
  g_assert_cmpuint (values->rate_num, ==, 25);
  g_assert_cmpuint (values->rate_den, ==, 1);
  g_assert_null (values->picture);
  g_assert_null (values->slate);
  g_assert_cmpuint (values->latency_ms, ==, 0);

  g_assert_cmpuint (values->sources->len, ==, 1);
  g_assert_cmpstr (source->name, ==, "test");
  g_assert_true (source->audio);
  g_assert_cmpuint (source->channels[0], ==, 0);
  g_assert_true (source->video);
  g_assert_false (source->iso);
  g_assert_cmpint (source->delay_ms, ==, 0);
  g_assert_cmpuint (g_hash_table_size (source->parameters), ==, 0);

  g_assert_cmpuint (values->renditions->len, ==, 2);
  g_assert_cmpstr (first->name, ==, "720p");
  g_assert_cmpuint (first->width, ==, 1280);
  g_assert_cmpuint (first->bitrate_kbps, ==, 2500);
  g_assert_cmpstr (first->encoder, ==, "x264");
  g_assert_cmpstr (first->preset, ==, "veryfast");
  g_assert_cmpstr (second->name, ==, "360p");
  g_assert_cmpuint (second->height, ==, 360);
  g_assert_cmpuint (second->bitrate_kbps, ==, 600);

  g_assert_cmpuint (values->audios->len, ==, 1);
  g_assert_cmpstr (audio->language, ==, "it");
  g_assert_cmpstr (audio->title, ==, "Italiano");
  g_assert_cmpstr (audio->sources[0], ==, "test");
  g_assert_null (audio->sources[1]);
  g_assert_cmpuint (audio->bitrate_kbps, ==, 128);
  g_assert_cmpuint (audio->opus_bitrate_kbps, ==, 96);

  g_assert_cmpuint (values->relays->len, ==, 0);
  g_assert_true (values->record);
  g_assert_null (values->folder);
  g_assert_cmpuint (values->reserve_bytes, ==, 500000000);
  g_assert_cmpuint (values->warn_minutes, ==, 30);
  g_assert_cmpuint (values->feed_seconds, ==, 60);
  g_assert_cmpuint (values->feed_mbytes, ==, 256);
  g_assert_cmpint (values->silence_db, ==, -60);
  g_assert_cmpuint (values->silence_after_ms, ==, 10000);
  g_assert_cmpuint (values->clipping, ==, 5);
  g_assert_cmpuint (values->channels_after_ms, ==, 10000);
  g_assert_cmpuint (values->equal_after_ms, ==, 0);
  g_assert_cmpuint (values->black_after_ms, ==, 10000);
  g_assert_cmpuint (values->frozen_after_ms, ==, 10000);
  g_assert_cmpuint (values->drift_ppm, ==, 200);
  g_assert_cmpuint (values->apart_ms, ==, 100);
  g_assert_cmpuint (values->hot_c, ==, 85);
  g_assert_null (source->no_alarms);
  g_assert_null (source->heard_in);
  g_assert_cmpstr (values->listen, ==, "127.0.0.1:8080");
  g_assert_null (values->hosts[0]);
  g_assert_null (values->trusted_proxies[0]);
  g_assert_cmpuint (values->segment_ms, ==, 2000);
  g_assert_cmpuint (values->window_segments, ==, 6);
  g_assert_cmpuint (values->threads, ==, 2);
  g_assert_cmpuint (values->max_connections, ==, 2000);
  g_assert_cmpuint (values->max_connections_per_address, ==, 500);
  g_assert_cmpstr (values->base_dir, ==, "/srv/event");
  g_assert_cmpuint (values->warnings->len, ==, 0);
}

static const char full[] =
    "\xef\xbb\xbf# an event\r\n"
    "[event]\r\n"
    "name = L\xe2\x80\x99"
    "accoglienza: #33 sportelli \r\n"
    "start = 2022-09-29 09:30\r\n"
    "end = 2022-09-29T13:00:00+02:00\r\n"
    "languages = it, en\r\n"
    "[programme]\r\nsize=1920x1080\r\nrate = 30000/1001\r\npicture = camera\r\nslate = "
    "img/slate.PNG\r\nlatency = 0.5 s\r\n"
    "[source camera]\r\npipeline = rtsp\r\nlocation = rtsp://192.0.2.1/a?b=c;d\r\naudio = no\r\ndelay = -40 "
    "ms\r\n"
    "[source clip]\r\npipeline = my/clip.pipeline\r\nlocation = ./media/intro.mp4\r\n"
    "[source desk]\r\npipeline = pulse\r\nvideo = no\r\nchannels = 9,10\r\n"
    "[rendition 1080p]\r\nsize = 1920x1080\r\nbitrate = 4.5 Mbit/s\r\npreset = fast\r\n"
    "[audio it]\r\nsources = desk; clip;\r\nbitrate = 160 kbit/s\r\n"
    "[audio en]\r\ntitle = English (interpreter)\r\n"
    "[relay youtube]\r\nurl = rtmps://a.rtmp.youtube.com:443/live2\r\nkey_file = youtube.key\r\n"
    "[relay school]\r\nurl = srt://[2001:db8::1]:9000\r\nlanguage = en\r\nlatency = 1s\r\nstream_id = "
    "live/a\r\n"
    "[record]\r\nenabled = off\r\nfolder = /srv/rec/../rec2\r\nreserve = 2GiB\r\nwarn = 1h\r\n"
    "[feed]\r\nmemory = 2min\r\nlimit = 512 MB\r\n"
    "[web]\r\nlisten = [::]:80\r\nhosts = Live.Example.org; *\r\nsegment = 4s\r\nwindow = 10\r\nthreads = "
    "4\r\n";

static void
test_full (void)
{
  g_autoptr (RegiaConfig) config = parse_good (full);
  const RegiaConfigValues *values = regia_config_get (config);
  const RegiaConfigSource *camera = g_ptr_array_index (values->sources, 0);
  const RegiaConfigSource *clip = g_ptr_array_index (values->sources, 1);
  const RegiaConfigAudio *english = g_ptr_array_index (values->audios, 1);
  const RegiaConfigRelay *youtube = g_ptr_array_index (values->relays, 0);
  const RegiaConfigRelay *school = g_ptr_array_index (values->relays, 1);
  g_autofree char *where = regia_config_where (config, "source camera", "location");

  g_assert_cmpstr (values->name, ==, "L’accoglienza: #33 sportelli");
  g_assert_cmpint (values->start_s, ==, 1664436600);
  g_assert_cmpint (values->end_s, ==, 1664449200);
  g_assert_true (g_str_has_prefix (values->id, "2022-09-29-l"));
  g_assert_cmpuint (values->rate_num, ==, 30000);
  g_assert_cmpuint (values->rate_den, ==, 1001);
  g_assert_cmpstr (values->slate, ==, "/srv/event/img/slate.PNG");
  g_assert_cmpuint (values->latency_ms, ==, 500);
  g_assert_cmpstr (g_hash_table_lookup (camera->parameters, "location"), ==, "rtsp://192.0.2.1/a?b=c;d");
  g_assert_cmpstr (where, ==, "event.conf:15: [source camera] location: ");
  g_assert_cmpint (camera->delay_ms, ==, -40);
  g_assert_false (camera->audio);
  g_assert_cmpstr (clip->pipeline, ==, "/srv/event/my/clip.pipeline");
  g_assert_cmpstr (g_hash_table_lookup (clip->parameters, "location"), ==, "/srv/event/media/intro.mp4");
  g_assert_cmpuint (((RegiaConfigRendition *)values->renditions->pdata[0])->bitrate_kbps, ==, 4500);
  g_assert_cmpstr (((RegiaConfigAudio *)values->audios->pdata[0])->sources[1], ==, "clip");
  /* every source that gives sound, in order: not the camera */
  g_assert_cmpstr (english->sources[0], ==, "clip");
  g_assert_cmpstr (english->sources[1], ==, "desk");
  g_assert_null (english->sources[2]);
  g_assert_cmpstr (english->title, ==, "English (interpreter)");
  g_assert_cmpstr (youtube->key_file, ==, "/srv/event/youtube.key");
  g_assert_cmpstr (youtube->rendition, ==, "1080p");
  g_assert_cmpstr (youtube->language, ==, "it");
  g_assert_cmpstr (school->language, ==, "en");
  g_assert_cmpuint (school->latency_ms, ==, 1000);
  g_assert_false (values->record);
  g_assert_cmpstr (values->folder, ==, "/srv/rec2");
  g_assert_cmpuint (values->reserve_bytes, ==, G_GUINT64_CONSTANT (2147483648));
  g_assert_cmpuint (values->warn_minutes, ==, 60);
  g_assert_cmpuint (values->feed_seconds, ==, 120);
  g_assert_cmpuint (values->feed_mbytes, ==, 512);
  g_assert_cmpstr (values->listen, ==, "[::]:80");
  g_assert_cmpstr (values->hosts[0], ==, "live.example.org");
  g_assert_cmpstr (values->hosts[1], ==, "*");
  g_assert_cmpuint (values->segment_ms, ==, 4000);
  g_assert_cmpuint (values->warnings->len, ==, 0);
}

static const struct {
  const char *text;
  const char *where;
  const char *word;
} warned[] = {
    {"[rendition a]\nsize = 640x480\nbitrate = 1M\n", "event.conf:6: [rendition a] size: ", "640x360"},
    {"[rendition a]\nsize = 640x360\nbitrate = 1M\n[rendition b]\nsize = 1280x720\nbitrate = 2M\n",
     "event.conf:9: [rendition b] size: ", "largest first"},
    {"[web]\nlisten = 0.0.0.0:8080\n", "event.conf:6: [web] hosts: ", "name of this machine"},
    {"[console]\nlisten = 0.0.0.0:8090\n", "event.conf:6: [console] listen: ",
     "passwords go over the network in the clear; add certificate = and key = to [web], or"},
    {"[web]\nwindow = 60\n", "event.conf:6: [web] window: ", "60 s"},
    {"[feed]\nlimit = 16M\n", "event.conf:6: [feed] limit: ", "31M"},
};

static void
test_warnings (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (warned); i++) {
    g_autofree char *text = g_strconcat (BASE, warned[i].text, NULL);
    g_autoptr (RegiaConfig) config = parse_good (text);
    const RegiaConfigValues *values = regia_config_get (config);
    const char *line;

    g_assert_cmpuint (values->warnings->len, ==, 1);
    line = g_ptr_array_index (values->warnings, 0);
    g_test_message ("%s", line);
    g_assert_true (g_str_has_prefix (line, warned[i].where));
    g_assert_nonnull (strstr (line, warned[i].word));
  }
}

/* Whether others than this machine reach it, and whether there is a certificate. */
static void
test_console (void)
{
  static const struct {
    const char *text;
    RegiaConfigConsole console;
  } table[] = {
      {"", REGIA_CONFIG_CONSOLE_LOCAL},
      {"[web]\ncertificate = a.pem\nkey = b.pem\n", REGIA_CONFIG_CONSOLE_LOCAL},
      {"[console]\nlisten = [::1]:8090\n", REGIA_CONFIG_CONSOLE_LOCAL},
      {"[console]\nlisten = [::]:8090\n", REGIA_CONFIG_CONSOLE_CLEAR},
      {"[console]\nlisten = 192.0.2.7:8090\n", REGIA_CONFIG_CONSOLE_CLEAR},
      {"[web]\ncertificate = a.pem\nkey = b.pem\n[console]\nlisten = 0.0.0.0:8090\n",
       REGIA_CONFIG_CONSOLE_HTTPS},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *text = g_strconcat (BASE, table[i].text, NULL);
    g_autoptr (RegiaConfig) config = parse_good (text);
    const RegiaConfigValues *values = regia_config_get (config);

    g_assert_cmpint (regia_config_get_console (values), ==, table[i].console);
    g_assert_cmpuint (values->warnings->len, ==, table[i].console == REGIA_CONFIG_CONSOLE_CLEAR);
  }
}

/* A programme smaller than the default renditions gets those that fit. */
static void
test_small_programme (void)
{
  g_autoptr (RegiaConfig) half = parse_good (BASE "[programme]\nsize = 640x360\n");
  g_autoptr (RegiaConfig) tiny = parse_good (BASE "[programme]\nsize = 320x240\n");
  const RegiaConfigRendition *first;

  g_assert_cmpuint (regia_config_get (half)->renditions->len, ==, 1);
  first = g_ptr_array_index (regia_config_get (half)->renditions, 0);
  g_assert_cmpstr (first->name, ==, "360p");
  g_assert_cmpuint (regia_config_get (tiny)->renditions->len, ==, 1);
  first = g_ptr_array_index (regia_config_get (tiny)->renditions, 0);
  g_assert_cmpuint (first->width, ==, 320);
  g_assert_cmpuint (first->height, ==, 240);
}

/* Each beginning of a good file, in memory that ends where it ends, is read without a fall, whatever it says.
 */
static void
test_truncated (void)
{
  for (gsize length = 0; length <= strlen (full); length++) {
    g_autofree char *exact = g_memdup2 (full, MAX (length, 1));
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = parse (exact, length, &error);

    g_assert_true ((config == NULL) == (error != NULL));
  }
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/values/defaults", test_defaults);
  g_test_add_func ("/config/values/full", test_full);
  g_test_add_func ("/config/values/warnings", test_warnings);
  g_test_add_func ("/config/values/console", test_console);
  g_test_add_func ("/config/values/small-programme", test_small_programme);
  g_test_add_func ("/config/values/truncated", test_truncated);
  return g_test_run ();
}
