/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The programme: what comes out while all is well. */
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <string.h>

#include "fixture.h"
#include "regia/engine/check.h"

static void
test_programme (void)
{
  Fixture self;
  g_autofree char *config = with_source ("[source camera]\npipeline=test\nwidth=640\nheight=360\n");
  g_autoptr (GPtrArray) big = NULL, small = NULL, aac = NULL, opus = NULL, tracks = NULL;
  gint64 began_ns = regia_clock_monotonic_ns ();

  fixture_start_after_reboot (&self, config);
  run_for (&self, 5);
  g_assert_true (self.ready);
  fixture_stop (&self);
  g_test_message ("ran %.2f s", (double)(regia_clock_monotonic_ns () - began_ns) / REGIA_SECOND);
  tracks = regia_feed_log_get_tracks (self.log);
  g_assert_cmpstr (regia_tracks_find (tracks, "audio/it")->title, ==, "Sala «originale»");
  g_assert_cmpstr (regia_tracks_find (tracks, "audio/it/opus")->title, ==, "Sala «originale»");
  g_assert_cmpstr (regia_tracks_find (tracks, "video/360p")->title, ==, "");
  big = packets_of (&self, "video/360p");
  small = packets_of (&self, "video/180p");
  aac = packets_of (&self, "audio/it");
  opus = packets_of (&self, "audio/it/opus");
  check_video (big, 4 * 25, TRUE);
  check_video (small, 50, FALSE);
  check_audio (aac, 1024, 4 * 46);
  check_audio (opus, 960, 4 * 50);
  /* A rendition that was shed for a moment (a busy machine) lacks frames; those that there are agree. */
  for (guint i = 0, b = 0; i < small->len; i++) {
    while (b < big->len && ((RegiaPacket *)big->pdata[b])->pts_ns < ((RegiaPacket *)small->pdata[i])->pts_ns)
      b++;
    if (b < big->len)
      g_assert_cmpint (((RegiaPacket *)big->pdata[b])->pts_ns, ==, ((RegiaPacket *)small->pdata[i])->pts_ns);
  }
  {
    g_auto (Picture) picture = decode_picture (&self, "video/360p", big);
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
    g_assert_cmpint (seen, >=, 50);
  }
  fixture_clear (&self);
}

/* A capture file of the test's own. (transfer full): its path. */
/* When each beep begins in a decoded track, ns of show time, for a player that trims nothing. (element-type
 * gint64) */
static GArray *
decode_beeps (Fixture *self, const char *name, GPtrArray *packets, const char *caps, const char *decode)
{
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);
  const RegiaTrack *track = regia_tracks_find (tracks, name);
  g_autofree char *chain =
      g_strdup_printf ("%s ! audioconvert ! audio/x-raw,format=F32LE,channels=2,layout=interleaved", decode);
  GstElement *pipeline = decoder_new (track, caps, chain);
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GArray *beeps = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 sample_number = 0, quiet = 48000;
  GstSample *sample;

  feed_decoder (pipeline, packets);
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (out)))) {
    GstMapInfo map;

    g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
    for (gsize i = 0; i < map.size / sizeof (float) / 2; i++, sample_number++) {
      if (ABS (((float *)map.data)[2 * i]) < 0.3f) {
        quiet++;
        continue;
      }
      if (quiet > 4800) {
        gint64 at = ((RegiaPacket *)packets->pdata[0])->pts_ns + sample_number * REGIA_SECOND / 48000;
        g_array_append_val (beeps, at);
      }
      quiet = 0;
    }
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return beeps;
}

/* Flash and beep of the test source, after mixing, encoding and decoding: within half a frame. */
static void
test_lip_sync (void)
{
  Fixture self;
  g_autofree char *config = with_source ("[source camera]\npipeline=test\nwidth=640\nheight=360\n");
  g_autoptr (GPtrArray) video = NULL, aac = NULL, opus = NULL;
  g_autoptr (GArray) aac_beeps = NULL, opus_beeps = NULL;
  guint first = 0, flashes = 0;

  fixture_start (&self, config);
  run_for (&self, 5);
  fixture_stop (&self);
  video = packets_of (&self, "video/360p");
  aac = packets_of (&self, "audio/it");
  opus = packets_of (&self, "audio/it/opus");
  aac_beeps = decode_beeps (&self, "audio/it", aac,
                            "audio/mpeg,mpegversion=4,stream-format=raw,framed=true,rate=48000,channels=2",
                            "avdec_aac");
  /* No header in the caps: a reader who joins in the middle has nothing trimmed. */
  opus_beeps = decode_beeps (&self, "audio/it/opus", opus,
                             "audio/x-opus,channel-mapping-family=0,rate=48000,channels=2", "opusdec");
  {
    g_auto (Picture) picture = decode_picture (&self, "video/360p", video);
    for (guint i = 1; i < picture.frames->len; i++) {
      gint64 at = g_array_index (picture.pts, gint64, i), aac_ns = G_MAXINT64, opus_ns = G_MAXINT64;

      if (!g_array_index (picture.flashes, gint64, i) || g_array_index (picture.flashes, gint64, i - 1))
        continue;
      for (guint b = 0; b < aac_beeps->len; b++)
        if (ABS (g_array_index (aac_beeps, gint64, b) - at) < ABS (aac_ns))
          aac_ns = g_array_index (aac_beeps, gint64, b) - at;
      for (guint b = 0; b < opus_beeps->len; b++)
        if (ABS (g_array_index (opus_beeps, gint64, b) - at) < ABS (opus_ns))
          opus_ns = g_array_index (opus_beeps, gint64, b) - at;
      /* The source starts in the midst of its first beep, and the show may end in the midst of the last. */
      if (first++ == 0 || at > ((RegiaPacket *)video->pdata[video->len - 1])->pts_ns - REGIA_SECOND / 2)
        continue;
      g_test_message ("flash at %.3f s; sound later by %.1f ms (AAC), %.1f ms (Opus)",
                      (double)at / REGIA_SECOND, (double)aac_ns / REGIA_MSECOND,
                      (double)opus_ns / REGIA_MSECOND);
      g_assert_cmpint (ABS (aac_ns), <=, 3 * REGIA_MSECOND);
      g_assert_cmpint (ABS (opus_ns), <=, 3 * REGIA_MSECOND);
      g_assert_cmpint (ABS (aac_ns - opus_ns), <=, 2 * REGIA_MSECOND);
      flashes++;
    }
  }
  g_assert_cmpuint (flashes, >=, 2);
  for (guint b = 2; b < aac_beeps->len; b++)
    g_assert_cmpint (
        ABS (g_array_index (aac_beeps, gint64, b) - g_array_index (aac_beeps, gint64, b - 1) - REGIA_SECOND),
        <=, REGIA_MSECOND);
  fixture_clear (&self);
}

/* Long enough for two more beginnings of a film of 2 s: a pipeline takes a second to be made anew under the
 * sanitizers. */
#ifdef __SANITIZE_ADDRESS__
#define LOOP_S 14
#else
#define LOOP_S 10
#endif

/* A file of 2 s with picture and sound, made here; begins again without a hole. */
static void
test_loop (gconstpointer suffix)
{
  Fixture self;
  g_autofree char *folder = g_dir_make_tmp ("regia-engine-XXXXXX", NULL);
  g_autofree char *file = g_strdup_printf ("%s/film.%s", folder, (const char *)suffix);
  gboolean mp4 = strcmp (suffix, "mp4") == 0;
  g_autofree char *text =
      mp4 ? g_strdup_printf ("videotestsrc num-buffers=50 pattern=ball ! "
                             "video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! "
                             "regiamark ! x264enc speed-preset=ultrafast key-int-max=25 ! mp4mux name=mux ! "
                             "filesink location=%s "
                             "audiotestsrc num-buffers=100 samplesperbuffer=960 volume=0.1 ! "
                             "audio/x-raw,rate=48000 ! avenc_aac ! mux.",
                             file)
          : g_strdup_printf ("videotestsrc num-buffers=50 pattern=ball ! "
                             "video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! "
                             "regiamark ! y4menc ! filesink location=%s",
                             file);
  g_autoptr (GError) error = NULL;
  GstElement *maker = gst_parse_launch (text, &error);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) end = NULL;
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=file\nlocation=%s\n", file);
  g_autofree char *config = with_source (source);
  g_autoptr (GPtrArray) packets = NULL;
  guint loops = 0;

  g_assert_no_error (error);
  bus = gst_element_get_bus (maker);
  gst_element_set_state (maker, GST_STATE_PLAYING);
  end = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (end);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (maker, GST_STATE_NULL);
  gst_object_unref (maker);

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 5));
  run_for (&self, LOOP_S);
  {
    g_auto (SourceState) state = first_source (&self);
    g_assert_cmpstr (state.error, ==, "");
    g_assert_cmpuint (state.restarts, ==, 0);
  }
  fixture_stop (&self);
  packets = packets_of (&self, "video/360p");
  check_video (packets, 100, TRUE);
  {
    g_auto (Picture) picture = decode_picture (&self, "video/360p", packets);
    gint64 last = -1;
    for (guint i = 0; i < picture.frames->len; i++) {
      gint64 frame = g_array_index (picture.frames, gint64, i);
      if (last < 0 && frame < 0)
        continue;
      g_assert_cmpint (frame, >=, 0); /* never the slate */
      if (frame == 0 && last > 40)
        loops++;
      else if (mp4 && last >= 0)
        g_assert_cmpint (frame, ==, last + 1);
      last = frame;
    }
  }
  g_test_message ("%u times from the beginning", loops);
  g_assert_cmpuint (loops, >=, 2);
  fixture_clear (&self);
  g_unlink (file);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes the marks' elements known */
  g_test_add_func ("/engine/core/programme", test_programme);
  g_test_add_func ("/engine/core/lip-sync", test_lip_sync);
  g_test_add_data_func ("/engine/core/loop/segment", "mp4", test_loop);
  g_test_add_data_func ("/engine/core/loop/restart", "y4m", test_loop);
  return g_test_run ();
}
