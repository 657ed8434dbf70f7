/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../wait.h"
#include "recording-private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hall.h"
#include "recovery-private.h"
#include "regia/base/error.h"
#include "regia/mux/remux.h"

static void
stop_and_check (Take *take)
{
  g_autoptr (GError) error = NULL;

  regia_recording_stop (take->recording, TRUE);
  error = take_end (take);
  g_assert_no_error (error);
}

static void
test_whole (void)
{
  g_autoptr (Hall) hall = hall_new (6);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 4.5);
  /* All but the last second is on the disk while the event runs. */
  take_wait (take, "last-fragment-ms", hall_ms (3.9));
  session = hall_load (hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_RECORDING);
  g_assert_cmpstr (session->title, ==, "Sirio migranti");
  g_assert_cmpuint (session->parts->len, ==, 1);
  hall_play_until (hall, 6);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  hall_check_programme (hall, 6);
  g_assert_cmpuint (take_get (take, "finishing-percent"), ==, 100);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
}

/* Stopped without finishing (a restart): goes on at the next packet, into a new part. */
static void
test_resume (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (RegiaSession) session = NULL;

  hall_open_feed (hall, 1);
  for (guint i = 1; i <= 3; i++) {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);
    g_autoptr (GError) error = NULL;

    hall_play_until (hall, 2.3 * i);
    take_wait (take, "last-fragment-ms", hall_ms (2.3 * i - 1.1));
    regia_recording_stop (take->recording, FALSE);
    error = take_end (take);
    g_assert_no_error (error);
  }
  session = hall_load (hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_RECORDING);
  g_assert_cmpuint (session->parts->len, ==, 3);
  g_assert_cmpuint (session->gaps_total, ==, 0);
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    hall_play_until (hall, 8);
    regia_feed_log_end (hall->log);
    stop_and_check (take);
    g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  }
  hall_check_programme (hall, 8);
}

/* The engine dies and comes back: same file, the gap is told. */
static void
test_engine_restart (void)
{
  g_autoptr (Hall) hall = hall_new (10);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;
  const RegiaSessionGap *gap;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 3.6);
  take_wait (take, "last-fragment-ms", hall_ms (2.5));
  /* What the engine still held is read before its connection closes. */
  take_wait (take, "last-fragment-ms", hall_ms (3.5));
  regia_feed_log_close (hall->log);
  regia_feed_server_drain (hall->server, 20000);
  hall_skip_until (hall, 6);
  hall_open_feed (hall, 2);
  hall_play_until (hall, 10);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  session = hall_load (hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_cmpuint (session->parts->len, ==, 2);
  g_assert_cmpuint (session->gaps->len, ==, 1);
  gap = g_ptr_array_index (session->gaps, 0);
  g_assert_cmpint (gap->from_ms, ==, hall_ms (3.6));
  g_assert_cmpint (gap->to_ms, ==, hall_ms (6));
  g_assert_cmpstr (gap->reason, ==, "the engine was restarted");
  g_assert_cmpint (session->duration_ms, >=, 10000);
  g_assert_cmpint (session->duration_ms, <, 10060);
}

/* The feed says the same again, and times that run backwards: counted, never fatal. */
static void
test_not_rising (void)
{
  g_autoptr (Hall) hall = hall_new (4);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 2);
  hall->next = 10;
  hall_play_until (hall, 4);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  hall_check_programme (hall, 4);
}

static gboolean
says_none_of_the_tracks (Take *take)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_recording_get_state (take->recording));
  const char *message, *now;

  g_assert_true (g_variant_lookup (state, "message", "&s", &message));
  g_assert_true (g_variant_lookup (state, "state", "&s", &now));
  return strcmp (now, "waiting") == 0 && strstr (message, "none of the tracks") != NULL;
}

/* An engine that makes other tracks than are wanted: said in words. */
static void
test_no_tracks (void)
{
  g_autoptr (Hall) hall = hall_new (1);
  g_autoptr (Take) take = NULL;

  for (guint i = 0; i < hall->media->tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (hall->media->tracks, i);

    g_free (track->name);
    track->name = g_strdup_printf ("data/%u", i);
  }
  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  WAIT_UNTIL (says_none_of_the_tracks (take));
  regia_feed_log_end (hall->log);
  stop_and_check (take);
}

static void
test_nothing (void)
{
  g_autoptr (Hall) hall = hall_new (1);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  regia_feed_log_end (hall->log);
  take = take_new (hall, regia_disk_real (), 0);
  stop_and_check (take);
  g_assert_false (g_file_test (hall->session, G_FILE_TEST_EXISTS));
}

/* --- a disk that fails on command --- */

typedef struct {
  RegiaDisk disk;
  gint syncs;        /* atomic: done so far */
  gint fail_sync_at; /* atomic: the sync that fails; 0 none */
  gint full;         /* atomic: writes stop half way with ENOSPC */
  gint free_bytes;   /* atomic: −1 asks the real one */
} BadDisk;

static int
bad_create (const RegiaDisk *disk, const char *path)
{
  const BadDisk *self = (const BadDisk *)disk;

  if (g_atomic_int_get (&self->full)) {
    errno = ENOSPC;
    return -1;
  }
  return regia_disk_real ()->create (regia_disk_real (), path);
}

static gboolean
bad_write (const RegiaDisk *disk, int fd, const void *data, gsize length)
{
  const BadDisk *self = (const BadDisk *)disk;

  if (!g_atomic_int_get (&self->full))
    return regia_disk_real ()->write (regia_disk_real (), fd, data, length);
  g_assert_true (regia_disk_real ()->write (regia_disk_real (), fd, data, length / 2));
  errno = ENOSPC;
  return FALSE;
}

static gboolean
bad_sync (const RegiaDisk *disk, int fd)
{
  BadDisk *self = (BadDisk *)disk;

  if (g_atomic_int_add (&self->syncs, 1) + 1 != g_atomic_int_get (&self->fail_sync_at))
    return regia_disk_real ()->sync (regia_disk_real (), fd);
  errno = EIO;
  return FALSE;
}

static gint64
bad_free_bytes (const RegiaDisk *disk, const char *folder)
{
  const BadDisk *self = (const BadDisk *)disk;
  gint bytes = g_atomic_int_get (&self->free_bytes);

  return bytes >= 0 ? bytes : regia_disk_real ()->free_bytes (regia_disk_real (), folder);
}

static BadDisk
bad_disk (void)
{
  BadDisk self = {.disk = *regia_disk_real (), .free_bytes = -1};

  self.disk.create = bad_create;
  self.disk.write = bad_write;
  self.disk.sync = bad_sync;
  self.disk.free_bytes = bad_free_bytes;
  return self;
}

/* fdatasync fails once: a new part within a second, and nothing is missing. */
static void
test_sync_error (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  BadDisk disk = bad_disk ();
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;
  gint64 begun;

  disk.fail_sync_at = 4; /* header, two fragments, then this */
  hall_open_feed (hall, 1);
  take = take_new (hall, &disk.disk, 0);
  begun = g_get_monotonic_time ();
  hall_play_until (hall, 5);
  take_wait (take, "parts", 2);
  take_wait (take, "last-fragment-ms", hall_ms (3.9));
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2 * G_USEC_PER_SEC);
  session = hall_load (hall);
  g_assert_cmpstr (((RegiaSessionPart *)g_ptr_array_index (session->parts, 0))->state, ==,
                   REGIA_PART_SUSPECT);
  hall_play_until (hall, 8);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  hall_check_programme (hall, 8);
}

/* The same at the very last fragment, when no packet comes any more that would have it tried again. */
static void
test_last_sync_error (void)
{
  g_autoptr (Hall) hall = hall_new (4);
  BadDisk disk = bad_disk ();
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, &disk.disk, 0);
  hall_play_until (hall, 3.5);
  take_wait (take, "last-fragment-ms", hall_ms (3.4));
  g_atomic_int_set (&disk.fail_sync_at, g_atomic_int_get (&disk.syncs) + 1);
  hall_play_until (hall, 4);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  g_assert_cmpuint (take_get (take, "parts"), ==, 2);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  hall_check_programme (hall, 4);
}

/* Samples of all finished files. */
static guint64
count_samples (Hall *hall, RegiaSession *session, const char *track)
{
  guint64 n = 0;

  for (guint i = 0; i < session->files->len; i++) {
    const RegiaSessionFile *file = g_ptr_array_index (session->files, i);
    g_autofree char *path = g_build_filename (hall->session, file->name, NULL);
    g_auto (RegiaRemuxResult) found = {0};
    g_autoptr (GError) error = NULL;

    g_assert_true (regia_remux_probe (path, NULL, &found, &error));
    g_assert_no_error (error);
    for (guint j = 0; j < found.n_tracks; j++)
      if (strcmp (found.tracks[j].name, track) == 0)
        n += found.tracks[j].samples;
  }
  return n;
}

/* The disk fails in the instant in which the engine is restarted, and it comes back with fewer tracks: what
 * waits was of the table before. */
static void
test_failure_at_restart (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  BadDisk disk = bad_disk ();
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;
  guint64 sound = 0;

  hall_open_feed (hall, 1);
  take = take_new (hall, &disk.disk, 0);
  hall_play_until (hall, 3.2);
  take_wait (take, "last-fragment-ms", hall_ms (3.15));
  g_atomic_int_set (&disk.fail_sync_at, g_atomic_int_get (&disk.syncs) + 1);
  hall_play_until (hall, 3.6);
  for (guint i = 0; i < hall->next; i++)
    sound += ((RegiaPacket *)g_ptr_array_index (hall->media->packets, i))->track == 1;
  regia_feed_log_close (hall->log); /* as an engine does that goes away: what it has is given first */
  regia_feed_server_drain (hall->server, 20000);
  hall_skip_until (hall, 6);
  hall->tracks_used = 1;
  hall_open_feed (hall, 2);
  hall_play_until (hall, 8);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  session = hall_load (hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_cmpuint (count_samples (hall, session, "video/120p"), ==,
                    hall_packets (hall, 0, 3.6) + hall_packets (hall, 0, 8) - hall_packets (hall, 0, 6));
  g_assert_cmpuint (count_samples (hall, session, "audio/it"), ==, sound);
}

/* Told to finish while the engine still sends, for longer than a silent feed is waited for: all of it is
 * recorded. */
static void
test_drain (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) take = NULL;
  g_autoptr (GError) error = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 2);
  take_wait (take, "last-fragment-ms", hall_ms (0.9));
  regia_recording_stop (take->recording, TRUE);
  /* Somewhat faster than life. */
  for (guint i = 1; i <= 40; i++) {
    hall_play_until (hall, 2 + 0.15 * i);
    g_usleep (100000);
  }
  regia_feed_log_end (hall->log);
  error = take_end (take);
  g_assert_no_error (error);
  hall_check_programme (hall, 8);
}

/* ENOSPC in the middle of a write: said in words, resumed in the same session when there is room, nothing
 * lost that the feed still holds. */
static void
test_no_space (void)
{
  g_autoptr (Hall) hall = hall_new (10);
  BadDisk disk = bad_disk ();
  g_autoptr (Take) take = NULL;
  g_autoptr (GVariant) state = NULL;
  const char *message;

  hall_open_feed (hall, 1);
  take = take_new (hall, &disk.disk, 0);
  hall_play_until (hall, 3.5);
  take_wait (take, "last-fragment-ms", hall_ms (2.4));
  g_atomic_int_set (&disk.free_bytes, 0);
  g_atomic_int_set (&disk.full, TRUE);
  hall_play_until (hall, 6);
  take_wait_state (take, "no-space");
  state = g_variant_ref_sink (regia_recording_get_state (take->recording));
  g_assert_true (g_variant_lookup (state, "message", "&s", &message));
  g_assert_nonnull (strstr (message, "free up space in "));
  hall_play_until (hall, 8);
  g_atomic_int_set (&disk.full, FALSE);
  g_atomic_int_set (&disk.free_bytes, -1);
  take_wait_state (take, "recording");
  hall_play_until (hall, 10);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  hall_check_programme (hall, 10);
}

/* The reserve is reached although writes still work: closed in order before the disk is full. */
static void
test_reserve (void)
{
  g_autoptr (Hall) hall = hall_new (6);
  BadDisk disk = bad_disk ();
  g_autoptr (Take) take = NULL;

  disk.free_bytes = 900000;
  hall_open_feed (hall, 1);
  take = take_new (hall, &disk.disk, 1000000);
  hall_play_until (hall, 3);
  take_wait_state (take, "no-space");
  g_atomic_int_set (&disk.free_bytes, 2000000);
  take_wait_state (take, "recording");
  hall_play_until (hall, 6);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  hall_check_programme (hall, 6);
}

/* A disk that is really full: 3 MB of tmpfs with something else on it. */
static void
test_tmpfs (void)
{
  g_autoptr (Hall) hall = hall_new (20);
  g_autofree char *ballast = g_build_filename (hall->recordings, "ballast", NULL);
  g_autoptr (Take) take = NULL;
  g_autoptr (GString) filling = g_string_new (NULL);

  g_assert_cmpint (mkdir (hall->recordings, 0755), ==, 0);
  if (mount ("tmpfs", hall->recordings, "tmpfs", 0, "size=3m") != 0) {
    g_autofree char *why =
        g_strdup_printf ("cannot mount a tmpfs (%s); this test wants root", g_strerror (errno));

    g_test_skip (why);
    return;
  }
  g_string_set_size (filling, 2900 << 10);
  g_assert_true (g_file_set_contents (ballast, filling->str, (gssize)filling->len, NULL));
  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 15);
  take_wait_state (take, "no-space");
  g_assert_cmpint (unlink (ballast), ==, 0);
  take_wait_state (take, "recording");
  hall_play_until (hall, 20);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  hall_check_programme (hall, 20);
  g_assert_cmpint (umount (hall->recordings), ==, 0);
}

/* --- kill -9 --- */

#define CHILD_FEED_FD 9
static char *self_path;

static GPid
spawn_recorder (Hall *hall, const char *mode)
{
  g_autofree char *epoch = regia_epoch_to_string (&hall->epoch);
  const char *argv[] = {self_path, mode, hall->recordings, epoch, NULL};
  const int target_fds[] = {CHILD_FEED_FD};
  const int source_fds[] = {strcmp (mode, "--record") == 0 ? hall_hand (hall) : -1};
  gsize n_fds = source_fds[0] >= 0 ? 1 : 0;
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1, -1,
                                    source_fds, target_fds, n_fds, &pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  if (n_fds > 0)
    close (source_fds[0]);
  return pid;
}

static int
wait_for (GPid pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

/* The recorder is killed at twenty random moments while the programme plays (twenty times as fast as life);
 * at the end every packet is there, once. */
static void
test_kill_recording (void)
{
  g_autoptr (Hall) hall = hall_new (50);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;
  double played = 0;

  hall_open_feed (hall, 1);
  for (guint i = 0; i < 20; i++) {
    GPid pid = spawn_recorder (hall, "--record");
    guint steps = (guint)g_test_rand_int_range (1, 40);

    for (guint j = 0; j < steps && played < 48; j++) {
      played += 0.06;
      hall_play_until (hall, played);
      g_usleep (3000);
    }
    kill (pid, SIGKILL);
    g_assert_true (WIFSIGNALED (wait_for (pid)));
  }
  hall_play_until (hall, 50);
  regia_feed_log_end (hall->log);
  take = take_new (hall, regia_disk_real (), 0);
  stop_and_check (take);
  session = hall_load (hall);
  g_test_message ("%u parts", session->parts->len);
  g_assert_cmpuint (session->gaps_total, ==, 0);
  hall_check_programme (hall, 50);
}

/* Finishing is killed at thirty moments of its life, each time from the same beginning: whatever step it was
 * at, the next run ends well. */
static void
test_kill_finishing (void)
{
  g_autoptr (Hall) hall = hall_new (10);
  g_autofree char *saved = g_build_filename (hall->folder, "saved", NULL);
  gint64 begun, whole_us;
  guint unfinished = 0;

  hall_record_two_parts (hall);
  copy_tree (hall->session, saved);
  begun = g_get_monotonic_time ();
  g_assert_cmpint (wait_for (spawn_recorder (hall, "--recover")), ==, 0);
  whole_us = g_get_monotonic_time () - begun;
  hall_check_programme (hall, 10);
  for (gint64 i = 0; i < 30; i++) {
    GPid pid;

    remove_tree (hall->session);
    copy_tree (saved, hall->session);
    pid = spawn_recorder (hall, "--recover");
    g_usleep ((gulong)(whole_us * i / 28));
    kill (pid, SIGKILL);
    wait_for (pid);
    unfinished += regia_recovery_run (hall->recordings, NULL, NULL);
    hall_check_programme (hall, 10);
    g_assert_cmpuint (regia_recovery_run (hall->recordings, NULL, NULL), ==, 0);
  }
  g_test_message ("%u of 30 were unfinished when killed", unfinished);
  g_assert_cmpuint (unfinished, >, 0);
}

/* This binary again, as the process that is killed. */
static int
child_main (char **argv)
{
  static const char *const tracks[] = {"video/120p", "audio/it", "audio/en", NULL};
  RegiaRecordingOptions options = {
      .disk = regia_disk_real (),
      .recordings = argv[2],
      .session = HALL_SESSION,
      .title = "Sirio migranti",
      .place = "Massa",
      .tracks = tracks,
  };

  if (strcmp (argv[1], "--recover") == 0)
    return regia_recovery_run (argv[2], NULL, NULL) == 1 ? 0 : 1;
  if (!regia_epoch_parse (argv[3], &options.epoch))
    return 2;
  options.feed = regia_feed_link_new ();
  regia_feed_link_use (options.feed, CHILD_FEED_FD);
  regia_recording_new (&options, (RegiaRecordingDoneFunc)abort, NULL);
  for (;;)
    pause ();
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_has_prefix (argv[1], "--rec"))
    return child_main (argv);
  self_path = argv[0];
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what these tests provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/recorder/recording/whole", test_whole);
  g_test_add_func ("/recorder/recording/resume", test_resume);
  g_test_add_func ("/recorder/recording/engine-restart", test_engine_restart);
  g_test_add_func ("/recorder/recording/not-rising", test_not_rising);
  g_test_add_func ("/recorder/recording/no-tracks", test_no_tracks);
  g_test_add_func ("/recorder/recording/nothing", test_nothing);
  g_test_add_func ("/recorder/recording/sync-error", test_sync_error);
  g_test_add_func ("/recorder/recording/last-sync-error", test_last_sync_error);
  g_test_add_func ("/recorder/recording/failure-at-restart", test_failure_at_restart);
  g_test_add_func ("/recorder/recording/drain", test_drain);
  g_test_add_func ("/recorder/recording/no-space", test_no_space);
  g_test_add_func ("/recorder/recording/reserve", test_reserve);
  g_test_add_func ("/recorder/recording/tmpfs", test_tmpfs);
  g_test_add_func ("/recorder/recording/kill-recording", test_kill_recording);
  g_test_add_func ("/recorder/recording/kill-finishing", test_kill_finishing);
  return g_test_run ();
}
