/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The feed from end to end: log, server and client in one process, over real sockets. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "pair.h"

static void
test_oldest (Fixture *f, gconstpointer data)
{
  const char *wanted[] = {"video/720p", "audio/*", NULL};
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), wanted, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  guint64 last_seq = 0;

  for (guint n = 0; n < 100; n++)
    append_frame (f->log, n, n % 10 == 0 ? 200000 : 1000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpstr (((RegiaTrack *)event.tracks->pdata[0])->title, ==, "");
  g_assert_cmpstr (((RegiaTrack *)event.tracks->pdata[2])->title, ==, "Sala «originale»");
  g_assert_cmpuint (event.tracks->len, ==, 4);
  g_assert_cmpuint (((RegiaTrack *)g_ptr_array_index (event.tracks, 3))->channels, ==, 2);
  g_assert_cmpuint (((RegiaTrack *)g_ptr_array_index (event.tracks, 3))->sample_rate, ==, 48000);
  for (guint i = 0; i < 300; i++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpuint (event.packet->track, !=, 1);
    assert_payload (event.packet, event.packet->pts_ns / FRAME_NS % 10 == 0 ? 200000 : 1000);
    g_assert_true (i == 0 || event.packet->seq > last_seq);
    last_seq = event.packet->seq;
  }
  regia_feed_log_end (f->log);
  next (client, &event, REGIA_FEED_EVENT_END);
}

static void
test_live (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_LIVE, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) error = NULL;

  for (guint n = 0; n < 120; n++)
    append_frame (f->log, n, 100);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpuint (event.packet->track, ==, 0);
  g_assert_cmpint (event.packet->pts_ns, ==, 100 * FRAME_NS);
  g_assert_true (regia_packet_is_keyframe (event.packet));
  for (guint i = 1; i < 20 * 4; i++)
    next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_true (regia_feed_client_next (client, 0, NULL, &event, &error));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
}

/* A reader that does not read never holds the writer up; it is told the exact gap and goes on at a keyframe.
 */
static void
test_overrun (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  gint64 last_ns = -1;
  RegiaFeedLogStats stats;

  engine_stop (f);
  engine_start (f, 1, 4 * REGIA_SECOND);
  append_frame (f->log, 0, 100000);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  for (guint i = 0; i < 4; i++)
    next (client, &event, REGIA_FEED_EVENT_PACKET);
  for (guint n = 1; n < 500; n++)
    append_frame (f->log, n, 100000);
  regia_feed_log_get_stats (f->log, &stats);
  g_assert_cmpint (stats.held_ns, <=, 4 * REGIA_SECOND);
  g_assert_cmpuint (stats.bytes, ==, stats.packets * 100000);
  for (;;) {
    g_assert_true (regia_feed_client_next (client, 5000, NULL, &event, NULL));
    if (event.type == REGIA_FEED_EVENT_GAP)
      break;
    g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_PACKET);
    last_ns = event.packet->pts_ns;
  }
  g_assert_cmpint (event.gap_reason, ==, REGIA_FEED_GAP_OVERRUN);
  g_assert_cmpint (event.gap_from_ns, ==, last_ns + FRAME_NS);
  g_assert_cmpint (event.gap_to_ns, ==, 400 * FRAME_NS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpint (event.packet->pts_ns, ==, 400 * FRAME_NS);
  g_assert_cmpuint (event.packet->track, ==, 0);
  g_assert_true (regia_packet_is_keyframe (event.packet));
  for (guint i = 1; i < 100 * 4; i++)
    next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpint (event.packet->pts_ns, ==, 499 * FRAME_NS);
}

/* The server goes away and comes back with the same log: nothing is lost, nothing comes twice, nothing is
 * told. */
static void
test_resume (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};

  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  for (guint round = 0; round < 3; round++) {
    for (guint n = 0; n < 10; n++)
      append_frame (f->log, round * 10 + n, 5000);
    for (guint i = 0; i < 20; i++) {
      next (client, &event, REGIA_FEED_EVENT_PACKET);
      g_assert_cmpuint (event.packet->seq, ==, round * 20 + i);
    }
    regia_feed_server_free (f->server);
    server_start (f);
  }
  for (guint i = 60; i < 120; i++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpuint (event.packet->seq, ==, i);
  }
}

static void
test_generation (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};

  append_frame (f->log, 0, 50);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  for (guint i = 0; i < 4; i++)
    next (client, &event, REGIA_FEED_EVENT_PACKET);
  engine_stop (f);
  engine_start (f, 2, 60 * REGIA_SECOND);
  append_frame (f->log, 50, 50);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (event.generation, ==, 2);
  next (client, &event, REGIA_FEED_EVENT_GAP);
  g_assert_cmpint (event.gap_reason, ==, REGIA_FEED_GAP_GENERATION);
  g_assert_cmpint (event.gap_from_ns, ==, FRAME_NS);
  g_assert_cmpint (event.gap_to_ns, ==, 50 * FRAME_NS);
  for (guint i = 0; i < 4; i++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpuint (event.packet->seq, ==, i);
  }
  /* The end is told once; after it the client waits for a new generation and finds it. */
  regia_feed_log_end (f->log);
  next (client, &event, REGIA_FEED_EVENT_END);
  g_assert_true (regia_feed_client_next (client, 300, NULL, &event, NULL));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  engine_stop (f);
  engine_start (f, 3, 60 * REGIA_SECOND);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_assert_cmpuint (event.generation, ==, 3);
}

/* Starting where a stored position says: exact while held, a told gap when gone. */
static void
test_seq (Fixture *f, gconstpointer data)
{
  RegiaFeedLink *link = reader_new (f, REGIA_FEED_HOUSE);
  g_auto (RegiaFeedEvent) event = {0};
  RegiaFeedClient *client;

  for (guint n = 0; n < 10; n++)
    append_frame (f->log, n, 10);
  client = regia_feed_client_new (link, NULL, REGIA_FEED_FROM_SEQ, 1, 17);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpuint (event.packet->seq, ==, 17);
  regia_feed_client_free (client);
  client = regia_feed_client_new (link, NULL, REGIA_FEED_FROM_SEQ, 9, 17);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpuint (event.packet->seq, ==, 0);
  regia_feed_client_free (client);
}

static gpointer
cancel_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedLink) link = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (link, NULL, REGIA_FEED_FROM_LIVE, 0, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_thread, cancellable);

  g_assert_false (regia_feed_client_next (client, -1, cancellable, &event, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* Who does not speak our language is shown the door; a reader beside it is not disturbed. */
static void
test_garbage (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  char reply[64];

  for (guint i = 0; i < 20; i++) {
    g_autofree char *name = g_strdup_printf ("stranger %u", i);
    g_autoptr (GError) error = NULL;
    int ends[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    g_assert_true (regia_feed_server_add_reader (f->server, ends[0], name, REGIA_FEED_HOUSE, &error));
    g_assert_cmpint (send (ends[1], "GET / HTTP/1.1\r\nHost: somewhere.example\r\n\r\n", 44, MSG_NOSIGNAL), >,
                     0);
    g_assert_cmpint (recv (ends[1], reply, sizeof reply, 0), <=, 0);
    close (ends[1]);
  }
  append_frame (f->log, 0, 10);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
}

static void
test_drain (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  guint packets = 0;

  append_frame (f->log, 0, 10);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  for (guint n = 1; n < 100; n++)
    append_frame (f->log, n, 1000);
  regia_feed_log_end (f->log);
  regia_feed_server_drain (f->server, 5000);
  engine_stop (f);
  for (;;) {
    g_assert_true (regia_feed_client_next (client, 1000, NULL, &event, NULL));
    if (event.type == REGIA_FEED_EVENT_END)
      break;
    g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_PACKET);
    packets++;
  }
  g_assert_cmpuint (packets, ==, 400);
}

/* An engine that is told to end before it has tracks waits for nobody: there is nothing to give. */
static void
test_drain_without_tracks (Fixture *f, gconstpointer data)
{
  const guint timeout_ms = 10000;
  g_autoptr (RegiaFeedLog) log = regia_feed_log_new (1, REGIA_SECOND, 1u << 20);
  g_autoptr (RegiaFeedServer) server = regia_feed_server_new (log);
  g_autoptr (RegiaFeedLink) link = regia_feed_link_new ();
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (link, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  gint64 began_us;

  pair_hand (server, link, "gateway", REGIA_FEED_PUBLIC);
  /* It asks at its first turn, and hears nothing yet. */
  g_assert_true (regia_feed_client_next (client, 200, NULL, &event, NULL));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  regia_feed_log_end (log);
  began_us = g_get_monotonic_time ();
  regia_feed_server_drain (server, timeout_ms);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, timeout_ms * 1000 / 2);
}

static gpointer
wait_safe_thread (gpointer data)
{
  return GINT_TO_POINTER (regia_feed_server_wait_safe (data, 10000));
}

/* A reader that goes without a word is not safe, whatever it was sent; its successor gets everything again.
 */
static void
test_safe (Fixture *f, gconstpointer data)
{
  RegiaFeedClient *killed =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new (reader_new (f, REGIA_FEED_HOUSE), NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  GThread *waiting;

  append_frame (f->log, 0, 10);
  regia_feed_log_end (f->log);
  next (killed, &event, REGIA_FEED_EVENT_TRACKS);
  regia_feed_server_drain (f->server, 5000);
  waiting = g_thread_new ("wait", wait_safe_thread, f->server);
  regia_feed_client_free (killed);
  g_assert_false (regia_feed_server_wait_safe (f->server, 100));

  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  do
    g_assert_true (regia_feed_client_next (client, 1000, NULL, &event, NULL));
  while (event.type == REGIA_FEED_EVENT_PACKET);
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_END);
  g_assert_false (regia_feed_server_wait_safe (f->server, 0));
  regia_feed_client_tell_safe (client);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (waiting)));
}

/* A wake-up that can be held up, and the taking away of it by another thread. */
typedef struct {
  RegiaFeedLog *log;
  GMutex lock;
  GCond cond;
  gboolean entered, release, taken_away;
} Wake;

static void
slow_wake_cb (gpointer user_data)
{
  Wake *self = user_data;

  g_mutex_lock (&self->lock);
  self->entered = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->release)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static gpointer
append_thread (gpointer user_data)
{
  append_frame (((Wake *)user_data)->log, 0, 10);
  return NULL;
}

static gpointer
take_away_thread (gpointer user_data)
{
  Wake *self = user_data;

  regia_feed_log_set_wake (self->log, NULL, NULL);
  g_mutex_lock (&self->lock);
  self->taken_away = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Whoever takes the wake-up away frees what it uses: it must not run any more then. */
static void
test_wake_taken_away (void)
{
  Wake wake = {.log = regia_feed_log_new (1, REGIA_SECOND, 1 << 20)};
  g_autoptr (GPtrArray) tracks = make_tracks ();
  GThread *appending, *taking;
  gint64 until_us;

  g_mutex_init (&wake.lock);
  g_cond_init (&wake.cond);
  regia_feed_log_set_tracks (wake.log, tracks);
  regia_feed_log_set_wake (wake.log, slow_wake_cb, &wake);
  appending = g_thread_new ("append", append_thread, &wake);
  g_mutex_lock (&wake.lock);
  while (!wake.entered)
    g_cond_wait (&wake.cond, &wake.lock);
  taking = g_thread_new ("take-away", take_away_thread, &wake);
  until_us = g_get_monotonic_time () + 300000;
  while (!wake.taken_away && g_cond_wait_until (&wake.cond, &wake.lock, until_us))
    ;
  g_assert_false (wake.taken_away);
  wake.release = TRUE;
  g_cond_broadcast (&wake.cond);
  g_mutex_unlock (&wake.lock);
  g_thread_join (taking);
  g_thread_join (appending);
  g_assert_true (wake.taken_away);
  regia_feed_log_free (wake.log);
  g_mutex_clear (&wake.lock);
  g_cond_clear (&wake.cond);
}

static gpointer
pour_thread (gpointer user_data)
{
  Fixture *f = user_data;

  for (guint n = 0; !g_atomic_int_get (&f->poured); n++)
    append_frame (f->log, n, 10);
  return NULL;
}

/* Servers come and go while packets are appended as fast as can be. What a wake-up of one that is gone does
 * is seen by the address sanitizer. */
static void
test_servers_come_and_go (Fixture *f, gconstpointer data)
{
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("pour", pour_thread, f);
  for (guint i = 0; i < 300; i++) {
    g_clear_pointer (&f->server, regia_feed_server_free);
    server_start (f);
  }
  g_atomic_int_set (&f->poured, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/feed/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (oldest);
  ADD (live);
  ADD (overrun);
  ADD (resume);
  ADD (generation);
  ADD (seq);
  ADD (cancel);
  ADD (garbage);
  ADD (drain);
  ADD (drain_without_tracks);
  ADD (safe);
  ADD (servers_come_and_go);
  g_test_add_func ("/feed/wake-taken-away", test_wake_taken_away);
  return g_test_run ();
}
