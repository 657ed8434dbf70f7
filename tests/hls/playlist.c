/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/hls/playlist.h"

#include <string.h>

static const guint8 avcc_720[] = {1, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 1, 0x68};
static const guint8 avcc_360[] = {1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0, 0x1e, 1, 0, 1, 0x68};
static const guint8 asc_lc[] = {0x11, 0x90};

static RegiaTrack *
make_track (const char *name, const char *language, RegiaCodec codec, const void *extradata, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (extradata, size);

  return regia_track_new (0, name, language, codec, bytes);
}

static RegiaTrack *
make_video (const char *name, guint width, guint height, const void *avcc, gsize size)
{
  RegiaTrack *track = make_track (name, "", REGIA_CODEC_H264, avcc, size);

  track->width = width;
  track->height = height;
  track->rate_num = 25;
  return track;
}

static RegiaTrack *
make_audio (const char *name, const char *language)
{
  RegiaTrack *track = make_track (name, language, REGIA_CODEC_AAC, asc_lc, sizeof asc_lc);

  track->sample_rate = 48000;
  track->channels = 2;
  return track;
}

static void
test_codec_string (void)
{
  static const struct {
    RegiaCodec codec;
    guint8 data[8];
    gsize size;
    const char *expected;
  } table[] = {
      {REGIA_CODEC_H264, {1, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0}, 7, "avc1.64001f"},
      {REGIA_CODEC_H264, {1, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0}, 7, "avc1.42c00a"},
      {REGIA_CODEC_H264, {1, 0x64, 0x00}, 3, NULL},             /* cut short */
      {REGIA_CODEC_H264, {0, 0, 0, 1, 0x67, 0x64, 0}, 7, NULL}, /* Annex B */
      {REGIA_CODEC_AAC, {0x11, 0x90}, 2, "mp4a.40.2"},          /* LC, 48 kHz, stereo */
      {REGIA_CODEC_AAC, {0x12, 0x10}, 2, "mp4a.40.2"},          /* LC, 44.1 kHz */
      {REGIA_CODEC_AAC, {0x2b, 0x11, 0x88, 0}, 4, "mp4a.40.5"}, /* SBR said explicitly */
      {REGIA_CODEC_AAC, {0xf9, 0x46, 0x40}, 3, "mp4a.40.42"},   /* escaped type: xHE-AAC */
      {REGIA_CODEC_AAC, {0x11}, 1, NULL},                       /* cut short */
      {REGIA_CODEC_AAC, {0x01, 0x90}, 2, NULL},                 /* type 0 */
      {REGIA_CODEC_OPUS, {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd'}, 8, NULL},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (RegiaTrack) track = make_track ("t", "", table[i].codec, table[i].data, table[i].size);
    g_autofree char *codec = regia_hls_codec_string (track);

    g_test_message ("row %" G_GSIZE_FORMAT, i);
    g_assert_cmpstr (codec, ==, table[i].expected);
  }
}

static void
test_multivariant (void)
{
  g_autoptr (RegiaTrack) hd = make_video ("video/720p", 1280, 720, avcc_720, sizeof avcc_720);
  g_autoptr (RegiaTrack) sd = make_video ("video/360p", 640, 360, avcc_360, sizeof avcc_360);
  g_autoptr (RegiaTrack) it = make_audio ("audio/it", "it");
  g_autoptr (RegiaTrack) en = make_audio ("audio/en", "en");
  const RegiaHlsRendition renditions[] = {
      {hd, 3000000, 2400000},
      {sd, 900000, 700000},
      {it, 160000, 128000},
      {en, 150000, 128000},
  };
  g_autofree char *text = NULL;

  sd->rate_num = 30000;
  sd->rate_den = 1001;
  text = regia_hls_multivariant_playlist (renditions, G_N_ELEMENTS (renditions), FALSE, "");
  g_assert_cmpstr (
      text, ==,
      "#EXTM3U\n"
      "#EXT-X-VERSION:8\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Italiano\",LANGUAGE=\"it\",DEFAULT=YES,"
      "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio/it/index.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,"
      "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio/en/index.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3160000,AVERAGE-BANDWIDTH=2528000,"
      "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=25.000,CLOSED-CAPTIONS=NONE,"
      "AUDIO=\"audio\"\n"
      "video/720p/index.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1060000,AVERAGE-BANDWIDTH=828000,"
      "CODECS=\"avc1.42c01e,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE,"
      "AUDIO=\"audio\"\n"
      "video/360p/index.m3u8\n");
}

static void
test_multivariant_video_only (void)
{
  g_autoptr (RegiaTrack) hd = make_video ("video/720p", 1280, 720, avcc_720, sizeof avcc_720);
  const RegiaHlsRendition renditions[] = {{hd, 3000000, 2400000}};
  g_autofree char *text = regia_hls_multivariant_playlist (renditions, 1, FALSE, "");

  g_assert_nonnull (strstr (text, "CODECS=\"avc1.64001f\","));
  g_assert_null (strstr (text, "AUDIO"));
}

static void
test_multivariant_audio_only (void)
{
  g_autoptr (RegiaTrack) it = make_audio ("audio/it", "it");
  const RegiaHlsRendition renditions[] = {{it, 160000, 128000}};
  g_autofree char *text = regia_hls_multivariant_playlist (renditions, 1, FALSE, "");

  g_assert_cmpstr (text, ==,
                   "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-INDEPENDENT-SEGMENTS\n"
                   "#EXT-X-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n"
                   "audio/it/index.m3u8\n");
}

/* Sound alone is the last variant: the group by itself, whose dearest language its rate covers. */
static void
test_multivariant_sound_alone (void)
{
  g_autoptr (RegiaTrack) hd = make_video ("video/720p", 1280, 720, avcc_720, sizeof avcc_720);
  g_autoptr (RegiaTrack) it = make_audio ("audio/it", "it");
  g_autoptr (RegiaTrack) en = make_audio ("audio/en", "en");
  const RegiaHlsRendition renditions[] = {{hd, 3000000, 2400000}, {it, 150000, 128000}, {en, 160000, 129000}};
  g_autofree char *with = regia_hls_multivariant_playlist (renditions, 3, TRUE, "s/"),
                  *without = regia_hls_multivariant_playlist (renditions, 3, FALSE, "s/"),
                  *silent = regia_hls_multivariant_playlist (renditions, 1, TRUE, "s/"),
                  *blind = regia_hls_multivariant_playlist (renditions + 1, 2, TRUE, "s/"),
                  *blind_without = regia_hls_multivariant_playlist (renditions + 1, 2, FALSE, "s/");

  g_assert_true (g_str_has_prefix (with, without));
  g_assert_cmpstr (with + strlen (without), ==,
                   "#EXT-X-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=129000,CODECS=\"mp4a.40.2\","
                   "AUDIO=\"audio\"\ns/audio/it/index.m3u8\n");
  g_assert_null (strstr (silent, "AUDIO"));
  g_assert_cmpstr (blind, ==, blind_without);
}

/* Names in a group are unique, and nothing in a name can end its quotes. */
static void
test_multivariant_names (void)
{
  g_autoptr (RegiaTrack) hd = make_video ("video/720p", 1280, 720, avcc_720, sizeof avcc_720);
  g_autoptr (RegiaTrack) it = make_audio ("audio/it", "it");
  g_autoptr (RegiaTrack) clean = make_audio ("audio/clean", "it");
  g_autoptr (RegiaTrack) odd = make_audio ("audio/x", "x\"\n#EXT");
  g_autoptr (RegiaTrack) none = make_audio ("audio/floor", "");
  const RegiaHlsRendition renditions[] = {{hd, 1, 1}, {it, 1, 1}, {clean, 1, 1}, {odd, 1, 1}, {none, 1, 1}};
  g_autofree char *text = regia_hls_multivariant_playlist (renditions, G_N_ELEMENTS (renditions), FALSE, "");

  g_assert_nonnull (strstr (text, "NAME=\"Italiano\",LANGUAGE=\"it\",DEFAULT=YES"));
  g_assert_nonnull (strstr (text, "NAME=\"Italiano (audio/clean)\",LANGUAGE=\"it\",DEFAULT=NO"));
  g_assert_nonnull (strstr (text, "NAME=\"x  #EXT\",LANGUAGE=\"x  #EXT\",DEFAULT=NO"));
  g_assert_nonnull (strstr (text, "NAME=\"audio/floor\",DEFAULT=NO"));
  g_assert_null (strstr (text, "\n#EXT\""));
}

/* The event's own title is what viewers choose by; one that says no more than the tag gives way to the
 * language's name. */
static void
test_multivariant_titles (void)
{
  g_autoptr (RegiaTrack) hd = make_video ("video/720p", 1280, 720, avcc_720, sizeof avcc_720);
  g_autoptr (RegiaTrack) it = make_audio ("audio/it", "it");
  g_autoptr (RegiaTrack) en = make_audio ("audio/en", "en");
  g_autoptr (RegiaTrack) fr = make_audio ("audio/fr", "fr");
  g_autoptr (RegiaTrack) bg = make_audio ("audio/bg", "bg");
  const RegiaHlsRendition renditions[] = {{hd, 1, 1}, {it, 1, 1}, {en, 1, 1}, {fr, 1, 1}, {bg, 1, 1}};
  g_autofree char *text = NULL;

  regia_track_set_title (it, "Sala, «originale»");
  regia_track_set_title (en, "English \"interpreter\"\n#EXT-X-ENDLIST");
  regia_track_set_title (fr, "Sala, «originale»");
  regia_track_set_title (bg, "bg");
  text = regia_hls_multivariant_playlist (renditions, G_N_ELEMENTS (renditions), FALSE, "");
  g_assert_nonnull (strstr (text, "NAME=\"Sala, «originale»\",LANGUAGE=\"it\""));
  g_assert_nonnull (strstr (text, "NAME=\"English  interpreter  #EXT-X-ENDLIST\",LANGUAGE=\"en\""));
  g_assert_nonnull (strstr (text, "NAME=\"Sala, «originale» (audio/fr)\",LANGUAGE=\"fr\""));
  g_assert_nonnull (strstr (text, "NAME=\"Български\",LANGUAGE=\"bg\""));
  g_assert_null (strstr (text, "\n#EXT-X-ENDLIST"));
}

static const RegiaEpoch epoch = {.realtime_ns = G_GINT64_CONSTANT (1664443800) * REGIA_SECOND};

static void
test_media (void)
{
  const RegiaHlsEntry entries[] = {
      {.number = 3,
       .start_ns = 7400 * REGIA_MSECOND,
       .duration_ns = 600 * REGIA_MSECOND,
       .map = "init-1.mp4"},
      {.number = 4, .start_ns = 8 * REGIA_SECOND, .duration_ns = 2 * REGIA_SECOND, .map = "init-1.mp4"},
      {.number = 5, .start_ns = 10 * REGIA_SECOND, .duration_ns = 2 * REGIA_SECOND, .gap = TRUE},
      {.number = 6, .start_ns = 12 * REGIA_SECOND + 10666667, .duration_ns = 2005333333, .map = "init-1.mp4"},
      {.number = 7,
       .start_ns = 14 * REGIA_SECOND,
       .duration_ns = 2 * REGIA_SECOND,
       .discontinuity = TRUE,
       .map = "init-2.mp4"},
  };
  RegiaHlsMedia media = {.segment_ns = 2 * REGIA_SECOND,
                         .epoch = epoch,
                         .entries = entries,
                         .n_entries = G_N_ELEMENTS (entries),
                         .discontinuity_sequence = 2};
  g_autofree char *text = regia_hls_media_playlist (&media);

  g_assert_cmpstr (text, ==,
                   "#EXTM3U\n"
                   "#EXT-X-VERSION:8\n"
                   "#EXT-X-TARGETDURATION:2\n"
                   "#EXT-X-MEDIA-SEQUENCE:3\n"
                   "#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
                   "#EXT-X-INDEPENDENT-SEGMENTS\n"
                   "#EXT-X-MAP:URI=\"init-1.mp4\"\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:07.400Z\n"
                   "#EXTINF:0.600000,\n"
                   "3.m4s\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:08.000Z\n"
                   "#EXTINF:2.000000,\n"
                   "4.m4s\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:10.000Z\n"
                   "#EXTINF:2.000000,\n"
                   "#EXT-X-GAP\n"
                   "5.m4s\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:12.010Z\n"
                   "#EXTINF:2.005333,\n"
                   "6.m4s\n"
                   "#EXT-X-DISCONTINUITY\n"
                   "#EXT-X-MAP:URI=\"init-2.mp4\"\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:14.000Z\n"
                   "#EXTINF:2.000000,\n"
                   "7.m4s\n");
}

static void
test_media_end (void)
{
  const RegiaHlsEntry entry = {.number = 0, .duration_ns = 999999999, .map = "init-1.mp4"};
  RegiaHlsMedia media = {
      .segment_ns = 1500 * REGIA_MSECOND, .epoch = epoch, .entries = &entry, .n_entries = 1, .ended = TRUE};
  g_autofree char *text = regia_hls_media_playlist (&media);

  g_assert_cmpstr (text, ==,
                   "#EXTM3U\n"
                   "#EXT-X-VERSION:8\n"
                   "#EXT-X-TARGETDURATION:2\n" /* never below a segment */
                   "#EXT-X-MEDIA-SEQUENCE:0\n"
                   "#EXT-X-INDEPENDENT-SEGMENTS\n"
                   "#EXT-X-MAP:URI=\"init-1.mp4\"\n"
                   "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:00.000Z\n"
                   "#EXTINF:1.000000,\n"
                   "0.m4s\n"
                   "#EXT-X-ENDLIST\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/playlist/codec-string", test_codec_string);
  g_test_add_func ("/hls/playlist/multivariant", test_multivariant);
  g_test_add_func ("/hls/playlist/multivariant-video-only", test_multivariant_video_only);
  g_test_add_func ("/hls/playlist/multivariant-audio-only", test_multivariant_audio_only);
  g_test_add_func ("/hls/playlist/multivariant-sound-alone", test_multivariant_sound_alone);
  g_test_add_func ("/hls/playlist/multivariant-names", test_multivariant_names);
  g_test_add_func ("/hls/playlist/multivariant-titles", test_multivariant_titles);
  g_test_add_func ("/hls/playlist/media", test_media);
  g_test_add_func ("/hls/playlist/media-end", test_media_end);
  return g_test_run ();
}
