/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people do to the files under a recording: remove, move, mount something over them, or leave something
 * in their place. */
#include "../wait.h"
#include "recording-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hall.h"
#include "regia/base/error.h"

static void
stop_and_check (Take *take)
{
  g_autoptr (GError) error = NULL;

  regia_recording_stop (take->recording, TRUE);
  error = take_end (take);
  g_assert_no_error (error);
}

static gboolean
says (Take *take, const char *key, const char *words)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_recording_get_state (take->recording));
  const char *value;

  g_assert_true (g_variant_lookup (state, key, "&s", &value));
  if (strstr (value, words) == NULL)
    return FALSE;
  g_test_message ("%s: %s", key, value);
  return TRUE;
}

static gboolean
is_whole (Take *take)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_recording_get_state (take->recording));
  gboolean whole;

  g_assert_true (g_variant_lookup (state, "whole", "b", &whole));
  return whole;
}

static void
assert_mounted (const char *folder, const char *options)
{
  if (mount ("tmpfs", folder, "tmpfs", 0, options) != 0)
    g_error ("cannot mount a tmpfs: %s; this test wants root", g_strerror (errno));
}

static gboolean
may_mount (void)
{
  if (geteuid () == 0)
    return TRUE;
  g_test_skip ("mounting wants root");
  return FALSE;
}

/* --- removed, moved, covered --- */

static void
remove_file (Hall *hall)
{
  g_autofree char *path = g_build_filename (hall->session, "live/programme-0001.mp4", NULL);

  g_assert_cmpint (unlink (path), ==, 0);
}

static void
remove_live (Hall *hall)
{
  g_autofree char *path = g_build_filename (hall->session, "live", NULL);

  remove_tree (path);
}

static void
remove_session (Hall *hall)
{
  remove_tree (hall->session);
}

static void
remove_recordings (Hall *hall)
{
  remove_tree (hall->recordings);
}

static void
move_file (Hall *hall)
{
  g_autofree char *from = g_build_filename (hall->session, "live/programme-0001.mp4", NULL);
  g_autofree char *to = g_build_filename (hall->folder, "moved.mp4", NULL);

  g_assert_cmpint (rename (from, to), ==, 0);
}

static void
move_recordings (Hall *hall)
{
  g_autofree char *to = g_build_filename (hall->folder, "moved", NULL);

  g_assert_cmpint (rename (hall->recordings, to), ==, 0);
}

static void
replace_session (Hall *hall)
{
  g_autofree char *to = g_build_filename (hall->folder, "moved", NULL);

  g_assert_cmpint (rename (hall->session, to), ==, 0);
  g_assert_cmpint (mkdir (hall->session, 0755), ==, 0);
}

static void
cover (Hall *hall)
{
  assert_mounted (hall->recordings, "size=20m");
}

typedef struct {
  const char *name;
  void (*happen) (Hall *hall);
  const char *words;
} Mishap;

static const Mishap mishaps[] = {
    {"file-removed", remove_file, "programme-0001.mp4 was removed"},
    {"live-removed", remove_live, "programme-0001.mp4 was removed"},
    {"session-removed", remove_session, "programme-0001.mp4 was removed"},
    {"recordings-removed", remove_recordings, "programme-0001.mp4 was removed"},
    {"file-moved", move_file, "programme-0001.mp4 was moved to "},
    {"recordings-moved", move_recordings, "programme-0001.mp4 was moved to "},
    {"session-replaced", replace_session, "programme-0001.mp4 was moved to "},
    {"covered", cover, "another disk"},
};

/* The feed still has all of it: said within a fragment, written anew where the name leads to now, nothing is
 * missing at the end. */
static void
test_mishap (gconstpointer data)
{
  const Mishap *mishap = data;
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) take = NULL;
  gint64 happened_us;

  if (mishap->happen == cover && !may_mount ())
    return;
  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 4.5);
  take_wait (take, "last-fragment-ms", hall_ms (3.4));
  mishap->happen (hall);
  happened_us = g_get_monotonic_time ();
  hall_play_until (hall, 6);
  WAIT_UNTIL_S (10, says (take, "message", mishap->words));
  WAIT_UNTIL_S (10, says (take, "state", "recording"));
  take_wait (take, "last-fragment-ms", hall_ms (4.9));
  g_assert_cmpint (g_get_monotonic_time () - happened_us, <, 3 * G_USEC_PER_SEC);
  WAIT_UNTIL_S (10, says (take, "message", "nothing is missing"));
  g_assert_true (is_whole (take));
  hall_play_until (hall, 8);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  g_assert_true (is_whole (take));
  hall_check_programme (hall, 8);
  if (mishap->happen == cover) {
    g_autofree char *below = g_build_filename (hall->session, "live/programme-0001.mp4", NULL);

    g_assert_cmpint (umount (hall->recordings), ==, 0);
    g_assert_true (g_file_test (below, G_FILE_TEST_EXISTS));
  }
}

/* In the last second, when no fragment comes any more. */
static void
test_at_the_end (void)
{
  g_autoptr (Hall) hall = hall_new (4);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 4);
  take_wait (take, "last-fragment-ms", hall_ms (3.95));
  remove_session (hall);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  hall_check_programme (hall, 4);
}

/* Taken away and given back, as a disk whose cable is loose: each in its place, and all of it in the end. */
static void
test_covered_for_a_while (void)
{
  g_autoptr (Hall) hall = hall_new (10);
  g_autoptr (Take) take = NULL;

  if (!may_mount ())
    return;
  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 3.5);
  take_wait (take, "last-fragment-ms", hall_ms (2.4));
  cover (hall);
  hall_play_until (hall, 6);
  WAIT_UNTIL_S (10, says (take, "message", "nothing is missing"));
  take_wait (take, "last-fragment-ms", hall_ms (4.9));
  g_assert_cmpint (umount2 (hall->recordings, MNT_DETACH), ==, 0);
  hall_play_until (hall, 8);
  take_wait (take, "last-fragment-ms", hall_ms (6.9));
  hall_play_until (hall, 10);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  g_assert_true (is_whole (take));
  hall_check_programme (hall, 10);
}

/* What the feed does not have any more is gone, and that is said: in the state, in the record, at the end. */
static void
check_missing (Hall *hall, Take *take, double from, double to)
{
  g_autoptr (RegiaSession) session = hall_load (hall);
  const RegiaSessionGap *gap;

  g_test_message ("%s", session->message);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_nonnull (strstr (session->message, "of the recording are missing"));
  g_assert_true (says (take, "message", "of the recording are missing"));
  g_assert_false (is_whole (take));
  g_assert_cmpuint (session->gaps->len, ==, 1);
  gap = g_ptr_array_index (session->gaps, 0);
  g_assert_cmpint (ABS (gap->from_ms - (gint64)hall_ms (from)), <, 50);
  g_assert_cmpint (ABS (gap->to_ms - (gint64)hall_ms (to)), <, 50);
  g_assert_cmpint (ABS (session->gap_ms - (gint64)(1000 * (to - from))), <, 100);
}

static void
test_lost (void)
{
  g_autoptr (Hall) hall = hall_new (10);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 4);
  take_wait (take, "last-fragment-ms", hall_ms (3.9));
  /* Another engine: the memory of the first is gone. */
  hall_open_feed (hall, 2);
  hall_play_until (hall, 6);
  take_wait (take, "last-fragment-ms", hall_ms (4.9));
  remove_session (hall);
  hall_play_until (hall, 8);
  WAIT_UNTIL_S (10, says (take, "message", "4.0 s of the recording are missing"));
  g_assert_false (is_whole (take));
  hall_play_until (hall, 10);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  check_missing (hall, take, 0, 4);
}

/* The same while no recorder is there. */
static void
test_lost_while_away (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) first = NULL;
  g_autoptr (Take) take = NULL;
  g_autoptr (GError) error = NULL;

  hall_open_feed (hall, 1);
  first = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 4);
  take_wait (first, "last-fragment-ms", hall_ms (2.9));
  regia_recording_stop (first->recording, FALSE);
  error = take_end (first);
  g_assert_no_error (error);
  remove_file (hall);
  hall_open_feed (hall, 2);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 8);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  check_missing (hall, take, 0, 4);
}

/* A part that was closed: nobody looks at it until the end. */
static void
test_closed_part_removed (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 4);
  take_wait (take, "last-fragment-ms", hall_ms (3.9));
  hall_open_feed (hall, 2);
  hall_play_until (hall, 6);
  take_wait (take, "last-fragment-ms", hall_ms (4.9));
  remove_file (hall);
  hall_play_until (hall, 8);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  check_missing (hall, take, 0, 4);
}

/* --- something in the session's place --- */

static void
test_obstructed (gconstpointer data)
{
  const gboolean link = GPOINTER_TO_INT (data);
  g_autoptr (Hall) hall = hall_new (6);
  g_autofree char *instead = g_strconcat (hall->session, "-2", NULL);

  g_assert_cmpint (mkdir (hall->recordings, 0755), ==, 0);
  if (link)
    g_assert_cmpint (symlink ("/nonexistent/disk", hall->session), ==, 0);
  else
    g_assert_true (g_file_set_contents (hall->session, "", 0, NULL));
  hall_open_feed (hall, 1);
  /* Twice: the second recorder of a show finds the folder of the first. */
  for (guint i = 0; i < 2; i++) {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);
    g_autoptr (GError) error = NULL;

    hall_play_until (hall, 3 * (i + 1));
    WAIT_UNTIL_S (10, says (take, "path", HALL_SESSION "-2"));
    take_wait (take, "last-fragment-ms", hall_ms (3 * (i + 1) - 1.1));
    if (i == 1)
      regia_feed_log_end (hall->log);
    regia_recording_stop (take->recording, i == 1);
    error = take_end (take);
    g_assert_no_error (error);
  }
  g_free (hall->session);
  hall->session = g_steal_pointer (&instead);
  hall_check_programme (hall, 6);
}

/* --- no inodes --- */

static guint
use_up_inodes (const char *folder)
{
  for (guint n = 0;; n++) {
    g_autofree char *path = g_strdup_printf ("%s/filler-%u", folder, n);
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
      g_assert_cmpint (errno, ==, ENOSPC);
      return n;
    }
    close (fd);
  }
}

static void
remove_fillers (const char *folder, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf ("%s/filler-%u", folder, i);

    g_assert_cmpint (unlink (path), ==, 0);
  }
}

/* Before the event, and in its middle when a new part is to be made: by its name, with the remedy. */
static void
test_inodes (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) take = NULL;
  guint n;

  if (!may_mount ())
    return;
  g_assert_cmpint (mkdir (hall->recordings, 0755), ==, 0);
  assert_mounted (hall->recordings, "size=20m,nr_inodes=40");
  n = use_up_inodes (hall->recordings);
  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 2);
  WAIT_UNTIL_S (10, says (take, "message", "No inodes left"));
  g_assert_true (says (take, "state", "no-space"));
  remove_fillers (hall->recordings, n);
  hall_play_until (hall, 4);
  take_wait_state (take, "recording");
  take_wait (take, "last-fragment-ms", hall_ms (3.9));

  n = use_up_inodes (hall->recordings);
  hall_open_feed (hall, 2);
  hall_play_until (hall, 6);
  WAIT_UNTIL_S (10, says (take, "message", "No inodes left"));
  g_assert_false (says (take, "message", "Disk full"));
  remove_fillers (hall->recordings, n);
  take_wait_state (take, "recording");
  hall_play_until (hall, 8);
  regia_feed_log_end (hall->log);
  stop_and_check (take);
  hall_check_programme (hall, 8);
  g_assert_cmpint (umount (hall->recordings), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what these tests provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  for (guint i = 0; i < G_N_ELEMENTS (mishaps); i++) {
    g_autofree char *path = g_strconcat ("/recorder/place/", mishaps[i].name, NULL);

    g_test_add_data_func (path, &mishaps[i], test_mishap);
  }
  g_test_add_func ("/recorder/place/at-the-end", test_at_the_end);
  g_test_add_func ("/recorder/place/covered-for-a-while", test_covered_for_a_while);
  g_test_add_func ("/recorder/place/lost", test_lost);
  g_test_add_func ("/recorder/place/lost-while-away", test_lost_while_away);
  g_test_add_func ("/recorder/place/closed-part-removed", test_closed_part_removed);
  g_test_add_data_func ("/recorder/place/dangling-link", GINT_TO_POINTER (TRUE), test_obstructed);
  g_test_add_data_func ("/recorder/place/file-instead", GINT_TO_POINTER (FALSE), test_obstructed);
  g_test_add_func ("/recorder/place/inodes", test_inodes);
  return g_test_run ();
}
