/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slates that are no good, or no good any more. */
#include "../../src/engine/slate-private.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <string.h>

#include "fixture.h"
#include "regia/base/error.h"
#include "regia/engine/check.h"

#define CAPS "video/x-raw,format=I420,width=640,height=360,pixel-aspect-ratio=1/1"

/* A picture as a program would save it. */
static GBytes *
make_picture (const char *encoder, guint width, guint height)
{
  g_autofree char *text = g_strdup_printf (
      "videotestsrc num-buffers=1 ! video/x-raw,width=%u,height=%u ! videoconvert ! %s ! appsink name=out",
      width, height, encoder);
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, NULL),
                         out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_autoptr (GstSample) sample = NULL;
  GstMapInfo map;
  GBytes *bytes;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  sample = gst_app_sink_pull_sample (GST_APP_SINK (out));
  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
  bytes = g_bytes_new (map.data, map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return bytes;
}

static char *
write_picture (GBytes *bytes, gsize length)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-slate-XXXXXX", NULL);
  char *path = g_build_filename (folder, "slate.png", NULL);

  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize)length, NULL));
  return path;
}

static void
test_check (void)
{
  static const char *const encoders[] = {"pngenc", "jpegenc"};

  for (gsize i = 0; i < G_N_ELEMENTS (encoders); i++) {
    g_autoptr (GBytes) bytes = make_picture (encoders[i], 800, 450);
    gsize size = g_bytes_get_size (bytes);

    for (gsize part = 0; part <= 4; part++) {
      g_autofree char *path = write_picture (bytes, size * part / 4);
      g_autoptr (GError) error = NULL;
      gint64 begun_us = g_get_monotonic_time ();
      gboolean good = regia_engine_check_slate (path, 640, 360, &error);

      g_test_message ("%s, %" G_GSIZE_FORMAT "/4: %s", encoders[i], part, error ? error->message : "shown");
      g_assert_cmpint (good, ==, part == 4);
      if (!good) {
        g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
        g_assert_true (g_str_has_prefix (error->message, path));
      }
      g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 3 * G_USEC_PER_SEC);
      remove_pipeline (path);
    }
  }
}

/* Whole by its form, spoilt within. */
static void
test_spoilt (void)
{
  g_autoptr (GBytes) bytes = make_picture ("pngenc", 800, 450), spoilt = NULL;
  gsize size;
  guint8 *data = g_bytes_unref_to_data (g_bytes_ref (bytes), &size);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  memset (data + size / 2, 0x55, 200);
  spoilt = g_bytes_new_take (data, size);
  path = write_picture (spoilt, size);
  g_assert_false (regia_engine_check_slate (path, 640, 360, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "save it anew"));
  remove_pipeline (path);
}

typedef struct {
  GstBuffer *frame;
  char *error;
} Drawn;

static void
on_drawn (GstBuffer *frame, const GError *error, gpointer user_data)
{
  Drawn *self = user_data;

  self->frame = frame;
  self->error = g_strdup (error ? error->message : NULL);
}

static Drawn
draw (const char *image)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const RegiaConfigValues values = {
      .name = (char *)"Sirio migranti", .place = (char *)"Massa", .slate = (char *)image};
  Drawn self = {0};

  g_thread_join (regia_slate_render (&values, CAPS, cancellable, on_drawn, &self));
  return self;
}

/* What cannot be drawn gives way to what is drawn without it, to the pixel. */
static void
test_stands_in (void)
{
  Drawn words = draw (NULL), none = draw ("/nonexistent/slate.png");
  GstMapInfo a, b;

  g_assert_null (words.error);
  g_assert_nonnull (none.error);
  g_assert_true (g_str_has_prefix (none.error, "/nonexistent/slate.png cannot be read"));
  g_assert_nonnull (none.frame);
  g_assert_true (gst_buffer_map (words.frame, &a, GST_MAP_READ));
  g_assert_true (gst_buffer_map (none.frame, &b, GST_MAP_READ));
  g_assert_cmpmem (a.data, a.size, b.data, b.size);
  gst_buffer_unmap (words.frame, &a);
  gst_buffer_unmap (none.frame, &b);
  gst_buffer_unref (words.frame);
  gst_buffer_unref (none.frame);
  g_free (none.error);
}

static gboolean
tells_fault (gpointer data)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (((Fixture *)data)->engine));
  const char *error = "";

  g_assert_true (g_variant_lookup (state, "slate-error", "&s", &error));
  return error[0] != '\0' && ((Fixture *)data)->ready;
}

/* The file was replaced after it was checked: the event runs, the fault is told, and the end is not held up.
 */
static void
test_replaced (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("no picture", 10);
  g_autofree char *path = write_picture (text, 10);
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=test\nwidth=640\nheight=360\n");
  g_autofree char *plain = with_source (source);
  g_auto (GStrv) parts = g_strsplit (plain, "[programme]\n", 2);
  g_autofree char *config = g_strdup_printf ("%s[programme]\nslate=%s\n%s", parts[0], path, parts[1]);
  gint64 begun_us;
  Fixture self;

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, tells_fault, &self, 5));
  begun_us = g_get_monotonic_time ();
  fixture_stop (&self);
  fixture_clear (&self);
  g_test_message ("ended in %" G_GINT64_FORMAT " ms", (g_get_monotonic_time () - begun_us) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 2 * G_USEC_PER_SEC);
  remove_pipeline (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL));
  g_test_add_func ("/engine/slate/check", test_check);
  g_test_add_func ("/engine/slate/spoilt", test_spoilt);
  g_test_add_func ("/engine/slate/stands-in", test_stands_in);
  g_test_add_func ("/engine/slate/replaced", test_replaced);
  return g_test_run ();
}
