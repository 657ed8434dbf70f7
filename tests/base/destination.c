/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of relays: what is checked and what is connected to is one reading. */
#include "regia/base/destination.h"

#include <string.h>

#include "regia/base/error.h"

static const struct {
  const char *url, *key;
  const char *host;
  int port;
  const char *app, *stream;
} good[] = {
    {"rtmp://a.example.org/live2", "KEY", "a.example.org", -1, "live2", "KEY"},
    {"rtmp://a.example.org/live2/", "KEY", "a.example.org", -1, "live2", "KEY"},
    {"rtmp://a.example.org/live2/x", "KEY", "a.example.org", -1, "live2/x", "KEY"},
    {"rtmps://192.0.2.1:443/rtmp/", "K?e=y", "192.0.2.1", 443, "rtmp", "K?e=y"},
    {"rtmp://[2001:db8::1]:1935/live", NULL, "2001:db8::1", 1935, "live", ""},
    {"rtmp://a/live/hall", NULL, "a", -1, "live", "hall"},
    {"rtmp://a/live/x/hall", NULL, "a", -1, "live/x", "hall"},
    {"rtmp://a/live?token=geheim", NULL, "a", -1, "live?token=geheim", ""},
    {"rtmp://a/live?token=geheim", "KEY", "a", -1, "live?token=geheim", "KEY"},
    {"rtmp://a/live/hall?token=geheim&a=/b", NULL, "a", -1, "live", "hall?token=geheim&a=/b"},
    {"rtmp://a/live/hall?token=%3D%2F", NULL, "a", -1, "live", "hall?token=%3D%2F"},
    {"srt://a.example.org:9000", NULL, "a.example.org", 9000, NULL, NULL},
    {"srt://a.example.org:9000/", NULL, "a.example.org", 9000, NULL, NULL},
};

static void
test_good (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_auto (RegiaDestination) destination = {0};
    g_autofree char *app = NULL, *stream = NULL;
    g_autoptr (GError) error = NULL;

    g_assert_true (regia_destination_parse (good[i].url, &destination, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (destination.host, ==, good[i].host);
    g_assert_cmpint (destination.port, ==, good[i].port);
    if (good[i].app == NULL)
      continue;
    g_assert_true (regia_destination_get_rtmp (&destination, good[i].key, &app, &stream, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (app, ==, good[i].app);
    g_assert_cmpstr (stream, ==, good[i].stream);
  }
}

static void
test_bad (void)
{
  static const struct {
    const char *url, *word;
  } bad[] = {
      {"", "not an address"},
      {"geheim", "not an address"},
      {"http://geheim.example.org/live", "use rtmp"},
      {"RTMP://geheim.example.org/live", "use rtmp"},
      {"rtmp:///geheim", "no host"},
      {"rtmp://geheim", "no application"},
      {"rtmp://a/?token=geheim", "no application"},
      {"rtmp://me:geheim@a/live", "key_file"},
      {"rtmp://geheim@a/live", "key_file"},
      {"rtmp://a:0/geheim", "1 to 65535"},
      {"rtmp://a/live#geheim", "remove it"},
      {"rtmp://gehe%69m/live", "neither a name"},
      {"rtmp://a/geheim geheim", "remove blanks"},
      {"rtmp://a/geheim\ngeheim", "remove blanks"},
      {"srt://geheim", "1 to 65535"},
      {"srt://a:9000/geheim", "stream_id"},
      {"srt://a:9000?passphrase=geheim", "key_file"},
  };
  g_autofree char *filler = g_strnfill (REGIA_DESTINATION_PATH_MAX, 'x');
  g_autofree char *longer = g_strconcat ("rtmp://a/live?", filler, NULL);
  g_auto (RegiaDestination) destination = {0};
  g_autoptr (GError) too_long = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (regia_destination_parse (bad[i].url, &destination, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_test_message ("%s: %s", bad[i].url, error->message);
    g_assert_nonnull (strstr (error->message, bad[i].word));
    g_assert_null (strstr (error->message, "geheim"));
    g_assert_null (destination.host);
  }
  g_assert_false (regia_destination_parse (longer, &destination, &too_long));
  g_assert_error (too_long, REGIA_ERROR, REGIA_ERROR_CONFIG);
}

static void
test_bad_keys (void)
{
  g_autofree char *filler = g_strnfill (REGIA_DESTINATION_KEY_MAX + 1, 'x');
  const char *const keys[] = {"two\nlines", "\x7f", filler};
  g_auto (RegiaDestination) destination = {0};

  g_assert_true (regia_destination_parse ("rtmp://a/live", &destination, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree char *app = NULL, *stream = NULL;
    g_autoptr (GError) error = NULL;

    g_assert_false (regia_destination_get_rtmp (&destination, keys[i], &app, &stream, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/destination/good", test_good);
  g_test_add_func ("/base/destination/bad", test_bad);
  g_test_add_func ("/base/destination/bad-keys", test_bad_keys);
  return g_test_run ();
}
