/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Isolated sources: what a source sends as H.264 is in the feed byte for byte, in order, and other pictures
 * encoded; and whatever is wrong with that is not to be seen in the programme. */
#include <glib/gstdio.h>
#include <string.h>

#include "../../src/engine/iso-copy-private.h"
#include "../../src/engine/iso-order-private.h"
#include "../wait.h"
#include "fixture.h"
#include "regia/engine/mark.h"
#include "run-fixture.h"

/* A camera that also writes down what it sends; @encoder: its properties. */
#define CAMERA(encoder)                                                                                      \
  "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! regiamark ! "   \
  "x264enc speed-preset=ultrafast threads=1 rc-lookahead=0 sync-lookahead=0 mb-tree=false "                  \
  "bitrate=800 " encoder " "                                                                                 \
  "! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au ! tee name=sent "                       \
  "sent. ! queue ! filesink buffer-mode=unbuffered async=false sync=false location={location} "              \
  "sent. ! queue ! decodebin ! videoconvert name=video "                                                     \
  "audiotestsrc is-live=true samplesperbuffer=1024 ! audioconvert name=audio"

/* B-frames come late; nothing is put later because of them. */
#define EVENT                                                                                                \
  "[event]\nname=Test\nplace=Here\n[programme]\nsize=640x360\nrate=25\nlatency=800ms\n"                      \
  "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\n[audio it]\nsources=camera\n"

typedef struct {
  const guint8 *data;
  gsize size;
} Nal;

static Nal
next_start_code_nal (const guint8 **at, const guint8 *end)
{
  const guint8 *begin, *data = *at;
  gsize size;

  while (data + 3 <= end && !(data[0] == 0 && data[1] == 0 && data[2] == 1))
    data++;
  if (data + 3 > end)
    return (Nal){0};
  begin = data += 3;
  while (data < end && !(data + 3 <= end && data[0] == 0 && data[1] == 0 && data[2] <= 1))
    data++;
  size = (gsize)(data - begin);
  *at = data;
  return (Nal){begin, size};
}

static gboolean
is_picture (Nal nal)
{
  return nal.size > 0 && ((nal.data[0] & 0x1f) == 1 || (nal.data[0] & 0x1f) == 5);
}

/* All slices of the packets are those of the file, byte by byte and from its first one on, as far as it was
 * written when the camera was stopped. */
static guint
check_same_slices (GPtrArray *packets, const char *path)
{
  g_autofree char *content = NULL;
  gsize length;
  const guint8 *at, *end;
  guint slices = 0;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  at = (const guint8 *)content;
  end = at + length;
  for (guint i = 0; i < packets->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (((RegiaPacket *)packets->pdata[i])->payload, &size);

    for (gsize offset = 0; offset < size;) {
      Nal nal, sent;

      g_assert_cmpuint (offset + 4, <=, size);
      nal.size = (gsize)data[offset] << 24 | (gsize)data[offset + 1] << 16 | (gsize)data[offset + 2] << 8 |
                 data[offset + 3];
      nal.data = data + offset + 4;
      offset += 4 + nal.size;
      g_assert_cmpuint (offset, <=, size);
      if (!is_picture (nal))
        continue;
      while ((sent = next_start_code_nal (&at, end)).data && !is_picture (sent))
        ;
      if (sent.data == NULL)
        return slices;
      g_assert_cmpmem (nal.data, nal.size, sent.data, sent.size);
      slices++;
    }
  }
  return slices;
}

/* Each picture once, 40 ms apart as they are shown; stored so that each can be decoded in time. Returns: how
 * many are stored before one that is shown earlier. */
static guint
check_order (GPtrArray *packets)
{
  guint early = 0;
  gint64 last_dts_ns = -1, highest_ns = -1;

  for (guint i = 0; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i];

    g_assert_cmpint (packet->dts_ns, >, last_dts_ns);
    g_assert_cmpint (packet->dts_ns, <=, packet->pts_ns);
    g_assert_cmpint (packet->duration_ns, ==, 40 * REGIA_MSECOND);
    g_assert_cmpint (packet->flags & REGIA_PACKET_DISCONTINUITY, ==, 0);
    early += packet->pts_ns < highest_ns;
    highest_ns = MAX (highest_ns, packet->pts_ns);
    last_dts_ns = packet->dts_ns;
  }
  return early;
}

/* Of the last group of pictures some may be missing that are shown before others. */
static void
leave_whole_groups (GPtrArray *packets)
{
  guint end = packets->len;

  while (end > 0 && !regia_packet_is_keyframe (packets->pdata[end - 1]))
    end--;
  g_assert_cmpuint (end, >, 1);
  g_ptr_array_set_size (packets, (int)end - 1);
}

static gboolean
has_track (Fixture *self, const char *name)
{
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);

  return tracks && regia_tracks_find (tracks, name);
}

static gboolean
has_second (gpointer data)
{
  g_autoptr (GPtrArray) packets = has_track (data, "iso/camera") ? packets_of (data, "iso/camera") : NULL;

  return packets && packets->len > 40;
}

/* A packet begins where the one before ended; or later, because the source itself gave nothing, and is
 * marked. */
static void
check_sound (Fixture *self)
{
  g_autoptr (GPtrArray) packets = packets_of (self, "iso/camera/audio");
  guint holes = 0;

  g_assert_cmpuint (packets->len, >=, 50);
  for (guint i = 1; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i], *before = packets->pdata[i - 1];
    gint64 hole_ns = packet->pts_ns - before->pts_ns - before->duration_ns;
    gboolean marked = (packet->flags & REGIA_PACKET_DISCONTINUITY) != 0;

    g_assert_cmpint (hole_ns, >=, -REGIA_MSECOND);
    g_assert_cmpint (marked, ==, hole_ns > before->duration_ns / 2);
    holes += marked;
    if (marked)
      g_test_message ("sound: a hole of %.1f ms before packet %u", (double)hole_ns / REGIA_MSECOND, i);
  }
  g_assert_cmpuint (holes, <=, 1); /* while its clock is found */
}

static char *
way_of_first (Fixture *self)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GVariant) sources = g_variant_lookup_value (state, "sources", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) first = NULL;
  char *way;

  g_variant_get_child (sources, 0, "v", &first);
  g_assert_true (g_variant_lookup (first, "iso", "s", &way));
  return way;
}

static void
check_copied (const char *encoder, gboolean b_frames)
{
  Fixture self;
  g_autofree char *pipeline_text = g_strdup_printf (CAMERA ("%s"), encoder);
  g_autofree char *pipeline = write_pipeline ("x264enc", "# param location  x\n", pipeline_text);
  g_autofree char *sent = g_strconcat (pipeline, ".h264", NULL);
  g_autofree char *text =
      g_strdup_printf (EVENT "[source camera]\npipeline=%s\nlocation=%s\niso=yes\n", pipeline, sent);
  g_autoptr (GPtrArray) packets = NULL, programme = NULL;
  g_autofree char *way = NULL;
  guint early;

  fixture_start (&self, text);
  g_assert_true (wait_for (&self, has_second, &self, 30));
  run_for (&self, 1.5);
  way = way_of_first (&self);
  fixture_stop (&self);
  g_assert_cmpstr (way, ==, "copied");

  packets = packets_of (&self, "iso/camera");
  g_assert_true (regia_packet_is_keyframe (packets->pdata[0]));
  early = check_order (packets);
  g_test_message ("%u units, %u of them stored after one that is shown later", packets->len, early);
  g_assert_cmpint (early > 0, ==, b_frames);
  g_assert_cmpuint (check_same_slices (packets, sent), >=, packets->len - 20);
  leave_whole_groups (packets);
  g_assert_cmpuint (check_numbers (&self, "iso/camera", packets), ==, packets->len);
  check_sound (&self);
  programme = packets_of (&self, "video/360p");
  check_video (programme, 50, TRUE);
  fixture_clear (&self);
  g_unlink (sent);
  remove_pipeline (pipeline);
}

static void
test_copied (void)
{
  check_copied ("tune=zerolatency key-int-max=25", FALSE);
}

static void
test_copied_b_frames (void)
{
  check_copied ("bframes=3 b-adapt=false b-pyramid=true key-int-max=24", TRUE);
}

static void
test_encoded (void)
{
  Fixture self;
  static const char text[] = EVENT "[source camera]\npipeline=test\nwidth=640\nheight=360\niso=yes\n"
                                   "[source hall]\npipeline=test\nwidth=320\nheight=180\n";
  g_autofree char *way = NULL;
  g_autoptr (GPtrArray) packets = NULL;

  fixture_start (&self, text);
  g_assert_true (wait_for (&self, has_second, &self, 30));
  run_for (&self, 1);
  way = way_of_first (&self);
  fixture_stop (&self);
  g_assert_cmpstr (way, ==, "encoded");
  g_assert_false (has_track (&self, "iso/hall"));
  packets = packets_of (&self, "iso/camera");
  check_order (packets);
  g_assert_cmpuint (check_numbers (&self, "iso/camera", packets), ==, packets->len);
  check_sound (&self);
  fixture_clear (&self);
}

/* --- a way that does not work --- */

typedef struct {
  guint tracks, packets;
} Got;

static void
count_track_cb (RegiaTrack *track, gpointer user_data)
{
  ((Got *)user_data)->tracks++;
  regia_track_unref (track);
}

static void
count_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  ((Got *)user_data)->packets++;
  regia_packet_unref (packet);
}

typedef struct {
  GArray *pts; /* (element-type gint64) */
  guint marked;
} Times;

static void
drop_track_cb (RegiaTrack *track, gpointer user_data)
{
  regia_track_unref (track);
}

static void
note_time_cb (RegiaPacket *packet, gpointer user_data)
{
  Times *times = user_data;

  g_array_append_val (times->pts, packet->pts_ns);
  times->marked += (packet->flags & REGIA_PACKET_DISCONTINUITY) != 0;
  regia_packet_unref (packet);
}

/* 60 pictures without B-frames; of one in @wild of them the stamp is two hours off. Returns: how many. */
static guint
push_pictures (RegiaIsoCopy *copy, guint number, guint wild)
{
  GstElement *encoder = gst_parse_launch (
      "videotestsrc num-buffers=60 ! video/x-raw,format=I420,width=160,height=96,framerate=25/1 ! x264enc "
      "tune=zerolatency key-int-max=250 speed-preset=ultrafast ! h264parse ! "
      "video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline ! appsink name=out "
      "sync=false",
      NULL);
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (encoder), "out");
  GstSample *sample;
  guint sent = 0;

  gst_element_set_state (encoder, GST_STATE_PLAYING);
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (out)))) {
    gint64 time_ns = sent * 40 * REGIA_MSECOND;

    if (wild > 0 && sent % wild == wild / 2)
      time_ns += 7200 * REGIA_SECOND;
    regia_iso_copy_push (copy, number, gst_sample_get_buffer (sample), gst_sample_get_caps (sample),
                         (GstClockTime)time_ns);
    gst_sample_unref (sample);
    sent++;
  }
  gst_element_set_state (encoder, GST_STATE_NULL);
  gst_object_unref (encoder);
  return sent;
}

/* Some of a camera's stamps are hours off: nothing is lost for that, and each unit is where the row goes on.
 */
static void
test_wild_stamps (void)
{
  Times times = {.pts = g_array_new (FALSE, FALSE, sizeof (gint64))};
  RegiaEpoch epoch;
  RegiaIsoCopy *copy;
  gint64 begin_ns;
  guint number;

  regia_epoch_now (&epoch);
  epoch.monotonic_ns -= 60 * REGIA_SECOND;
  begin_ns = regia_epoch_show_time (&epoch);
  copy = regia_iso_copy_new (7, "iso/camera", &epoch, drop_track_cb, note_time_cb, &times);
  number = regia_iso_copy_begin (copy);
  regia_iso_copy_place (copy, number, begin_ns);
  g_assert_cmpuint (push_pictures (copy, number, 20), ==, 60);
  WAIT_UNTIL (g_atomic_int_get ((gint *)&times.pts->len) == 60);
  regia_iso_copy_free (copy);
  g_assert_cmpuint (times.marked, ==, 0);
  for (guint i = 0; i < 60; i++)
    g_assert_cmpint (g_array_index (times.pts, gint64, i), ==, begin_ns + i * 40 * REGIA_MSECOND);
  g_array_unref (times.pts);
}

/* A run that ended before anything of it could be placed in time holds nothing of the next one up. */
static void
test_never_placed (void)
{
  Times times = {.pts = g_array_new (FALSE, FALSE, sizeof (gint64))};
  RegiaEpoch epoch;
  RegiaIsoCopy *copy;
  gint64 begin_ns;
  guint number;

  regia_epoch_now (&epoch);
  epoch.monotonic_ns -= 60 * REGIA_SECOND;
  begin_ns = regia_epoch_show_time (&epoch);
  copy = regia_iso_copy_new (7, "iso/camera", &epoch, drop_track_cb, note_time_cb, &times);
  number = regia_iso_copy_begin (copy);
  g_assert_cmpuint (push_pictures (copy, number, 0), ==, 60);
  number = regia_iso_copy_begin (copy);
  regia_iso_copy_place (copy, number, begin_ns);
  g_assert_cmpuint (push_pictures (copy, number, 0), ==, 60);
  WAIT_UNTIL (g_atomic_int_get ((gint *)&times.pts->len) == 60);
  regia_iso_copy_free (copy);
  g_assert_cmpuint (times.pts->len, ==, 60);
  g_assert_cmpint (g_array_index (times.pts, gint64, 0), ==, begin_ns);
  g_array_unref (times.pts);
}

/* What claims to be H.264 and is not, and far more of it than there is room for: nobody waits, it is said,
 * and nothing comes of it. */
static void
test_garbage (void)
{
  Got got = {0};
  RegiaEpoch epoch;
  RegiaIsoCopy *copy;
  g_autoptr (GstCaps) caps =
      gst_caps_from_string ("video/x-h264,stream-format=byte-stream,alignment=au,width=320,height=240");
  g_autofree char *error = NULL, *later = NULL;
  gint64 began_ns = regia_clock_monotonic_ns ();
  guint number;

  regia_epoch_now (&epoch);
  copy = regia_iso_copy_new (7, "iso/camera", &epoch, count_track_cb, count_packet_cb, &got);
  number = regia_iso_copy_begin (copy);
  regia_iso_copy_place (copy, number, 0);
  for (guint i = 0; i < 400; i++) {
    g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 1 << 18, NULL);

    gst_buffer_memset (buffer, 0, 0xa5, 1 << 18);
    regia_iso_copy_push (copy, number, buffer, caps, i * 40 * GST_MSECOND);
  }
  g_test_message ("100 MB in %.0f ms", (double)(regia_clock_monotonic_ns () - began_ns) / REGIA_MSECOND);
  g_assert_cmpint (regia_clock_monotonic_ns () - began_ns, <, 10 * REGIA_SECOND);
  regia_iso_copy_tick (copy, began_ns + REGIA_SECOND);
  regia_iso_copy_tick (copy, began_ns + 10 * REGIA_SECOND);
  error = regia_iso_copy_get_error (copy);
  g_test_message ("%s", error);
  g_assert_cmpstr (error, !=, "");
  regia_iso_copy_free (copy);
  g_assert_cmpuint (got.tracks, ==, 0);
  g_assert_cmpuint (got.packets, ==, 0);
}

/* The mix is given every picture of a source, and at once, whatever becomes of its own track. */
static void
check_mix_has_all (const char *encode, gboolean works)
{
  RunFixture f;
  Got got = {0};
  g_autofree char *pipeline = write_pipeline ("x264enc", "", encode);
  g_autofree char *caps = NULL, *error = NULL;
  gint64 last = -1, began_ns = 0;

  run_fixture_init (&f, 25);
  caps = g_strconcat (f.plan->video_caps, ",framerate=25/1", NULL);
  {
    const RegiaEncoderSpec spec = {.track_id = 3,
                                   .track_name = "iso/camera",
                                   .language = "",
                                   .encoder = pipeline,
                                   .width = WIDTH,
                                   .height = HEIGHT,
                                   .in_width = WIDTH,
                                   .in_height = HEIGHT,
                                   .in_caps = caps,
                                   .rate_num = 25,
                                   .rate_den = 1,
                                   .keyframe_ns = SEGMENT_NS,
                                   .may_shed = TRUE};
    f.plan->iso = regia_iso_new (&spec, NULL, &f.plan->epoch, count_track_cb, count_packet_cb, &got);
  }
  run_fixture_start (&f, "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,"
                         "framerate=25/1 ! regiamark ! videoconvert name=video");
  for (guint i = 0; i < 50; i++) {
    g_autoptr (GstSample) sample = run_fixture_pull (&f, f.picture);
    GstMapInfo map;
    guint32 number;

    if (i == 0)
      began_ns = regia_clock_monotonic_ns ();
    regia_iso_tick (f.plan->iso, regia_clock_monotonic_ns ());
    g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
    g_assert_true (regia_mark_read (map.data, WIDTH, WIDTH, HEIGHT, &number, NULL));
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    g_assert_cmpint (number, ==, last < 0 ? number : last + 1);
    last = number;
  }
  g_test_message ("50 pictures in %.2f s, %u packets of them",
                  (double)(regia_clock_monotonic_ns () - began_ns) / REGIA_SECOND, got.packets);
  g_assert_cmpint (regia_clock_monotonic_ns () - began_ns, <, 3 * REGIA_SECOND);
  g_assert_cmpstr (regia_iso_get_way (f.plan->iso), ==, "encoded");
  error = regia_iso_get_error (f.plan->iso);
  g_test_message ("\"%s\"", error);
  run_fixture_end (&f);
  regia_iso_close (f.plan->iso);
  g_assert_cmpint (*error == '\0', ==, works);
  g_assert_cmpint (got.packets > 0, ==, works);
  g_assert_cmpuint (got.packets, <, 10);
  run_fixture_clear (&f);
  remove_pipeline (pipeline);
}

static void
test_slow_encoder (void)
{
  check_mix_has_all ("identity name=in sleep-time=500000 ! x264enc tune=zerolatency speed-preset=ultrafast ! "
                     "capsfilter name=out caps=video/x-h264,stream-format=avc,alignment=au",
                     TRUE);
}

static void
test_broken_encoder (void)
{
  check_mix_has_all ("x264enc name=in error-after=3 ! capsfilter name=out caps=video/x-h264", FALSE);
}

/* --- stored and shown order --- */

static void
test_order (void)
{
  /* as they are shown, in hundredths of a second: without B-frames; with two; a pyramid of three */
  static const gint64 streams[][12] = {{0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44},
                                       {0, 12, 4, 8, 24, 16, 20, 36, 28, 32, 40, 44},
                                       {0, 16, 8, 4, 12, 32, 24, 20, 28, 36, 40, 44}};

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    gint64 last = REGIA_ISO_ORDER_NONE;

    for (guint j = 0; j < 12; j++) {
      guint count = MIN (1 + REGIA_ISO_ORDER_AHEAD, 12 - j);
      gint64 pts[1 + REGIA_ISO_ORDER_AHEAD], dts;

      for (guint k = 0; k < count; k++)
        pts[k] = REGIA_SECOND + streams[i][j + k] * 10 * REGIA_MSECOND;
      dts = regia_iso_order_dts (pts, count, last);
      g_assert_cmpint (dts, >, last);
      g_assert_cmpint (dts, <=, pts[0]);
      if (i == 0)
        g_assert_cmpint (dts, ==, pts[0]);
      last = dts;
    }
  }
}

static void
test_order_too_late (void)
{
  static const gint64 pts[] = {REGIA_SECOND, 2 * REGIA_SECOND};

  g_assert_cmpint (regia_iso_order_dts (pts, 2, REGIA_SECOND), <=, REGIA_SECOND);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/iso/order", test_order);
  g_test_add_func ("/engine/iso/order-too-late", test_order_too_late);
  g_test_add_func ("/engine/iso/garbage", test_garbage);
  g_test_add_func ("/engine/iso/wild-stamps", test_wild_stamps);
  g_test_add_func ("/engine/iso/never-placed", test_never_placed);
  g_test_add_func ("/engine/iso/copied", test_copied);
  g_test_add_func ("/engine/iso/copied-b-frames", test_copied_b_frames);
  g_test_add_func ("/engine/iso/encoded", test_encoded);
  g_test_add_func ("/engine/iso/slow-encoder", test_slow_encoder);
  g_test_add_func ("/engine/iso/broken-encoder", test_broken_encoder);
  return g_test_run ();
}
