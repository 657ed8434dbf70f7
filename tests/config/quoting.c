/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What regia_pipeline_file_expand() writes, read by GStreamer itself: whatever the value, there are as many
 * elements as before, the property has the value to the letter, and no other property has changed. The only
 * unit test of config with GStreamer, since its grammar is the thing.
 */
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "regia/config/pipeline.h"

static const char *const values[] = {
    "plain",
    "a b",
    " leading and trailing ",
    "x ! fakesink name=evil",
    "x name=evil",
    "x) ! (fakesink",
    "a\"",
    "a\"\"",
    "a \"quoted\" tail",
    "'single'",
    "' ! fakesink name=evil '",
    "a\" ! fakesink name=evil \"",
    "a=b",
    "a,b;c:d",
    "$(reboot) `reboot` ${HOME}",
    "{v} {w}",
    "#comment",
    "perché ’ 日本語",
    "rtsp://h/a?b=c&d=e%20f#g",
    "!",
    "",
    "[x]",
    "<x>",
    "video/x-raw,format=I420",
    "x. ! y.",
    "(string)x",
    "~|^*+?",
};

static RegiaPipelineFile *
load (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  RegiaPipelineFile *file;
  int fd = g_file_open_tmp ("regia-XXXXXX.pipeline", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  file = regia_pipeline_file_load ("capture", path, &error);
  g_assert_no_error (error);
  g_remove (path);
  return file;
}

static void
check_value (const RegiaPipelineFile *file, const char *value, const char *expected)
{
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) bin = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autoptr (GstElement) other = NULL;
  g_autofree char *text = NULL;
  g_autofree char *location = NULL;

  g_hash_table_insert (table, (gpointer) "v", (gpointer)value);
  text = regia_pipeline_file_expand (file, table, &error);
  g_assert_no_error (error);
  g_test_message ("%s", text);
  bin = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_assert_no_error (error);
  gst_object_ref_sink (bin);
  g_assert_cmpint (GST_BIN_NUMCHILDREN (bin), ==, 2);
  source = gst_bin_get_by_name (GST_BIN (bin), "first");
  other = gst_bin_get_by_name (GST_BIN (bin), "video");
  g_assert_nonnull (source);
  g_assert_nonnull (other);
  g_object_get (source, "location", &location, NULL);
  g_assert_cmpstr (location, ==, expected);
}

static void
test_alone (void)
{
  g_autoptr (RegiaPipelineFile) file = load ("# summary: a\n# needs: filesrc\n# param v  a value\n"
                                             "filesrc location={v} name=first ! identity name=video\n");

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    check_value (file, values[i], values[i]);
}

static void
test_within (void)
{
  g_autoptr (RegiaPipelineFile) file = load ("# summary: a\n# needs: filesrc\n# param v  a value\n"
                                             "filesrc name=first location=/a{v}b ! identity name=video\n");

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autofree char *expected = g_strconcat ("/a", values[i], "b", NULL);

    check_value (file, values[i], expected);
  }
}

static void
test_last (void)
{
  g_autoptr (RegiaPipelineFile) file = load ("# summary: a\n# needs: filesrc\n# param v  a value\n"
                                             "identity name=video filesrc name=first location={v}\n");

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    check_value (file, values[i], values[i]);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/quoting/alone", test_alone);
  g_test_add_func ("/config/quoting/within", test_within);
  g_test_add_func ("/config/quoting/last", test_last);
  return g_test_run ();
}
