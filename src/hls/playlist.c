/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "regia/hls/playlist.h"

#include <string.h>

#include "regia/base/language.h"

/* EXT-X-GAP is known from version 8 on; fMP4 with EXT-X-MAP from 7 on. */
#define HLS_VERSION 8

#define AUDIO_GROUP "audio"

static char *
avc_codec_string (const guint8 *avcc, gsize size)
{
  if (size < 7 || avcc[0] != 1) /* configurationVersion */
    return NULL;
  return g_strdup_printf ("avc1.%02x%02x%02x", avcc[1], avcc[2], avcc[3]);
}

static char *
aac_codec_string (const guint8 *asc, gsize size)
{
  guint type;

  if (size < 2)
    return NULL;
  type = asc[0] >> 3;
  if (type == 31) /* escape: 32 + the next six bits */
    type = 32 + ((asc[0] & 7) << 3 | asc[1] >> 5);
  if (type == 0)
    return NULL;
  return g_strdup_printf ("mp4a.40.%u", type);
}

char *
regia_hls_codec_string (const RegiaTrack *track)
{
  const guint8 *data;
  gsize size = 0;

  g_return_val_if_fail (track != NULL, NULL);

  if (track->extradata == NULL)
    return NULL;
  data = g_bytes_get_data (track->extradata, &size);
  switch (track->codec) {
  case REGIA_CODEC_H264:
    return avc_codec_string (data, size);
  case REGIA_CODEC_AAC:
    return aac_codec_string (data, size);
  case REGIA_CODEC_OPUS:
  case REGIA_CODEC_H265:
  case REGIA_CODEC_JPEG:
  case REGIA_CODEC_JSON:
  case REGIA_CODEC_TEXT:
    break;
  }
  return NULL;
}

/* Durations are written without floating point: exact, and the same in every locale. */
static void
append_seconds (GString *text, gint64 duration_ns)
{
  gint64 us = (duration_ns + 500) / 1000;

  g_string_append_printf (text, "%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT, us / G_USEC_PER_SEC,
                          us % G_USEC_PER_SEC);
}

char *
regia_hls_media_playlist (const RegiaHlsMedia *media)
{
  GString *text;
  const char *map = NULL;

  g_return_val_if_fail (media != NULL && media->segment_ns > 0 && media->n_entries > 0, NULL);

  text = g_string_sized_new (256 + media->n_entries * 96);
  g_string_append_printf (text,
                          "#EXTM3U\n"
                          "#EXT-X-VERSION:%d\n"
                          "#EXT-X-TARGETDURATION:%" G_GINT64_FORMAT "\n"
                          "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          HLS_VERSION, (media->segment_ns + REGIA_SECOND - 1) / REGIA_SECOND,
                          media->entries[0].number);
  if (media->discontinuity_sequence > 0)
    g_string_append_printf (text, "#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                            media->discontinuity_sequence);
  g_string_append (text, "#EXT-X-INDEPENDENT-SEGMENTS\n");

  for (gsize i = 0; i < media->n_entries; i++) {
    const RegiaHlsEntry *entry = &media->entries[i];
    g_autofree char *date = regia_time_format_iso (regia_epoch_wall (&media->epoch, entry->start_ns));

    if (entry->discontinuity)
      g_string_append (text, "#EXT-X-DISCONTINUITY\n");
    if (entry->map != NULL && g_strcmp0 (entry->map, map) != 0) {
      map = entry->map;
      g_string_append_printf (text, "#EXT-X-MAP:URI=\"%s\"\n", map);
    }
    /* On every segment: a player that joins, or comes back from a pause, needs no arithmetic over short ones.
     */
    g_string_append_printf (text, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:", date);
    append_seconds (text, entry->duration_ns);
    g_string_append (text, ",\n");
    if (entry->gap)
      g_string_append (text, "#EXT-X-GAP\n");
    g_string_append_printf (text, "%" G_GUINT64_FORMAT ".m4s\n", entry->number);
  }
  if (media->ended)
    g_string_append (text, "#EXT-X-ENDLIST\n");
  return g_string_free (text, FALSE);
}

/* A quoted string has no way to carry quotes or line ends (RFC 8216 §4.2): they become spaces. */
static void
append_quoted (GString *text, const char *key, const char *value)
{
  g_autofree char *clean = g_strdup (value);

  for (char *c = clean; *c != '\0'; c++)
    if (*c == '"' || (guchar)*c < 0x20 || *c == 0x7f)
      *c = ' ';
  g_string_append_printf (text, "%s=\"%s\"", key, clean);
}

/* What the event calls it; one that is called by its tag alone, or not at all, by the language's own name. */
static char *
track_title (const RegiaTrack *track)
{
  if (*track->title != '\0' && g_strcmp0 (track->title, track->language) != 0)
    return g_strdup (track->title);
  return regia_language_title (*track->language != '\0' ? track->language : track->name);
}

/* NAME must be unique within a group: a second track of the same title carries its track name too. */
static char *
audio_name (const RegiaHlsRendition *renditions, gsize index)
{
  const RegiaTrack *track = renditions[index].track;
  g_autofree char *title = track_title (track);

  for (gsize i = 0; i < index; i++) {
    g_autofree char *other =
        regia_track_is_audio (renditions[i].track) ? track_title (renditions[i].track) : NULL;

    if (g_strcmp0 (other, title) == 0)
      return g_strdup_printf ("%s (%s)", title, track->name);
  }
  return g_steal_pointer (&title);
}

static void
append_audio (GString *text, const RegiaHlsRendition *renditions, gsize index, gboolean is_default,
              const char *prefix)
{
  const RegiaTrack *track = renditions[index].track;
  g_autofree char *name = audio_name (renditions, index);
  g_autofree char *uri = g_strdup_printf ("%s%s/index.m3u8", prefix, track->name);
  g_autofree char *channels = g_strdup_printf ("%u", MAX (track->channels, 1));

  g_string_append (text, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" AUDIO_GROUP "\",");
  append_quoted (text, "NAME", name);
  if (*track->language != '\0') {
    g_string_append_c (text, ',');
    append_quoted (text, "LANGUAGE", track->language);
  }
  g_string_append_printf (text, ",DEFAULT=%s,AUTOSELECT=YES,", is_default ? "YES" : "NO");
  append_quoted (text, "CHANNELS", channels);
  g_string_append_c (text, ',');
  append_quoted (text, "URI", uri);
  g_string_append_c (text, '\n');
}

/* @audio: (nullable): the dearest of the group, which BANDWIDTH must cover, §4.3.4.2 */
static void
append_variant (GString *text, const RegiaHlsRendition *rendition, const RegiaHlsRendition *audio,
                const char *prefix)
{
  const RegiaTrack *track = rendition->track;
  g_autofree char *codec = regia_hls_codec_string (track);
  g_autofree char *audio_codec = audio != NULL ? regia_hls_codec_string (audio->track) : NULL;

  g_string_append_printf (
      text, "#EXT-X-STREAM-INF:BANDWIDTH=%" G_GUINT64_FORMAT ",AVERAGE-BANDWIDTH=%" G_GUINT64_FORMAT,
      rendition->peak_bps + (audio != NULL ? audio->peak_bps : 0),
      rendition->average_bps + (audio != NULL ? audio->average_bps : 0));
  if (codec != NULL && (audio == NULL || audio_codec != NULL))
    g_string_append_printf (text, ",CODECS=\"%s%s%s\"", codec, audio != NULL ? "," : "",
                            audio != NULL ? audio_codec : "");
  if (regia_track_is_video (track)) {
    g_string_append_printf (text, ",RESOLUTION=%ux%u", track->width, track->height);
    if (track->rate_num > 0 && track->rate_den > 0) {
      guint64 millis = ((guint64)track->rate_num * 1000 + track->rate_den / 2) / track->rate_den;

      g_string_append_printf (text, ",FRAME-RATE=%" G_GUINT64_FORMAT ".%03" G_GUINT64_FORMAT, millis / 1000,
                              millis % 1000);
    }
    g_string_append (text, ",CLOSED-CAPTIONS=NONE");
  }
  if (audio != NULL)
    g_string_append (text, ",AUDIO=\"" AUDIO_GROUP "\"");
  g_string_append_printf (text, "\n%s%s/index.m3u8\n", prefix, track->name);
}

/* The group as a variant of its own, below the smallest picture; its address is that of the default language.
 * @audio: the dearest of the group */
static void
append_sound_alone (GString *text, const RegiaHlsRendition *first, const RegiaHlsRendition *audio,
                    const char *prefix)
{
  g_autofree char *codec = regia_hls_codec_string (audio->track);

  g_string_append_printf (
      text, "#EXT-X-STREAM-INF:BANDWIDTH=%" G_GUINT64_FORMAT ",AVERAGE-BANDWIDTH=%" G_GUINT64_FORMAT,
      audio->peak_bps, audio->average_bps);
  if (codec != NULL)
    g_string_append_printf (text, ",CODECS=\"%s\"", codec);
  g_string_append_printf (text, ",AUDIO=\"" AUDIO_GROUP "\"\n%s%s/index.m3u8\n", prefix, first->track->name);
}

char *
regia_hls_multivariant_playlist (const RegiaHlsRendition *renditions, gsize n, gboolean sound_alone,
                                 const char *prefix)
{
  GString *text;
  const RegiaHlsRendition *audio = NULL, *first_audio = NULL;
  gboolean has_video = FALSE;

  g_return_val_if_fail (renditions != NULL || n == 0, NULL);

  for (gsize i = 0; i < n; i++) {
    if (regia_track_is_video (renditions[i].track)) {
      has_video = TRUE;
      continue;
    }
    if (first_audio == NULL)
      first_audio = &renditions[i];
    if (audio == NULL || renditions[i].peak_bps > audio->peak_bps)
      audio = &renditions[i];
  }

  text = g_string_new (NULL);
  g_string_append_printf (text, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-INDEPENDENT-SEGMENTS\n", HLS_VERSION);
  if (has_video) {
    gboolean first = TRUE;

    for (gsize i = 0; i < n; i++)
      if (regia_track_is_audio (renditions[i].track)) {
        append_audio (text, renditions, i, first, prefix);
        first = FALSE;
      }
  }
  for (gsize i = 0; i < n; i++)
    if (regia_track_is_video (renditions[i].track) == has_video)
      append_variant (text, &renditions[i], has_video ? audio : NULL, prefix);
  if (has_video && sound_alone && audio != NULL)
    append_sound_alone (text, first_audio, audio, prefix);
  return g_string_free (text, FALSE);
}
