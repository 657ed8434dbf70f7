/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include <errno.h>
#include <string.h>

#include "av-private.h"
#include "regia/base/error.h"
#include "regia/base/language.h"

/* What every file of this folder needs of libav: its log, its errors, and the way from a RegiaTrack to a
 * stream. */

void
regia_av_init (void)
{
  static gsize done;

  if (g_once_init_enter (&done)) {
    av_log_set_level (AV_LOG_QUIET);
    g_once_init_leave (&done, 1);
  }
}

gboolean
regia_av_set_error (GError **error, int code, const char *format, ...)
{
  g_autofree char *what = NULL;
  char words[AV_ERROR_MAX_STRING_SIZE] = "";
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  av_strerror (code, words, sizeof words);
  if (code == AVERROR (ENOSPC))
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_NO_SPACE, "%s: the disk is full", what);
  else if (code == AVERROR_EXIT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", what);
  else if (AVUNERROR (code) > 0 && AVUNERROR (code) < 4096 && code != AVERROR (EINVAL))
    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (AVUNERROR (code)), "%s: %s", what, words);
  else
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "%s: %s", what, words);
  return FALSE;
}

static enum AVCodecID
codec_id (RegiaCodec codec)
{
  switch (codec) {
  case REGIA_CODEC_H264:
    return AV_CODEC_ID_H264;
  case REGIA_CODEC_AAC:
    return AV_CODEC_ID_AAC;
  case REGIA_CODEC_OPUS:
    return AV_CODEC_ID_OPUS;
  default:
    return AV_CODEC_ID_NONE;
  }
}

static void
set_extradata (AVCodecParameters *parameters, GBytes *extradata)
{
  gsize size;
  const void *data = g_bytes_get_data (extradata, &size);

  parameters->extradata = av_mallocz (size + AV_INPUT_BUFFER_PADDING_SIZE);
  memcpy (parameters->extradata, data, size);
  parameters->extradata_size = (int)size;
}

gboolean
regia_av_fill_parameters (AVCodecParameters *parameters, const RegiaTrack *track, GError **error)
{
  if (codec_id (track->codec) == AV_CODEC_ID_NONE || track->extradata == NULL ||
      g_bytes_get_size (track->extradata) == 0) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "Track %s has no codec parameters", track->name);
    return FALSE;
  }
  if (regia_track_is_video (track) ? track->width == 0 || track->height == 0
                                   : track->sample_rate == 0 || track->channels == 0) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "Track %s has no %s", track->name,
                 regia_track_is_video (track) ? "picture size" : "sample rate or channels");
    return FALSE;
  }
  parameters->codec_id = codec_id (track->codec);
  parameters->bit_rate = track->bitrate_bps;
  set_extradata (parameters, track->extradata);
  if (regia_track_is_video (track)) {
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->width = (int)track->width;
    parameters->height = (int)track->height;
    parameters->format = AV_PIX_FMT_YUV420P;
  } else {
    parameters->codec_type = AVMEDIA_TYPE_AUDIO;
    parameters->sample_rate = (int)track->sample_rate;
    parameters->frame_size = track->codec == REGIA_CODEC_OPUS ? (int)track->sample_rate / 50 : 1024;
    av_channel_layout_default (&parameters->ch_layout, (int)track->channels);
  }
  return TRUE;
}

AVStream *
regia_av_add_stream (AVFormatContext *context, const RegiaTrack *track, GError **error)
{
  AVStream *stream = avformat_new_stream (context, NULL);

  if (stream == NULL) {
    regia_av_set_error (error, AVERROR (ENOMEM), "Track %s", track->name);
    return NULL;
  }
  if (!regia_av_fill_parameters (stream->codecpar, track, error))
    return NULL;
  /* The name goes into hdlr: what reads the recording back after a crash finds its tracks by it. */
  av_dict_set (&stream->metadata, "handler_name", track->name, 0);
  if (regia_track_is_video (track)) {
    stream->time_base = (AVRational){1, REGIA_AV_VIDEO_TIMESCALE};
    if (track->rate_num > 0 && track->rate_den > 0)
      stream->avg_frame_rate = stream->r_frame_rate =
          (AVRational){(int)track->rate_num, (int)track->rate_den};
  } else {
    stream->time_base = (AVRational){1, (int)track->sample_rate};
    av_dict_set (&stream->metadata, "language", regia_language_three_letters (track->language), 0);
    if (track->title[0] != '\0')
      av_dict_set (&stream->metadata, "title", track->title, 0);
  }
  return stream;
}
