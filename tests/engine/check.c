/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/engine/check.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "../../src/engine/launch-private.h"
#include "regia/base/error.h"

/* Every file that is shipped can run where the packages are installed, and it is known which they are. */
static void
test_shipped (void)
{
  g_autoptr (GPtrArray) faults = NULL, files = regia_pipeline_file_list (&faults);

  g_assert_cmpuint (faults->len, ==, 0);
  g_assert_cmpuint (files->len, >=, 8);
  for (guint i = 0; i < files->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) missing = regia_engine_missing_elements (files->pdata[i]);

    /* A machine that has the hardware runs them as well; one that has not is told which it is. */
    if (regia_engine_needs_hardware (files->pdata[i]) && missing->len > 0) {
      for (guint j = 0; j < missing->len; j++)
        g_assert_nonnull (strstr (missing->pdata[j], ": needs a "));
      continue;
    }
    g_assert_cmpuint (missing->len, ==, 0);
    for (char **need = ((RegiaPipelineFile *)files->pdata[i])->needs; *need; need++)
      if (!g_str_has_prefix (*need, "regia") && regia_launch_package (*need) == NULL)
        g_error ("%s: of which package is %s?", ((RegiaPipelineFile *)files->pdata[i])->path, *need);
    g_assert_true (regia_engine_check_pipeline (files->pdata[i], NULL, &error));
    g_assert_no_error (error);
  }
}

static void
check_text (const char *text, int code, const char *expected)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-check-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "mine.pipeline", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_false (regia_engine_check_source (path, NULL, &error));
  g_assert_error (error, REGIA_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, expected));
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_faulty (void)
{
  static const struct {
    const char *element, *package;
  } optional[] = {{"alsasrc", "gstreamer1.0-alsa"},
                  {"vaapih264enc", "gstreamer1.0-vaapi"},
                  {"pipewiresrc", "gstreamer1.0-pipewire"}};

  /* Not installed, and known where it comes from; not installed and unknown. */
  for (gsize i = 0; i < G_N_ELEMENTS (optional); i++) {
    g_autoptr (GstElementFactory) factory = gst_element_factory_find (optional[i].element);
    g_autofree char *text = g_strdup_printf ("# summary: a\n# needs: %s\n%s name=audio\n",
                                             optional[i].element, optional[i].element);

    if (factory == NULL)
      check_text (text, REGIA_ERROR_UNAVAILABLE, optional[i].package);
  }
  check_text ("# summary: a\n# needs: nosuchsrc\nnosuchsrc name=audio\n", REGIA_ERROR_UNAVAILABLE,
              "nosuchsrc");
  /* Missing although the header does not say so. */
  check_text ("# summary: a\n# needs: audiotestsrc\nnosuchsrc ! audioconvert name=audio\n",
              REGIA_ERROR_UNAVAILABLE, "nosuchsrc");
  check_text ("# summary: a\n# needs: audiotestsrc\naudiotestsrc nosuchproperty=1 name=audio\n",
              REGIA_ERROR_CONFIG, "nosuchproperty");
  check_text ("# summary: a\n# needs: audiotestsrc\naudiotestsrc wave=nosuchwave name=audio\n",
              REGIA_ERROR_CONFIG, "wave");
  check_text ("# summary: a\n# needs: audiotestsrc\naudiotestsrc name=sound\n", REGIA_ERROR_CONFIG,
              "\"audio\"");
}

/* A value that a technician mistyped is found before the event. */
static void
test_values (void)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;

  g_hash_table_insert (values, (gpointer) "pattern", (gpointer) "smtpe");
  g_assert_false (regia_engine_check_source ("test", values, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_clear_error (&error);
  g_hash_table_insert (values, (gpointer) "pattern", (gpointer) "ball");
  g_assert_true (regia_engine_check_source ("test", values, &error));
  g_assert_no_error (error);
  g_assert_true (regia_engine_check_encoder ("x264", NULL, &error));
  g_assert_no_error (error);
  g_assert_false (regia_engine_check_encoder ("nosuchencoder", NULL, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/check/shipped", test_shipped);
  g_test_add_func ("/engine/check/faulty", test_faulty);
  g_test_add_func ("/engine/check/values", test_values);
  return g_test_run ();
}
