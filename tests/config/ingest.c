/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that are sent to: what the event file says of them, and what is wrong with it. */
#include "regia/config/ingest.h"

#include "parse.h"
#include "regia/base/error.h"
#include "regia/config/pipeline.h"

#define HEAD "[event]\nname = Prova\n[source guest]\npipeline = rtmp-in\n"
#define KEY  "geheim-und-lang"

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = parse_good (HEAD "key = " KEY "\n[source camera]\npipeline = test\n");
  const RegiaConfigValues *values = regia_config_get (config);
  g_autoptr (RegiaConfigIngest) ingest = regia_config_source_ingest (values->sources->pdata[0], &error);
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("capture", REGIA_CONFIG_INGEST, &error);
  g_autofree char *url = g_strdup_printf ("rtmp://%s/live", g_get_host_name ());
  g_autofree char *hello = regia_config_ingest_hello ("0.0.0.0:1935", "live", KEY);

  g_assert_no_error (error);
  g_assert_true (regia_config_has_ingest (values));
  g_assert_true (regia_config_source_has_ingest (values->sources->pdata[0]));
  g_assert_false (regia_config_source_has_ingest (values->sources->pdata[1]));
  g_assert_cmpstr (ingest->listen, ==, "0.0.0.0:1935");
  g_assert_cmpstr (ingest->application, ==, "live");
  g_assert_cmpstr (ingest->key, ==, KEY);
  g_assert_cmpstr (ingest->url, ==, url);
  g_assert_cmpstr (ingest->hello, ==, hello);
  /* The engine takes them from the pipeline file: they must be the same, or the two would not meet. */
  for (guint i = 0; i < file->params->len; i++) {
    const RegiaPipelineParam *param = file->params->pdata[i];

    if (g_str_equal (param->name, "listen"))
      g_assert_cmpstr (param->default_value, ==, ingest->listen);
    if (g_str_equal (param->name, "application"))
      g_assert_cmpstr (param->default_value, ==, ingest->application);
    g_assert_true (param->secret == g_str_equal (param->name, "key"));
  }
  g_assert_cmpuint (file->params->len, ==, 3);
}

static void
test_url (void)
{
  static const struct {
    const char *lines, *url;
  } rows[] = {
      {"listen = 192.0.2.7:1935\n", "rtmp://192.0.2.7/live"},
      {"listen = 192.0.2.7:1936\napplication = hall.A\n", "rtmp://192.0.2.7:1936/hall.A"},
      {"listen = [2001:db8::7]:1935\n", "rtmp://[2001:db8::7]/live"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = g_strconcat (HEAD "key = " KEY "\n", rows[i].lines, NULL);
    g_autoptr (RegiaConfig) config = parse_good (text);
    g_autoptr (RegiaConfigIngest) ingest =
        regia_config_source_ingest (regia_config_get (config)->sources->pdata[0], &error);

    g_assert_no_error (error);
    g_assert_cmpstr (ingest->url, ==, rows[i].url);
  }
}

/* Each with its line and what to do; the key is in none of them. */
static void
test_faults (void)
{
  static const struct {
    const char *lines, *words;
  } rows[] = {
      {"", "event.conf:3: [source guest] key: missing"},
      {"key = geheim\n", "event.conf:5: [source guest] key: no key that can be guarded; write 8 to 200"},
      {"key = geheim und lang\n", "event.conf:5: [source guest] key: no key"},
      {"key = " KEY "\nlisten = 1935\n", "event.conf:6: [source guest] listen: no ADDRESS:PORT"},
      {"key = " KEY "\nlisten = hall:1935\n", "event.conf:6: [source guest] listen: no ADDRESS:PORT"},
      {"key = " KEY "\nlisten = 0.0.0.0:0\n", "event.conf:6: [source guest] listen: no ADDRESS:PORT"},
      {"key = " KEY "\napplication = a/b\n", "event.conf:6: [source guest] application: a sender's address"},
      {"key = " KEY "\n[source other]\npipeline = rtmp-in\nkey = " KEY "\n",
       "event.conf:8: [source other] key: the same as that of [source guest]"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = g_strconcat (HEAD, rows[i].lines, NULL);
    g_autoptr (RegiaConfig) config = parse_good (text);

    g_assert_false (regia_config_check_pipelines (config, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    if (!g_str_has_prefix (error->message, rows[i].words) || strchr (error->message, '\n') != NULL ||
        strstr (error->message, "geheim") != NULL)
      g_error ("\"%s\", not \"%s\" alone", error->message, rows[i].words);
  }
}

/* The same key at another address, or under another name, is no fault. */
static void
test_apart (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      parse_good (HEAD "key = " KEY "\n[source other]\npipeline = rtmp-in\nkey = " KEY
                       "\napplication = other\n[source third]\npipeline = rtmp-in\nkey = " KEY
                       "\nlisten = 127.0.0.1:1936\n");

  g_assert_true (regia_config_check_pipelines (config, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/ingest/defaults", test_defaults);
  g_test_add_func ("/config/ingest/url", test_url);
  g_test_add_func ("/config/ingest/faults", test_faults);
  g_test_add_func ("/config/ingest/apart", test_apart);
  return g_test_run ();
}
