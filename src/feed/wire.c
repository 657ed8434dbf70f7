/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "wire-private.h"

#include <string.h>

#include "regia/base/error.h"

#define TRACK_FORMAT  "(usssuuuuuuuay)"
#define TRACKS_FORMAT "a" TRACK_FORMAT

GBytes *
regia_feed_tracks_to_bytes (GPtrArray *tracks, guint64 shown)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) table = NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (TRACKS_FORMAT));
  for (guint i = 0; i < tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (tracks, i);

    if ((shown >> i & 1) == 0) {
      g_variant_builder_add (&builder, "(usssuuuuuuu@ay)", i, REGIA_FEED_WITHHELD_NAME, "", "",
                             (guint)REGIA_CODEC_TEXT, 0u, 0u, 0u, 1u, 0u, 0u,
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, NULL, 0, 1));
      continue;
    }
    g_variant_builder_add (&builder, "(usssuuuuuuu@ay)", track->id, track->name, track->language,
                           track->title, (guint)track->codec, track->width, track->height, track->rate_num,
                           track->rate_den, track->sample_rate | track->channels << 24, track->bitrate_bps,
                           g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, track->extradata, TRUE));
  }
  table = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_get_data_as_bytes (table);
}

GPtrArray *
regia_feed_tracks_from_bytes (GBytes *bytes, GError **error)
{
  g_autoptr (GVariant) raw =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (TRACKS_FORMAT), bytes, FALSE));
  g_autoptr (GVariant) table = g_variant_get_normal_form (raw);
  g_autoptr (GPtrArray) tracks = regia_tracks_new ();

  if (g_variant_n_children (table) > REGIA_TRACKS_MAX) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL, "the feed announces more than %d tracks",
                 REGIA_TRACKS_MAX);
    return NULL;
  }
  for (gsize i = 0; i < g_variant_n_children (table); i++) {
    guint id, codec, width, height, rate_num, rate_den, sound, bitrate_bps;
    const char *name, *language, *title;
    g_autoptr (GVariant) data = NULL;
    g_autoptr (GBytes) extradata = NULL;
    RegiaTrack *track;

    g_variant_get_child (table, i, "(u&s&s&suuuuuuu@ay)", &id, &name, &language, &title, &codec, &width,
                         &height, &rate_num, &rate_den, &sound, &bitrate_bps, &data);
    if (id != i || name[0] == '\0' || codec < REGIA_CODEC_H264 || codec > REGIA_CODEC_TEXT || rate_den == 0) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                   "the feed's track %" G_GSIZE_FORMAT " has impossible parameters", i);
      return NULL;
    }
    extradata = g_variant_get_data_as_bytes (data);
    track = regia_track_new (id, name, language, codec, extradata);
    regia_track_set_title (track, title);
    track->width = width;
    track->height = height;
    track->rate_num = rate_num;
    track->rate_den = rate_den;
    track->sample_rate = sound & 0xffffff;
    track->channels = sound >> 24;
    track->bitrate_bps = bitrate_bps;
    g_ptr_array_add (tracks, track);
  }
  return g_steal_pointer (&tracks);
}

guint64
regia_feed_tracks_mask (GPtrArray *tracks, const char *patterns, gsize length)
{
  guint64 mask = 0;
  gsize start = 0;

  if (length == 0)
    return tracks->len >= 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << tracks->len) - 1;
  for (gsize i = 0; i < length; i++) {
    if (patterns[i] != '\n')
      continue;
    if (i > start) {
      g_autofree char *pattern = g_strndup (patterns + start, i - start);
      for (guint t = 0; t < tracks->len; t++)
        if (g_pattern_match_simple (pattern, ((RegiaTrack *)g_ptr_array_index (tracks, t))->name))
          mask |= G_GUINT64_CONSTANT (1) << t;
    }
    start = i + 1;
  }
  return mask;
}

/* Sums of three of them stay far from the end of the integers. */
static gboolean
is_sane (gint64 time_ns)
{
  return ABS (time_ns / 4) < G_MAXINT64 / 16;
}

gboolean
regia_feed_header_check (const RegiaFeedHeader *header, GError **error)
{
  gboolean fits = FALSE;

  if (header->magic != REGIA_FEED_MAGIC) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                         "the feed speaks another version: engine and reader must be of one build");
    return FALSE;
  }
  switch (header->type) {
  case REGIA_FEED_MESSAGE_TRACKS:
    fits = header->size <= REGIA_FEED_TRACKS_MAX_BYTES;
    break;
  case REGIA_FEED_MESSAGE_PACKET:
    fits = header->size <= REGIA_PACKET_MAX_BYTES && header->track < REGIA_TRACKS_MAX &&
           header->pts_ns >= header->dts_ns && is_sane (header->pts_ns) && is_sane (header->dts_ns) &&
           header->duration_ns >= 0 && is_sane (header->duration_ns);
    break;
  case REGIA_FEED_MESSAGE_HELLO:
  case REGIA_FEED_MESSAGE_GAP:
  case REGIA_FEED_MESSAGE_END:
    fits = header->size == 0;
    break;
  default:
    break;
  }
  if (!fits)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                 "the feed sent a message of type %u and %u bytes, which cannot be", header->type,
                 header->size);
  return fits;
}

gboolean
regia_feed_request_check (const RegiaFeedRequest *request)
{
  if (request->magic != REGIA_FEED_MAGIC)
    return FALSE;
  switch (request->type) {
  case REGIA_FEED_REQUEST_START:
    return request->from <= REGIA_FEED_FROM_SEQ && request->patterns_bytes <= REGIA_FEED_PATTERNS_MAX_BYTES;
  case REGIA_FEED_REQUEST_STOP:
  case REGIA_FEED_REQUEST_SAFE:
    return request->patterns_bytes == 0;
  default:
    return FALSE;
  }
}
