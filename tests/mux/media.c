/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <math.h>
#include <string.h>

#include "regia/base/clock.h"

#define WIDTH  160
#define HEIGHT 120
#define FPS    25
#define RATE   48000

static AVCodecContext *
open_video (void)
{
  AVCodecContext *context = avcodec_alloc_context3 (avcodec_find_encoder_by_name ("libx264"));
  AVDictionary *options = NULL;

  g_assert_nonnull (context);
  context->width = WIDTH;
  context->height = HEIGHT;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->time_base = (AVRational){1, FPS};
  context->gop_size = context->keyint_min = 2 * FPS;
  context->max_b_frames = 0;
  context->thread_count = 1;
  context->bit_rate = 200000;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  av_dict_set (&options, "preset", "ultrafast", 0);
  av_dict_set (&options, "tune", "zerolatency", 0);
  /* Without start codes libavformat would want avcC; x264 makes neither, so the access units are converted
   * below. */
  g_assert_cmpint (avcodec_open2 (context, NULL, &options), ==, 0);
  av_dict_free (&options);
  return context;
}

static AVCodecContext *
open_audio (void)
{
  AVCodecContext *context = avcodec_alloc_context3 (avcodec_find_encoder (AV_CODEC_ID_AAC));

  g_assert_nonnull (context);
  context->sample_rate = RATE;
  context->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context->bit_rate = 96000;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  av_channel_layout_default (&context->ch_layout, 2);
  g_assert_cmpint (avcodec_open2 (context, NULL, NULL), ==, 0);
  return context;
}

/* Start codes to 4-byte lengths. x264 uses 3 and 4 byte start codes. */
static GBytes *
to_lengths (const guint8 *data, gsize size, gboolean skip_sei)
{
  GByteArray *out = g_byte_array_new ();
  gsize at = 0;

  while (at + 3 < size) {
    gsize begin, end;
    guint8 length[4];

    g_assert_cmpint (data[at] | data[at + 1], ==, 0);
    begin = at + (data[at + 2] == 1 ? 3 : 4);
    for (end = begin; end < size; end++)
      if (end + 3 <= size && data[end] == 0 && data[end + 1] == 0 &&
          (data[end + 2] == 1 || (end + 4 <= size && data[end + 2] == 0 && data[end + 3] == 1)))
        break;
    at = end;
    if (skip_sei && (data[begin] & 31) == 6)
      continue;
    for (int i = 0; i < 4; i++)
      length[i] = (guint8)((end - begin) >> (24 - 8 * i));
    g_byte_array_append (out, length, 4);
    g_byte_array_append (out, data + begin, (guint)(end - begin));
  }
  return g_byte_array_free_to_bytes (out);
}

static GBytes *
make_avcc (const AVCodecContext *video)
{
  g_autoptr (GBytes) units = to_lengths (video->extradata, (gsize)video->extradata_size, TRUE);
  gsize size;
  const guint8 *data = g_bytes_get_data (units, &size);
  gsize sps = (gsize)data[2] << 8 | data[3], pps = (gsize)data[4 + sps + 2] << 8 | data[4 + sps + 3];
  const guint8 head[] = {1, data[5], data[6], data[7], 0xff, 0xe1, data[2], data[3]};
  const guint8 middle[] = {1, (guint8)(pps >> 8), (guint8)pps};
  GByteArray *out = g_byte_array_new ();

  g_assert_cmpint (data[4] & 31, ==, 7);
  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, data + 4, (guint)sps);
  g_byte_array_append (out, middle, sizeof middle);
  g_byte_array_append (out, data + 8 + sps, (guint)pps);
  return g_byte_array_free_to_bytes (out);
}

static void
add_tracks (Media *self, const AVCodecContext *video, const AVCodecContext *audio)
{
  static const char *const languages[] = {"it", "en"};
  g_autoptr (GBytes) avcc = make_avcc (video);
  RegiaTrack *track = regia_track_new (0, "video/120p", "", REGIA_CODEC_H264, avcc);

  track->width = WIDTH;
  track->height = HEIGHT;
  track->rate_num = FPS;
  track->bitrate_bps = 200000;
  g_ptr_array_add (self->tracks, track);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *name = g_strconcat ("audio/", languages[i], NULL);
    g_autoptr (GBytes) config = g_bytes_new (audio->extradata, (gsize)audio->extradata_size);

    track = regia_track_new (i + 1, name, languages[i], REGIA_CODEC_AAC, config);
    track->sample_rate = RATE;
    track->channels = 2;
    regia_track_set_title (track, i == 0 ? "Sala, «originale»" : "English (interpreter)");
    track->bitrate_bps = 96000;
    g_ptr_array_add (self->tracks, track);
  }
}

static void
encode_video (Media *self, AVCodecContext *video, AVFrame *frame, AVPacket *packet, guint i, gint64 from_ns)
{
  g_assert_cmpint (av_frame_make_writable (frame), ==, 0);
  for (int y = 0; y < HEIGHT; y++)
    memset (frame->data[0] + y * frame->linesize[0], (int)(16 + (y * 2 + (int)i * 3) % 200), WIDTH);
  for (int plane = 1; plane < 3; plane++)
    for (int y = 0; y < HEIGHT / 2; y++)
      memset (frame->data[plane] + y * frame->linesize[plane], 128, WIDTH / 2);
  frame->pts = i;
  frame->pict_type = i % (2 * FPS) == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  g_assert_cmpint (avcodec_send_frame (video, frame), ==, 0);
  while (avcodec_receive_packet (video, packet) == 0) {
    gint64 at = from_ns + packet->pts * REGIA_SECOND / FPS;

    g_ptr_array_add (self->packets,
                     regia_packet_new (0, packet->flags & AV_PKT_FLAG_KEY ? REGIA_PACKET_KEYFRAME : 0, at, at,
                                       REGIA_SECOND / FPS,
                                       to_lengths (packet->data, (gsize)packet->size, TRUE)));
    av_packet_unref (packet);
  }
}

static void
encode_audio (Media *self, AVCodecContext *audio, AVFrame *frame, AVPacket *packet, guint i, gint64 from_ns)
{
  g_assert_cmpint (av_frame_make_writable (frame), ==, 0);
  for (int c = 0; c < 2; c++)
    for (int s = 0; s < 1024; s++)
      ((float *)(void *)frame->data[c])[s] = 0.3f * sinf ((float)((i * 1024 + (guint)s) % RATE) * 0.0576f);
  frame->pts = (gint64)i * 1024;
  g_assert_cmpint (avcodec_send_frame (audio, frame), ==, 0);
  while (avcodec_receive_packet (audio, packet) == 0) {
    gint64 n = packet->pts / 1024 + 1; /* the encoder's priming frame is counted as the first */
    gint64 at = from_ns + n * 1024 * REGIA_SECOND / RATE,
           end = from_ns + (n + 1) * 1024 * REGIA_SECOND / RATE;

    for (guint track = 1; track < 3; track++)
      g_ptr_array_add (self->packets, regia_packet_new (track, REGIA_PACKET_KEYFRAME, at, at, end - at,
                                                        g_bytes_new (packet->data, (gsize)packet->size)));
    av_packet_unref (packet);
  }
}

static AVFrame *
new_frame (const AVCodecContext *context)
{
  AVFrame *frame = av_frame_alloc ();

  frame->width = context->width;
  frame->height = context->height;
  frame->format =
      context->codec_type == AVMEDIA_TYPE_VIDEO ? (int)context->pix_fmt : (int)context->sample_fmt;
  frame->nb_samples = context->frame_size;
  if (context->codec_type == AVMEDIA_TYPE_AUDIO)
    av_channel_layout_copy (&frame->ch_layout, &context->ch_layout);
  g_assert_cmpint (av_frame_get_buffer (frame, 0), ==, 0);
  return frame;
}

Media *
media_new (guint seconds, gint64 from_ns)
{
  Media *self = g_new0 (Media, 1);
  AVCodecContext *video, *audio;
  AVFrame *picture, *sound;
  AVPacket *packet = av_packet_alloc ();
  guint n_audio = 0;

  av_log_set_level (AV_LOG_QUIET);
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  self->packets = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  video = open_video ();
  audio = open_audio ();
  add_tracks (self, video, audio);
  picture = new_frame (video);
  sound = new_frame (audio);
  for (guint i = 0; i < seconds * FPS; i++) {
    encode_video (self, video, picture, packet, i, from_ns);
    for (; (guint64)n_audio * 1024 * FPS < (guint64)(i + 1) * RATE; n_audio++)
      encode_audio (self, audio, sound, packet, n_audio, from_ns);
  }
  av_frame_free (&picture);
  av_frame_free (&sound);
  av_packet_free (&packet);
  avcodec_free_context (&video);
  avcodec_free_context (&audio);
  return self;
}

void
media_free (Media *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->tracks);
  g_ptr_array_unref (self->packets);
  g_free (self);
}

static void
drain (AVCodecContext *decoder, AVFrame *frame, const AVPacket *packet, guint *pictures, guint64 *samples)
{
  g_assert_cmpint (avcodec_send_packet (decoder, packet), ==, 0);
  while (avcodec_receive_frame (decoder, frame) == 0) {
    g_assert_cmpint (frame->decode_error_flags, ==, 0);
    g_assert_cmpint (frame->flags & AV_FRAME_FLAG_CORRUPT, ==, 0);
    if (decoder->codec_type == AVMEDIA_TYPE_VIDEO)
      (*pictures)++;
    else
      *samples += (guint64)frame->nb_samples;
    av_frame_unref (frame);
  }
}

guint
media_decode (const char *path, guint64 *ret_samples)
{
  AVFormatContext *file = NULL;
  AVCodecContext *decoders[2] = {NULL, NULL};
  AVPacket *packet = av_packet_alloc ();
  AVFrame *frame = av_frame_alloc ();
  guint pictures = 0;
  guint64 samples = 0;

  g_assert_cmpint (avformat_open_input (&file, path, NULL, NULL), ==, 0);
  for (guint i = 0; i < 2 && i < file->nb_streams; i++) {
    const AVCodecParameters *parameters = file->streams[i]->codecpar;

    decoders[i] = avcodec_alloc_context3 (avcodec_find_decoder (parameters->codec_id));
    g_assert_cmpint (avcodec_parameters_to_context (decoders[i], parameters), ==, 0);
    decoders[i]->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM;
    decoders[i]->thread_count = 1;
    g_assert_cmpint (avcodec_open2 (decoders[i], NULL, NULL), ==, 0);
  }
  while (av_read_frame (file, packet) >= 0) {
    if (packet->stream_index < 2)
      drain (decoders[packet->stream_index], frame, packet, &pictures, &samples);
    av_packet_unref (packet);
  }
  for (guint i = 0; i < 2; i++) {
    if (decoders[i] != NULL)
      drain (decoders[i], frame, NULL, &pictures, &samples);
    avcodec_free_context (&decoders[i]);
  }
  avformat_close_input (&file);
  av_packet_free (&packet);
  av_frame_free (&frame);
  if (ret_samples != NULL)
    *ret_samples = samples;
  return pictures;
}
