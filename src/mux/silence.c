/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "remux-private.h"

/*
 * A frame of silence for the gaps of an AAC track. It is encoded with libavcodec at the track's rate and
 * channels; a decoder only cares that object type, rate, channels and frame length in the AudioSpecificConfig
 * (ISO/IEC 14496-3 §1.6.2.1) are the same.
 */

#define PRIMING 3 /* frames until the encoder's output is nothing but silence */

/* Object type (5 bits), rate (4), channels (4), then frameLengthFlag. Only the plain form without explicit
 * rate. */
static gboolean
same_config (const uint8_t *a, int a_size, const uint8_t *b, int b_size)
{
  if (a_size < 2 || b_size < 2)
    return FALSE;
  return a[0] >> 3 == 2 && a[0] == b[0] && (a[1] & 0xfc) == (b[1] & 0xfc) && (a[1] & 4) == 0;
}

static AVCodecContext *
open_encoder (const AVCodecParameters *parameters)
{
  const AVCodec *codec = avcodec_find_encoder (AV_CODEC_ID_AAC);
  AVCodecContext *context = codec != NULL ? avcodec_alloc_context3 (codec) : NULL;

  if (context == NULL)
    return NULL;
  context->sample_rate = parameters->sample_rate;
  context->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context->bit_rate = 64000;
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
  av_channel_layout_default (&context->ch_layout, parameters->ch_layout.nb_channels);
  if (avcodec_open2 (context, codec, NULL) < 0 ||
      !same_config (parameters->extradata, parameters->extradata_size, context->extradata,
                    context->extradata_size))
    avcodec_free_context (&context);
  return context;
}

static GBytes *
encode (AVCodecContext *context, AVFrame *frame, AVPacket *packet)
{
  g_autoptr (GBytes) last = NULL;
  guint packets = 0;

  for (int i = 0; i < 4 * PRIMING && packets < PRIMING; i++) {
    frame->pts = (gint64)i * context->frame_size;
    if (avcodec_send_frame (context, frame) < 0)
      return NULL;
    while (avcodec_receive_packet (context, packet) == 0) {
      g_clear_pointer (&last, g_bytes_unref);
      last = g_bytes_new (packet->data, (gsize)packet->size);
      av_packet_unref (packet);
      packets++;
    }
  }
  return packets >= PRIMING ? g_steal_pointer (&last) : NULL;
}

GBytes *
regia_silence_new (const AVCodecParameters *parameters)
{
  AVCodecContext *context;
  AVFrame *frame;
  AVPacket *packet;
  GBytes *silence = NULL;

  if (parameters->codec_id != AV_CODEC_ID_AAC || (context = open_encoder (parameters)) == NULL)
    return NULL;
  frame = av_frame_alloc ();
  packet = av_packet_alloc ();
  frame->format = context->sample_fmt;
  frame->nb_samples = context->frame_size;
  frame->sample_rate = context->sample_rate;
  if (context->frame_size == 1024 && av_channel_layout_copy (&frame->ch_layout, &context->ch_layout) == 0 &&
      av_frame_get_buffer (frame, 0) == 0 &&
      av_samples_set_silence (frame->extended_data, 0, frame->nb_samples, frame->ch_layout.nb_channels,
                              AV_SAMPLE_FMT_FLTP) == 0)
    silence = encode (context, frame, packet);
  av_packet_free (&packet);
  av_frame_free (&frame);
  avcodec_free_context (&context);
  return silence;
}
