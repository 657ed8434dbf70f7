/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <string.h>

#include "regia/engine/mark.h"

static void
on_ready (gpointer user_data)
{
  ((Fixture *)user_data)->ready = TRUE;
}

static void
on_failed (const GError *error, gpointer user_data)
{
  g_error ("the programme failed: %s", error->message);
}

static void
start (Fixture *self, const char *text, gint64 epoch_ns)
{
  static const RegiaEngineCallbacks callbacks = {.ready_cb = on_ready, .failed_cb = on_failed};
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->config = regia_config_parse (text, strlen (text), "test.conf", "/", FALSE, &error);
  g_assert_no_error (error);
  regia_epoch_now (&self->epoch);
  self->epoch.monotonic_ns = epoch_ns;
  self->log = regia_feed_log_new (1, 60 * REGIA_SECOND, 256 << 20);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->engine = regia_engine_new (self->config, &self->epoch, self->log, &callbacks, self, &error);
  g_assert_no_error (error);
  g_assert_true (regia_engine_start (self->engine, &error));
  g_assert_no_error (error);
}

void
fixture_start (Fixture *self, const char *text)
{
  start (self, text, regia_clock_monotonic_ns () - 61 * REGIA_SECOND - 123456789);
}

void
fixture_start_after_reboot (Fixture *self, const char *text)
{
  start (self, text, -3601 * REGIA_SECOND - 123456789);
}

void
fixture_stop (Fixture *self)
{
  regia_engine_end (self->engine);
  g_assert_true (regia_engine_drain (self->engine, 1000));
}

void
fixture_clear (Fixture *self)
{
  regia_engine_free (self->engine);
  regia_feed_log_free (self->log);
  regia_config_unref (self->config);
  g_main_loop_unref (self->loop);
}

static gboolean
on_poll (gpointer user_data)
{
  Fixture *self = user_data;

  self->met = self->condition (self->condition_data);
  if (!self->met && regia_clock_monotonic_ns () < self->deadline_ns)
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

gboolean
wait_for (Fixture *self, gboolean (*condition) (gpointer), gpointer data, double seconds)
{
  self->condition = condition;
  self->condition_data = data;
  self->deadline_ns = regia_clock_monotonic_ns () + (gint64)(seconds * REGIA_SECOND);
  g_timeout_add (20, on_poll, self);
  g_main_loop_run (self->loop);
  return self->met;
}

static gboolean
never (gpointer data)
{
  return FALSE;
}

void
run_for (Fixture *self, double seconds)
{
  g_assert_false (wait_for (self, never, NULL, seconds));
}

GPtrArray *
packets_of (Fixture *self, const char *track)
{
  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);
  RegiaTrack *found = tracks ? regia_tracks_find (tracks, track) : NULL;
  g_autofree char *pattern = g_strconcat (track, "\n", NULL);
  g_autoptr (RegiaFeedCursor) cursor = NULL;
  gboolean more = TRUE;

  g_assert_nonnull (found);
  cursor = regia_feed_cursor_new (self->log, REGIA_FEED_HOUSE, pattern, strlen (pattern),
                                  REGIA_FEED_FROM_OLDEST, 0);
  while (more) {
    RegiaPacket *packets[64];
    RegiaFeedRead read;

    regia_feed_cursor_read (cursor, packets, G_N_ELEMENTS (packets), &read);
    for (guint i = 0; i < read.count; i++)
      g_ptr_array_add (result, packets[i]);
    more = read.count > 0 || read.table != NULL;
    g_clear_pointer (&read.table, g_bytes_unref);
  }
  return result;
}

static const char *const two_renditions = "[event]\nname=Test\nplace=Here\n"
                                          "[programme]\nsize=640x360\nrate=25\n"
                                          "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\n"
                                          "[rendition 180p]\nsize=320x180\nbitrate=300k\npreset=ultrafast\n"
                                          "[audio it]\ntitle=Sala «originale»\nsources=camera\n";

char *
with_source (const char *source)
{
  return g_strconcat (two_renditions, source, NULL);
}

char *
write_pipeline (const char *needs, const char *header, const char *text)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-engine-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "test.pipeline", NULL);
  g_autofree char *content = g_strdup_printf ("# summary: test\n# needs: %s\n%s%s\n", needs, header, text);

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  return g_steal_pointer (&path);
}

void
remove_pipeline (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (folder);
}

void
check_video (GPtrArray *packets, guint least, gboolean complete)
{
  gint64 segment = -1;

  g_assert_cmpuint (packets->len, >=, least);
  for (guint i = 0; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i];

    g_assert_cmpint (packet->pts_ns % (40 * REGIA_MSECOND), ==, 0);
    g_assert_cmpint (packet->pts_ns, ==, packet->dts_ns);
    g_assert_cmpint (packet->duration_ns, ==, 40 * REGIA_MSECOND);
    g_assert_cmpint (regia_packet_is_keyframe (packet), ==, packet->pts_ns / SEGMENT_NS != segment);
    segment = packet->pts_ns / SEGMENT_NS;
    if (i > 0) {
      gint64 expected_ns = ((RegiaPacket *)packets->pdata[i - 1])->pts_ns + 40 * REGIA_MSECOND;
      gboolean gap = packet->pts_ns != expected_ns;

      g_assert_cmpint (packet->pts_ns, >=, expected_ns);
      g_assert_cmpint ((packet->flags & REGIA_PACKET_DISCONTINUITY) != 0, ==, gap);
      if (complete)
        g_assert_false (gap);
    }
  }
}

static gint64
samples (gint64 ns)
{
  return (ns * 48 + 500000) / 1000000;
}

void
check_audio (GPtrArray *packets, gint64 packet_samples, guint least)
{
  g_assert_cmpuint (packets->len, >=, least);
  for (guint i = 0; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i], *first = packets->pdata[0];

    g_assert_cmpint (samples (packet->duration_ns), ==, packet_samples);
    g_assert_cmpint (ABS (samples (packet->pts_ns - first->pts_ns) - (gint64)i * packet_samples), <=, 1);
  }
}

/* Decodes an H.264 track: frame numbers, −1 for frames without marks (the slate). (element-type gint64) */
void
picture_clear (Picture *self)
{
  g_array_unref (self->frames);
  g_array_unref (self->flashes);
  g_array_unref (self->pts);
}
GstElement *
decoder_new (const RegiaTrack *track, const char *caps_text, const char *decode)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (
      "appsrc name=in format=time max-bytes=0 ! %s ! appsink name=out sync=false max-buffers=0", decode);
  GstElement *pipeline = gst_parse_launch (text, &error);
  g_autoptr (GstElement) in = NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  gsize size;
  const void *data = g_bytes_get_data (track->extradata, &size);
  g_autoptr (GstBuffer) extradata = size > 0 ? gst_buffer_new_memdup (data, size) : NULL;

  g_assert_no_error (error);
  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  if (extradata != NULL)
    gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, extradata, NULL);
  g_object_set (in, "caps", caps, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

void
feed_decoder (GstElement *pipeline, GPtrArray *packets)
{
  g_autoptr (GstElement) in = gst_bin_get_by_name (GST_BIN (pipeline), "in");

  for (guint i = 0; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i];
    gsize size;
    const void *data = g_bytes_get_data (packet->payload, &size);
    GstBuffer *buffer = gst_buffer_new_memdup (data, size);

    GST_BUFFER_PTS (buffer) = (GstClockTime)packet->pts_ns;
    GST_BUFFER_DURATION (buffer) = (GstClockTime)packet->duration_ns;
    gst_app_src_push_buffer (GST_APP_SRC (in), buffer);
  }
  gst_app_src_end_of_stream (GST_APP_SRC (in));
}

Picture
decode_picture (Fixture *self, const char *name, GPtrArray *packets)
{
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);
  const RegiaTrack *track = regia_tracks_find (tracks, name);
  GstElement *pipeline =
      track->codec == REGIA_CODEC_JPEG
          ? decoder_new (track, "image/jpeg", "jpegdec ! videoconvert ! video/x-raw,format=GRAY8")
          : decoder_new (track, "video/x-h264,stream-format=avc,alignment=au",
                         "avdec_h264 max-threads=1 ! videoconvert ! video/x-raw,format=GRAY8");
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstSample *sample;
  Picture result = {g_array_new (FALSE, FALSE, sizeof (gint64)), g_array_new (FALSE, FALSE, sizeof (gint64)),
                    g_array_new (FALSE, FALSE, sizeof (gint64))};

  feed_decoder (pipeline, packets);
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (out)))) {
    GstMapInfo map;
    guint32 number = 0;
    gint64 frame, flash, pts = (gint64)GST_BUFFER_PTS (gst_sample_get_buffer (sample));

    g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
    frame =
        regia_mark_read (map.data, (int)track->width, (int)track->width, (int)track->height, &number, NULL)
            ? (gint64)number
            : -1;
    flash = frame >= 0 &&
            regia_mark_read_flash (map.data, (int)track->width, (int)track->width, (int)track->height);
    g_array_append_val (result.frames, frame);
    g_array_append_val (result.flashes, flash);
    g_array_append_val (result.pts, pts);
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  g_assert_cmpuint (result.frames->len, ==, packets->len);
  return result;
}

guint
check_numbers (Fixture *self, const char *track, GPtrArray *packets)
{
  g_auto (Picture) picture = decode_picture (self, track, packets);
  gint64 last = -1;
  guint seen = 0;

  for (guint i = 0; i < picture.frames->len; i++) {
    gint64 number = g_array_index (picture.frames, gint64, i);

    if (number < 0 && last < 0)
      continue;
    g_assert_cmpint (number, ==, last < 0 ? number : last + 1);
    last = number;
    seen++;
  }
  g_test_message ("%s: %u frames of the source, none missing", track, seen);
  return seen;
}

void
source_state_clear (SourceState *self)
{
  g_free (self->state);
  g_free (self->error);
}
SourceState
first_source (Fixture *self)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GVariant) sources = g_variant_lookup_value (state, "sources", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) first = NULL;
  SourceState result = {0};

  g_variant_get_child (sources, 0, "v", &first);
  g_assert_true (g_variant_lookup (first, "state", "s", &result.state));
  g_assert_true (g_variant_lookup (first, "last-error", "s", &result.error));
  g_assert_true (g_variant_lookup (first, "restarts", "t", &result.restarts));
  g_assert_true (g_variant_lookup (first, "has-video", "b", &result.has_video));
  return result;
}

gboolean
is_live (gpointer data)
{
  g_auto (SourceState) state = first_source (data);

  return strcmp (state.state, "live") == 0 && state.has_video;
}
