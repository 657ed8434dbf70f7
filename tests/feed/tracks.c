/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tracks that come, go and change within a generation, budgets of memory, pictures that are shown in another
 * order than they are decoded in, and a server that sends what cannot be.
 */
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "regia/base/error.h"
#include "wire-private.h"

/* Tables are written as "NAME PARAMETERS, …"; the codec follows from the name. */
static GPtrArray *
table (const char *text)
{
  GPtrArray *tracks = regia_tracks_new ();
  g_auto (GStrv) words = g_strsplit (text, ", ", -1);

  for (guint i = 0; words[i] != NULL; i++) {
    g_auto (GStrv) pair = g_strsplit (words[i], " ", 2);
    g_autoptr (GBytes) extradata = g_bytes_new (pair[1], strlen (pair[1]));
    RegiaCodec codec = REGIA_CODEC_H264;

    if (g_str_has_prefix (pair[0], "audio/"))
      codec = REGIA_CODEC_AAC;
    if (g_str_has_prefix (pair[0], "preview/"))
      codec = REGIA_CODEC_JPEG;
    if (g_str_equal (pair[0], "meters"))
      codec = REGIA_CODEC_JSON;
    if (g_str_equal (pair[0], "iso/drone"))
      codec = REGIA_CODEC_H265;
    if (g_str_has_prefix (pair[0], "captions/"))
      codec = REGIA_CODEC_TEXT;
    g_ptr_array_add (tracks, regia_track_new (i, pair[0], "", codec, extradata));
  }
  return tracks;
}

static void
set_table (RegiaFeedLog *log, const char *text)
{
  g_autoptr (GPtrArray) tracks = table (text);

  regia_feed_log_set_tracks (log, tracks);
}

static void
append (RegiaFeedLog *log, guint track, guint frame, gboolean key, gsize size)
{
  regia_feed_log_append (log, regia_packet_new (track, key ? REGIA_PACKET_KEYFRAME : 0, frame * FRAME_NS,
                                                frame * FRAME_NS, FRAME_NS,
                                                g_bytes_new_take (g_malloc0 (size), size)));
}

static void
wait_tracks (RegiaFeedClient *client, RegiaFeedEvent *event, const char *text)
{
  g_autoptr (GPtrArray) wanted = table (text);

  next (client, event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (event->generation, ==, 1);
  g_assert_cmpuint (event->tracks->len, ==, wanted->len);
  for (guint i = 0; i < wanted->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (event->tracks, i), *same = g_ptr_array_index (wanted, i);

    g_assert_cmpstr (track->name, ==, same->name);
    g_assert_true (regia_track_same_parameters (track, same));
  }
}

static void
wait_packet (RegiaFeedClient *client, RegiaFeedEvent *event, guint track, guint frame)
{
  next (client, event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpuint (event->packet->track, ==, track);
  g_assert_cmpint (event->packet->pts_ns, ==, frame * FRAME_NS);
}

#define FIRST  "video/720p a, audio/it b"
#define SECOND "video/720p a, audio/it b, iso/drone x, preview/drone y, captions/it z"
#define THIRD  "audio/it b, video/720p other"

/* Each packet belongs to the table of its time, for whoever was there, and for who comes later; wishes are by
 * name. */
static void
test_tables (Fixture *f, gconstpointer data)
{
  const char *const wanted[] = {"video/*", "iso/*", "preview/*", NULL};
  g_autoptr (RegiaFeedClient) client = NULL, later = NULL, resuming = NULL;
  g_auto (RegiaFeedEvent) event = {0};

  set_table (f->log, FIRST);
  client = regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), wanted, REGIA_FEED_FROM_OLDEST, 0, 0);
  append (f->log, 0, 0, TRUE, 10);
  append (f->log, 1, 0, TRUE, 10);
  set_table (f->log, SECOND);
  append (f->log, 2, 1, TRUE, 10);
  append (f->log, 4, 1, TRUE, 10);
  append (f->log, 3, 1, TRUE, 10);
  set_table (f->log, THIRD);
  append (f->log, 0, 2, TRUE, 10);
  append (f->log, 1, 2, TRUE, 10);
  wait_tracks (client, &event, FIRST);
  wait_packet (client, &event, 0, 0);
  wait_tracks (client, &event, SECOND);
  wait_packet (client, &event, 2, 1);
  wait_packet (client, &event, 3, 1);
  wait_tracks (client, &event, THIRD);
  wait_packet (client, &event, 1, 2);
  /* Also without a packet of it. */
  set_table (f->log, FIRST);
  append (f->log, 1, 3, TRUE, 10);
  wait_tracks (client, &event, FIRST);

  later = regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), wanted, REGIA_FEED_FROM_LIVE, 0, 0);
  wait_tracks (later, &event, THIRD);
  wait_packet (later, &event, 1, 2);
  wait_tracks (later, &event, FIRST);
  resuming = regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), wanted, REGIA_FEED_FROM_SEQ, 1, 4);
  wait_tracks (resuming, &event, SECOND);
  wait_packet (resuming, &event, 3, 1);
}

/* Whoever is given the same tracks in the same places hears nothing of what others are given, and has lost
 * nothing; whoever wants what comes or goes is told. */
static void
test_others_tables (Fixture *f, gconstpointer data)
{
  static const char *const programme[] = {"video/*", "audio/*", NULL}, *const drone[] = {"preview/drone",
                                                                                         NULL};
  g_autoptr (RegiaFeedClient) recorder = NULL, viewer = NULL, watcher = NULL;
  g_auto (RegiaFeedEvent) event = {0};

  set_table (f->log, FIRST);
  recorder =
      regia_feed_client_new (reader_new (f, REGIA_FEED_RECORD), programme, REGIA_FEED_FROM_OLDEST, 0, 0);
  viewer = regia_feed_client_new (reader_new (f, REGIA_FEED_PUBLIC), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  watcher = regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), drone, REGIA_FEED_FROM_OLDEST, 0, 0);
  append (f->log, 0, 0, TRUE, 10);
  append (f->log, 1, 0, TRUE, 10);
  set_table (f->log, FIRST ", preview/drone y");
  append (f->log, 2, 1, TRUE, 10);
  append (f->log, 0, 1, FALSE, 10); /* no keyframe: nothing begins anew */
  set_table (f->log, FIRST ", gone ");
  append (f->log, 1, 1, FALSE, 10);
  set_table (f->log, FIRST ", preview/hall y");
  append (f->log, 0, 2, FALSE, 10);
  for (guint i = 0; i < 2; i++) {
    RegiaFeedClient *client = i == 0 ? recorder : viewer;

    wait_tracks (client, &event, FIRST);
    wait_packet (client, &event, 0, 0);
    wait_packet (client, &event, 1, 0);
    wait_packet (client, &event, 0, 1);
    wait_packet (client, &event, 1, 1);
    wait_packet (client, &event, 0, 2);
  }
  wait_tracks (watcher, &event, FIRST);
  wait_tracks (watcher, &event, FIRST ", preview/drone y");
  wait_packet (watcher, &event, 2, 1);
  next (watcher, &event, REGIA_FEED_EVENT_TRACKS);
}

/* Whoever was told a table is not told it again when it comes back. */
static void
test_resumed_table (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client = NULL;
  g_auto (RegiaFeedEvent) event = {0};

  set_table (f->log, SECOND);
  client = regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  append (f->log, 0, 0, TRUE, 10);
  wait_tracks (client, &event, SECOND);
  wait_packet (client, &event, 0, 0);
  regia_feed_server_free (f->server);
  server_start (f);
  append (f->log, 0, 1, FALSE, 10);
  wait_packet (client, &event, 0, 1);
  regia_feed_server_free (f->server);
  set_table (f->log, FIRST);
  append (f->log, 0, 2, FALSE, 10);
  server_start (f);
  wait_tracks (client, &event, FIRST);
  wait_packet (client, &event, 0, 2);
}

static guint
count_track (RegiaFeedLog *log, const char *pattern)
{
  g_autoptr (RegiaFeedCursor) cursor =
      regia_feed_cursor_new (log, REGIA_FEED_HOUSE, pattern, strlen (pattern), REGIA_FEED_FROM_OLDEST, 0);
  guint count = 0;
  RegiaFeedRead read;

  do {
    RegiaPacket *packets[16];

    regia_feed_cursor_read (cursor, packets, G_N_ELEMENTS (packets), &read);
    g_assert_false (read.gap);
    for (guint i = 0; i < read.count; i++)
      regia_packet_unref (packets[i]);
    count += read.count;
    g_clear_pointer (&read.table, g_bytes_unref);
  } while (!read.end);
  return count;
}

/* Isolated sources and previews have rooms of their own: the programme is held as long as it was before. */
static void
test_budgets (void)
{
  g_autoptr (RegiaFeedLog) log = regia_feed_log_new (1, 60 * REGIA_SECOND, 1u << 20);
  RegiaFeedLogStats stats;

  set_table (log, "video/720p a, iso/drone b, preview/drone c, meters d");
  regia_feed_log_set_budget (log, REGIA_FEED_CLASS_ISO, 100000);
  regia_feed_log_set_budget (log, REGIA_FEED_CLASS_REST, 50000);
  for (guint n = 0; n < 500; n++) {
    append (log, 0, n, n % 50 == 0, 1000);
    append (log, 1, n, n % 50 == 0, 10000);
    append (log, 2, n, TRUE, 5000);
    append (log, 3, n, TRUE, 100);
  }
  regia_feed_log_get_stats (log, &stats);
  g_assert_cmpint (stats.held_ns, ==, 499 * FRAME_NS);
  g_assert_cmpuint (stats.bytes, <=, 500 * 1000 + 100000 + 50000);
  regia_feed_log_end (log);
  g_assert_cmpuint (count_track (log, "video/*\n"), ==, 500);
  g_assert_cmpuint (count_track (log, "preview/*\n"), ==, 9);
  g_assert_cmpuint (count_track (log, "meters\n"), ==, 10);
  /* Ten pictures are held of it, and none that can be decoded. */
  g_assert_cmpuint (count_track (log, "iso/*\n"), ==, 0);
  /* The programme has its limit, too. */
  g_clear_pointer (&log, regia_feed_log_free);
  log = regia_feed_log_new (1, 60 * REGIA_SECOND, 100000);
  set_table (log, "video/720p a, iso/drone b");
  for (guint n = 0; n < 500; n++)
    append (log, n % 2, n, TRUE, 1000);
  regia_feed_log_get_stats (log, &stats);
  g_assert_cmpuint (stats.bytes, ==, 2 * 100000);
  g_assert_cmpuint (stats.packets, ==, 200);
}

/* A reader of an isolated source that lost some of it is told nothing of a gap in the programme; the source
 * goes on at a keyframe that says so. */
static void
test_holes (void)
{
  g_autoptr (RegiaFeedLog) log = regia_feed_log_new (1, 60 * REGIA_SECOND, 1u << 20);
  g_autoptr (RegiaFeedCursor) cursor = NULL;
  RegiaPacket *packets[16];
  RegiaFeedRead read;
  guint programme = 0, iso = 0;

  set_table (log, "video/720p a, iso/drone b");
  regia_feed_log_set_budget (log, REGIA_FEED_CLASS_ISO, 70000);
  cursor = regia_feed_cursor_new (log, REGIA_FEED_HOUSE, "", 0, REGIA_FEED_FROM_OLDEST, 0);
  append (log, 0, 0, TRUE, 1000);
  append (log, 1, 0, TRUE, 1000);
  regia_feed_cursor_read (cursor, packets, 16, &read);
  g_clear_pointer (&read.table, g_bytes_unref);
  regia_feed_cursor_read (cursor, packets, 16, &read);
  g_assert_cmpuint (read.count, ==, 2);
  regia_packet_unref (packets[0]);
  regia_packet_unref (packets[1]);
  for (guint n = 1; n < 205; n++) {
    append (log, 0, n, n % 50 == 0, 1000);
    append (log, 1, n, n % 50 == 0, 1000);
  }
  do {
    regia_feed_cursor_read (cursor, packets, 16, &read);
    g_assert_false (read.gap);
    for (guint i = 0; i < read.count; i++) {
      if (packets[i]->track == 0)
        g_assert_cmpint (packets[i]->pts_ns, ==, ++programme * FRAME_NS);
      else if (iso++ == 0) {
        g_assert_cmpint (packets[i]->pts_ns, ==, 150 * FRAME_NS);
        g_assert_cmpuint (packets[i]->flags, ==, REGIA_PACKET_KEYFRAME | REGIA_PACKET_DISCONTINUITY);
      } else {
        g_assert_cmpuint (packets[i]->flags & REGIA_PACKET_DISCONTINUITY, ==, 0);
      }
      regia_packet_unref (packets[i]);
    }
  } while (read.count > 0);
  g_assert_cmpuint (programme, ==, 204);
  g_assert_cmpuint (iso, ==, 55);
}

/* I P B B in the order of their decoding. */
static void
test_reordered (Fixture *f, gconstpointer data)
{
  static const guint shown[] = {1, 4, 2, 3};
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};

  for (guint i = 0; i < 4; i++)
    regia_feed_log_append (f->log,
                           regia_packet_new (0, i == 0 ? REGIA_PACKET_KEYFRAME : 0, shown[i] * FRAME_NS,
                                             i * FRAME_NS, FRAME_NS, g_bytes_new_static ("x", 1)));
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  for (guint i = 0; i < 4; i++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpint (event.packet->dts_ns, ==, i * FRAME_NS);
    g_assert_cmpint (event.packet->pts_ns, ==, shown[i] * FRAME_NS);
  }
}

/* What a broken or hostile server sends after a good beginning: refused in words, and a good one is followed
 * afterwards. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  static const RegiaFeedHeader good = {
      .magic = REGIA_FEED_MAGIC, .type = REGIA_FEED_MESSAGE_PACKET, .size = 0, .track = 1, .duration_ns = 1};
  RegiaFeedHeader bad[] = {good, good, good, good, good, good, good, good, good, good, good};
  g_autoptr (GPtrArray) tracks = table (FIRST);
  g_autoptr (GBytes) bytes = regia_feed_tracks_to_bytes (tracks, G_MAXUINT64);

  bad[0].magic++;
  bad[1].type = 0;
  bad[2].type = 77;
  bad[3].size = REGIA_PACKET_MAX_BYTES + 1;
  bad[4].track = 2; /* not told */
  bad[5].track = G_MAXUINT32;
  bad[6].duration_ns = -1;
  bad[7].dts_ns = 1;
  bad[8].pts_ns = G_MAXINT64;
  bad[9].type = REGIA_FEED_MESSAGE_END;
  bad[9].size = 1;
  bad[10].type = REGIA_FEED_MESSAGE_TRACKS;
  bad[10].size = REGIA_FEED_TRACKS_MAX_BYTES + 1;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (RegiaFeedLink) link = regia_feed_link_new ();
    g_autoptr (RegiaFeedClient) client = regia_feed_client_new (link, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
    RegiaFeedHeader hello = {
        .magic = REGIA_FEED_MAGIC, .type = REGIA_FEED_MESSAGE_HELLO, .seq = 1, .request = 1};
    RegiaFeedHeader told = {.magic = REGIA_FEED_MAGIC,
                            .type = REGIA_FEED_MESSAGE_TRACKS,
                            .size = (guint32)g_bytes_get_size (bytes),
                            .request = 1};
    g_auto (RegiaFeedEvent) event = {0};
    g_autoptr (GError) error = NULL;
    int ends[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    regia_feed_link_use (link, ends[1]);
    g_assert_cmpint (write (ends[0], &hello, sizeof hello), ==, sizeof hello);
    g_assert_cmpint (write (ends[0], &told, sizeof told), ==, sizeof told);
    g_assert_cmpint (write (ends[0], g_bytes_get_data (bytes, NULL), told.size), ==, told.size);
    bad[i].request = 1;
    g_assert_cmpint (write (ends[0], &bad[i], sizeof bad[i]), ==, sizeof bad[i]);
    next (client, &event, REGIA_FEED_EVENT_TRACKS);
    g_assert_false (regia_feed_client_next (client, 5000, NULL, &event, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL);
    g_assert_false (regia_feed_client_is_connected (client));
    close (ends[0]);
    pair_hand (f->server, link, "careful", REGIA_FEED_HOUSE);
    append_frame (f->log, i, 10);
    do
      g_assert_true (regia_feed_client_next (client, 5000, NULL, &event, NULL));
    while (event.type == REGIA_FEED_EVENT_TRACKS);
    g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_PACKET);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/feed/tracks/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (tables);
  ADD (others_tables);
  ADD (resumed_table);
  g_test_add_func ("/feed/tracks/budgets", test_budgets);
  g_test_add_func ("/feed/tracks/holes", test_holes);
  ADD (reordered);
  ADD (refused);
  return g_test_run ();
}
