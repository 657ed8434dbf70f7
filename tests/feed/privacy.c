/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the public is given: packets are counted and looked at one by one, what is private beside what the
 * house has of it. Payloads: the original's begin with 'o', those of the blanks with 'b' and their number.
 */
#include <string.h>

#include "fixture.h"

#define GOP        50
#define BLANK_GOP  20
#define FRAME(n)   ((gint64)(n) * FRAME_NS)
#define N_TRACKS   7
#define TRACK_ISO  5
#define TRACK_TEXT 4

static const char *const names[N_TRACKS] = {"video/720p",  "video/360p", "audio/it", "audio/it/opus",
                                            "captions/it", "iso/camera", "meters"};
static const RegiaCodec codecs[N_TRACKS] = {REGIA_CODEC_H264, REGIA_CODEC_H264, REGIA_CODEC_AAC,
                                            REGIA_CODEC_OPUS, REGIA_CODEC_TEXT, REGIA_CODEC_H264,
                                            REGIA_CODEC_JSON};

typedef struct {
  RegiaFeedLog *log;
  guint frames; /* appended */
} Hall;

static GPtrArray *
hall_tracks (void)
{
  GPtrArray *tracks = regia_tracks_new ();
  g_autoptr (GBytes) extradata = g_bytes_new_static ("x", 1);

  for (guint i = 0; i < N_TRACKS; i++)
    g_ptr_array_add (tracks, regia_track_new (i, names[i], "", codecs[i], extradata));
  return tracks;
}

static void
set_blanks (RegiaFeedLog *log, guint track, guint n)
{
  g_autoptr (GPtrArray) payloads = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  for (guint i = 0; i < n; i++) {
    char text[2] = {'b', (char)i};
    g_ptr_array_add (payloads, g_bytes_new (text, sizeof text));
  }
  regia_feed_log_set_blank (log, track, payloads);
}

/* The second rendition has no blanks. */
static void
hall_set_up (Hall *hall, gconstpointer data)
{
  g_autoptr (GPtrArray) tracks = hall_tracks ();

  hall->log = regia_feed_log_new (1, 60 * REGIA_SECOND, 64u << 20);
  regia_feed_log_set_tracks (hall->log, tracks);
  set_blanks (hall->log, 0, BLANK_GOP);
  set_blanks (hall->log, 2, 1);
  set_blanks (hall->log, 3, 1);
}

static void
hall_tear_down (Hall *hall, gconstpointer data)
{
  regia_feed_log_free (hall->log);
}

static void
append (Hall *hall, guint track, gint64 pts_ns, gboolean key)
{
  regia_feed_log_append (hall->log, regia_packet_new (track, key ? REGIA_PACKET_KEYFRAME : 0, pts_ns, pts_ns,
                                                      FRAME_NS, g_bytes_new ("original", 8)));
}

/* Frames of all tracks up to @until; a keyframe each GOP, and where @forced is. */
static void
play (Hall *hall, guint until, guint forced)
{
  for (; hall->frames < until; hall->frames++)
    for (guint i = 0; i < N_TRACKS; i++)
      append (hall, i, FRAME (hall->frames),
              codecs[i] != REGIA_CODEC_H264 || hall->frames % GOP == 0 || hall->frames == forced);
}

/* All that a cursor gives, by track. */
typedef struct {
  GPtrArray *packets[N_TRACKS];
  guint tables;
  gboolean end;
} Got;

static void
got_clear (Got *got)
{
  for (guint i = 0; i < N_TRACKS; i++)
    g_clear_pointer (&got->packets[i], g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Got, got_clear)

static gboolean
read_some (RegiaFeedCursor *cursor, guint max, Got *got)
{
  RegiaPacket *packets[16];
  RegiaFeedRead read;
  gboolean more;

  regia_feed_cursor_read (cursor, packets, max, &read);
  g_assert_false (read.gap);
  for (guint i = 0; i < N_TRACKS; i++)
    if (got->packets[i] == NULL)
      got->packets[i] = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  for (guint i = 0; i < read.count; i++)
    g_ptr_array_add (got->packets[packets[i]->track], packets[i]);
  got->tables += read.table != NULL;
  got->end = read.end;
  more = read.count > 0 || read.table != NULL;
  g_clear_pointer (&read.table, g_bytes_unref);
  return more;
}

static void
read_all (RegiaFeedCursor *cursor, Got *got)
{
  while (read_some (cursor, 16, got))
    ;
}

static void
read_from (Hall *hall, RegiaFeedRights rights, RegiaFeedFrom from, guint64 seq, Got *got)
{
  g_autoptr (RegiaFeedCursor) cursor = regia_feed_cursor_new (hall->log, rights, "", 0, from, seq);

  read_all (cursor, got);
}

static RegiaPacket *
packet_at (Got *got, guint track, guint i)
{
  g_assert_cmpuint (i, <, got->packets[track]->len);
  return g_ptr_array_index (got->packets[track], i);
}

static char
kind (const RegiaPacket *packet)
{
  return *(const char *)g_bytes_get_data (packet->payload, NULL);
}

static guint
blank_number (const RegiaPacket *packet)
{
  g_assert_cmpint (kind (packet), ==, 'b');
  return ((const guint8 *)g_bytes_get_data (packet->payload, NULL))[1];
}

static guint
count (Got *got, guint track, char wanted)
{
  guint n = 0;

  for (guint i = 0; i < got->packets[track]->len; i++)
    n += kind (packet_at (got, track, i)) == wanted;
  return n;
}

/* Private from frame 30 until frame 130; a keyframe is forced at 140. */
static void
be_private_for_a_while (Hall *hall)
{
  play (hall, 30, 140);
  g_assert_cmpint (regia_feed_log_set_private (hall->log, TRUE, FRAME (30)), ==, FRAME (29));
  play (hall, 130, 140);
  g_assert_cmpint (regia_feed_log_set_private (hall->log, FALSE, FRAME (130)), ==, FRAME (29));
  play (hall, 200, 140);
}

/* Each packet has its place and its times; the picture is the slate's, begun anew where a segment begins,
 * until the next real keyframe, the sound silent for one block more. */
static void
test_blanks (Hall *hall, gconstpointer data)
{
  g_auto (Got) got = {0};
  g_auto (Got) house = {0};

  be_private_for_a_while (hall);
  read_from (hall, REGIA_FEED_PUBLIC, REGIA_FEED_FROM_OLDEST, 0, &got);
  read_from (hall, REGIA_FEED_HOUSE, REGIA_FEED_FROM_OLDEST, 0, &house);
  for (guint i = 0; i < N_TRACKS; i++) {
    g_assert_cmpuint (house.packets[i]->len, ==, 200);
    g_assert_cmpuint (count (&house, i, 'o'), ==, 200);
  }
  g_assert_cmpuint (got.packets[0]->len, ==, 200);
  for (guint n = 0; n < 200; n++) {
    const RegiaPacket *packet = packet_at (&got, 0, n), *original = packet_at (&house, 0, n);
    gboolean blank = n >= 30 && n < 140;

    g_assert_cmpuint (packet->seq, ==, original->seq);
    g_assert_cmpint (packet->pts_ns, ==, original->pts_ns);
    g_assert_cmpint (packet->dts_ns, ==, original->dts_ns);
    g_assert_cmpint (packet->duration_ns, ==, original->duration_ns);
    g_assert_cmpint (kind (packet), ==, blank ? 'b' : 'o');
    if (blank) {
      guint since = n < 50 ? n - 30 : n % GOP;

      g_assert_cmpuint (blank_number (packet), ==, since % BLANK_GOP);
      g_assert_cmpint (regia_packet_is_keyframe (packet), ==, since % BLANK_GOP == 0);
    } else {
      g_assert_cmpuint (packet->flags, ==, original->flags);
    }
  }
  for (guint track = 2; track <= 3; track++) {
    g_assert_cmpuint (got.packets[track]->len, ==, 200);
    for (guint n = 0; n < 200; n++)
      g_assert_cmpint (kind (packet_at (&got, track, n)), ==, n >= 29 && n <= 130 ? 'b' : 'o');
  }
  /* No blanks: nothing in their place, and it goes on at a keyframe that says so. */
  g_assert_cmpuint (got.packets[1]->len, ==, 30 + 60);
  g_assert_cmpint (packet_at (&got, 1, 30)->pts_ns, ==, FRAME (140));
  g_assert_cmpuint (packet_at (&got, 1, 30)->flags, ==, REGIA_PACKET_KEYFRAME | REGIA_PACKET_DISCONTINUITY);
  /* Captions. */
  g_assert_cmpuint (got.packets[TRACK_TEXT]->len, ==, 30 + 70);
  g_assert_cmpint (packet_at (&got, TRACK_TEXT, 30)->pts_ns, ==, FRAME (130));
  /* Never. */
  g_assert_cmpuint (got.packets[TRACK_ISO]->len, ==, 0);
  g_assert_cmpuint (got.packets[6]->len, ==, 0);
}

/* However a reader comes, early or late, it gets nothing of what was private; the newest picture is the
 * slate's. */
static void
test_no_way_back (Hall *hall, gconstpointer data)
{
  be_private_for_a_while (hall);
  for (guint64 seq = 0; seq <= 200 * N_TRACKS; seq += 11) {
    g_auto (Got) got = {0};

    read_from (hall, REGIA_FEED_PUBLIC, REGIA_FEED_FROM_SEQ, seq, &got);
    for (guint track = 0; track < N_TRACKS; track++)
      for (guint i = 0; i < got.packets[track]->len; i++) {
        const RegiaPacket *packet = packet_at (&got, track, i);

        g_assert_true (packet->pts_ns < FRAME (30) || packet->pts_ns >= FRAME (130) || kind (packet) == 'b');
      }
  }
  regia_feed_log_set_private (hall->log, TRUE, FRAME (200));
  play (hall, 230, 0);
  {
    g_auto (Got) got = {0};

    read_from (hall, REGIA_FEED_PUBLIC, REGIA_FEED_FROM_LIVE, 0, &got);
    g_assert_cmpint (packet_at (&got, 0, 0)->pts_ns, ==, FRAME (220)); /* the slate's newest own keyframe */
    g_assert_cmpuint (blank_number (packet_at (&got, 0, 0)), ==, 0);
    g_assert_true (regia_packet_is_keyframe (packet_at (&got, 0, 0)));
  }
}

/* The switch by show time: what is in the encoders when it comes belongs to the time at which it was seen. */
static void
test_late_packets (Hall *hall, gconstpointer data)
{
  g_auto (Got) got = {0};

  append (hall, 0, FRAME (0), TRUE);
  append (hall, 2, FRAME (0), TRUE);
  append (hall, 0, FRAME (1), FALSE);
  append (hall, 2, FRAME (1), TRUE); /* ends after the switch */
  g_assert_cmpint (regia_feed_log_set_private (hall->log, TRUE, FRAME (2) - 1), ==, FRAME (0));
  append (hall, 0, FRAME (2), FALSE);
  append (hall, 2, FRAME (2), TRUE);
  regia_feed_log_set_private (hall->log, FALSE, FRAME (5));
  append (hall, 0, FRAME (3), TRUE); /* seen while it was private: a keyframe is none of the public's */
  append (hall, 2, FRAME (3), TRUE);
  append (hall, 0, FRAME (5), TRUE);
  append (hall, 2, FRAME (5), TRUE); /* half of the block before is in it */
  append (hall, 2, FRAME (6), TRUE);
  read_from (hall, REGIA_FEED_PUBLIC, REGIA_FEED_FROM_OLDEST, 0, &got);
  g_assert_cmpuint (got.packets[0]->len, ==, 5);
  g_assert_cmpuint (got.packets[2]->len, ==, 6);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (kind (packet_at (&got, 0, i)), ==, "obbbo"[i]);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (kind (packet_at (&got, 2, i)), ==, "bbbbbo"[i]);
}

/* What a source gives by itself may be newer; the public has never seen it. */
static void
test_isolated (Hall *hall, gconstpointer data)
{
  append (hall, 0, FRAME (0), TRUE);
  append (hall, 0, FRAME (1), FALSE);
  append (hall, TRACK_ISO, FRAME (1) + 1, TRUE);
  append (hall, TRACK_ISO, FRAME (3), TRUE);
  g_assert_cmpint (regia_feed_log_set_private (hall->log, TRUE, FRAME (4)), ==, FRAME (1));
}

/* An engine that comes back while it is private begins so. */
static void
test_begins_private (Hall *hall, gconstpointer data)
{
  g_auto (Got) got = {0};

  g_assert_cmpint (regia_feed_log_set_private (hall->log, TRUE, 0), ==, 0);
  play (hall, 60, 0);
  read_from (hall, REGIA_FEED_PUBLIC, REGIA_FEED_FROM_OLDEST, 0, &got);
  g_assert_cmpuint (count (&got, 0, 'b'), ==, 60);
  g_assert_cmpuint (count (&got, 0, 'o') + count (&got, 2, 'o'), ==, 0);
  g_assert_cmpuint (got.packets[1]->len + got.packets[TRACK_TEXT]->len, ==, 0);
}

/* The public has no feed at all, not even its tracks, and never gets what was rehearsed. */
static void
test_rehearsal (Hall *hall, gconstpointer data)
{
  g_autoptr (RegiaFeedCursor) waiting = NULL;
  g_auto (Got) got = {0};
  g_auto (Got) later = {0};
  g_auto (Got) house = {0};
  g_auto (Got) kept = {0};

  regia_feed_log_set_rehearsal (hall->log, TRUE, 0);
  play (hall, 60, 0);
  read_from (hall, REGIA_FEED_RECORD, REGIA_FEED_FROM_OLDEST, 0, &kept);
  g_assert_cmpuint (kept.tables, ==, 0);
  waiting = regia_feed_cursor_new (hall->log, REGIA_FEED_PUBLIC, "", 0, REGIA_FEED_FROM_OLDEST, 0);
  read_all (waiting, &got);
  g_assert_cmpuint (got.tables, ==, 0);
  for (guint i = 0; i < N_TRACKS; i++)
    g_assert_cmpuint (got.packets[i]->len, ==, 0);
  regia_feed_log_set_rehearsal (hall->log, FALSE, FRAME (70));
  play (hall, 140, 0);
  read_all (waiting, &got);
  g_assert_cmpuint (got.tables, ==, 1);
  read_from (hall, REGIA_FEED_PUBLIC, REGIA_FEED_FROM_SEQ, 3, &later);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (got.packets[i]->len, ==, 40); /* from the first keyframe after it */
    g_assert_cmpint (packet_at (&got, i, 0)->pts_ns, ==, FRAME (100));
    g_assert_true (regia_packet_is_keyframe (packet_at (&got, i, 0)));
    g_assert_cmpuint (later.packets[i]->len, ==, 40);
  }
  g_assert_cmpint (packet_at (&got, 2, 0)->pts_ns, ==, FRAME (71));
  g_assert_cmpint (packet_at (&later, TRACK_TEXT, 0)->pts_ns, ==, FRAME (70));
  read_from (hall, REGIA_FEED_HOUSE, REGIA_FEED_FROM_OLDEST, 0, &house);
  g_assert_cmpuint (count (&house, 0, 'o'), ==, 140);
  /* What is kept begins where the public does, with all tracks, and goes on through what is private. */
  regia_feed_log_set_private (hall->log, TRUE, FRAME (140));
  play (hall, 200, 0);
  read_from (hall, REGIA_FEED_RECORD, REGIA_FEED_FROM_SEQ, 3, &kept);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (count (&kept, i, 'o'), ==, 100);
    g_assert_cmpint (packet_at (&kept, i, 0)->pts_ns, ==, FRAME (100));
    g_assert_true (regia_packet_is_keyframe (packet_at (&kept, i, 0)));
  }
  regia_feed_log_end (hall->log);
  read_all (waiting, &got);
  g_assert_true (got.end);
}

typedef struct {
  Hall *hall;
  guint until; /* fewer than the log holds */
  gint stop;   /* atomic */
} Pour;

static gpointer
pour_thread (gpointer user_data)
{
  Pour *pour = user_data;

  while (!g_atomic_int_get (&pour->stop) && pour->hall->frames < pour->until)
    play (pour->hall, pour->hall->frames + 1, 0);
  return NULL;
}

/* The switch comes while packets are appended and a reader is in the midst of a batch: the word on the last
 * public picture is true for it, to the packet. */
static void
test_race (Hall *hall, gconstpointer data)
{
  for (guint round = 0; round < 20; round++) {
    g_autoptr (RegiaFeedCursor) cursor = regia_feed_cursor_new (
        hall->log, REGIA_FEED_PUBLIC, "video/720p\naudio/*\n", 19, REGIA_FEED_FROM_SEQ, G_MAXUINT64);
    g_auto (Got) got = {0};
    Pour pour = {.hall = hall, .until = hall->frames + 1000};
    GThread *thread = g_thread_new ("pour", pour_thread, &pour);
    gint64 last_ns, newest_ns = -1;
    gboolean blank = FALSE;

    for (guint i = 0; i < 10 + round; i++)
      read_some (cursor, 1 + i % 16, &got);
    last_ns = regia_feed_log_set_private (hall->log, TRUE, G_MAXINT64 / 8);
    for (guint i = 0; i < 10 + round; i++)
      read_some (cursor, 1 + i % 16, &got);
    g_atomic_int_set (&pour.stop, TRUE);
    g_thread_join (thread);
    play (hall, hall->frames + 1, 0);
    read_all (cursor, &got);
    for (guint i = 0; i < got.packets[0]->len; i++) {
      const RegiaPacket *packet = packet_at (&got, 0, i);

      if (kind (packet) == 'o')
        newest_ns = packet->pts_ns;
      g_assert_false (blank && kind (packet) == 'o');
      blank = kind (packet) == 'b';
    }
    g_assert_true (blank);
    g_assert_cmpint (newest_ns, <=, last_ns);
    g_assert_true (newest_ns < 0 || newest_ns == last_ns);
    regia_feed_log_set_private (hall->log, FALSE, FRAME (hall->frames));
    play (hall, (hall->frames / GOP + 1) * GOP + 1, 0);
  }
}

/* Over the wire: rights are the server's word. */
static void
test_wire (Hall *hall, gconstpointer data)
{
  g_autoptr (RegiaFeedServer) server = regia_feed_server_new (hall->log);
  g_autoptr (RegiaFeedLink) public = regia_feed_link_new (), house = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) outside = regia_feed_client_new (public, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_autoptr (RegiaFeedClient) inside = regia_feed_client_new (house, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  guint blanks = 0, originals = 0;

  pair_hand (server, public, "gateway", REGIA_FEED_PUBLIC);
  pair_hand (server, house, "recorder", REGIA_FEED_HOUSE);
  regia_feed_log_set_private (hall->log, TRUE, 0);
  play (hall, 10, 0);
  regia_feed_log_end (hall->log);
  next (outside, &event, REGIA_FEED_EVENT_TRACKS);
  while (regia_feed_client_next (outside, 5000, NULL, &event, NULL) &&
         event.type == REGIA_FEED_EVENT_PACKET) {
    g_assert_cmpint (kind (event.packet), ==, 'b');
    blanks++;
  }
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_END);
  g_assert_cmpuint (blanks, ==, 30);
  next (inside, &event, REGIA_FEED_EVENT_TRACKS);
  while (regia_feed_client_next (inside, 5000, NULL, &event, NULL) && event.type == REGIA_FEED_EVENT_PACKET)
    originals += kind (event.packet) == 'o';
  g_assert_cmpuint (originals, ==, 10 * N_TRACKS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/feed/privacy/" #name, Hall, NULL, hall_set_up, test_##name, hall_tear_down)
  ADD (blanks);
  ADD (no_way_back);
  ADD (late_packets);
  ADD (isolated);
  ADD (begins_private);
  ADD (rehearsal);
  ADD (race);
  ADD (wire);
  return g_test_run ();
}
