/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feeding.h"

/* What the window does while all goes well. */

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
  guint frame = 70; /* from 2.8 s on, no keyframe before 4 s */

  for (guint i = 0; AAC_NS (i) < 7 * REGIA_SECOND; i++) {
    push (window, packets_aac (AUDIO_IT, i));
    push (window, packets_aac (AUDIO_EN, i));
    for (; FRAME_NS (frame) < AAC_NS (i); frame++)
      push (window, packets_frame (VIDEO, frame));
    if (AAC_NS (i) == 5 * REGIA_SECOND - 8 * REGIA_MSECOND)
      g_assert_cmpint (find (window, A_INDEX), ==, REGIA_HLS_NOT_YET);
  }
  assert_lists (window, "2");
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

/* Both multivariant playlists come and change together. */
static void
test_show (void)
{
  const RegiaHlsOptions options = {
      .segment_ns = SEGMENT_NS, .segments = SEGMENTS, .segments_kept = KEPT, .show = "0a1b2c3d"};
  g_autoptr (RegiaHlsWindow) window = regia_hls_window_new (&options), plain = make_window ();
  g_autoptr (GPtrArray) tracks = make_tracks ();
  g_autofree char *own = NULL, *above = NULL, *same = NULL;
  g_auto (GStrv) parts = NULL;

  g_assert_cmpint (find (window, REGIA_HLS_ABOVE), ==, REGIA_HLS_NOT_YET);
  g_assert_true (regia_hls_window_set_tracks (window, tracks, NULL));
  g_assert_cmpint (find (window, REGIA_HLS_ABOVE), ==, REGIA_HLS_NOT_YET);
  g_assert_cmpint (find (window, "index.m3u8"), ==, REGIA_HLS_NOT_YET);
  feed (window, 0, 6 * REGIA_SECOND);
  feed (plain, 0, 6 * REGIA_SECOND);
  own = get_text (window, "index.m3u8");
  same = get_text (plain, "index.m3u8");
  g_assert_cmpstr (own, ==, same);
  above = get_text (window, REGIA_HLS_ABOVE);
  g_assert_nonnull (strstr (above, "\n0a1b2c3d/video/64p/index.m3u8\n"));
  g_assert_nonnull (strstr (above, "URI=\"0a1b2c3d/audio/en/index.m3u8\""));
  parts = g_strsplit (above, "0a1b2c3d/", -1);
  g_free (g_steal_pointer (&above));
  above = g_strjoinv ("", parts);
  g_assert_cmpstr (above, ==, own);
  g_assert_cmpint (find (plain, REGIA_HLS_ABOVE), !=, REGIA_HLS_FOUND);
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
  g_test_add_func ("/hls/window/rebuilt", test_rebuilt);
  g_test_add_func ("/hls/window/show", test_show);
  g_test_add_func ("/hls/window/end", test_end);
  g_test_add_func ("/hls/window/end-before-anything", test_end_before_anything);
  g_test_add_func ("/hls/window/bandwidth", test_bandwidth);
  g_test_add_func ("/hls/window/threads", test_threads);
  return g_test_run ();
}
