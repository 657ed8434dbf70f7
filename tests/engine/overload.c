/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoders that are too slow, or stand still. */
#include <string.h>

#include "fixture.h"
#include "regia/engine/check.h"

/* (transfer full): an encode file of the test's own: @before comes in front of the encoder. */
static char *
write_encoder (const char *before)
{
  g_autofree char *text = g_strdup_printf (
      "capsfilter name=in ! %s ! x264enc bitrate={bitrate} speed-preset={preset} threads={threads} "
      "tune=zerolatency bframes=0 key-int-max=1000 byte-stream=false "
      "option-string=\"scenecut=0\" "
      "! capsfilter name=out caps=\"video/x-h264,stream-format=avc,alignment=au\"",
      before);

  return write_pipeline ("x264enc",
                         "# param bitrate=300 kbit/s\n# param preset=ultrafast preset\n"
                         "# param threads=1 threads\n",
                         text);
}

static char *
with_encoder (const char *path)
{
  return g_strdup_printf ("[event]\nname=Test\nplace=Here\n[programme]\nsize=640x360\nrate=25\n"
                          "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\n"
                          "[rendition 180p]\nsize=320x180\nbitrate=300k\nencoder=%s\n"
                          "[audio it]\nsources=camera\n"
                          "[source camera]\npipeline=test\nwidth=640\nheight=360\n",
                          path);
}

static gboolean
is_shed (Fixture *self, guint rendition)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GVariant) list = g_variant_lookup_value (state, "renditions", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) boxed = g_variant_get_child_value (list, rendition);
  g_autoptr (GVariant) one = g_variant_get_variant (boxed);
  gboolean shed = FALSE;

  g_assert_true (g_variant_lookup (one, "shed", "b", &shed));
  return shed;
}

/* Sixteen frames a second where twenty-five come: frames of that rendition are left out and it is said so;
 * the first, which is the one recorded, has every frame. */
static void
test_shed (void)
{
  Fixture self;
  g_autofree char *path = write_encoder ("identity sleep-time=60000");
  g_autofree char *config = with_encoder (path);
  g_autoptr (GPtrArray) first = NULL, second = NULL, sound = NULL;
  guint64 dropped = 0;

  fixture_start (&self, config);
  run_for (&self, 7);
  g_assert_false (is_shed (&self, 0));
  g_assert_true (is_shed (&self, 1));
  {
    g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self.engine));
    g_assert_true (g_variant_lookup (state, "frames-dropped", "t", &dropped));
  }
  fixture_stop (&self);
  first = packets_of (&self, "video/360p");
  second = packets_of (&self, "video/180p");
  sound = packets_of (&self, "audio/it");
  check_video (first, 150, TRUE);
  check_video (second, 60, FALSE);
  check_audio (sound, 1024, 250);
  g_test_message ("%u frames and %u, %" G_GUINT64_FORMAT " left out", first->len, second->len, dropped);
  g_assert_cmpuint (dropped, >, 20);
  g_assert_cmpuint (second->len + dropped, <=, first->len + 1);
  fixture_clear (&self);
  remove_pipeline (path);
}

static gboolean
is_unhealthy (gpointer data)
{
  Fixture *self = data;
  g_autofree char *why = NULL;

  if (regia_engine_is_healthy (self->engine, &why))
    return FALSE;
  g_test_message ("%s", why);
  g_assert_nonnull (strstr (why, "video/180p"));
  g_assert_nonnull (strstr (why, "frames go in and no packet"));
  return TRUE;
}

/* An encoder that takes frames and gives nothing: noticed, and in words. */
static void
test_stuck (void)
{
  Fixture self;
  g_autofree char *path = write_encoder ("valve drop=true drop-mode=forward-sticky-events");
  g_autofree char *config = with_encoder (path);

  fixture_start (&self, config);
  run_for (&self, 1);
  g_assert_false (is_unhealthy (&self));
  g_assert_true (wait_for (&self, is_unhealthy, &self, 8));
  fixture_stop (&self);
  fixture_clear (&self);
  remove_pipeline (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes the marks' elements known */
  g_test_add_func ("/engine/overload/shed", test_shed);
  g_test_add_func ("/engine/overload/stuck", test_stuck);
  return g_test_run ();
}
