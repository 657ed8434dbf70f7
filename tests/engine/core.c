/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine without its process: real pipelines, real encoders, real time. Each test runs a whole engine for
 * some seconds of show time, then reads the feed log.
 */
#include "regia/engine/core.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>

#include "regia/engine/mark.h"

#define SEGMENT_NS (2 * REGIA_SECOND)

typedef struct {
  RegiaConfig *config;
  RegiaEpoch epoch;
  RegiaFeedLog *log;
  RegiaEngine *engine;
  GMainLoop *loop;
  gboolean ready;
  /* what is waited for */
  gboolean (*condition) (gpointer data);
  gpointer condition_data;
  gint64 deadline_ns;
  gboolean met;
} Fixture;

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
fixture_start (Fixture *self, const char *text)
{
  static const RegiaEngineCallbacks callbacks = {.ready_cb = on_ready, .failed_cb = on_failed};
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->config = regia_config_parse (text, strlen (text), "test.conf", "/", FALSE, &error);
  g_assert_no_error (error);
  regia_epoch_now (&self->epoch);
  /* As if the show had begun a while ago: nothing may depend on show time being near 0. */
  self->epoch.monotonic_ns -= 3601 * REGIA_SECOND + 123456789;
  self->log = regia_feed_log_new (1, 60 * REGIA_SECOND, 256 << 20);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->engine = regia_engine_new (self->config, &self->epoch, self->log, &callbacks, self, &error);
  g_assert_no_error (error);
  g_assert_true (regia_engine_start (self->engine, &error));
  g_assert_no_error (error);
}

static void
fixture_stop (Fixture *self)
{
  regia_engine_stop_sources (self->engine);
  g_assert_true (regia_engine_drain (self->engine, 1000));
}

static void
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

/* Runs the main context until @condition, looked at every 20 ms, holds. */
static gboolean
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

static void
run_for (Fixture *self, double seconds)
{
  g_assert_false (wait_for (self, never, NULL, seconds));
}

/* All packets of a track, from @cursor on. (element-type RegiaPacket) */
static GPtrArray *
packets_of (Fixture *self, const char *track)
{
  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);
  RegiaTrack *found = tracks ? regia_tracks_find (tracks, track) : NULL;
  guint64 mask, cursor;
  RegiaFeedRead read;

  g_assert_nonnull (found);
  mask = G_GUINT64_CONSTANT (1) << found->id;
  cursor = regia_feed_log_start (self->log, REGIA_FEED_FROM_OLDEST, 0, mask);
  do {
    RegiaPacket *packets[64];
    regia_feed_log_read (self->log, cursor, mask, 0, packets, G_N_ELEMENTS (packets), &read);
    for (guint i = 0; i < read.count; i++)
      g_ptr_array_add (result, packets[i]);
    cursor = read.next;
  } while (read.count > 0);
  return result;
}

static const char *const two_renditions = "[event]\nname=Test\nplace=Here\n"
                                          "[programme]\nsize=640x360\nrate=25\n"
                                          "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\n"
                                          "[rendition 180p]\nsize=320x180\nbitrate=300k\npreset=ultrafast\n"
                                          "[audio it]\nsources=camera\n";

static char *
with_source (const char *source)
{
  return g_strconcat (two_renditions, source, NULL);
}

/* Frames on the grid, none missing, keyframes at the first frame of each segment (and at the very first). */
static void
check_video (GPtrArray *packets, guint least)
{
  g_assert_cmpuint (packets->len, >=, least);
  for (guint i = 0; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i];

    g_assert_cmpint (packet->pts_ns % (40 * REGIA_MSECOND), ==, 0);
    g_assert_cmpint (packet->pts_ns, ==, packet->dts_ns);
    g_assert_cmpint (packet->duration_ns, ==, 40 * REGIA_MSECOND);
    g_assert_cmpint (regia_packet_is_keyframe (packet), ==, i == 0 || packet->pts_ns % SEGMENT_NS == 0);
    g_assert_cmpuint (packet->flags & REGIA_PACKET_DISCONTINUITY, ==, 0);
    if (i > 0)
      g_assert_cmpint (packet->pts_ns, ==,
                       ((RegiaPacket *)packets->pdata[i - 1])->pts_ns + 40 * REGIA_MSECOND);
  }
}

static gint64
samples (gint64 ns)
{
  return (ns * 48 + 500000) / 1000000;
}

/* Counted in samples, each packet begins where the one before ended. */
static void
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
typedef struct {
  GArray *frames, *flashes, *pts;
} Picture;

static void
picture_clear (Picture *self)
{
  g_array_unref (self->frames);
  g_array_unref (self->flashes);
  g_array_unref (self->pts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

static GstElement *
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
  g_autoptr (GstBuffer) extradata = gst_buffer_new_memdup (data, size);

  g_assert_no_error (error);
  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, extradata, NULL);
  g_object_set (in, "caps", caps, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

static void
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

static Picture
decode_picture (Fixture *self, const char *name, GPtrArray *packets)
{
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);
  const RegiaTrack *track = regia_tracks_find (tracks, name);
  GstElement *pipeline = decoder_new (track, "video/x-h264,stream-format=avc,alignment=au",
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

static void
test_programme (void)
{
  Fixture self;
  g_autofree char *config = with_source ("[source camera]\npipeline=test\nwidth=640\nheight=360\n");
  g_autoptr (GPtrArray) big = NULL, small = NULL, aac = NULL, opus = NULL, tracks = NULL;
  gint64 began_ns = regia_clock_monotonic_ns ();

  fixture_start (&self, config);
  run_for (&self, 5);
  g_assert_true (self.ready);
  fixture_stop (&self);
  g_test_message ("ran %.2f s", (double)(regia_clock_monotonic_ns () - began_ns) / REGIA_SECOND);
  big = packets_of (&self, "video/360p");
  small = packets_of (&self, "video/180p");
  aac = packets_of (&self, "audio/it");
  opus = packets_of (&self, "audio/it/opus");
  check_video (big, 4 * 25);
  check_video (small, 4 * 25);
  check_audio (aac, 1024, 4 * 46);
  check_audio (opus, 960, 4 * 50);
  for (guint i = 0; i < MIN (big->len, small->len); i++)
    g_assert_cmpint (((RegiaPacket *)big->pdata[i])->pts_ns, ==, ((RegiaPacket *)small->pdata[i])->pts_ns);
  {
    g_auto (Picture) picture = decode_picture (&self, "video/180p", small);
    gint64 last = -1, seen = 0;
    for (guint i = 0; i < picture.frames->len; i++) {
      gint64 frame = g_array_index (picture.frames, gint64, i);
      if (frame < 0 && last < 0)
        continue;
      g_assert_cmpint (frame, ==, last < 0 ? frame : last + 1);
      last = frame;
      seen++;
    }
    g_test_message ("%" G_GINT64_FORMAT " frames of the source, the last is %" G_GINT64_FORMAT, seen, last);
    g_assert_cmpint (seen, >=, 4 * 25);
  }
  fixture_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/core/programme", test_programme);
  return g_test_run ();
}
