/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the feed is handed over: descriptors that come late, again, or lead to an engine that hangs; clients
 * that come and go on one of them; what a reader may say.
 */
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "wire-private.h"

static RegiaFeedClient *
client_new (RegiaFeedLink *link)
{
  return regia_feed_client_new (link, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
}

/* The far end of a new connection of @link's: nobody serves it. */
static int
hand_nobody (RegiaFeedLink *link)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  regia_feed_link_use (link, ends[1]);
  return ends[0];
}

/* Everything that comes until nothing more does. Returns the number of packets. */
static guint
read_all (RegiaFeedClient *client, RegiaFeedEvent *event)
{
  guint packets = 0;

  do {
    g_assert_true (regia_feed_client_next (client, 100, NULL, event, NULL));
    packets += event->type == REGIA_FEED_EVENT_PACKET;
  } while (event->type != REGIA_FEED_EVENT_NONE);
  return packets;
}

/* A reader that is there before any engine, and sees one after the other. */
static void
test_waits (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedLink) link = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};

  g_assert_true (regia_feed_client_next (client, 20, NULL, &event, NULL));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  g_assert_false (regia_feed_client_is_connected (client));
  for (guint generation = 2; generation <= 3; generation++) {
    engine_stop (f);
    engine_start (f, generation, 60 * REGIA_SECOND);
    pair_hand (f->server, link, "late", REGIA_FEED_HOUSE);
    append_frame (f->log, generation * 100, 1000);
    next (client, &event, REGIA_FEED_EVENT_TRACKS);
    g_assert_cmpuint (event.generation, ==, generation);
    g_assert_true (regia_feed_client_is_connected (client));
    if (generation == 3)
      next (client, &event, REGIA_FEED_EVENT_GAP);
    g_assert_cmpuint (read_all (client, &event), ==, 4);
  }
  engine_stop (f);
  g_assert_cmpuint (read_all (client, &event), ==, 0);
  g_assert_false (regia_feed_client_is_connected (client));
}

typedef struct {
  Fixture *f;
  RegiaFeedLink *link;
} Rescue;

static gpointer
rescue_thread (gpointer user_data)
{
  Rescue *self = user_data;

  pair_hand (self->f->server, self->link, "rescued", REGIA_FEED_HOUSE);
  return NULL;
}

/* An engine that is stopped, of this run or an earlier one, catches nobody: no word of it counts as being
 * connected, and a new descriptor is gone over to while the reader waits for it. */
static void
test_mute (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedLink) link = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};
  Rescue rescue = {f, link};
  int mute = hand_nobody (link);
  GThread *thread;

  g_assert_true (regia_feed_client_next (client, 50, NULL, &event, NULL));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  g_assert_false (regia_feed_client_is_connected (client));
  append_frame (f->log, 0, 1000);
  thread = g_thread_new ("rescue", rescue_thread, &rescue);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_thread_join (thread);
  g_assert_cmpuint (read_all (client, &event), ==, 4);
  close (mute);
}

/* One that was only slow to answer is followed when it does. */
static void
test_late_answer (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedLink) link = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};
  int far = hand_nobody (link);

  append_frame (f->log, 0, 1000);
  g_assert_true (regia_feed_client_next (client, 50, NULL, &event, NULL));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  g_assert_true (regia_feed_server_add_reader (f->server, far, "slow", REGIA_FEED_HOUSE, NULL));
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (read_all (client, &event), ==, 4);
}

/* A server that stops in the midst of a message, and never closes its end, is left for a newer one:
 * everything arrives once. */
static void
test_stuck (Fixture *f, gconstpointer data)
{
  RegiaFeedLink *link = reader_new (f, REGIA_FEED_HOUSE);
  g_autoptr (RegiaFeedClient) client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};
  RegiaFeedRequest request;
  RegiaFeedHeader header = {.magic = REGIA_FEED_MAGIC, .type = REGIA_FEED_MESSAGE_PACKET, .size = 300000};
  int far;

  append_frame (f->log, 0, 1000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (read_all (client, &event), ==, 4);
  far = hand_nobody (link);
  g_assert_cmpuint (read_all (client, &event), ==, 0);
  g_assert_cmpint (recv (far, &request, sizeof request, MSG_WAITALL), ==, sizeof request);
  g_assert_cmpuint (request.from, ==, REGIA_FEED_FROM_SEQ);
  g_assert_cmpuint (request.generation, ==, 1);
  g_assert_cmpuint (request.seq, ==, 4);
  header.type = REGIA_FEED_MESSAGE_HELLO;
  header.size = 0;
  header.seq = 1;
  header.request = request.number;
  g_assert_cmpint (send (far, &header, sizeof header, 0), ==, sizeof header);
  header.type = REGIA_FEED_MESSAGE_PACKET;
  header.seq = 4;
  header.size = 300000;
  header.duration_ns = FRAME_NS;
  g_assert_cmpint (send (far, &header, sizeof header, 0), ==, sizeof header);
  g_assert_cmpint (send (far, "half", 4, 0), ==, 4);
  g_assert_cmpuint (read_all (client, &event), ==, 0);
  append_frame (f->log, 1, 1000);
  pair_hand (f->server, link, "reader 0", REGIA_FEED_HOUSE);
  for (guint seq = 4; seq < 8; seq++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpuint (event.packet->seq, ==, seq);
  }
  close (far);
}

/* Of 40 packets four are read; then the log is over, and so is its engine. */
static void
leave_behind (Fixture *f, RegiaFeedClient *client, void (*over) (RegiaFeedLog *log))
{
  g_auto (RegiaFeedEvent) event = {0};

  append_frame (f->log, 0, 1000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (read_all (client, &event), ==, 4);
  for (guint n = 1; n < 10; n++)
    append_frame (f->log, n, 1000);
  over (f->log);
  regia_feed_server_drain (f->server, 5000);
  engine_stop (f);
}

/* A dead engine's last packets lie in the socket when the next engine is handed over: they are read first. */
static void
test_left_over (Fixture *f, gconstpointer data)
{
  RegiaFeedLink *link = reader_new (f, REGIA_FEED_HOUSE);
  g_autoptr (RegiaFeedClient) client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};

  leave_behind (f, client, regia_feed_log_end);
  engine_start (f, 2, 60 * REGIA_SECOND);
  append_frame (f->log, 20, 1000);
  for (guint i = 4; i < 40; i++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpuint (event.packet->seq, ==, i);
  }
  next (client, &event, REGIA_FEED_EVENT_END);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (event.generation, ==, 2);
  next (client, &event, REGIA_FEED_EVENT_GAP);
  g_assert_cmpuint (read_all (client, &event), ==, 4);
}

/* An engine that goes away while the event goes on gives its readers all that it has, and tells no end: the
 * next one is found without it. */
static void
test_closed (Fixture *f, gconstpointer data)
{
  RegiaFeedLink *link = reader_new (f, REGIA_FEED_PUBLIC);
  g_autoptr (RegiaFeedClient) client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};

  leave_behind (f, client, regia_feed_log_close);
  for (guint i = 4; i < 40; i++)
    next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_true (regia_feed_client_next (client, 100, NULL, &event, NULL));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  engine_start (f, 2, 60 * REGIA_SECOND);
  append_frame (f->log, 20, 1000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (event.generation, ==, 2);
  next (client, &event, REGIA_FEED_EVENT_GAP);
  g_assert_cmpuint (read_all (client, &event), ==, 4);
}

/* Clients follow each other on one connection, each where it likes, and see nothing of what was on its way
 * for the one before, large messages half received included. */
static void
test_clients (Fixture *f, gconstpointer data)
{
  RegiaFeedLink *link = reader_new (f, REGIA_FEED_PUBLIC);
  g_auto (RegiaFeedEvent) event = {0};

  for (guint n = 0; n < 30; n++)
    append_frame (f->log, n, 400000);
  for (guint round = 0; round < 8; round++) {
    const char *wanted[] = {round % 2 == 0 ? "video/720p" : "audio/it", NULL};
    g_autoptr (RegiaFeedClient) client = regia_feed_client_new (link, wanted, REGIA_FEED_FROM_OLDEST, 0, 0);

    next (client, &event, REGIA_FEED_EVENT_TRACKS);
    for (guint i = 0; i < 3 + round; i++) {
      next (client, &event, REGIA_FEED_EVENT_PACKET);
      g_assert_cmpuint (event.packet->track, ==, round % 2 == 0 ? 0 : 2);
      g_assert_cmpint (event.packet->pts_ns, ==, i * FRAME_NS);
      assert_payload (event.packet, 400000);
    }
    /* Leave with a message half read. */
    g_assert_true (regia_feed_client_next (client, 0, NULL, &event, NULL));
  }
  g_assert_cmpuint (regia_feed_server_get_readers (f->server), ==, 1);
}

/* A reader takes more, then less, on the way: of what it reads before and after nothing is missed or comes
 * twice, though messages are on their way when it says so; the tracks are not told again. */
static void
test_set_tracks (Fixture *f, gconstpointer data)
{
  static const char *const one[] = {"audio/it", NULL}, *const two[] = {"audio/it", "video/*", NULL};
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), one, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  guint videos = 0, sounds = 0;

  for (guint n = 0; n < 30; n++)
    append_frame (f->log, n, 400000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  while (sounds < 30) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    if (event.packet->track == 2) {
      g_assert_cmpint (event.packet->pts_ns, ==, sounds * FRAME_NS);
      sounds++;
      if (sounds % 5 == 0)
        regia_feed_client_set_tracks (client, sounds % 10 == 5 ? two : one);
    } else {
      videos++;
    }
  }
  /* Two tracks, three times five frames; at each border those of a frame are before the sound or behind. */
  g_assert_cmpuint (videos, >=, 2 * 3 * 4);
  g_assert_cmpuint (videos, <=, 2 * 3 * 6);
}

/* Whoever has left, or does not read at present, holds up no end. */
static void
test_drain_without (Fixture *f, gconstpointer data)
{
  RegiaFeedLink *link = reader_new (f, REGIA_FEED_PUBLIC);
  RegiaFeedClient *client = client_new (link);
  g_auto (RegiaFeedEvent) event = {0};
  gint64 began_us;

  reader_new (f, REGIA_FEED_PUBLIC); /* never asks */
  for (guint n = 0; n < 30; n++)
    append_frame (f->log, n, 400000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  regia_feed_client_free (client);
  regia_feed_log_end (f->log);
  began_us = g_get_monotonic_time ();
  regia_feed_server_drain (f->server, 60000);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 50 * G_USEC_PER_SEC);
}

/* The successor of a reader takes its place. */
static void
test_same_name (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedLink) first = regia_feed_link_new (), second = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) before = client_new (first), after = client_new (second);
  g_auto (RegiaFeedEvent) event = {0};

  pair_hand (f->server, first, "gateway", REGIA_FEED_PUBLIC);
  append_frame (f->log, 0, 1000);
  next (before, &event, REGIA_FEED_EVENT_TRACKS);
  pair_hand (f->server, second, "gateway", REGIA_FEED_PUBLIC);
  next (after, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (read_all (after, &event), ==, 4);
  read_all (before, &event);
  g_assert_false (regia_feed_client_is_connected (before));
  g_assert_cmpuint (regia_feed_server_get_readers (f->server), ==, 1);
}

/* The server knows of each track whether somebody reads it, as long as he does. */
static guint64
wait_wanted (Fixture *f, guint64 expected)
{
  gint64 until_us = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  while (regia_feed_server_get_wanted (f->server) != expected && g_get_monotonic_time () < until_us)
    g_usleep (1000);
  return regia_feed_server_get_wanted (f->server);
}

static void
test_wanted (Fixture *f, gconstpointer data)
{
  static const char *const sound[] = {"audio/*", NULL}, *const small[] = {"video/360p", "preview/camera",
                                                                          NULL};
  g_autoptr (RegiaFeedClient) one =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), sound, REGIA_FEED_FROM_LIVE, 0, 0);
  RegiaFeedClient *other =
      regia_feed_client_new (reader_new (f, REGIA_FEED_PUBLIC), small, REGIA_FEED_FROM_LIVE, 0, 0);
  g_autoptr (GPtrArray) more = make_tracks ();
  g_auto (RegiaFeedEvent) event = {0};

  g_assert_cmphex (regia_feed_server_get_wanted (f->server), ==, 0);
  append_frame (f->log, 0, 100);
  next (one, &event, REGIA_FEED_EVENT_TRACKS);
  next (other, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmphex (wait_wanted (f, 0xe), ==, 0xe);
  /* A track that comes: wanted by its name, but not by one who may not have it. */
  {
    g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);

    g_ptr_array_add (more, regia_track_new (4, "preview/camera", "", REGIA_CODEC_JPEG, nothing));
    regia_feed_log_set_tracks (f->log, more);
  }
  append_frame (f->log, 1, 100);
  next (other, &event, REGIA_FEED_EVENT_PACKET);
  /* … and who is not told of it, nor, coming later, what it is called. */
  next (other, &event, REGIA_FEED_EVENT_PACKET);
  append_frame (f->log, 50, 100); /* a keyframe: those who come now begin with it */
  next (other, &event, REGIA_FEED_EVENT_PACKET);
  {
    g_autoptr (RegiaFeedClient) late =
        regia_feed_client_new (reader_new (f, REGIA_FEED_PUBLIC), small, REGIA_FEED_FROM_LIVE, 0, 0);

    next (late, &event, REGIA_FEED_EVENT_TRACKS);
    g_assert_cmpuint (event.tracks->len, ==, 5);
    g_assert_null (regia_tracks_find (event.tracks, "preview/camera"));
    g_assert_nonnull (regia_tracks_find (event.tracks, "video/360p"));
  }
  g_assert_cmphex (wait_wanted (f, 0xe), ==, 0xe);
  {
    g_autoptr (RegiaFeedClient) house =
        regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), small, REGIA_FEED_FROM_LIVE, 0, 0);

    next (house, &event, REGIA_FEED_EVENT_TRACKS);
    while (event.type != REGIA_FEED_EVENT_TRACKS ||
           regia_tracks_find (event.tracks, "preview/camera") == NULL)
      g_assert_true (regia_feed_client_next (house, 5000, NULL, &event, NULL));
    g_assert_cmphex (wait_wanted (f, 0x1e), ==, 0x1e);
  }
  regia_feed_client_free (other);
  append_frame (f->log, 51, 100);
  g_assert_cmphex (wait_wanted (f, 0xc), ==, 0xc);
}

/* Only the house says what is in safety; an engine that comes after it was said hears it, too. */
static void
test_safe_rights (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) public = client_new (reader_new (f, REGIA_FEED_PUBLIC));
  g_autoptr (RegiaFeedClient) house = client_new (reader_new (f, REGIA_FEED_HOUSE));
  g_auto (RegiaFeedEvent) event = {0};

  next (public, &event, REGIA_FEED_EVENT_TRACKS);
  regia_feed_client_tell_safe (public);
  read_all (public, &event);
  g_assert_false (regia_feed_client_is_connected (public)); /* and is no reader any more */
  g_assert_false (regia_feed_server_wait_safe (f->server, 0));
  regia_feed_client_tell_safe (house);
  g_assert_true (regia_feed_server_wait_safe (f->server, 10000));
  engine_stop (f);
  engine_start (f, 2, 60 * REGIA_SECOND);
  g_assert_true (regia_feed_server_wait_safe (f->server, 10000));
}

/* Whoever asks without end is refused; what is no socket is as well. */
static void
test_limits (Fixture *f, gconstpointer data)
{
  const RegiaFeedRequest start = {.magic = REGIA_FEED_MAGIC, .type = REGIA_FEED_REQUEST_START};
  g_autoptr (GError) error = NULL;
  int ends[2];
  char reply[4096];
  gssize n;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_true (regia_feed_server_add_reader (f->server, ends[0], "flood", REGIA_FEED_PUBLIC, NULL));
  while (send (ends[1], &start, sizeof start, MSG_NOSIGNAL) == sizeof start)
    ;
  do
    n = recv (ends[1], reply, sizeof reply, 0);
  while (n > 0);
  close (ends[1]);
  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_false (regia_feed_server_add_reader (f->server, ends[0], "pipe", REGIA_FEED_HOUSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/feed/link/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (waits);
  ADD (mute);
  ADD (late_answer);
  ADD (stuck);
  ADD (left_over);
  ADD (closed);
  ADD (clients);
  ADD (set_tracks);
  ADD (drain_without);
  ADD (same_name);
  ADD (wanted);
  ADD (safe_rights);
  ADD (limits);
  return g_test_run ();
}
