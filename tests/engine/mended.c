/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A source that cannot work is mended while the event goes on: its file is corrected, its plugin installed.
 */
#include <glib/gstdio.h>
#include <gst/app/gstappsrc.h>
#include <string.h>
#include <unistd.h>

#include "../../src/engine/launch-private.h"
#include "../../src/engine/source-private.h"
#include "../wait.h"

#define LATER "libgstnavigationtest.so" /* has navigationtest; nothing else here needs it */

/* What GStreamer finds in this program: a folder with the few plugins that it takes, and none of the rest. */
static char *plugins;

static void
write_file (const char *path, const char *element)
{
  g_autofree char *text = g_strdup_printf ("# summary: a test's\n# needs: videotestsrc\n"
                                           "videotestsrc is-live=true ! %s name=video\n",
                                           element);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

typedef struct {
  RegiaConfigSource config;
  RegiaSource *source;
  char *folder, *path;
  char *state, *error;
} Hall;

static void
look (Hall *self)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) list = NULL, boxed = NULL, state = NULL;
  gint64 now_ns = regia_clock_monotonic_ns ();

  regia_source_tick (self->source, now_ns);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  regia_source_add_state (self->source, &REGIA_METER_NOTHING, &builder, now_ns);
  list = g_variant_ref_sink (g_variant_builder_end (&builder));
  boxed = g_variant_get_child_value (list, 0);
  state = g_variant_get_variant (boxed);
  g_clear_pointer (&self->state, g_free);
  g_clear_pointer (&self->error, g_free);
  g_assert_true (g_variant_lookup (state, "state", "s", &self->state));
  g_assert_true (g_variant_lookup (state, "last-error", "s", &self->error));
}

static gboolean
is (Hall *self, const char *state, const char *error)
{
  look (self);
  return strcmp (self->state, state) == 0 && strstr (self->error, error);
}

static void
begin (Hall *self, const char *element)
{
  RegiaRunPlan *plan = regia_run_plan_new ();

  memset (self, 0, sizeof *self);
  self->folder = g_dir_make_tmp ("regia-mended-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "mine.pipeline", NULL);
  write_file (self->path, element);
  self->config = (RegiaConfigSource){.name = (char *)"camera", .pipeline = self->path, .video = TRUE};
  self->config.parameters = g_hash_table_new (g_str_hash, g_str_equal);
  plan->video_caps = g_strdup ("video/x-raw");
  plan->audio_caps = g_strdup ("audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved");
  plan->rate_num = 25;
  plan->rate_den = 1;
  plan->epoch.monotonic_ns = regia_clock_monotonic_ns ();
  g_ptr_array_add (plan->video_targets, gst_object_ref_sink (gst_element_factory_make ("appsrc", NULL)));
  self->source = regia_source_new (&self->config, plan);
}

static void
end (Hall *self)
{
  regia_source_stop (self->source);
  regia_source_wait_stopped (self->source, regia_clock_monotonic_ns () + 10 * REGIA_SECOND);
  regia_source_free (self->source);
  g_hash_table_unref (self->config.parameters);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_free (self->state);
  g_free (self->error);
}

static void
test_file (void)
{
  Hall self;

  begin (&self, "elementthatisnot");
  WAIT_UNTIL (is (&self, "failed", "elementthatisnot"));
  /* not yet right: what is wrong now is said */
  write_file (self.path, "identity nosuchproperty=1");
  WAIT_UNTIL (is (&self, "failed", "nosuchproperty"));
  write_file (self.path, "identity");
  WAIT_UNTIL (is (&self, "live", ""));
  end (&self);
}

/* A file that is half written in mid-event takes nothing away from a source that has worked. */
static void
test_spoilt (void)
{
  Hall self;

  begin (&self, "identity error-after=5");
  WAIT_UNTIL (is (&self, "live", ""));
  g_assert_true (g_file_set_contents (self.path, "# summ", -1, NULL));
  WAIT_UNTIL (is (&self, "retrying", "identity"));
  WAIT_UNTIL (is (&self, "live", "identity"));
  end (&self);
}

static void
test_plugin (void)
{
  g_autofree char *from = g_build_filename (GST_PLUGINS_DIR, LATER, NULL),
                  *to = g_build_filename (plugins, LATER, NULL);
  Hall self;

  begin (&self, "navigationtest");
  WAIT_UNTIL (is (&self, "failed", "navigationtest"));
  g_assert_cmpint (symlink (from, to), ==, 0);
  WAIT_UNTIL (is (&self, "live", ""));
  g_assert_cmpuint (regia_launch_find_plugins (), ==, 0); /* known by now */
  end (&self);
  g_unlink (to);
}

/* GStreamer repeats values that fit nowhere; what is secret of them is not for the status. */
static void
test_secret (void)
{
  static const struct {
    const char *value, *secret, *seen;
  } values[] = {
      {"rtsp://admin:ge/he@im@camera/a", "ge/he", "camera"},
      {"rtsp://admin:ge%2Fhe@camera/a", "ge%2Fhe", "camera"},
      {"geheim", "geheim", "error-after"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    gboolean address = strstr (values[i].value, "://") != NULL;
    Hall self;

    begin (&self, "identity");
    g_hash_table_insert (self.config.parameters, (gpointer) "value", (gpointer)values[i].value);
    write_file (self.path, "identity error-after={value}");
    {
      g_autofree char *text = NULL, *with_param = NULL;

      g_assert_true (g_file_get_contents (self.path, &text, NULL, NULL));
      with_param =
          g_strdup_printf ("# param value   %s\n%s", address ? "its address" : "secret, its password", text);
      g_assert_true (g_file_set_contents (self.path, with_param, -1, NULL));
    }
    WAIT_UNTIL (is (&self, "failed", values[i].seen));
    g_test_message ("%s", self.error);
    g_assert_null (strstr (self.error, values[i].secret));
    end (&self);
  }
}

int
main (int argc, char **argv)
{
  static const char *const wanted[] = {
      "libgstcoreelements.so", "libgstapp.so",         "libgstvideotestsrc.so", "libgstvideoconvertscale.so",
      "libgstlevel.so",        "libgstdeinterlace.so", "libgstvideofilter.so"};
  g_autofree char *registry = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  plugins = g_dir_make_tmp ("regia-plugins-XXXXXX", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++) {
    g_autofree char *from = g_build_filename (GST_PLUGINS_DIR, wanted[i], NULL);
    g_autofree char *to = g_build_filename (plugins, wanted[i], NULL);

    g_assert_cmpint (symlink (from, to), ==, 0);
  }
  registry = g_build_filename (plugins, "registry.bin", NULL);
  g_setenv ("GST_REGISTRY_1_0", registry, TRUE);
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", plugins, TRUE);
  g_unsetenv ("GST_PLUGIN_PATH_1_0");
  g_unsetenv ("GST_PLUGIN_PATH");
  g_assert_true (regia_gst_init (NULL));
  g_test_add_func ("/engine/mended/file", test_file);
  g_test_add_func ("/engine/mended/spoilt", test_spoilt);
  g_test_add_func ("/engine/mended/plugin", test_plugin);
  g_test_add_func ("/engine/mended/secret", test_secret);
  status = g_test_run ();
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++) {
    g_autofree char *path = g_build_filename (plugins, wanted[i], NULL);

    g_unlink (path);
  }
  g_unlink (registry);
  g_rmdir (plugins);
  g_free (plugins);
  return status;
}
