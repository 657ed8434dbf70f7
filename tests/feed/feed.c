/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The feed from end to end: log, server and client in one process, over a real socket. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/socket.h"
#include "regia/feed/client.h"
#include "regia/feed/server.h"

#define FRAME_NS (40 * REGIA_MSECOND)

typedef struct {
  char *folder, *path;
  RegiaFeedLog *log;
  RegiaFeedServer *server;
  gint poured; /* atomic */
} Fixture;

static GPtrArray *
make_tracks (void)
{
  GPtrArray *tracks = regia_tracks_new ();
  g_autoptr (GBytes) extradata = g_bytes_new_static ("\x01\x02\x03", 3);
  static const char *const names[] = {"video/720p", "video/360p", "audio/it", "audio/it/opus"};
  static const RegiaCodec codecs[] = {REGIA_CODEC_H264, REGIA_CODEC_H264, REGIA_CODEC_AAC, REGIA_CODEC_OPUS};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    RegiaTrack *track = regia_track_new (i, names[i], i >= 2 ? "it" : "", codecs[i], extradata);
    if (i < 2) {
      track->width = i == 0 ? 1280 : 640;
      track->height = i == 0 ? 720 : 360;
      track->rate_num = 25;
    } else {
      track->sample_rate = 48000;
      track->channels = 2;
      regia_track_set_title (track, "Sala «originale»");
    }
    track->bitrate_bps = 100000 * (i + 1);
    g_ptr_array_add (tracks, track);
  }
  return tracks;
}

/* One packet of each track for frame @n; keyframes each 50; a payload that can be checked. */
static void
append_frame (RegiaFeedLog *log, guint n, gsize size)
{
  for (guint track = 0; track < 4; track++) {
    guint8 *data = g_malloc (size);
    memset (data, (int)(n * 4 + track), size);
    regia_feed_log_append (
        log, regia_packet_new (track, track >= 2 || n % 50 == 0 ? REGIA_PACKET_KEYFRAME : 0, n * FRAME_NS,
                               n * FRAME_NS, FRAME_NS, g_bytes_new_take (data, size)));
  }
}

static void
engine_start (Fixture *f, guint64 generation, gint64 span_ns)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) tracks = make_tracks ();

  f->log = regia_feed_log_new (generation, span_ns, 64u << 20);
  f->server = regia_feed_server_new (f->path, f->log, &error);
  g_assert_no_error (error);
  regia_feed_log_set_tracks (f->log, tracks);
}

static void
engine_stop (Fixture *f)
{
  g_clear_pointer (&f->server, regia_feed_server_free);
  g_clear_pointer (&f->log, regia_feed_log_free);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("regia-feed-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "feed.sock", NULL);
  engine_start (f, 1, 60 * REGIA_SECOND);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  engine_stop (f);
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

static void
next (RegiaFeedClient *client, RegiaFeedEvent *event, RegiaFeedEventType type)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (regia_feed_client_next (client, 5000, NULL, event, &error));
  g_assert_no_error (error);
  g_assert_cmpint (event->type, ==, type);
}

static void
assert_payload (const RegiaPacket *packet, gsize size)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (packet->payload, &length);

  g_assert_cmpuint (length, ==, size);
  g_assert_cmpuint (data[0], ==, (guint8)(packet->pts_ns / FRAME_NS * 4 + packet->track));
  g_assert_cmpuint (data[size - 1], ==, data[0]);
}

static void
test_oldest (Fixture *f, gconstpointer data)
{
  const char *wanted[] = {"video/720p", "audio/*", NULL};
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, wanted, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  guint64 last_seq = 0;
  struct stat st;

  g_assert_cmpint (stat (f->path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
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
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_LIVE, 0, 0);
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
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
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
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) error = NULL;

  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  for (guint round = 0; round < 3; round++) {
    for (guint n = 0; n < 10; n++)
      append_frame (f->log, round * 10 + n, 5000);
    for (guint i = 0; i < 20; i++) {
      next (client, &event, REGIA_FEED_EVENT_PACKET);
      g_assert_cmpuint (event.packet->seq, ==, round * 20 + i);
    }
    regia_feed_server_free (f->server);
    f->server = regia_feed_server_new (f->path, f->log, &error);
    g_assert_no_error (error);
  }
  for (guint i = 60; i < 120; i++) {
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    g_assert_cmpuint (event.packet->seq, ==, i);
  }
}

static void
test_generation (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
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
  g_auto (RegiaFeedEvent) event = {0};
  RegiaFeedClient *client;

  for (guint n = 0; n < 10; n++)
    append_frame (f->log, n, 10);
  client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_SEQ, 1, 17);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
  g_assert_cmpuint (event.packet->seq, ==, 17);
  regia_feed_client_free (client);
  client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_SEQ, 9, 17);
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
  g_autoptr (RegiaFeedClient) client =
      regia_feed_client_new ("/nonexistent/feed.sock", NULL, REGIA_FEED_FROM_LIVE, 0, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_thread, cancellable);

  g_assert_false (regia_feed_client_next (client, -1, cancellable, &event, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* Strangers on the socket are shown the door; a reader beside them is not disturbed. */
static void
test_garbage (Fixture *f, gconstpointer data)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  char reply[64];

  strcpy (address.sun_path, f->path);
  for (guint i = 0; i < 20; i++) {
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint (send (fd, "GET / HTTP/1.1\r\nHost: somewhere.example\r\n\r\n", 44, MSG_NOSIGNAL), >, 0);
    g_assert_cmpint (recv (fd, reply, sizeof reply, 0), <=, 0);
    close (fd);
  }
  append_frame (f->log, 0, 10);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  next (client, &event, REGIA_FEED_EVENT_PACKET);
}

static void
test_drain (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
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
  RegiaFeedClient *killed = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (f->path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
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
    g_autoptr (GError) error = NULL;

    g_clear_pointer (&f->server, regia_feed_server_free);
    f->server = regia_feed_server_new (f->path, f->log, &error);
    g_assert_no_error (error);
  }
  g_atomic_int_set (&f->poured, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* The socket belongs to neither engine: who waits on it is served by the next, though its name is gone. */
static void
test_inherited (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "inherited.sock", NULL), *name = NULL;
  g_autoptr (RegiaFeedClient) client = NULL;
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) error = NULL;
  int listen_fd = regia_socket_listen (path, &error), name_fd;

  g_assert_no_error (error);
  name_fd = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  name = g_strdup_printf ("/proc/self/fd/%d", name_fd);
  g_assert_cmpint (g_unlink (path), ==, 0);
  client = regia_feed_client_new (name, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  /* Nobody serves yet. */
  g_assert_true (regia_feed_client_next (client, 20, NULL, &event, &error));
  g_assert_cmpint (event.type, ==, REGIA_FEED_EVENT_NONE);
  g_assert_false (regia_feed_client_is_connected (client));
  for (guint64 generation = 1; generation <= 2; generation++) {
    g_autoptr (RegiaFeedLog) log = regia_feed_log_new (generation, 60 * REGIA_SECOND, 64u << 20);
    g_autoptr (RegiaFeedServer) server = NULL;
    g_autoptr (GPtrArray) tracks = make_tracks ();

    server = regia_feed_server_new_from_fd (dup (listen_fd), log, &error);
    g_assert_no_error (error);
    regia_feed_log_set_tracks (log, tracks);
    append_frame (log, (guint)generation * 100, 1000);
    next (client, &event, REGIA_FEED_EVENT_TRACKS);
    g_assert_cmpuint (event.generation, ==, generation);
    if (generation == 2)
      next (client, &event, REGIA_FEED_EVENT_GAP);
    next (client, &event, REGIA_FEED_EVENT_PACKET);
    while (event.type != REGIA_FEED_EVENT_NONE)
      g_assert_true (regia_feed_client_next (client, 50, NULL, &event, &error));
    g_clear_pointer (&server, regia_feed_server_free);
  }
  close (listen_fd);
  close (name_fd);
}

/* A path that no address holds. */
static void
test_deep (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_strconcat (f->folder, "/", NULL);
  g_autofree char *deep = NULL, *path = NULL;
  g_autoptr (RegiaFeedServer) server = NULL;
  g_autoptr (RegiaFeedClient) client = NULL;
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) error = NULL;
  char long_name[181];

  memset (long_name, 'a', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  deep = g_strconcat (folder, long_name, NULL);
  g_assert_cmpint (g_mkdir (deep, 0700), ==, 0);
  path = g_build_filename (deep, "feed.sock", NULL);
  server = regia_feed_server_new (path, f->log, &error);
  g_assert_no_error (error);
  client = regia_feed_client_new (path, NULL, REGIA_FEED_FROM_OLDEST, 0, 0);
  next (client, &event, REGIA_FEED_EVENT_TRACKS);
  g_clear_pointer (&server, regia_feed_server_free);
  g_assert_cmpint (g_rmdir (deep), ==, 0);
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
  ADD (safe);
  ADD (servers_come_and_go);
  g_test_add_func ("/feed/wake-taken-away", test_wake_taken_away);
  ADD (inherited);
  ADD (deep);
  return g_test_run ();
}
