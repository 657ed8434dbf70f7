/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <libavformat/avformat.h>

#include "regia/base/clock.h"

#define RATE        25
#define SAMPLE_RATE 48000

char *
sample_run (const char *first, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  va_list args;

  va_start (args, first);
  for (const char *word = first; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer)word);
  va_end (args);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (process))
    g_error ("%s failed", first);
  return out;
}

guint
sample_count (const char *path, const char *which)
{
  g_autofree char *out = sample_run ("ffprobe", "-v", "error", "-count_packets", "-select_streams", which,
                                     "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path, NULL);

  return (guint)g_ascii_strtoull (out, NULL, 10);
}

static void
read_tracks (Sample *self, AVFormatContext *context)
{
  for (guint i = 0; i < context->nb_streams; i++) {
    const AVCodecParameters *from = context->streams[i]->codecpar;
    gboolean video = from->codec_type == AVMEDIA_TYPE_VIDEO;
    g_autoptr (GBytes) extradata = g_bytes_new (from->extradata, (gsize)from->extradata_size);
    RegiaTrack *track = regia_track_new (i, video ? "video/test" : "audio/it", video ? "" : "it",
                                         video ? REGIA_CODEC_H264 : REGIA_CODEC_AAC, extradata);

    track->width = (guint)from->width;
    track->height = (guint)from->height;
    track->rate_num = video ? RATE : 0;
    track->rate_den = 1;
    track->sample_rate = (guint)from->sample_rate;
    track->channels = (guint)from->ch_layout.nb_channels;
    track->bitrate_bps = (guint)from->bit_rate;
    g_ptr_array_add (self->tracks, track);
  }
  g_assert_cmpuint (self->tracks->len, ==, 2);
}

Sample *
sample_new (guint kbps)
{
  Sample *self = g_new0 (Sample, 1);
  g_autofree char *rate = g_strdup_printf ("%uk", kbps);
  g_autofree char *path = NULL;
  g_autofree char *out = NULL;
  AVFormatContext *context = NULL;
  AVPacket *packet = av_packet_alloc ();
  int fd = g_file_open_tmp ("regia-sample-XXXXXX.mp4", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  out = sample_run ("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    "testsrc2=size=320x180:rate=25,noise=alls=40:allf=t", "-f", "lavfi", "-i",
                    "sine=frequency=440:sample_rate=48000", "-t", "4", "-c:v", "libx264", "-preset",
                    "ultrafast", "-tune", "zerolatency", "-bf", "0", "-g", "50", "-sc_threshold", "0", "-b:v",
                    rate, "-maxrate", rate, "-bufsize", rate, "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a",
                    "64k", path, NULL);
  self->tracks = regia_tracks_new ();
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  self->sounds = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_assert_cmpint (avformat_open_input (&context, path, NULL, NULL), ==, 0);
  read_tracks (self, context);
  while (av_read_frame (context, packet) >= 0) {
    g_ptr_array_add (packet->stream_index == 0 ? self->frames : self->sounds,
                     g_bytes_new (packet->data, (gsize)packet->size));
    av_packet_unref (packet);
  }
  g_assert_cmpuint (self->frames->len, ==, 4 * RATE);
  av_packet_free (&packet);
  avformat_close_input (&context);
  g_unlink (path);
  return self;
}

void
sample_free (Sample *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->tracks);
  g_ptr_array_unref (self->frames);
  g_ptr_array_unref (self->sounds);
  g_free (self);
}

RegiaPacket *
sample_next (Sample *self, guint64 *frame, guint64 *sound, gint64 start_ns)
{
  gint64 frame_ns = start_ns + (gint64)*frame * REGIA_SECOND / RATE;
  gint64 sound_ns = start_ns + (gint64)*sound * 1024 * REGIA_SECOND / SAMPLE_RATE;
  guint64 n;

  if (frame_ns <= sound_ns) {
    n = (*frame)++;
    return regia_packet_new (0, n % SAMPLE_GOP == 0 ? REGIA_PACKET_KEYFRAME : 0, frame_ns, frame_ns,
                             REGIA_SECOND / RATE,
                             g_bytes_ref (g_ptr_array_index (self->frames, n % self->frames->len)));
  }
  n = (*sound)++;
  return regia_packet_new (1, REGIA_PACKET_KEYFRAME, sound_ns, sound_ns, 1024 * REGIA_SECOND / SAMPLE_RATE,
                           g_bytes_ref (g_ptr_array_index (self->sounds, n % self->sounds->len)));
}
