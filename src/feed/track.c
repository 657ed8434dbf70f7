/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/feed/track.h"

#include <string.h>

RegiaTrack *
regia_track_new (guint id, const char *name, const char *language, RegiaCodec codec, GBytes *extradata)
{
  RegiaTrack *self;

  g_return_val_if_fail (id < REGIA_TRACKS_MAX && name != NULL && extradata != NULL, NULL);

  self = g_new0 (RegiaTrack, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->id = id;
  self->name = g_strdup (name);
  self->language = g_strdup (language != NULL ? language : "");
  self->title = g_strdup ("");
  self->codec = codec;
  self->extradata = g_bytes_ref (extradata);
  self->rate_den = 1;
  return self;
}

void
regia_track_set_title (RegiaTrack *self, const char *title)
{
  g_free (self->title);
  self->title = g_strdup (title != NULL ? title : "");
}

RegiaTrack *
regia_track_ref (RegiaTrack *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_track_unref (RegiaTrack *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->name);
  g_free (self->language);
  g_free (self->title);
  g_bytes_unref (self->extradata);
  g_free (self);
}

gboolean
regia_track_is_video (const RegiaTrack *self)
{
  return self->codec == REGIA_CODEC_H264 || self->codec == REGIA_CODEC_H265;
}

gboolean
regia_track_is_audio (const RegiaTrack *self)
{
  return self->codec == REGIA_CODEC_AAC || self->codec == REGIA_CODEC_OPUS;
}

const char *
regia_codec_to_string (RegiaCodec codec)
{
  switch (codec) {
  case REGIA_CODEC_H264:
    return "h264";
  case REGIA_CODEC_AAC:
    return "aac";
  case REGIA_CODEC_OPUS:
    return "opus";
  case REGIA_CODEC_H265:
    return "h265";
  case REGIA_CODEC_JPEG:
    return "jpeg";
  case REGIA_CODEC_JSON:
    return "json";
  case REGIA_CODEC_TEXT:
    return "text";
  }
  return "unknown";
}

gboolean
regia_track_same_parameters (const RegiaTrack *a, const RegiaTrack *b)
{
  return a->codec == b->codec && a->width == b->width && a->height == b->height &&
         a->sample_rate == b->sample_rate && a->channels == b->channels &&
         g_bytes_equal (a->extradata, b->extradata);
}

gboolean
regia_track_is_same (const RegiaTrack *a, const RegiaTrack *b)
{
  return a == b ||
         (a->id == b->id && strcmp (a->name, b->name) == 0 && strcmp (a->language, b->language) == 0 &&
          strcmp (a->title, b->title) == 0 && a->rate_num == b->rate_num && a->rate_den == b->rate_den &&
          a->bitrate_bps == b->bitrate_bps && regia_track_same_parameters (a, b));
}

RegiaTrack *
regia_tracks_find (GPtrArray *tracks, const char *name)
{
  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);
    if (strcmp (track->name, name) == 0)
      return track;
  }
  return NULL;
}

GPtrArray *
regia_tracks_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
}
