/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What public readers get while the hall is private, put into a programme's packets in place of its own, as
 * the feed does it, and read by ffmpeg: a decoder notices nothing, and nothing of the hall is in it.
 */
#include "../../src/engine/blank-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>

#include "../../src/engine/programme-private.h"
#include "../../src/engine/slate-private.h"
#include "fixture.h"
#include "regia/base/error.h"
#include "regia/engine/check.h"
#include "regia/engine/mark.h"
#include "regia/mux/fmp4.h"
#include "regia/mux/output.h"

/* −80 dBFS. */
#define SILENT 1e-4f

typedef struct {
  Fixture fixture;
  RegiaFeedLog *spare_log;
  RegiaProgramme *spare; /* never started: it has the specifications */
  RegiaBlank *blank;
  GMutex lock;
  GCond cond;
  gboolean done;
} Setup;

static void
on_done_cb (RegiaBlank *blank, gpointer user_data)
{
  Setup *self = user_data;

  g_mutex_lock (&self->lock);
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
on_failed_cb (const GError *error, gpointer user_data)
{
  g_error ("%s", error->message);
}

static void
make_blank (Setup *self, RegiaConfig *config, const RegiaEpoch *epoch)
{
  g_autoptr (GError) error = NULL;

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->spare_log = regia_feed_log_new (2, REGIA_SECOND, 1 << 20);
  self->spare =
      regia_programme_new (regia_config_get (config), epoch, self->spare_log, on_failed_cb, NULL, &error);
  g_assert_no_error (error);
  self->blank = regia_blank_new (regia_config_get (config), regia_programme_video_caps (self->spare),
                                 regia_programme_get_encoders (self->spare), on_done_cb, self);
}

static void
wait_blank (Setup *self)
{
  g_mutex_lock (&self->lock);
  while (!self->done)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
clear_blank (Setup *self)
{
  regia_blank_free (self->blank);
  regia_programme_free (self->spare);
  regia_feed_log_free (self->spare_log);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

/* A stretch of a track, and what is private in it, as numbers of its packets. */
typedef struct {
  RegiaTrack *track;  /* (unowned) */
  GPtrArray *packets; /* (element-type RegiaPacket) */
  guint from, to;
} Cut;

static GPtrArray *
payloads_for (Setup *self, const RegiaTrack *track)
{
  g_autoptr (GError) error = NULL;
  gint64 duration_ns = 0;
  GPtrArray *payloads = regia_blank_get (self->blank, track, &duration_ns, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (payloads->len, >, 0);
  g_assert_cmpint (duration_ns, >, 0);
  return payloads;
}

/* What a public reader is given for @packets when [@from_ns, @to_ns) is private. */
static Cut
make_cut (Setup *self, RegiaTrack *track, GPtrArray *packets, gint64 from_ns, gint64 to_ns, gint64 segment_ns)
{
  GPtrArray *payloads = payloads_for (self, track);
  Cut cut = {track, g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref), G_MAXUINT, 0};
  gint64 segment = -1;
  guint next = 0;

  for (guint i = 0; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i];
    gboolean video = regia_track_is_video (track), begins;
    /* A frame of sound holds as much again of what comes after it. */
    gint64 reaches_ns = packet->pts_ns + (video ? 1 : 2) * packet->duration_ns;

    if (reaches_ns <= from_ns || packet->pts_ns >= to_ns) {
      g_ptr_array_add (cut.packets, regia_packet_ref ((RegiaPacket *)packet));
      continue;
    }
    begins = cut.from == G_MAXUINT || (video && packet->pts_ns / segment_ns != segment);
    if (begins) {
      cut.from = MIN (cut.from, i);
      next = 0;
    }
    segment = packet->pts_ns / segment_ns;
    cut.to = i + 1;
    if (video)
      g_assert_cmpuint (next, <, payloads->len);
    g_ptr_array_add (cut.packets, regia_packet_new (track->id, !video || begins ? REGIA_PACKET_KEYFRAME : 0,
                                                    packet->pts_ns, packet->dts_ns, packet->duration_ns,
                                                    g_bytes_ref (payloads->pdata[next++ % payloads->len])));
  }
  g_assert_cmpuint (cut.from, <, cut.to);
  return cut;
}

static int
by_time_cb (gconstpointer a, gconstpointer b)
{
  const RegiaPacket *x = *(RegiaPacket *const *)a, *y = *(RegiaPacket *const *)b;

  return x->dts_ns < y->dts_ns ? -1 : x->dts_ns > y->dts_ns;
}

static void
write_all (int fd, GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  g_assert_cmpint (write (fd, data, size), ==, (gssize)size);
}

/* (transfer full): path of a file of @format with the packets of both tracks. */
static char *
write_file (const char *format, RegiaTrack *video, GPtrArray *pictures, RegiaTrack *audio, GPtrArray *sounds,
            gint64 segment_ns)
{
  g_autofree char *name = g_strdup_printf ("regia-blank-XXXXXX.%s", format);
  g_autoptr (GPtrArray) tracks = g_ptr_array_new (), packets = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp (name, &path, NULL);

  g_ptr_array_add (tracks, video);
  g_ptr_array_add (tracks, audio);
  g_ptr_array_extend (packets, pictures, NULL, NULL);
  g_ptr_array_extend (packets, sounds, NULL, NULL);
  g_ptr_array_sort (packets, by_time_cb);
  if (strcmp (format, "mp4") == 0) {
    g_autoptr (RegiaFmp4) mux = regia_fmp4_new (tracks, &error);
    gint64 segment = -1;

    g_assert_no_error (error);
    write_all (fd, regia_fmp4_get_header (mux));
    for (guint i = 0; i <= packets->len; i++) {
      RegiaPacket *packet = i < packets->len ? packets->pdata[i] : NULL;

      if (packet == NULL || packet->dts_ns / segment_ns != segment) {
        g_autoptr (GBytes) fragment = regia_fmp4_flush (mux, &error);
        g_assert_no_error (error);
        if (fragment)
          write_all (fd, fragment);
      }
      if (packet) {
        segment = packet->dts_ns / segment_ns;
        g_assert_true (regia_fmp4_write (mux, packet, &error));
      }
    }
  } else {
    g_autofree char *url = g_strdup_printf ("fd:%d", fd);
    const RegiaOutputTarget target = {.url = url};
    g_autoptr (RegiaOutput) output = regia_output_open (&target, "mpegts", tracks, 5000, NULL, &error);

    g_assert_no_error (error);
    for (guint i = 0; i < packets->len; i++)
      g_assert_true (regia_output_write (output, packets->pdata[i], &error));
  }
  g_close (fd, NULL);
  return path;
}

/* What ffmpeg makes of a stream of @path, as raw samples; it must have nothing to remark. */
static GBytes *
decode (const char *path, const char *const *options)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) errors = NULL;
  g_autoptr (GError) error = NULL;
  GBytes *out = NULL;
  static const char *const begin[] = {"ffmpeg",      "-nostdin", "-v",      "warning",
                                      "-err_detect", "explode",  "-xerror", "-i"};

  for (gsize i = 0; i < G_N_ELEMENTS (begin); i++)
    g_ptr_array_add (argv, (gpointer)begin[i]);
  g_ptr_array_add (argv, (gpointer)path);
  for (gsize i = 0; options[i]; i++)
    g_ptr_array_add (argv, (gpointer)options[i]);
  g_ptr_array_add (argv, (gpointer) "-");
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const char *const *)argv->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate (process, NULL, NULL, &out, &errors, &error));
  if (g_bytes_get_size (errors) > 0)
    g_test_message ("%s: %.*s", path, (int)g_bytes_get_size (errors),
                    (const char *)g_bytes_get_data (errors, NULL));
  g_assert_true (g_subprocess_get_successful (process));
  g_assert_cmpuint (g_bytes_get_size (errors), ==, 0);
  return out;
}

static GBytes *
decode_video (const char *path)
{
  static const char *const options[] = {"-map",    "0:v", "-fps_mode", "passthrough", "-pix_fmt",
                                        "yuv420p", "-f",  "rawvideo",  NULL};

  return decode (path, options);
}

static GBytes *
decode_audio (const char *path)
{
  static const char *const options[] = {"-map", "0:a", "-f", "f32le", NULL};

  return decode (path, options);
}

/* The slate's luma at a rendition's size; renditions are the programme's size or half of it. */
static guint8 *
draw_slate (Setup *self, const RegiaTrack *track)
{
  const RegiaConfigValues *values = regia_config_get (self->fixture.config);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GstBuffer) slate =
      regia_slate_draw_break (values, regia_programme_video_caps (self->spare), cancellable, NULL);
  guint8 *luma = g_malloc ((gsize)track->width * track->height);
  guint step = values->width / track->width;
  GstMapInfo map;

  g_assert_nonnull (slate);
  g_assert_true (gst_buffer_map (slate, &map, GST_MAP_READ));
  for (guint y = 0; y < track->height; y++)
    for (guint x = 0; x < track->width; x++) {
      guint sum = 0;
      for (guint i = 0; i < step * step; i++)
        sum += map.data[(y * step + i / step) * values->width + x * step + i % step];
      luma[y * track->width + x] = (guint8)(sum / step / step);
    }
  gst_buffer_unmap (slate, &map);
  return luma;
}

static double
difference (const guint8 *a, const guint8 *b, gsize size)
{
  gsize sum = 0;

  for (gsize i = 0; i < size; i++)
    sum += (gsize)ABS (a[i] - b[i]);
  return (double)sum / (double)size;
}

/* Outside of the private span nothing is changed, not one bit; in it there is the slate, and no mark. */
static void
check_pictures (Setup *self, const Cut *cut, GBytes *before, const char *path)
{
  g_autoptr (GBytes) after = decode_video (path);
  g_autofree guint8 *slate = draw_slate (self, cut->track);
  gsize luma = (gsize)cut->track->width * cut->track->height, frame = luma * 3 / 2;
  const guint8 *a = g_bytes_get_data (before, NULL), *b = g_bytes_get_data (after, NULL);
  int width = (int)cut->track->width, height = (int)cut->track->height;
  double worst = 0;
  guint marked = 0;

  g_assert_cmpuint (g_bytes_get_size (before), ==, frame * cut->packets->len);
  g_assert_cmpuint (g_bytes_get_size (after), ==, frame * cut->packets->len);
  for (guint i = 0; i < cut->packets->len; i++, a += frame, b += frame) {
    if (i < cut->from || i >= cut->to) {
      g_assert_cmpmem (a, frame, b, frame);
      continue;
    }
    marked += regia_mark_read (a, width, width, height, NULL, NULL);
    g_assert_false (regia_mark_read (b, width, width, height, NULL, NULL));
    worst = MAX (worst, difference (b, slate, luma));
  }
  g_test_message ("%s, %s: %u of %u pictures are the slate, at most %.2f of luma from it", path,
                  cut->track->name, cut->to - cut->from, cut->packets->len, worst);
  g_assert_cmpuint (marked, >, (cut->to - cut->from) / 2); /* there was something to be hidden */
  g_assert_cmpfloat (worst, <, 3);
}

static float
loudest (GBytes *samples, gint64 from, gint64 to)
{
  const float *data = g_bytes_get_data (samples, NULL);
  float peak = 0;

  for (gint64 i = MAX (from, 0) * 2; i < to * 2; i++)
    peak = MAX (peak, fabsf (data[i]));
  return peak;
}

/* Silent where the private span begins and as far as it goes, whatever the decoder still held. */
static void
check_sound (const Cut *cut, gint64 from_ns, GBytes *before, const char *path)
{
  g_autoptr (GBytes) after = decode_audio (path);
  gint64 frame = cut->track->codec == REGIA_CODEC_AAC ? 1024 : 960;
  gint64 samples = (gint64)g_bytes_get_size (after) / 8, trimmed = frame * cut->packets->len - samples;
  gint64 begin_ns = ((RegiaPacket *)cut->packets->pdata[0])->pts_ns;
  gint64 from = (from_ns - begin_ns) * 48 / 1000000 + 1 - trimmed, to = cut->to * frame - trimmed;

  g_test_message ("%s, %s: peak %g before, %g in the private span, %g after", path, cut->track->name,
                  (double)loudest (after, 0, from - 2 * frame), (double)loudest (after, from, to),
                  (double)loudest (after, to, samples));
  g_assert_cmpuint (g_bytes_get_size (before), ==, g_bytes_get_size (after));
  g_assert_cmpint (trimmed, >=, 0);
  g_assert_cmpint (trimmed, <=, 1024);
  g_assert_cmpfloat (loudest (before, from, to), >, 0.1f);
  g_assert_cmpfloat (loudest (after, from, to), <, SILENT);
  g_assert_cmpfloat (loudest (after, 0, from - 2 * frame), >, 0.1f);
  g_assert_cmpfloat (loudest (after, to + frame, samples), >, 0.1f);
}

/* A picture and a sound of the programme, as they are decoded whole. */
typedef struct {
  Setup *setup;
  RegiaTrack *video, *audio;    /* (unowned) */
  GPtrArray *pictures, *sounds; /* (owned) (element-type RegiaPacket) */
  GBytes *seen, *heard;         /* (owned) */
} Pair;

static Pair
make_pair (Setup *setup, RegiaTrack *video, RegiaTrack *audio)
{
  Pair self = {setup,
               video,
               audio,
               packets_of (&setup->fixture, video->name),
               packets_of (&setup->fixture, audio->name),
               NULL,
               NULL};
  g_autofree char *path = write_file ("mp4", video, self.pictures, audio, self.sounds, SEGMENT_NS);

  self.seen = decode_video (path);
  self.heard = decode_audio (path);
  g_unlink (path);
  return self;
}

static void
pair_clear (Pair *self)
{
  g_ptr_array_unref (self->pictures);
  g_ptr_array_unref (self->sounds);
  g_bytes_unref (self->seen);
  g_bytes_unref (self->heard);
}

static void
check_file (Pair *self, const char *format, gint64 from_ns, gint64 to_ns)
{
  Cut picture = make_cut (self->setup, self->video, self->pictures, from_ns, to_ns, SEGMENT_NS),
      sound = make_cut (self->setup, self->audio, self->sounds, from_ns, to_ns, SEGMENT_NS);
  g_autofree char *path =
      write_file (format, self->video, picture.packets, self->audio, sound.packets, SEGMENT_NS);

  check_pictures (self->setup, &picture, self->seen, path);
  check_sound (&sound, from_ns, self->heard, path);
  g_ptr_array_unref (picture.packets);
  g_ptr_array_unref (sound.packets);
  g_unlink (path);
}

static const char loud[] = "videotestsrc is-live=true pattern=snow\n"
                           "  ! video/x-raw,format=I420,width=640,height=360,framerate={rate}\n"
                           "  ! regiamark name=video\n"
                           "audiotestsrc is-live=true wave=pink-noise volume=0.8 samplesperbuffer=480\n"
                           "  ! audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved\n"
                           "  ! audioconvert name=audio";

static const char head[] = "[event]\nname=Sirio migranti\nplace=Massa\nlanguages=it, en\n"
                           "[programme]\nsize=640x360\nrate=%s\n"
                           "[rendition big]\nsize=640x360\nbitrate=800k\npreset=%s\n"
                           "[rendition small]\nsize=320x180\nbitrate=300k\npreset=ultrafast\n"
                           "[audio it]\nsources=camera\n%s"
                           "[source camera]\npipeline=%s\nrate=%s\n";

typedef struct {
  const char *rate, *source_rate, *preset, *audio;
} Variant;

static gboolean
has_blank_state (gpointer data)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (((Fixture *)data)->engine));
  const char *error = NULL;

  return ((Fixture *)data)->ready && g_variant_lookup (state, "blank-error", "&s", &error) &&
         error[0] == '\0';
}

static void
test_splice (gconstpointer data)
{
  const Variant *variant = data;
  Setup self = {0};
  g_autofree char *pipeline = write_pipeline ("videotestsrc audiotestsrc", "# param rate=25/1 fps\n", loud);
  g_autofree char *config =
      g_strdup_printf (head, variant->rate, variant->preset, variant->audio, pipeline, variant->source_rate);
  g_autoptr (GPtrArray) tracks = NULL, pictures = NULL;
  gint64 live_ns, period_ns, key_ns;

  fixture_start (&self.fixture, config);
  g_assert_true (wait_for (&self.fixture, is_live, &self.fixture, 60));
  live_ns = regia_epoch_show_time (&self.fixture.epoch);
  make_blank (&self, self.fixture.config, &self.fixture.epoch);
  run_for (&self.fixture, 8);
  g_assert_true (has_blank_state (&self.fixture));
  fixture_stop (&self.fixture);
  wait_blank (&self);

  tracks = regia_feed_log_get_tracks (self.fixture.log);
  pictures = packets_of (&self.fixture, "video/big");
  period_ns = ((RegiaPacket *)pictures->pdata[0])->duration_ns;
  /* There is a second of the hall before it, however long the source took to come. */
  key_ns = (live_ns / SEGMENT_NS + 1) * SEGMENT_NS + SEGMENT_NS;
  for (guint i = 0; i < 2; i++) {
    RegiaTrack *video = regia_tracks_find (tracks, i == 0 ? "video/big" : "video/small");
    Pair aac = make_pair (&self, video, regia_tracks_find (tracks, "audio/it"));
    Pair opus = make_pair (&self, video, regia_tracks_find (tracks, "audio/it/opus"));

    /* From the midst of a segment on over one boundary. */
    check_file (&aac, "ts", key_ns - 30 * period_ns, key_ns + SEGMENT_NS);
    check_file (&opus, "mp4", key_ns - 30 * period_ns, key_ns + SEGMENT_NS);
    /* One picture before a boundary, and right behind a keyframe: two IDRs follow each other. */
    check_file (&aac, "mp4", key_ns - period_ns, key_ns + SEGMENT_NS);
    check_file (&aac, "ts", key_ns + period_ns, key_ns + SEGMENT_NS);
    pair_clear (&aac);
    pair_clear (&opus);
  }
  {
    /* Behind another decoder configuration it may not stand. */
    RegiaTrack *running = regia_tracks_find (tracks, "video/big");
    g_autoptr (GBytes) other = g_bytes_new_static ("\1\144\0\37\377\341", 6);
    g_autoptr (RegiaTrack) changed =
        regia_track_new (running->id, running->name, "", REGIA_CODEC_H264, other);
    g_autoptr (GError) error = NULL;
    gint64 duration_ns;

    changed->width = running->width;
    changed->height = running->height;
    g_assert_null (regia_blank_get (self.blank, changed, &duration_ns, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
    g_test_message ("%s", error->message);
  }
  clear_blank (&self);
  fixture_clear (&self.fixture);
  remove_pipeline (pipeline);
}

/* What a reader with @rights is given of a track. (element-type RegiaPacket) */
static GPtrArray *
packets_for (Fixture *self, RegiaFeedRights rights, const char *track)
{
  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  g_autofree char *pattern = g_strconcat (track, "\n", NULL);
  g_autoptr (RegiaFeedCursor) cursor =
      regia_feed_cursor_new (self->log, rights, pattern, strlen (pattern), REGIA_FEED_FROM_OLDEST, 0);
  gboolean more = TRUE;

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

/* Where the public was given something else than the house. */
static Cut
find_cut (Fixture *self, RegiaTrack *track, GPtrArray *house)
{
  Cut cut = {track, packets_for (self, REGIA_FEED_PUBLIC, track->name), G_MAXUINT, 0};

  g_assert_cmpuint (cut.packets->len, ==, house->len);
  for (guint i = 0; i < house->len; i++) {
    const RegiaPacket *a = house->pdata[i], *b = cut.packets->pdata[i];

    g_assert_cmpint (a->pts_ns, ==, b->pts_ns);
    if (g_bytes_equal (a->payload, b->payload))
      continue;
    cut.from = MIN (cut.from, i);
    cut.to = i + 1;
  }
  g_assert_cmpuint (cut.from, <, cut.to);
  return cut;
}

/* Public again at once, with the same picture in every rendition; and segments begin where they always do. */
static void
check_return (const Cut *cut, gint64 off_ns, gint64 *back_ns)
{
  const RegiaPacket *back = cut->packets->pdata[cut->to];

  g_test_message ("%s: public again %.0f ms after it was told to be", cut->track->name,
                  (double)(back->pts_ns - off_ns) / REGIA_MSECOND);
  g_assert_true (regia_packet_is_keyframe (back));
  g_assert_cmpint (back->pts_ns, >=, off_ns);
  g_assert_cmpint (back->pts_ns - off_ns, <, 300 * REGIA_MSECOND);
  g_assert_true (*back_ns == 0 || *back_ns == back->pts_ns);
  *back_ns = back->pts_ns;
  for (guint i = 1; i < cut->packets->len; i++) {
    const RegiaPacket *before = cut->packets->pdata[i - 1], *packet = cut->packets->pdata[i];

    if (packet->pts_ns / SEGMENT_NS != before->pts_ns / SEGMENT_NS)
      g_assert_true (regia_packet_is_keyframe (packet));
  }
}

/* The same through the feed of an engine: switched on and off while it runs. */
static void
test_feed (void)
{
  Setup self = {0};
  g_autofree char *pipeline = write_pipeline ("videotestsrc audiotestsrc", "# param rate=25/1 fps\n", loud);
  g_autofree char *config = g_strdup_printf (head, "25", "ultrafast", "", pipeline, "25/1");
  g_autoptr (GPtrArray) tracks = NULL;
  gint64 on_ns, off_ns, back_ns = 0;

  fixture_start (&self.fixture, config);
  g_assert_true (wait_for (&self.fixture, is_live, &self.fixture, 10));
  make_blank (&self, self.fixture.config, &self.fixture.epoch); /* for the slate's looks */
  wait_blank (&self);
  run_for (&self.fixture, 2.5);
  g_assert_true (has_blank_state (&self.fixture));
  on_ns = regia_epoch_show_time (&self.fixture.epoch);
  regia_feed_log_set_private (self.fixture.log, TRUE, on_ns);
  run_for (&self.fixture, 3);
  /* Well before the keyframe that comes by itself. */
  off_ns = regia_epoch_show_time (&self.fixture.epoch);
  run_for (&self.fixture, (double)(SEGMENT_NS - off_ns % SEGMENT_NS) / REGIA_SECOND + 0.5);
  off_ns = regia_epoch_show_time (&self.fixture.epoch);
  regia_feed_log_set_private (self.fixture.log, FALSE, off_ns);
  regia_engine_force_keyframe (self.fixture.engine, off_ns);
  run_for (&self.fixture, 4);
  fixture_stop (&self.fixture);
  tracks = regia_feed_log_get_tracks (self.fixture.log);
  for (guint i = 0; i < 2; i++) {
    RegiaTrack *video = regia_tracks_find (tracks, i == 0 ? "video/big" : "video/small");
    RegiaTrack *audio = regia_tracks_find (tracks, i == 0 ? "audio/it" : "audio/it/opus");
    Pair pair = make_pair (&self, video, audio);
    Cut picture = find_cut (&self.fixture, video, pair.pictures),
        sound = find_cut (&self.fixture, audio, pair.sounds);
    const RegiaPacket *first = sound.packets->pdata[sound.from];
    g_autofree char *path = write_file ("mp4", video, picture.packets, audio, sound.packets, SEGMENT_NS);

    g_assert_cmpint (((RegiaPacket *)picture.packets->pdata[picture.from])->pts_ns, <=, on_ns);
    g_assert_cmpint (((RegiaPacket *)picture.packets->pdata[picture.to - 1])->pts_ns, >=,
                     off_ns - 40 * REGIA_MSECOND);
    check_return (&picture, off_ns, &back_ns);
    g_assert_cmpint (first->pts_ns, <=, on_ns);
    check_pictures (&self, &picture, pair.seen, path);
    check_sound (&sound, first->pts_ns + first->duration_ns, pair.heard, path);
    g_ptr_array_unref (picture.packets);
    g_ptr_array_unref (sound.packets);
    pair_clear (&pair);
    g_unlink (path);
  }
  clear_blank (&self);
  fixture_clear (&self.fixture);
  remove_pipeline (pipeline);
}

/* An engine that ends at once does not wait for the slate. */
static void
test_cancel (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text =
      g_strdup_printf ("[event]\nname=Test\n[programme]\nsize=1920x1080\nrate=50\n"
                       "[rendition big]\nsize=1920x1080\nbitrate=4M\npreset=medium\n[web]\nsegment=10s\n"
                       "[audio it]\nsources=camera\n[source camera]\npipeline=test\n");
  g_autoptr (RegiaConfig) config = regia_config_parse (text, strlen (text), "test.conf", "/", FALSE, &error);
  RegiaEpoch epoch;
  Setup self = {0};

  g_assert_no_error (error);
  regia_epoch_now (&epoch);
  make_blank (&self, config, &epoch);
  clear_blank (&self);
  g_assert_false (self.done);
}

static void
test_words (void)
{
  static const char *const both[] = {"it", "en-GB", NULL}, *const twice[] = {"en", "en-US", "it-IT", NULL},
                           *const none[] = {"lij", "ita", NULL};
  static const struct {
    const char *const *languages;
    const char *words;
  } cases[] = {
      {both, "Torniamo subito\nWe will be right back"},
      {twice, "We will be right back\nTorniamo subito"},
      {none, "We will be right back"},
      {NULL, "We will be right back"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = regia_slate_break_line (cases[i].languages);
    g_assert_cmpstr (line, ==, cases[i].words);
  }
}

int
main (int argc, char **argv)
{
  static const Variant plain = {"25", "25/1", "ultrafast", ""},
                       other = {"30000/1001", "30000/1001", "veryfast", "bitrate=48k\nopus_bitrate=24k\n"};

  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL));
  g_test_add_func ("/engine/blank/words", test_words);
  g_test_add_func ("/engine/blank/cancel", test_cancel);
  g_test_add_data_func ("/engine/blank/splice", &plain, test_splice);
  g_test_add_data_func ("/engine/blank/splice/other", &other, test_splice);
  g_test_add_func ("/engine/blank/feed", test_feed);
  return g_test_run ();
}
