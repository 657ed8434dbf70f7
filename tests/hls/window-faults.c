/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feeding.h"
#include "regia/base/error.h"

/* What the window makes of engines that go away, change or err. */

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

/* One track dies alone: the others go on, it is listed as gaps, with a clock or without. */
static void
test_silent_track (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  feed (window, 0, 5 * REGIA_SECOND);
  for (guint i = 125; FRAME_NS (i) < 13 * REGIA_SECOND; i++)
    push (window, packets_frame (VIDEO, i));
  assert_list (window, V_INDEX, "1 2 3 4 5");
  assert_list (window, A_INDEX, "0 1 2 -3");
  assert_has (window, A_INDEX, "#EXTINF:1.002667,\n2.m4s\n");
  for (guint i = 325; FRAME_NS (i) < 14400 * REGIA_MSECOND; i++) {
    push (window, packets_frame (VIDEO, i));
    g_assert_true (regia_hls_window_advance (window, FRAME_NS (i + 1), NULL));
  }
  assert_list (window, A_INDEX, "1 2 -3 -4 -5");
}

/* One track never delivers anything: that does not hold up the others. */
static void
test_dead_track (void)
{
  g_autoptr (RegiaHlsWindow) window = make_window ();

  for (guint i = 0; FRAME_NS (i) < 9 * REGIA_SECOND; i++) {
    push (window, packets_frame (VIDEO, i));
    for (guint k = 0; k < 2; k++) /* near enough: 25 frames of 40 ms, 50 of 21 ms */
      push (window, packets_aac (AUDIO_IT, 2 * i + k));
  }
  assert_list (window, V_INDEX, "0 1 2 3");
  assert_list (window, "audio/en/index.m3u8", "-0 -1");
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
  feed_sound (window, REGIA_SECOND, 5 * REGIA_SECOND);
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

  for (guint i = 0; FRAME_NS (i) < 9 * REGIA_SECOND; i++) {
    push (window, packets_new (VIDEO, FRAME_NS (i), FRAME_NS (1), i % 50 == 0 && i != 50, 10));
    feed_sound (window, FRAME_NS (i), FRAME_NS (i + 1));
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

    for (guint i = 0; FRAME_NS (i) < 9 * REGIA_SECOND; i++) {
      push (window,
            packets_new (VIDEO, FRAME_NS (i + 1) + shifts_ns[s], FRAME_NS (1), i % 50 == 49 || i == 0, 10));
      feed_sound (window, FRAME_NS (i), FRAME_NS (i + 1));
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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/window-faults/engine-restart", test_engine_restart);
  g_test_add_func ("/hls/window-faults/gap-by-packet", test_gap_by_packet);
  g_test_add_func ("/hls/window-faults/gap-by-time", test_gap_by_time);
  g_test_add_func ("/hls/window-faults/slow-encoder", test_slow_encoder);
  g_test_add_func ("/hls/window-faults/silent-track", test_silent_track);
  g_test_add_func ("/hls/window-faults/dead-track", test_dead_track);
  g_test_add_func ("/hls/window-faults/pause", test_pause);
  g_test_add_func ("/hls/window-faults/changed-parameters", test_changed_parameters);
  g_test_add_func ("/hls/window-faults/changed-table", test_changed_table);
  g_test_add_func ("/hls/window-faults/bad-table", test_bad_table);
  g_test_add_func ("/hls/window-faults/bad-packets", test_bad_packets);
  g_test_add_func ("/hls/window-faults/missed-keyframe", test_missed_keyframe);
  g_test_add_func ("/hls/window-faults/keyframe-beside", test_keyframe_beside);
  return g_test_run ();
}
