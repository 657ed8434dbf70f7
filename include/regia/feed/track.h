/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** One elementary stream of the feed. */
typedef enum {
  REGIA_CODEC_H264 = 1, /* access units with 4-byte lengths (ISO/IEC 14496-15 §5.3), B-frames in iso/… alone;
                           extradata: avcC */
  REGIA_CODEC_AAC =
      2, /* raw AAC-LC frames of 1024 samples; extradata: AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) */
  REGIA_CODEC_OPUS = 3, /* Opus packets of 20 ms; extradata: OpusHead (RFC 7845 §5.1) */
  REGIA_CODEC_H265 = 4, /* access units with 4-byte lengths (ISO/IEC 14496-15 §8.3); extradata: hvcC */
  REGIA_CODEC_JPEG = 5, /* a JPEG file each (ISO/IEC 10918-1); no extradata */
  REGIA_CODEC_JSON = 6, /* a JSON value each, UTF-8 (RFC 8259); no extradata */
  REGIA_CODEC_TEXT = 7, /* a line or more of plain text, UTF-8; no extradata */
} RegiaCodec;

#define REGIA_TRACKS_MAX 64

/** Name of a place in a table whose track is gone: the others keep theirs. */
#define REGIA_TRACK_GONE "gone"

/**
 * RegiaTrack: immutable once in a table; reference counted; any thread.
 *
 * Names: `video/720p`, `video/360p` (rendition), `audio/it` (AAC), `audio/it/opus`, `iso/camera`,
 * `iso/camera/audio`, `captions/it`, `preview/camera`, `meters`, `marks`. What is before the first slash
 * decides on budget and rights (RegiaFeedClass, RegiaFeedRights).
 */
typedef struct {
  /*< private >*/
  gatomicrefcount ref_count;
  /*< public, immutable >*/
  guint id;       /* index in the table of its generation, 0 … REGIA_TRACKS_MAX − 1 */
  char *name;     /* (owned) */
  char *language; /* (owned) BCP 47, "" for video */
  char *title;    /* (owned) what people are shown as its name, "" for none; regia_track_set_title() */
  RegiaCodec codec;
  GBytes *extradata;           /* (owned) codec parameters, see RegiaCodec */
  guint width, height;         /* video, pixels; else 0 */
  guint rate_num, rate_den;    /* video, frames per second as a fraction; else 0/1 */
  guint sample_rate, channels; /* audio, Hz; else 0 */
  guint bitrate_bps;           /* what the encoder aims at */
} RegiaTrack;

/** regia_track_new: a track with everything but its numbers, which the maker fills in before sharing it. */
RegiaTrack *regia_track_new (guint id, const char *name, const char *language, RegiaCodec codec,
                             GBytes *extradata);
/** regia_track_set_title: before it is shared. */
void regia_track_set_title (RegiaTrack *self, const char *title);
RegiaTrack *regia_track_ref (RegiaTrack *self);
void regia_track_unref (RegiaTrack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaTrack, regia_track_unref)

/** Whether it is moving pictures for a video decoder: H.264, H.265. Previews are not. */
gboolean regia_track_is_video (const RegiaTrack *self);
gboolean regia_track_is_audio (const RegiaTrack *self);
/** "h264", "aac", "opus", "h265", "jpeg", "json", "text". Static. */
const char *regia_codec_to_string (RegiaCodec codec);

/** regia_track_same_parameters: %TRUE when packets of both can follow each other behind one decoder
 * configuration. Pure. */
gboolean regia_track_same_parameters (const RegiaTrack *a, const RegiaTrack *b);

/** regia_track_is_same: %TRUE when nothing of the two is different, their places too. Pure. */
gboolean regia_track_is_same (const RegiaTrack *a, const RegiaTrack *b);

/** regia_tracks_find: (nullable) (transfer none): the track called @name in @tracks (element-type
 * RegiaTrack). */
RegiaTrack *regia_tracks_find (GPtrArray *tracks, const char *name);

/** regia_tracks_new: an empty table that owns its tracks; refcounted with g_ptr_array_ref(), never changed
 * once shared. */
GPtrArray *regia_tracks_new (void);
