/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is not to be seen in messages. */
#include "regia/base/scrub.h"

#include <string.h>

static const struct {
  const char *text, *expected;
} table[] = {
    {"nothing to hide", "nothing to hide"},
    {"", ""},
    {"rtsp://camera/stream does not answer", "rtsp://camera/stream does not answer"},
    {"rtsp://camera:554/a?b=c#d, then user@example.org", "rtsp://camera:554/a?b=c#d, then user@example.org"},
    {"rtsp://[2001:db8::1]:554/a is away", "rtsp://[2001:db8::1]:554/a is away"},
    {"\"rtsp://camera:554\" and (http://camera:80)", "\"rtsp://camera:554\" and (http://camera:80)"},
    /* user and password, plain and with what has to be encoded in an address and often is not */
    {"rtsp://admin:geheim@camera/a", "rtsp://camera/a"},
    {"rtsp://geheim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge@heim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge/heim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge/he@im/@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge?heim#@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge:heim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge\"heim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge%40he%2Fim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:ge\\!h\\ eim@camera/a failed", "rtsp://camera/a failed"},
    {"rtsp://admin:ge heim@camera/a failed", "rtsp://camera/a failed"},
    {"rtsp://admin:12geheim ge heim@camera/a failed", "rtsp://camera/a failed"},
    {"rtsp://:geheim@camera/a", "rtsp://camera/a"},
    {"rtsp://admin:geheim", "rtsp://***"},
    {"RTSP://admin:geheim@camera", "RTSP://camera"},
    {"srt://a:geheim@b then rtmps://c:geheim@d", "srt://b then rtmps://d"},
    {"\"http://admin:geheim@camera/\"", "\"http://camera/\""},
    {"from (rtsp://admin:geheim@camera:554/a): 401", "from (rtsp://camera:554/a): 401"},
    /* the whole address encoded, as a query carries it */
    {"uri=rtsp%3A%2F%2Fadmin%3Ageheim%40camera%2Fa", "uri=rtsp%3A%2F%2Fcamera%2Fa"},
    {"rtsp%3a%2f%2fadmin:geheim@camera", "rtsp%3a%2f%2fcamera"},
    /* by name */
    {"rtmp://host/app?token=geheim&a=b refused", "rtmp://host/app?token=***&a=b refused"},
    {"could not set user-pw=\"ge heim\" of rtspsrc", "could not set user-pw=*** of rtspsrc"},
    {"passphrase=geheim, mode=caller", "passphrase=***, mode=caller"},
    {"PASSWORD=geheim", "PASSWORD=***"},
    {"rtsp://admin:^geheim(key=@camera/a failed", "rtsp://camera/a failed"},
    {"password=ge\\ heim latency=200", "password=*** latency=200"},
    {"access_token='geheim'", "access_token=***"},
    {"keyframe=2 monkey=3 bypass=4", "keyframe=2 monkey=3 bypass=4"},
    {"password=", "password="},
};

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *clean = regia_scrub (table[i].text, NULL);
    g_autofree char *again = regia_scrub (clean, NULL);

    g_assert_cmpstr (clean, ==, table[i].expected);
    g_assert_cmpstr (again, ==, clean);
  }
}

/* Values that are known to be secret are found wherever they stand, and however they are written. */
static void
test_known (void)
{
  static const char *const secrets[] = {"g h/eim!", "ge%40heim", "ab", NULL};
  static const struct {
    const char *text, *expected;
  } known[] = {
      {"could not set property \"user-pw\" to \"g h/eim!\"", "could not set property \"user-pw\" to \"***\""},
      {"g%20h%2Feim%21", "***"},
      {"g\\ h/eim\\!", "***"},
      {"ge@heim and ge%40heim", "*** and ***"},
      {"absent", "absent"}, /* two letters are in every other word */
  };
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "%s", known[0].text);

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++) {
    g_autofree char *clean = regia_scrub (known[i].text, secrets);

    g_assert_cmpstr (clean, ==, known[i].expected);
  }
  regia_scrub_error (error, secrets);
  g_assert_cmpstr (error->message, ==, known[0].expected);
  regia_scrub_error (NULL, secrets);
}

static void
test_secrets_of (void)
{
  static const struct {
    const char *value, *secrets;
  } values[] = {
      {"rtsp://camera/a", ""},
      {"a word", ""},
      {"rtsp://admin:ge@h/eim@camera/a", "ge@h/eim admin:ge@h/eim"},
      {"rtsp://geheim@camera/a", "geheim"},
      {"rtsp%3A%2F%2Fgeheim%40camera", "geheim"},
      {"rtmp://host/app?a=b&token=geheim&key=auch", "geheim auch"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    g_auto (GStrv) secrets = regia_scrub_secrets_of (values[i].value);
    g_autofree char *joined = g_strjoinv (" ", secrets);

    g_assert_cmpstr (joined, ==, values[i].secrets);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/scrub/table", test_table);
  g_test_add_func ("/base/scrub/known", test_known);
  g_test_add_func ("/base/scrub/secrets-of", test_secrets_of);
  return g_test_run ();
}
