/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libavformat/avformat.h>

#include <glib/gstdio.h>
#include <string.h>

#include "regia/hls/window.h"

/* Real H.264 and AAC through the window and out again: ffmpeg encodes, the window cuts, ffprobe and ffmpeg
 * judge. */

#define SECONDS 21
#define FRAMES  (SECONDS * 25)

typedef struct {
  char *folder; /* (owned) */
  RegiaHlsWindow *window;
  GPtrArray *tracks;  /* (owned): video 0, audio 1 */
  GPtrArray *packets; /* (owned) (element-type RegiaPacket): of both, in the file's order */
} Fixture;

static void
run (const char *const *argv, char **ret_output)
{
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *errors = NULL;

  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, ret_output, &errors, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (errors, ==, "");
  g_assert_true (g_subprocess_get_successful (process));
}

static char *
encode (const char *folder)
{
  char *path = g_build_filename (folder, "source.mp4", NULL);
  const char *argv[] = {
      "ffmpeg",   "-v",          "error",        "-nostdin",
      "-f",       "lavfi",       "-i",           "testsrc2=size=320x180:rate=25:duration=21",
      "-f",       "lavfi",       "-i",           "sine=frequency=440:sample_rate=48000:duration=21",
      "-c:v",     "libx264",     "-preset",      "ultrafast",
      "-tune",    "zerolatency", "-x264-params", "keyint=50:min-keyint=50:scenecut=0",
      "-pix_fmt", "yuv420p",     "-c:a",         "aac",
      "-ac",      "2",           path,           NULL};
  g_autofree char *output = NULL;

  run (argv, &output);
  return path;
}

static RegiaTrack *
track_from_stream (const AVStream *stream)
{
  const AVCodecParameters *parameters = stream->codecpar;
  gboolean video = parameters->codec_type == AVMEDIA_TYPE_VIDEO;
  g_autoptr (GBytes) extradata = g_bytes_new (parameters->extradata, (gsize)parameters->extradata_size);
  RegiaTrack *track =
      regia_track_new ((guint)stream->index, video ? "video/180p" : "audio/it", video ? "" : "it",
                       video ? REGIA_CODEC_H264 : REGIA_CODEC_AAC, extradata);

  track->width = (guint)parameters->width;
  track->height = (guint)parameters->height;
  track->rate_num = video ? 25 : 0;
  track->sample_rate = (guint)parameters->sample_rate;
  track->channels = video ? 0 : 2;
  track->bitrate_bps = (guint)parameters->bit_rate;
  return track;
}

static void
read_source (Fixture *fixture, const char *path)
{
  const AVRational ns = {1, REGIA_SECOND};
  AVFormatContext *context = NULL;
  AVPacket *packet = av_packet_alloc ();

  g_assert_cmpint (avformat_open_input (&context, path, NULL, NULL), ==, 0);
  g_assert_cmpint (avformat_find_stream_info (context, NULL), >=, 0);
  for (guint i = 0; i < context->nb_streams; i++)
    g_ptr_array_add (fixture->tracks, track_from_stream (context->streams[i]));
  while (av_read_frame (context, packet) >= 0) {
    AVRational base = context->streams[packet->stream_index]->time_base;

    g_ptr_array_add (
        fixture->packets,
        regia_packet_new (
            (guint)packet->stream_index, (packet->flags & AV_PKT_FLAG_KEY) != 0 ? REGIA_PACKET_KEYFRAME : 0,
            av_rescale_q (packet->pts, base, ns), av_rescale_q (packet->dts, base, ns),
            av_rescale_q (packet->duration, base, ns), g_bytes_new (packet->data, (gsize)packet->size)));
    av_packet_unref (packet);
  }
  av_packet_free (&packet);
  avformat_close_input (&context);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const RegiaHlsOptions options = {.segment_ns = 2 * REGIA_SECOND, .segments = 20, .segments_kept = 23};
  g_autofree char *path = NULL;

  fixture->folder = g_dir_make_tmp ("regia-hls-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  path = encode (fixture->folder);
  fixture->tracks = regia_tracks_new ();
  fixture->packets = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  read_source (fixture, path);
  fixture->window = regia_hls_window_new (&options);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    remove_tree (child);
  }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  regia_hls_window_free (fixture->window);
  g_ptr_array_unref (fixture->packets);
  g_ptr_array_unref (fixture->tracks);
  remove_tree (fixture->folder);
  g_free (fixture->folder);
}

/* Pushes all but what was encoded in [@away_from_ns, @away_to_ns). */
static void
push_all (Fixture *fixture, gint64 away_from_ns, gint64 away_to_ns)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (regia_hls_window_set_tracks (fixture->window, fixture->tracks, &error));
  for (guint i = 0; i < fixture->packets->len; i++) {
    RegiaPacket *packet = g_ptr_array_index (fixture->packets, i);

    if (packet->pts_ns >= away_from_ns && packet->pts_ns < away_to_ns)
      continue;
    g_assert_true (regia_hls_window_push (fixture->window, packet, &error));
    g_assert_no_error (error);
  }
  g_assert_true (regia_hls_window_end (fixture->window, &error));
  g_assert_no_error (error);
}

static void
save (Fixture *fixture, const char *name)
{
  g_auto (RegiaHlsResource) resource = {0};
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL), *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  const char *data;

  g_assert_cmpint (regia_hls_window_lookup (fixture->window, name, &resource), ==, REGIA_HLS_FOUND);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  data = g_bytes_get_data (resource.bytes, &size);
  g_assert_true (g_file_set_contents (path, data, (gssize)size, &error));
  g_assert_no_error (error);
}

/* A playlist and all it names, as files. */
static void
save_list (Fixture *fixture, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (name), *path = g_build_filename (fixture->folder, name, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean gap = FALSE;

  save (fixture, name);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *entry = NULL;

    if (g_str_has_prefix (lines[i], "#EXT-X-MAP:URI="))
      entry = g_strdup_printf ("%s/%.17s", folder, strchr (lines[i], '"') + 1);
    else if (g_str_has_suffix (lines[i], ".m4s") && !gap)
      entry = g_strdup_printf ("%s/%s", folder, lines[i]);
    if (entry != NULL)
      save (fixture, entry);
    gap = strcmp (lines[i], "#EXT-X-GAP") == 0;
  }
}

/* ffmpeg's HLS reader takes segments only under the file names that it knows, unless told otherwise. */
static void
run_on (Fixture *fixture, const char *name, const char *const *before, const char *const *after,
        char **ret_output)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  const char *extensions[] = {"-allowed_extensions", "ALL", NULL};
  g_auto (GStrv) all = NULL;

  g_strv_builder_addv (argv, (const char **)before);
  if (g_str_has_suffix (name, ".m3u8"))
    g_strv_builder_addv (argv, extensions);
  g_strv_builder_add (argv, "-i");
  g_strv_builder_add (argv, path);
  g_strv_builder_addv (argv, (const char **)after);
  all = g_strv_builder_end (argv);
  run ((const char *const *)all, ret_output);
}

static gint64
count_frames (Fixture *fixture, const char *name)
{
  const char *before[] = {"ffprobe", "-v", "error", NULL};
  const char *after[] = {"-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", NULL};
  g_autofree char *output = NULL;

  run_on (fixture, name, before, after, &output);
  return g_ascii_strtoll (output, NULL, 10);
}

static void
decode (Fixture *fixture, const char *name)
{
  const char *before[] = {"ffmpeg", "-v", "error", "-nostdin", "-xerror", "-err_detect", "explode", NULL};
  const char *after[] = {"-f", "null", "-", NULL};
  g_autofree char *output = NULL;

  run_on (fixture, name, before, after, &output);
}

/* Every frame that went in comes out, decodes, and the whole lasts as long as it did. */
static void
test_whole (Fixture *fixture, gconstpointer data)
{
  gint64 audio_frames = 0;

  for (guint i = 0; i < fixture->packets->len; i++)
    if (((RegiaPacket *)g_ptr_array_index (fixture->packets, i))->track == 1)
      audio_frames++;
  push_all (fixture, 0, 0);
  save (fixture, "index.m3u8");
  save_list (fixture, "video/180p/index.m3u8");
  save_list (fixture, "audio/it/index.m3u8");

  g_assert_cmpint (count_frames (fixture, "video/180p/index.m3u8"), ==, FRAMES);
  /* a decoder takes the first one for its priming; the one before time 0 is not part of the show */
  g_assert_cmpint (ABS (count_frames (fixture, "audio/it/index.m3u8") - audio_frames), <=, 1);
  decode (fixture, "index.m3u8");
}

/* A hole as an engine's restart leaves it: in the middle of one number to the keyframe of a later one. */
static void
test_hole (Fixture *fixture, gconstpointer data)
{
  push_all (fixture, 7 * REGIA_SECOND, 12 * REGIA_SECOND);
  save_list (fixture, "video/180p/index.m3u8");
  save_list (fixture, "audio/it/index.m3u8");
  {
    /* ffmpeg 5.1 does not know EXT-X-GAP: what it is given is what a player would fetch, one after the other
     */
    const char *lists[] = {"video/180p", "audio/it"};

    for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
      g_autofree char *folder = g_build_filename (fixture->folder, lists[i], NULL);
      g_autofree char *command = g_strdup_printf (
          "cd '%s' && cat init-*.mp4 0.m4s 1.m4s 2.m4s 3.m4s 6.m4s 7.m4s 8.m4s 9.m4s 10.m4s > all.mp4",
          folder);
      const char *argv[] = {"/bin/sh", "-c", command, NULL};
      g_autofree char *output = NULL;

      run (argv, &output);
    }
  }
  g_assert_cmpint (count_frames (fixture, "video/180p/all.mp4"), ==, FRAMES - 5 * 25);
  decode (fixture, "video/180p/all.mp4");
  decode (fixture, "audio/it/all.mp4");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/hls/media/whole", Fixture, NULL, set_up, test_whole, tear_down);
  g_test_add ("/hls/media/hole", Fixture, NULL, set_up, test_hole, tear_down);
  return g_test_run ();
}
