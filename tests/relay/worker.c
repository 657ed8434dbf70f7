/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "../wait.h"
#include "feeder.h"
#include "peer.h"
#include "worker-private.h"

#define KEY       "good-sEcReT-4711"
#define WRONG_KEY "wrong-sEcReT-4711"

/* A feed, a folder, and a worker that is given an address when the test knows one. */
typedef struct {
  char *folder;
  RegiaFeedLink *link;
  RegiaEpoch epoch;
  Feeder *feeder;
  RegiaConfigRelay relay;
  RegiaRelayWorkerSetup setup;
  RegiaRelayWorker *worker;
  int done; /* atomic */
} Fixture;

static Sample *sample;

static void
done_cb (gpointer data)
{
  g_atomic_int_set ((int *)data, 1);
}

/* An engine, and the way to it. */
static void
feed (Fixture *self, guint64 generation)
{
  self->feeder = feeder_new (sample, &self->epoch, generation);
  regia_feed_link_use (self->link, feeder_hand (self->feeder, "relay test", REGIA_FEED_PUBLIC));
}

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("regia-relay-XXXXXX", NULL);
  self->link = regia_feed_link_new ();
  regia_epoch_now (&self->epoch);
  self->epoch.monotonic_ns -= 100 * REGIA_SECOND;
  feed (self, 1);
  self->relay.name = g_strdup ("test");
  regia_relay_worker_setup (&self->setup, &self->relay);
  self->setup.video = "video/test";
  self->setup.audio = "audio/it";
  self->setup.feed = self->link;
  self->setup.epoch = self->epoch;
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *out = NULL;
  gint64 began_us = g_get_monotonic_time ();

  regia_relay_worker_free (self->worker);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 2 * G_TIME_SPAN_SECOND);
  g_clear_pointer (&self->feeder, feeder_free);
  out = sample_run ("rm", "-rf", self->folder, NULL);
  g_free (self->relay.name);
  g_free (self->relay.url);
  g_free (self->relay.key_file);
  g_free (self->relay.stream_id);
  regia_feed_link_unref (self->link);
  g_free (self->folder);
}

static void start (Fixture *self, const char *key, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
start (Fixture *self, const char *key, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  self->relay.url = g_strdup_vprintf (format, args);
  va_end (args);
  self->setup.key = key;
  if (key != NULL)
    self->relay.key_file = g_strdup ("/named/but/never/read/here");
  self->worker = regia_relay_worker_new (&self->setup, done_cb, &self->done);
}

static guint64
number (Fixture *self, const char *key)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_relay_worker_get_state (self->worker));
  guint64 value;

  g_assert_true (g_variant_lookup (state, key, "t", &value));
  return value;
}

static char *
text (Fixture *self, const char *key)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_relay_worker_get_state (self->worker));
  char *value;

  g_assert_true (g_variant_lookup (state, key, "s", &value));
  return value;
}

static gboolean
is_either (Fixture *self, const char *first, const char *second)
{
  g_autofree char *state = text (self, "state");

  return g_str_equal (state, first) || g_strcmp0 (state, second) == 0;
}

/* Waits until the state is @first or @second (nullable). Returns: how long that took, in ms. */
static guint
wait_for (Fixture *self, const char *first, const char *second, guint limit_ms)
{
  gint64 began_us = g_get_monotonic_time ();

  WAIT_UNTIL_S (limit_ms / 1000 + 10,
                is_either (self, first, second) ||
                    g_get_monotonic_time () - began_us >= limit_ms * G_TIME_SPAN_MILLISECOND);
  if (!is_either (self, first, second)) {
    g_autofree char *state = text (self, "state");
    g_autofree char *words = text (self, "last-error");

    g_error ("not %s but %s after %u ms (%s)", first, state, limit_ms, words);
  }
  return (guint)((g_get_monotonic_time () - began_us) / G_TIME_SPAN_MILLISECOND);
}

static void
wait_for_bytes (Fixture *self, guint64 more)
{
  guint64 until = number (self, "bytes") + more;

  WAIT_UNTIL (number (self, "bytes") >= until);
}

/* The recording has every frame from a keyframe to the end, and decodes. */
static void
check_recording (Fixture *self, const char *path, guint first_frame)
{
  g_autofree char *out G_GNUC_UNUSED =
      sample_run ("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-", NULL);
  guint frames = sample_count (path, "v:0"), sounds = sample_count (path, "a:0");

  g_test_message ("%u frames in the feed since %u, %u at the far end, %u sounds",
                  feeder_get_frames (self->feeder), first_frame, frames, sounds);
  g_assert_cmpuint (frames, >=, SAMPLE_GOP);
  g_assert_cmpuint ((feeder_get_frames (self->feeder) - first_frame - frames) % SAMPLE_GOP, ==, 0);
  g_assert_cmpfloat_with_epsilon (frames / 25.0, sounds * 1024 / 48000.0, 0.2);
}

static void
check_rtmp (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *words = NULL;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "live", NULL, 5000);
  feeder_wait (self->feeder, 100);
  wait_for (self, "live", NULL, 1);
  g_assert_cmpuint (number (self, "bps"), >, 500000);
  g_assert_cmpuint (number (self, "live-ms"), >, 3000);
  feeder_end (self->feeder);
  wait_for (self, "idle", NULL, 3000);
  peer_stop (peer);
  files = peer_recordings (peer);
  g_assert_cmpuint (files->len, ==, 1);
  check_recording (self, g_ptr_array_index (files, 0), 0);
  g_assert_cmpuint (number (self, "attempts"), ==, 1);
  g_assert_cmpuint (number (self, "dropped"), ==, 0);
  words = text (self, "last-error");
  g_assert_cmpstr (words, ==, "");
}

static gpointer
thaw_later (gpointer peer)
{
  g_usleep (500 * G_TIME_SPAN_MILLISECOND);
  peer_signal (peer, SIGCONT);
  return NULL;
}

/* A server that is behind when the event ends, and is told to go as soon as the relay is idle: idle means
 * that it has everything. */
static void
check_late_reader (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  g_autoptr (GPtrArray) files = NULL;
  GThread *thaw;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "live", NULL, 5000);
  feeder_wait (self->feeder, 50);
  peer_signal (peer, SIGSTOP);
  feeder_wait (self->feeder, 60);
  feeder_end (self->feeder);
  thaw = g_thread_new ("thaw", thaw_later, peer);
  wait_for (self, "idle", NULL, 3000);
  peer_signal (peer, SIGQUIT);
  g_thread_join (thaw);
  peer_stop (peer);
  files = peer_recordings (peer);
  g_assert_cmpuint (files->len, ==, 1);
  check_recording (self, g_ptr_array_index (files, 0), 0);
}

static void
check_srt (Fixture *self, gconstpointer data)
{
  guint16 port = peer_free_port (G_SOCKET_TYPE_DATAGRAM);
  g_autoptr (Peer) peer = peer_new_srt (self->folder, port, KEY);
  g_autoptr (GPtrArray) files = NULL;

  self->relay.stream_id = g_strdup ("#!::r=hall,m=publish");
  start (self, KEY, "srt://127.0.0.1:%u", port);
  wait_for (self, "live", NULL, 10000);
  feeder_wait (self->feeder, 100);
  feeder_end (self->feeder);
  wait_for (self, "idle", NULL, 3000);
  peer_stop (peer);
  files = peer_recordings (peer);
  g_assert_cmpuint (files->len, ==, 1);
  check_recording (self, g_ptr_array_index (files, 0), 0);
}

/* One that is busy for a moment when the event ends has all of it, too: SRT tells the far end's player
 * nothing of what it has not been given when the connection is closed. */
static void
check_srt_late_reader (Fixture *self, gconstpointer data)
{
  guint16 port = peer_free_port (G_SOCKET_TYPE_DATAGRAM);
  g_autoptr (Peer) peer = peer_new_srt (self->folder, port, KEY);
  g_autoptr (GPtrArray) files = NULL;

  start (self, KEY, "srt://127.0.0.1:%u", port);
  wait_for (self, "live", NULL, 10000);
  feeder_wait (self->feeder, 60);
  peer_signal (peer, SIGSTOP);
  feeder_end (self->feeder);
  g_usleep (300 * G_TIME_SPAN_MILLISECOND);
  peer_signal (peer, SIGCONT);
  wait_for (self, "idle", NULL, 3000);
  peer_stop (peer);
  files = peer_recordings (peer);
  g_assert_cmpuint (files->len, ==, 1);
  check_recording (self, g_ptr_array_index (files, 0), 0);
}

static double
last_time (const char *path)
{
  g_autofree char *out G_GNUC_UNUSED =
      sample_run ("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time",
                  "-of", "csv=p=0", path, NULL);
  g_auto (GStrv) lines = g_strsplit (g_strstrip (out), "\n", -1);

  return g_ascii_strtod (lines[g_strv_length (lines) - 1], NULL);
}

/* The engine is restarted: the far end sees one connection whose time goes on. */
static void
check_generation (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  g_autoptr (GPtrArray) files = NULL;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "live", NULL, 5000);
  feeder_wait (self->feeder, 60);
  feeder_free (self->feeder);
  wait_for (self, "idle", NULL, 5000);
  feed (self, 2);
  wait_for (self, "live", NULL, 5000);
  feeder_wait (self->feeder, 60);
  feeder_end (self->feeder);
  wait_for (self, "idle", NULL, 3000);
  g_assert_cmpuint (number (self, "attempts"), ==, 1);
  peer_stop (peer);
  files = peer_recordings (peer);
  g_assert_cmpuint (files->len, ==, 1);
  g_assert_cmpuint (sample_count (g_ptr_array_index (files, 0), "v:0"), >=, 120);
  g_assert_cmpfloat (last_time (g_ptr_array_index (files, 0)), >, 6.5);
}

static void
check_refused (Fixture *self, gconstpointer data)
{
  guint16 port = peer_free_port (G_SOCKET_TYPE_STREAM);
  g_autoptr (Peer) peer = NULL;
  g_autofree char *words = NULL;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", port);
  wait_for (self, "retrying", NULL, 3000);
  words = text (self, "last-error");
  g_assert_nonnull (strstr (words, "refused"));
  g_assert_cmpuint (number (self, "retry-in-ms"), <=, 1250);
  peer = peer_new_nginx (self->folder, port);
  wait_for (self, "live", NULL, 8000);
  g_assert_cmpuint (number (self, "attempts"), >=, 2);
}

static void
check_silent (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *words = NULL;
  guint took_ms;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", port);
  took_ms = wait_for (self, "retrying", NULL, 10000);
  words = text (self, "last-error");
  g_test_message ("after %u ms: %s", took_ms, words);
  g_assert_nonnull (strstr (words, "No answer within 5 s"));
}

static void
check_frozen_rtmp (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  g_autofree char *words = NULL;
  guint stalled_ms, retrying_ms;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "live", NULL, 5000);
  wait_for_bytes (self, 400000);
  peer_signal (peer, SIGSTOP);
  stalled_ms = wait_for (self, "stalled", "retrying", 10000);
  retrying_ms = stalled_ms + wait_for (self, "retrying", NULL, 10000);
  words = text (self, "last-error");
  g_test_message ("stalled after %u ms, retrying after %u ms: %s", stalled_ms, retrying_ms, words);
  g_assert_cmpuint (stalled_ms, <, 10000);
  g_assert_cmpuint (retrying_ms, <, 15000);
  g_assert_nonnull (strstr (words, "taken nothing"));
  peer_signal (peer, SIGCONT);
  g_test_message ("live again after %u ms", wait_for (self, "live", NULL, 15000));
  wait_for_bytes (self, 100000);
}

static void
check_frozen_srt (Fixture *self, gconstpointer data)
{
  guint16 port = peer_free_port (G_SOCKET_TYPE_DATAGRAM);
  g_autoptr (Peer) peer = peer_new_srt (self->folder, port, KEY);
  g_autofree char *words = NULL;
  guint took_ms;

  start (self, KEY, "srt://127.0.0.1:%u", port);
  wait_for (self, "live", NULL, 10000);
  wait_for_bytes (self, 200000);
  peer_signal (peer, SIGSTOP);
  took_ms = wait_for (self, "stalled", "retrying", 10000);
  words = text (self, "last-error");
  g_test_message ("seen after %u ms: %s", took_ms, words);
  g_clear_pointer (&peer, peer_free);
  peer = peer_new_srt (self->folder, port, KEY);
  wait_for (self, "live", NULL, 20000);
  wait_for_bytes (self, 100000);
}

/* A far end that is slow, and not dead: the connection stays, and what it missed is left out. */
static void
check_slow (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));

  self->setup.timeout_ms = 30000;
  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "live", NULL, 5000);
  wait_for_bytes (self, 200000);
  peer_signal (peer, SIGSTOP);
  wait_for (self, "stalled", NULL, 10000);
  feeder_wait (self->feeder, 150);
  g_assert_cmpuint (number (self, "dropped"), ==, 0);
  peer_signal (peer, SIGCONT);
  wait_for (self, "live", NULL, 3000);
  wait_for_bytes (self, 300000);
  g_test_message ("%" G_GUINT64_FORMAT " packets dropped", number (self, "dropped"));
  g_assert_cmpuint (number (self, "dropped"), >, 50);
  g_assert_cmpuint (number (self, "attempts"), ==, 1);
}

static void
check_rejected (Fixture *self, const char *scheme, guint16 port, const char *path, const char *word)
{
  g_autofree char *words = NULL;
  g_autofree char *all = NULL;
  g_autoptr (GVariant) state = NULL;
  guint64 attempts;

  start (self, WRONG_KEY, "%s://127.0.0.1:%u%s", scheme, port, path);
  wait_for (self, "retrying", NULL, 10000);
  words = text (self, "last-error");
  state = g_variant_ref_sink (regia_relay_worker_get_state (self->worker));
  all = g_variant_print (state, TRUE);
  g_test_message ("%s", all);
  g_assert_nonnull (strstr (words, "rejected"));
  g_assert_nonnull (strstr (words, word));
  g_assert_null (strstr (all, "sEcReT"));
  g_assert_null (strstr (all, "127.0.0.1"));
  g_assert_cmpuint (number (self, "retry-in-ms"), >, 50000);
  attempts = number (self, "attempts");
  feeder_wait (self->feeder, 50);
  g_assert_cmpuint (number (self, "attempts"), ==, attempts);
}

static void
check_wrong_key (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));

  check_rejected (self, "rtmp", peer->port, "/guarded", "the key");
}

/* The right key through the same door: so it was the key that was refused above. */
static void
check_right_key (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));

  start (self, KEY, "rtmp://127.0.0.1:%u/guarded", peer->port);
  wait_for (self, "live", NULL, 5000);
  wait_for_bytes (self, 100000);
}

/* One that was not there, and then the wrong one, is used as soon as it is right. */
static void
check_late_key (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  g_autofree char *words = NULL;

  self->setup.key_error = "key: no such file";
  self->relay.key_file = g_strdup ("/named/but/never/read/here");
  self->setup.rejected_ms = 500;
  self->relay.url = g_strdup_printf ("rtmp://127.0.0.1:%u/guarded", peer->port);
  self->worker = regia_relay_worker_new (&self->setup, done_cb, &self->done);
  wait_for (self, "retrying", NULL, 5000);
  words = text (self, "last-error");
  g_assert_cmpstr (words, ==, "key: no such file");
  regia_relay_worker_set_key (self->worker, KEY, NULL);
  wait_for (self, "live", NULL, 5000);
}

/* A token after the ? arrives: with the stream that the address names, with an application and a key, and
 * with a key that has it itself. A wrong one does not, and nothing of it is seen. */
static void
check_token (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  static const struct {
    const char *key, *rest;
  } good[] = {
      {NULL, "/guarded/one?token=good-geheim&a=b"},
      {"two", "/guarded?token=good-geheim"},
      {"three?token=good-geheim", "/guarded"},
  };
  g_autoptr (GVariant) state = NULL;
  g_autofree char *words = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    start (self, good[i].key, "rtmp://127.0.0.1:%u%s", peer->port, good[i].rest);
    wait_for (self, "live", NULL, 5000);
    wait_for_bytes (self, 100000);
    g_assert_cmpuint (number (self, "attempts"), ==, 1);
    g_clear_pointer (&self->worker, regia_relay_worker_free);
    g_clear_pointer (&self->relay.url, g_free);
    g_clear_pointer (&self->relay.key_file, g_free);
  }
  start (self, NULL, "rtmp://127.0.0.1:%u/guarded/four?token=wrong-geheim", peer->port);
  wait_for (self, "retrying", NULL, 5000);
  state = g_variant_ref_sink (regia_relay_worker_get_state (self->worker));
  words = g_variant_print (state, FALSE);
  g_test_message ("%s", words);
  g_assert_nonnull (strstr (words, "rejected"));
  g_assert_null (strstr (words, "geheim"));
  g_assert_null (strstr (words, "token"));
}

static void
check_wrong_application (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));

  check_rejected (self, "rtmp", peer->port, "/nothing", "application");
}

static void
check_wrong_passphrase (Fixture *self, gconstpointer data)
{
  guint16 port = peer_free_port (G_SOCKET_TYPE_DATAGRAM);
  g_autoptr (Peer) peer G_GNUC_UNUSED = peer_new_srt (self->folder, port, KEY);

  check_rejected (self, "srt", port, "", "the passphrase");
}

/* Nothing on air: no connection is made. */
static void
check_idle (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));

  g_clear_pointer (&self->feeder, feeder_free);
  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "idle", NULL, 1000);
  g_assert_cmpuint (number (self, "attempts"), ==, 0);
  feed (self, 2);
  wait_for (self, "live", NULL, 5000);
}

/* finish: what the feed has had until then reaches the far end, and the thread is gone within two seconds. */
static void
check_finish (Fixture *self, gconstpointer data)
{
  g_autoptr (Peer) peer = peer_new_nginx (self->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  g_autoptr (GPtrArray) files = NULL;

  start (self, KEY, "rtmp://127.0.0.1:%u/live", peer->port);
  wait_for (self, "live", NULL, 5000);
  feeder_wait (self->feeder, 60);
  regia_relay_worker_stop (self->worker, TRUE);
  feeder_end (self->feeder);
  WAIT_UNTIL_S (2, g_atomic_int_get (&self->done) == 1);
  peer_stop (peer);
  files = peer_recordings (peer);
  g_assert_cmpuint (files->len, ==, 1);
  check_recording (self, g_ptr_array_index (files, 0), 0);
}

static void
add (const char *path, void (*check) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, check, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  int result;

  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  sample = sample_new (1500);
  add ("/relay/worker/rtmp", check_rtmp);
  add ("/relay/worker/late-reader", check_late_reader);
  add ("/relay/worker/srt", check_srt);
  add ("/relay/worker/srt-late-reader", check_srt_late_reader);
  add ("/relay/worker/idle", check_idle);
  add ("/relay/worker/generation", check_generation);
  add ("/relay/worker/finish", check_finish);
  add ("/relay/worker/refused", check_refused);
  add ("/relay/worker/silent", check_silent);
  add ("/relay/worker/frozen-rtmp", check_frozen_rtmp);
  add ("/relay/worker/frozen-srt", check_frozen_srt);
  add ("/relay/worker/slow", check_slow);
  add ("/relay/worker/wrong-key", check_wrong_key);
  add ("/relay/worker/right-key", check_right_key);
  add ("/relay/worker/late-key", check_late_key);
  add ("/relay/worker/token", check_token);
  add ("/relay/worker/wrong-application", check_wrong_application);
  add ("/relay/worker/wrong-passphrase", check_wrong_passphrase);
  result = g_test_run ();
  sample_free (sample);
  return result;
}
