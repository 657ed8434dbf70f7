/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/hls/window.h"

#include <string.h>

#include "../mux/boxes.h"
#include "../mux/packets.h"
#include "regia/base/error.h"

/* One video track of 25 fps with a keyframe each 2 s, two languages and an Opus track, pushed as an engine
 * would give them. */

#define SEGMENT_NS (2 * REGIA_SECOND)
#define SEGMENTS   5
#define KEPT       8
#define V_INDEX    "video/64p/index.m3u8"
#define A_INDEX    "audio/it/index.m3u8"

enum { VIDEO, AUDIO_IT, AUDIO_OPUS, AUDIO_EN, N_TRACKS };

static GPtrArray *
make_tracks (void)
{
  g_autoptr (GBytes) head = g_bytes_new_static ("OpusHead\1\2", 10);
  GPtrArray *tracks = regia_tracks_new ();

  g_ptr_array_add (tracks, packets_video_track (VIDEO));
  g_ptr_array_add (tracks, packets_audio_track (AUDIO_IT, "it"));
  g_ptr_array_add (tracks, regia_track_new (AUDIO_OPUS, "audio/it/opus", "it", REGIA_CODEC_OPUS, head));
  g_ptr_array_add (tracks, packets_audio_track (AUDIO_EN, "en"));
  ((RegiaTrack *)g_ptr_array_index (tracks, VIDEO))->bitrate_bps = 1000000;
  return tracks;
}

static RegiaHlsWindow *
make_window (void)
{
  const RegiaHlsOptions options = {
      .segment_ns = SEGMENT_NS,
      .segments = SEGMENTS,
      .segments_kept = KEPT,
      .epoch = {.realtime_ns = G_GINT64_CONSTANT (1664443800) * REGIA_SECOND},
  };
  g_autoptr (GPtrArray) tracks = make_tracks ();
  g_autoptr (GError) error = NULL;
  RegiaHlsWindow *window = regia_hls_window_new (&options);

  g_assert_true (regia_hls_window_set_tracks (window, tracks, &error));
  g_assert_no_error (error);
  return window;
}

static void
push (RegiaHlsWindow *window, RegiaPacket *packet)
{
  g_autoptr (RegiaPacket) owned = packet;
  g_autoptr (GError) error = NULL;

  g_assert_true (regia_hls_window_push (window, owned, &error));
  g_assert_no_error (error);
}

/* What an engine encodes of [@from_ns, @to_ns), its encoder beginning with a keyframe at @from_ns; ids are
 * those of @tracks. */
static void
feed_tracks (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns, guint video, guint audio_it,
             guint audio_en, guint64 seq)
{
  guint frame = (guint)((from_ns + FRAME_NS (1) - 1) / FRAME_NS (1));
  guint aac = (guint)((from_ns + AAC_NS (1) - 1) / AAC_NS (1));
  gboolean first = TRUE;

  while (FRAME_NS (frame) < to_ns || AAC_NS (aac) < to_ns) {
    RegiaPacket *packet;

    if (FRAME_NS (frame) <= AAC_NS (aac)) {
      gboolean key = first || FRAME_NS (frame) % SEGMENT_NS == 0;

      packet = packets_new (video, FRAME_NS (frame), FRAME_NS (1), key, 100);
      packet->seq = seq++;
      push (window, packet);
      first = FALSE;
      frame++;
    } else {
      packet = packets_aac (audio_it, aac);
      packet->seq = seq++;
      push (window, packet);
      packet = packets_aac (audio_en, aac);
      packet->seq = seq++;
      push (window, packet);
      aac++;
    }
  }
}

static void
feed (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns)
{
  feed_tracks (window, from_ns, to_ns, VIDEO, AUDIO_IT, AUDIO_EN, 0);
}

static char *
get_text (RegiaHlsWindow *window, const char *path)
{
  g_auto (RegiaHlsResource) resource = {0};
  gsize size = 0;
  const char *data;

  g_assert_cmpint (regia_hls_window_lookup (window, path, &resource), ==, REGIA_HLS_FOUND);
  g_assert_cmpstr (resource.content_type, ==, "application/vnd.apple.mpegurl");
  data = g_bytes_get_data (resource.bytes, &size);
  return g_strndup (data, size);
}

static GBytes *
get_bytes (RegiaHlsWindow *window, const char *path)
{
  g_auto (RegiaHlsResource) resource = {0};

  g_assert_cmpint (regia_hls_window_lookup (window, path, &resource), ==, REGIA_HLS_FOUND);
  g_assert_cmpint (resource.kind, ==, REGIA_HLS_MEDIA);
  return g_bytes_ref (resource.bytes);
}

static RegiaHlsFound
find (RegiaHlsWindow *window, const char *path)
{
  g_auto (RegiaHlsResource) resource = {0};

  return regia_hls_window_lookup (window, path, &resource);
}

/* A playlist in short: its numbers, `-` before a gap, `|` before a discontinuity, `$` at its end. */
static char *
summarize (RegiaHlsWindow *window, const char *path)
{
  g_autofree char *text = get_text (window, path);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *summary = g_string_new (NULL);
  const char *mark = "";
  gint64 expected = -1;

  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = lines[i];

    if (g_str_has_prefix (line, "#EXT-X-MEDIA-SEQUENCE:"))
      expected = g_ascii_strtoll (strchr (line, ':') + 1, NULL, 10);
    else if (strcmp (line, "#EXT-X-GAP") == 0)
      mark = "-";
    else if (strcmp (line, "#EXT-X-DISCONTINUITY") == 0)
      g_string_append_c (summary, '|');
    else if (strcmp (line, "#EXT-X-ENDLIST") == 0)
      g_string_append_c (summary, '$');
    else if (g_str_has_suffix (line, ".m4s")) {
      g_assert_cmpint (g_ascii_strtoll (line, NULL, 10), ==, expected++); /* the sequence has no holes */
      g_string_append_printf (summary, "%s%.*s ", mark, (int)(strlen (line) - 4), line);
      mark = "";
    }
  }
  return g_strchomp (g_string_free (summary, FALSE));
}

static void
assert_list (RegiaHlsWindow *window, const char *path, const char *expected)
{
  g_autofree char *summary = summarize (window, path);

  g_assert_cmpstr (summary, ==, expected);
}

static void
assert_lists (RegiaHlsWindow *window, const char *expected)
{
  assert_list (window, V_INDEX, expected);
  assert_list (window, A_INDEX, expected);
  assert_list (window, "audio/en/index.m3u8", expected);
}

static void
assert_has (RegiaHlsWindow *window, const char *path, const char *part)
{
  g_autofree char *text = get_text (window, path);

  if (strstr (text, part) == NULL)
    g_error ("%s has no \"%s\":\n%s", path, part, text);
}

/* Number of samples, and tfdt of the first fragment in ticks. */
static guint
count_samples (GBytes *segment, guint64 *ret_tfdt)
{
  Box all = box_from_bytes (segment);
  guint samples = 0;

  for (guint i = 0;; i++) {
    Box moof = box_find (all, "moof", i), traf;

    if (moof.data == NULL)
      return samples;
    traf = box_find (moof, "traf", 0);
    if (i == 0 && ret_tfdt != NULL)
      *ret_tfdt = box_u64 (box_find (traf, "tfdt", 0), 4);
    samples += box_u32 (box_find (traf, "trun", 0), 4);
  }
}

static void
test_steady (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autofree char *master = NULL;
  g_autoptr (GBytes) video = NULL, audio = NULL;
  RegiaHlsStats stats;
  guint64 tfdt = 0;

  g_assert_cmpint (find (window, "index.m3u8"), ==, REGIA_HLS_NOT_YET);
  g_assert_cmpint (find (window, V_INDEX), ==, REGIA_HLS_NOT_YET);
  feed (window, 0, SEGMENT_NS);
  g_assert_cmpint (find (window, V_INDEX), ==, REGIA_HLS_NOT_YET);
  g_assert_cmpint (find (window, "index.m3u8"), ==, REGIA_HLS_NOT_YET);

  feed (window, SEGMENT_NS, 21 * REGIA_SECOND);
  assert_lists (window, "5 6 7 8 9");
  master = get_text (window, "index.m3u8");
  g_assert_nonnull (strstr (master, "video/64p/index.m3u8"));
  g_assert_nonnull (strstr (master, "URI=\"audio/en/index.m3u8\""));
  g_assert_null (strstr (master, "opus"));

  video = get_bytes (window, "video/64p/7.m4s");
  g_assert_cmpuint (count_samples (video, &tfdt), ==, 50);
  g_assert_cmpuint (tfdt, ==, 14 * 90000);
  audio = get_bytes (window, "audio/it/7.m4s");
  g_assert_cmpuint (count_samples (audio, &tfdt), >=, 93);
  /* the frame nearest to 14 s */
  g_assert_cmpuint (tfdt, ==, (14 * 48000 + 512) / 1024 * 1024);
  assert_has (window, V_INDEX,
              "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:14.000Z\n#EXTINF:2.000000,\n7.m4s\n");

  regia_hls_window_get_stats (window, &stats);
  g_assert_cmpuint (stats.segments, ==, 30);
  g_assert_cmpuint (stats.dropped, ==, 0);
  g_assert_cmpint (stats.newest_end_ns / REGIA_MSECOND, >=, 20000);
}

static void
test_lookup (void)
{
  static const struct {
    const char *path;
    RegiaHlsFound expected;
  } table[] = {
      {"index.m3u8", REGIA_HLS_FOUND},
      {"video/64p/index.m3u8", REGIA_HLS_FOUND},
      {"video/64p/9.m4s", REGIA_HLS_FOUND},
      {"video/64p/2.m4s", REGIA_HLS_FOUND}, /* no longer listed, still kept */
      {"video/64p/1.m4s", REGIA_HLS_GONE},
      {"video/64p/10.m4s", REGIA_HLS_NOT_YET},
      {"video/64p/99999999999999999999.m4s", REGIA_HLS_NOT_FOUND},
      {"video/64p/09.m4s", REGIA_HLS_NOT_FOUND},
      {"video/64p/+9.m4s", REGIA_HLS_NOT_FOUND},
      {"video/64p/9.1.m4s", REGIA_HLS_NOT_FOUND},
      {"video/64p/.m4s", REGIA_HLS_NOT_FOUND},
      {"video/64p/init-00000000.mp4", REGIA_HLS_NOT_FOUND},
      {"video/64p/", REGIA_HLS_NOT_FOUND},
      {"video/64p", REGIA_HLS_NOT_FOUND},
      {"video/1080p/index.m3u8", REGIA_HLS_NOT_FOUND},
      {"audio/it/opus/index.m3u8", REGIA_HLS_NOT_FOUND},
      {"", REGIA_HLS_NOT_FOUND},
      {"/index.m3u8", REGIA_HLS_NOT_FOUND},
  };
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_auto (RegiaHlsResource) first = {0}, second = {0};

  feed (window, 0, 21 * REGIA_SECOND);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_test_message ("%s", table[i].path);
    g_assert_cmpint (find (window, table[i].path), ==, table[i].expected);
  }

  g_assert_cmpint (regia_hls_window_lookup (window, V_INDEX, &first), ==, REGIA_HLS_FOUND);
  g_assert_cmpint (first.kind, ==, REGIA_HLS_PLAYLIST);
  g_assert_cmpint (first.etag[0], ==, '"');
  feed (window, 21 * REGIA_SECOND, 23 * REGIA_SECOND);
  g_assert_cmpint (regia_hls_window_lookup (window, V_INDEX, &second), ==, REGIA_HLS_FOUND);
  g_assert_cmpstr (first.etag, !=, second.etag);
}

/* The init segment is named by its content, so a playlist always names one that fits. */
static void
test_init (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autofree char *text = NULL, *path = NULL, *digest = NULL;
  g_autoptr (GBytes) init = NULL;
  const char *name;

  feed (window, 0, 5 * REGIA_SECOND);
  text = get_text (window, V_INDEX);
  name = strstr (text, "init-");
  g_assert_nonnull (name);
  path = g_strdup_printf ("video/64p/%.17s", name);
  init = get_bytes (window, path);
  digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, init);
  g_assert_cmpint (strncmp (digest, name + strlen ("init-"), 8), ==, 0);
  g_assert_nonnull (box_find (box_from_bytes (init), "moov", 0).data);
}

/* Tracks that begin in different numbers are listed from the one that all have. */
static void
test_begin_together (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  for (guint i = 0; AAC_NS (i) < 7 * REGIA_SECOND; i++) {
    push (window, packets_aac (AUDIO_IT, i));
    push (window, packets_aac (AUDIO_EN, i));
  }
  g_assert_cmpint (find (window, A_INDEX), ==, REGIA_HLS_NOT_YET);
  for (guint i = 70; FRAME_NS (i) < 7 * REGIA_SECOND; i++) /* no keyframe before 4 s */
    push (window, packets_frame (VIDEO, i));
  assert_lists (window, "2");
}

/* A new engine in the middle of a number: a hole in the segment, nothing else. Its table numbers the tracks
 * otherwise. */
static void
test_engine_restart (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (GPtrArray) tracks = regia_tracks_new ();
  g_autoptr (GBytes) segment = NULL;
  Box all, second;

  feed (window, 0, 4800 * REGIA_MSECOND);
  g_ptr_array_add (tracks, packets_audio_track (0, "en"));
  g_ptr_array_add (tracks, packets_video_track (1));
  g_ptr_array_add (tracks, packets_audio_track (2, "it"));
  g_assert_true (regia_hls_window_set_tracks (window, tracks, NULL));
  feed_tracks (window, 5600 * REGIA_MSECOND, 9 * REGIA_SECOND, 1, 2, 0, 0);

  assert_lists (window, "0 1 2 3");
  segment = get_bytes (window, "video/64p/2.m4s");
  g_assert_cmpuint (count_samples (segment, NULL), ==, 20 + 10);
  all = box_from_bytes (segment);
  second = box_find (box_find (box_find (all, "moof", 1), "traf", 0), "tfdt", 0);
  g_assert_cmpuint (box_u64 (second, 4), ==, 56 * 9000);
  assert_has (window, V_INDEX, "#EXTINF:2.000000,\n2.m4s\n");
}

/* The engine is away for some numbers: gaps, told by the next packet, and no discontinuity. */
static void
test_gap_by_packet (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  feed (window, 0, 5 * REGIA_SECOND);
  feed (window, 10800 * REGIA_MSECOND, 15 * REGIA_SECOND);
  assert_lists (window, "2 -3 -4 5 6");
  assert_has (window, V_INDEX, "#EXTINF:1.000000,\n2.m4s\n");
  assert_has (window, V_INDEX,
              "#EXT-X-PROGRAM-DATE-TIME:2022-09-29T09:30:06.000Z\n#EXTINF:2.000000,\n#EXT-X-GAP\n3.m4s\n");
  assert_has (window, V_INDEX, "#EXTINF:1.200000,\n5.m4s\n");
  g_assert_cmpint (find (window, "video/64p/3.m4s"), ==, REGIA_HLS_GONE);
}

static void
advance (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns)
{
  for (gint64 now_ns = from_ns; now_ns <= to_ns; now_ns += REGIA_SECOND / 2)
    g_assert_true (regia_hls_window_advance (window, now_ns, NULL));
}

/* The engine is away and no packet tells: time does. */
static void
test_gap_by_time (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  RegiaHlsStats stats;

  feed (window, 0, 5 * REGIA_SECOND);
  advance (window, 5 * REGIA_SECOND, 7500 * REGIA_MSECOND);
  assert_lists (window, "0 1"); /* number 2 may still come */
  advance (window, 8 * REGIA_SECOND, 8 * REGIA_SECOND);
  assert_lists (window, "0 1 2");
  advance (window, 8500 * REGIA_MSECOND, 12 * REGIA_SECOND);
  assert_lists (window, "0 1 2 -3 -4");

  /* what comes for a number that has been told as over is of no use any more */
  regia_hls_window_get_stats (window, &stats);
  g_assert_cmpuint (stats.dropped, ==, 0);
  feed (window, 9500 * REGIA_MSECOND, 15 * REGIA_SECOND);
  regia_hls_window_get_stats (window, &stats);
  g_assert_cmpuint (stats.dropped, ==, 12 + 2 * 23); /* up to 10 s; audio whose middle lies before it */
  assert_lists (window, "2 -3 -4 5 6");
}

/* An encoder that is late but alive is not taken for dead. */
static void
test_slow_encoder (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  for (gint64 at_ns = 0; at_ns < 15 * REGIA_SECOND; at_ns += REGIA_SECOND / 5) {
    feed (window, at_ns, at_ns + REGIA_SECOND / 5);
    g_assert_true (regia_hls_window_advance (window, at_ns + 10 * REGIA_SECOND, NULL));
  }
  assert_lists (window, "2 3 4 5 6");
}

/* One track dies alone: the others go on, it is listed as gaps. */
static void
test_silent_track (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  feed (window, 0, 5 * REGIA_SECOND);
  for (guint i = 125; FRAME_NS (i) < 13 * REGIA_SECOND; i++) {
    push (window, packets_frame (VIDEO, i));
    g_assert_true (regia_hls_window_advance (window, FRAME_NS (i + 1), NULL));
  }
  assert_list (window, V_INDEX, "1 2 3 4 5");
  assert_list (window, A_INDEX, "0 1 2 -3 -4");
}

/* A pause longer than the window begins a new one, in bounded time and memory, whoever tells. */
static void
test_pause (void)
{
  g_autoptr (RegiaHlsWindow) told = make_window (), jumped = make_window ();
  RegiaHlsStats stats;
  gint64 start_us;

  feed (told, 0, 21 * REGIA_SECOND);
  feed (jumped, 0, 21 * REGIA_SECOND);
  advance (told, 21 * REGIA_SECOND, 3600 * REGIA_SECOND);
  assert_lists (told, "-1794 -1795 -1796 -1797 -1798");
  regia_hls_window_get_stats (told, &stats);
  g_assert_cmpuint (stats.bytes, <, 16384); /* playlists and init segments */
  feed (told, 3601 * REGIA_SECOND, 3605 * REGIA_SECOND);
  assert_lists (told, "1800 1801");

  /* much further, by packet and by time */
  start_us = g_get_monotonic_time ();
  feed (jumped, 144000 * REGIA_SECOND, 144005 * REGIA_SECOND);
  assert_lists (jumped, "72000 72001");
  advance (jumped, 4000000000 * REGIA_SECOND, 4000000001 * REGIA_SECOND);
  assert_lists (jumped, "-1999999994 -1999999995 -1999999996 -1999999997 -1999999998");
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, G_USEC_PER_SEC);
  g_assert_cmpint (find (jumped, "video/64p/9.m4s"), ==, REGIA_HLS_GONE);
}

static GPtrArray *
make_changed_tracks (void)
{
  GPtrArray *tracks = make_tracks ();
  RegiaTrack *track = g_ptr_array_index (tracks, VIDEO);
  gsize size = 0;
  g_autofree guint8 *avcc =
      g_memdup2 (g_bytes_get_data (track->extradata, &size), g_bytes_get_size (track->extradata));

  size = g_bytes_get_size (track->extradata);
  avcc[size - 1] ^= 0x40;
  g_bytes_unref (track->extradata);
  track->extradata = g_bytes_new (avcc, size);
  return tracks;
}

/* Other parameters: a new init segment and a discontinuity, at the same number on all tracks. */
static void
test_changed_parameters (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (GPtrArray) tracks = make_changed_tracks ();
  g_autofree char *before = NULL, *after = NULL;
  const char *first_map, *second_map;

  feed (window, 0, 4800 * REGIA_MSECOND);
  before = get_text (window, V_INDEX);
  first_map = strstr (before, "init-");
  g_assert_true (regia_hls_window_set_tracks (window, tracks, NULL));
  feed (window, 5200 * REGIA_MSECOND, 9 * REGIA_SECOND);
  assert_lists (window, "0 1 2 |3");
  assert_has (window, V_INDEX, "#EXTINF:0.800000,\n2.m4s\n");

  after = get_text (window, V_INDEX);
  g_assert_cmpint (strncmp (strstr (after, "init-"), first_map, 17), ==, 0);
  second_map = strstr (strstr (after, "init-") + 17, "init-");
  g_assert_nonnull (second_map);
  g_assert_cmpint (strncmp (second_map, first_map, 17), !=, 0);

  /* it stays until it has left the list, and is then counted */
  feed (window, 9 * REGIA_SECOND, 15 * REGIA_SECOND);
  assert_lists (window, "2 |3 4 5 6");
  feed (window, 15 * REGIA_SECOND, 17 * REGIA_SECOND);
  assert_lists (window, "|3 4 5 6 7");
  feed (window, 17 * REGIA_SECOND, 19 * REGIA_SECOND);
  assert_lists (window, "4 5 6 7 8");
  assert_has (window, V_INDEX, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
  assert_has (window, A_INDEX, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n");

  /* the old init segment goes with the last segment that needs it */
  {
    g_autofree char *path = g_strdup_printf ("video/64p/%.17s", first_map);

    g_assert_cmpint (find (window, path), ==, REGIA_HLS_FOUND);
    feed (window, 19 * REGIA_SECOND, 25 * REGIA_SECOND);
    g_assert_cmpint (find (window, path), ==, REGIA_HLS_NOT_FOUND);
  }
  /* and it still counts when another comes much later */
  {
    g_autoptr (GPtrArray) again = make_tracks ();

    g_assert_true (regia_hls_window_set_tracks (window, again, NULL));
    feed (window, 25 * REGIA_SECOND, 45 * REGIA_SECOND);
    assert_has (window, A_INDEX, "#EXT-X-DISCONTINUITY-SEQUENCE:2\n");
  }
}

/* Tracks that come and go with a new table. */
static void
test_changed_table (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (GPtrArray) tracks = make_tracks ();
  RegiaTrack *german = packets_audio_track (AUDIO_EN, "de");
  g_autofree char *master = NULL;

  feed (window, 0, 9 * REGIA_SECOND);
  g_ptr_array_remove_index (tracks, AUDIO_EN);
  g_ptr_array_add (tracks, german);
  g_assert_true (regia_hls_window_set_tracks (window, tracks, NULL));
  g_assert_cmpint (find (window, "audio/en/3.m4s"), ==, REGIA_HLS_NOT_FOUND);
  master = get_text (window, "index.m3u8");
  g_assert_null (strstr (master, "audio/en"));
  g_assert_null (strstr (master, "audio/de"));

  feed (window, 9 * REGIA_SECOND, 13 * REGIA_SECOND);
  assert_list (window, "audio/de/index.m3u8", "4 5");
  assert_list (window, V_INDEX, "1 2 3 4 5");
  assert_has (window, "index.m3u8", "NAME=\"Deutsch\"");
}

static void
test_bad_table (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (GPtrArray) tracks = make_tracks ();
  g_autoptr (GBytes) rubbish = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;

  feed (window, 0, 5 * REGIA_SECOND);
  g_ptr_array_add (tracks, regia_track_new (N_TRACKS, "video/bad", "", REGIA_CODEC_H264, rubbish));
  g_assert_false (regia_hls_window_set_tracks (window, tracks, &error));
  g_assert_nonnull (strstr (error->message, "video/bad"));
  feed (window, 5 * REGIA_SECOND, 7 * REGIA_SECOND);
  assert_lists (window, "0 1 2");
}

static void
test_bad_packets (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (RegiaPacket) unknown = packets_new (N_TRACKS, 0, FRAME_NS (1), TRUE, 10);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) segment = NULL;
  RegiaHlsStats stats;

  g_assert_false (regia_hls_window_push (window, unknown, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL);

  push (window, packets_new (AUDIO_OPUS, 0, FRAME_NS (1), TRUE, 10)); /* ignored, not dropped */
  push (window, packets_new (VIDEO, -FRAME_NS (1), FRAME_NS (1), TRUE, 10));
  push (window, packets_new (VIDEO, 0, 0, TRUE, 10));
  regia_hls_window_get_stats (window, &stats);
  g_assert_cmpuint (stats.dropped, ==, 2);

  /* time that does not rise: what hangs on the dropped frame goes as well, up to the next keyframe */
  feed (window, 0, REGIA_SECOND);
  push (window, packets_new (VIDEO, FRAME_NS (24), FRAME_NS (1), FALSE, 10));
  push (window, packets_new (VIDEO, FRAME_NS (3), FRAME_NS (1), FALSE, 10));
  regia_hls_window_get_stats (window, &stats);
  g_assert_cmpuint (stats.dropped, ==, 4);
  for (guint i = 25; i < 101; i++)
    push (window, packets_frame (VIDEO, i));
  regia_hls_window_get_stats (window, &stats);
  g_assert_cmpuint (stats.dropped, ==, 4 + 25);
  for (guint i = 47; AAC_NS (i) < 5 * REGIA_SECOND; i++) {
    push (window, packets_aac (AUDIO_IT, i));
    push (window, packets_aac (AUDIO_EN, i));
  }
  segment = get_bytes (window, "video/64p/0.m4s");
  g_assert_cmpuint (count_samples (segment, NULL), ==, 25);
  segment = (g_bytes_unref (segment), get_bytes (window, "video/64p/1.m4s"));
  g_assert_cmpuint (count_samples (segment, NULL), ==, 50);
}

/* The encoder misses a keyframe: no segment grows longer than the target duration may. */
static void
test_missed_keyframe (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autofree char *text = NULL;

  for (guint i = 0; FRAME_NS (i) < 9 * REGIA_SECOND; i++)
    push (window, packets_new (VIDEO, FRAME_NS (i), FRAME_NS (1), i % 50 == 0 && i != 50, 10));
  for (guint i = 0; AAC_NS (i) < 9 * REGIA_SECOND; i++) {
    push (window, packets_aac (AUDIO_IT, i));
    push (window, packets_aac (AUDIO_EN, i));
  }
  assert_list (window, V_INDEX, "0 -1 2 3");
  text = get_text (window, V_INDEX);
  g_assert_nonnull (strstr (text, "#EXTINF:2.280000,\n0.m4s\n"));
}

/* Keyframes that a clock or a rounding puts a little beside the boundary begin their number all the same. */
static void
test_keyframe_beside (void)
{
  const gint64 shifts_ns[] = {-1, -19 * REGIA_MSECOND, 1, 39 * REGIA_MSECOND};

  for (gsize s = 0; s < G_N_ELEMENTS (shifts_ns); s++) {
    g_autoptr (RegiaHlsWindow) window = make_window ();
    RegiaHlsStats stats;

    for (guint i = 0; FRAME_NS (i) < 9 * REGIA_SECOND; i++)
      push (window, packets_new (VIDEO, FRAME_NS (i) + 40 * REGIA_MSECOND + shifts_ns[s], FRAME_NS (1),
                                 i % 50 == 49 || i == 0, 10));
    for (guint i = 0; AAC_NS (i) < 9 * REGIA_SECOND; i++) {
      push (window, packets_aac (AUDIO_IT, i));
      push (window, packets_aac (AUDIO_EN, i));
    }
    assert_list (window, V_INDEX, "0 1 2 3");
    regia_hls_window_get_stats (window, &stats);
    g_assert_cmpuint (stats.dropped, ==, 0);
    for (guint n = 1; n < 4; n++) {
      g_autofree char *path = g_strdup_printf ("video/64p/%u.m4s", n);
      g_autoptr (GBytes) segment = get_bytes (window, path);

      g_assert_cmpuint (count_samples (segment, NULL), ==, 50);
    }
  }
}

/* A gateway that is started in the middle has the numbers and the bytes of one that was there all the time.
 */
static void
test_rebuilt (void)
{
  g_autoptr (RegiaHlsWindow) old = make_window (), rebuilt = make_window ();
  g_autofree char *old_text = NULL, *new_text = NULL;

  feed (old, 0, 21 * REGIA_SECOND);
  /* the feed's memory begins at 10.6 s, in the middle of a group of pictures */
  for (guint i = 265; FRAME_NS (i) < 12 * REGIA_SECOND; i++) {
    RegiaPacket *packet = packets_new (VIDEO, FRAME_NS (i), FRAME_NS (1), FALSE, 100);

    packet->seq = 5000 + i;
    push (rebuilt, packet);
  }
  for (guint i = 497; AAC_NS (i) < 12 * REGIA_SECOND; i++) {
    push (rebuilt, packets_aac (AUDIO_IT, i));
    push (rebuilt, packets_aac (AUDIO_EN, i));
  }
  feed_tracks (rebuilt, 12 * REGIA_SECOND, 21 * REGIA_SECOND, VIDEO, AUDIO_IT, AUDIO_EN, 9000);

  assert_lists (old, "5 6 7 8 9");
  assert_lists (rebuilt, "6 7 8 9");
  for (guint n = 6; n < 10; n++) {
    const char *names[] = {"video/64p", "audio/it", "audio/en"};

    for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
      g_autofree char *path = g_strdup_printf ("%s/%u.m4s", names[i], n);
      g_autoptr (GBytes) a = get_bytes (old, path), b = get_bytes (rebuilt, path);

      g_assert_true (g_bytes_equal (a, b));
    }
  }
  old_text = get_text (old, "index.m3u8");
  new_text = get_text (rebuilt, "index.m3u8");
  g_assert_cmpstr (old_text, ==, new_text);
}

static void
test_end (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (GPtrArray) tracks = make_tracks ();

  feed (window, 0, 5 * REGIA_SECOND);
  g_assert_true (regia_hls_window_end (window, NULL));
  assert_lists (window, "0 1 2 $");
  assert_has (window, V_INDEX, "#EXTINF:1.000000,\n2.m4s\n");
  feed (window, 5 * REGIA_SECOND, 9 * REGIA_SECOND); /* what comes after the end is not looked at */
  advance (window, 9 * REGIA_SECOND, 20 * REGIA_SECOND);
  assert_lists (window, "0 1 2 $");

  g_assert_true (regia_hls_window_set_tracks (window, tracks, NULL));
  feed (window, 10 * REGIA_SECOND, 15 * REGIA_SECOND);
  assert_lists (window, "2 -3 -4 5 6");
}

static void
test_end_before_anything (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  g_assert_true (regia_hls_window_end (window, NULL));
  g_assert_cmpint (find (window, "index.m3u8"), ==, REGIA_HLS_NOT_YET);
}

/* BANDWIDTH is an upper bound: a segment that is above it raises it. */
static void
test_bandwidth (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  feed (window, 0, 6 * REGIA_SECOND);
  assert_has (window, "index.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=12"); /* 1.25 Mbit/s and some of sound */
  for (guint i = 150; i < 201; i++)
    push (window, packets_new (VIDEO, FRAME_NS (i), FRAME_NS (1), i % 50 == 0, 10000));
  assert_has (window, "index.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=20"); /* 500 000 bytes in 2 s */
}

/* Lookups from many threads while one writes. */
typedef struct {
  RegiaHlsWindow *window;
  gint stop;
  gint found;
} Race;

static gpointer
look_up_thread (gpointer data)
{
  Race *race = data;
  guint number = 0;

  while (!g_atomic_int_get (&race->stop)) {
    g_auto (RegiaHlsResource) list = {0}, segment = {0};
    g_autofree char *path = g_strdup ("video/64p/0.m4s");
    RegiaHlsStats stats;

    if (regia_hls_window_lookup (race->window, V_INDEX, &list) == REGIA_HLS_FOUND) {
      gsize size = 0;
      const char *text = g_bytes_get_data (list.bytes, &size);
      const char *sequence = g_strstr_len (text, (gssize)size, "#EXT-X-MEDIA-SEQUENCE:");

      g_assert_cmpint (strncmp (text, "#EXTM3U", 7), ==, 0);
      g_assert_cmpint (text[size - 1], ==, '\n');
      g_assert_nonnull (sequence);
      g_free (path);
      path = g_strdup_printf ("video/64p/%u.m4s",
                              (guint)g_ascii_strtoull (sequence + 22, NULL, 10) + number++ % KEPT);
    }
    if (regia_hls_window_lookup (race->window, path, &segment) == REGIA_HLS_FOUND) {
      g_assert_nonnull (box_find (box_from_bytes (segment.bytes), "moof", 0).data);
      g_atomic_int_inc (&race->found);
    }
    regia_hls_window_get_stats (race->window, &stats);
  }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();
  g_autoptr (GPtrArray) tracks = make_changed_tracks ();
  Race race = {.window = window};
  GThread *threads[4];
  gint64 at_ns = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("look-up", look_up_thread, &race);
  for (; at_ns < 100 * REGIA_SECOND; at_ns += 10 * REGIA_SECOND)
    feed (window, at_ns, at_ns + 10 * REGIA_SECOND);
  g_assert_true (regia_hls_window_set_tracks (window, tracks, NULL));
  /* on until the readers have met segments often enough: they run on as few cores as the machine has */
  for (; at_ns < 200 * REGIA_SECOND || g_atomic_int_get (&race.found) < 100; at_ns += 10 * REGIA_SECOND)
    feed (window, at_ns, at_ns + 10 * REGIA_SECOND);
  g_atomic_int_set (&race.stop, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/window/steady", test_steady);
  g_test_add_func ("/hls/window/lookup", test_lookup);
  g_test_add_func ("/hls/window/init", test_init);
  g_test_add_func ("/hls/window/begin-together", test_begin_together);
  g_test_add_func ("/hls/window/engine-restart", test_engine_restart);
  g_test_add_func ("/hls/window/gap-by-packet", test_gap_by_packet);
  g_test_add_func ("/hls/window/gap-by-time", test_gap_by_time);
  g_test_add_func ("/hls/window/slow-encoder", test_slow_encoder);
  g_test_add_func ("/hls/window/silent-track", test_silent_track);
  g_test_add_func ("/hls/window/pause", test_pause);
  g_test_add_func ("/hls/window/changed-parameters", test_changed_parameters);
  g_test_add_func ("/hls/window/changed-table", test_changed_table);
  g_test_add_func ("/hls/window/bad-table", test_bad_table);
  g_test_add_func ("/hls/window/bad-packets", test_bad_packets);
  g_test_add_func ("/hls/window/missed-keyframe", test_missed_keyframe);
  g_test_add_func ("/hls/window/keyframe-beside", test_keyframe_beside);
  g_test_add_func ("/hls/window/rebuilt", test_rebuilt);
  g_test_add_func ("/hls/window/end", test_end);
  g_test_add_func ("/hls/window/end-before-anything", test_end_before_anything);
  g_test_add_func ("/hls/window/bandwidth", test_bandwidth);
  g_test_add_func ("/hls/window/threads", test_threads);
  return g_test_run ();
}
