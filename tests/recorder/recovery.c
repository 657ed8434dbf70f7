/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../wait.h"
#include "recovery-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "finish-private.h"
#include "hall.h"
#include "regia/mux/scan.h"
#include "regia/recorder/library.h"
#include "store-private.h"

#define SECONDS 8

/* What a recorder leaves that was killed: two parts, not finished. */
typedef struct {
  Hall *hall;
  char *first, *second, *record; /* paths */
} Fixture;

/* Recorded once, copied for each test. */
static Hall *original;

static void
setup (Fixture *self, gconstpointer unused)
{
  self->hall = hall_new (SECONDS);
  self->hall->epoch = original->epoch;
  self->first = g_build_filename (self->hall->session, "live/programme-0001.mp4", NULL);
  self->second = g_build_filename (self->hall->session, "live/programme-0002.mp4", NULL);
  self->record = g_build_filename (self->hall->session, REGIA_SESSION_FILE, NULL);
  g_assert_cmpint (mkdir (self->hall->recordings, 0755), ==, 0);
  copy_tree (original->session, self->hall->session);
}

static void
teardown (Fixture *self, gconstpointer unused)
{
  hall_free (self->hall);
  g_free (self->first);
  g_free (self->second);
  g_free (self->record);
}

static guint
recover (Fixture *self)
{
  return regia_recovery_run (self->hall->recordings, NULL, NULL);
}

static guint
count_pictures (Fixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->hall->session, name, NULL);

  return media_decode (path, NULL);
}

static void
test_plain (Fixture *self, gconstpointer unused)
{
  g_assert_cmpuint (regia_recovery_run (self->hall->recordings, HALL_SESSION, NULL), ==, 0);
  g_assert_cmpuint (recover (self), ==, 1);
  hall_check_programme (self->hall, SECONDS);
  g_assert_cmpuint (recover (self), ==, 0);
}

static void
test_thread (Fixture *self, gconstpointer unused)
{
  RegiaRecovery *recovery = regia_recovery_new (self->hall->recordings, "another");

  WAIT_UNTIL_S (30, !regia_recovery_is_running (recovery));
  g_assert_cmpuint (regia_recovery_get_count (recovery), ==, 1);
  regia_recovery_free (recovery);
  hall_check_programme (self->hall, SECONDS);
}

/* Held by a recorder: left alone. */
static void
test_held (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaStore) store = regia_store_open (self->hall->recordings, HALL_SESSION, FALSE, 0, NULL);

  int fd = open (self->hall->session, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct flock asked = {.l_type = F_WRLCK};

  g_assert_nonnull (store);
  g_assert_cmpint (fcntl (fd, F_OFD_GETLK, &asked), ==, 0);
  g_assert_cmpint (asked.l_type, ==, F_RDLCK); /* the library sees it, with nothing taken */
  close (fd);
  g_assert_cmpuint (recover (self), ==, 0);
  g_assert_true (g_file_test (self->first, G_FILE_TEST_EXISTS));
}

static gpointer
let_go_thread (gpointer user_data)
{
  g_usleep (100000);
  close (GPOINTER_TO_INT (user_data));
  return NULL;
}

/* Held for a moment by somebody who lists the library: waited for. */
static void
test_probed (Fixture *self, gconstpointer unused)
{
  int fd = open (self->hall->session, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  GThread *thread;

  g_assert_cmpint (flock (fd, LOCK_SH), ==, 0);
  thread = g_thread_new ("probe", let_go_thread, GINT_TO_POINTER (fd));
  g_assert_cmpuint (recover (self), ==, 1);
  g_thread_join (thread);
  hall_check_programme (self->hall, SECONDS);
}

/* An old part that cannot be opened: recording goes on without it, finishing says so and removes nothing. */
static void
test_closed_part (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaStore) store = regia_store_open (self->hall->recordings, HALL_SESSION, FALSE, 0, NULL);
  g_autoptr (RegiaSession) session = NULL;
  g_autoptr (GError) error = NULL;
  const RegiaSessionPart *part;
  gboolean rebuilt;

  g_assert_cmpint (unlink (self->first), ==, 0);
  g_assert_cmpint (symlink ("nowhere", self->first), ==, 0);
  g_assert_null (regia_store_load (store, TRUE, &rebuilt, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  session = regia_store_load (store, FALSE, &rebuilt, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (session->parts->len, ==, 2);
  part = g_ptr_array_index (session->parts, 0);
  g_assert_cmpstr (part->state, ==, REGIA_PART_SUSPECT);
  g_assert_nonnull (strstr (part->message, "programme-0001.mp4"));
  part = g_ptr_array_index (session->parts, 1);
  g_assert_cmpstr (part->state, ==, REGIA_PART_WHOLE);
}

/* The record is spoiled or gone: made up again from the parts. */
static void
test_lost_record (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;

  g_assert_true (g_file_set_contents (self->record, "{\"version\":1,\"id", -1, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  hall_check_programme (self->hall, SECONDS);
  session = hall_load (self->hall);
  g_assert_cmpstr (session->title, ==, HALL_SESSION);
  /* From the files' times: a guess, but today's. */
  g_assert_cmpint (ABS (session->started_ms / 1000 - now_s), <, 120);
}

/* What was private stays so when the record is lost, and all of it is when nothing says any more which. */
static void
test_lost_record_private (Fixture *self, gconstpointer unused)
{
  g_autofree char *private = g_build_filename (self->hall->session, REGIA_SESSION_PRIVATE, NULL);
  int fd = open (self->hall->recordings, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (RegiaLibrary) library = regia_library_new (fd);

  {
    g_autoptr (RegiaStore) store = regia_store_open (self->hall->recordings, HALL_SESSION, FALSE, 0, NULL);
    g_autoptr (RegiaSession) session = NULL;
    g_autoptr (GError) error = NULL;
    gboolean rebuilt;

    session = regia_store_load (store, FALSE, &rebuilt, &error);
    g_assert_no_error (error);
    g_assert_true (regia_store_save (store, session, &error));
    g_assert_false (g_file_test (private, G_FILE_TEST_EXISTS));
    regia_session_set_private (session, 1001000, 1002000);
    g_assert_true (regia_store_save (store, session, &error));
  }
  for (guint spoiled = 0; spoiled < 2; spoiled++) {
    g_autoptr (RegiaSession) session = NULL;
    const RegiaSessionSpan *span;

    g_assert_cmpint (unlink (self->record), ==, 0);
    if (spoiled)
      g_assert_true (g_file_set_contents (private, "", 0, NULL));
    g_assert_true (regia_library_is_withheld (library, HALL_SESSION));
    g_assert_cmpuint (recover (self), ==, 1);
    hall_check_programme (self->hall, SECONDS);
    session = hall_load (self->hall);
    g_assert_cmpuint (session->private_spans->len, ==, 1);
    span = g_ptr_array_index (session->private_spans, 0);
    g_assert_cmpint (span->from_ms, ==, spoiled ? 0 : 1001000);
    g_assert_cmpint (span->to_ms, ==, spoiled ? 0 : 1002000);
    g_assert_true (regia_library_is_withheld (library, HALL_SESSION));
  }
  close (fd);
}

/* The record was lost between the making of the finished file and the removal of the last parts: nothing is
 * written over. */
static void
test_lost_record_with_file (Fixture *self, gconstpointer unused)
{
  g_autofree char *second = NULL, *programme = g_build_filename (self->hall->session, "programme.mp4", NULL);
  g_autoptr (RegiaSession) session = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (self->second, &second, &length, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  g_assert_cmpint (unlink (self->record), ==, 0);
  {
    g_autofree char *live = g_path_get_dirname (self->second);

    g_assert_cmpint (mkdir (live, 0755), ==, 0);
  }
  g_assert_true (g_file_set_contents (self->second, second, (gssize)length, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  session = hall_load (self->hall);
  g_assert_cmpuint (session->files->len, ==, 2);
  g_assert_cmpuint (count_pictures (self, "programme.mp4"), ==, SECONDS * 25);
  g_assert_cmpuint (count_pictures (self, "programme-2.mp4"), ==, SECONDS / 2 * 25);
  g_assert_true (g_file_test (programme, G_FILE_TEST_EXISTS));
}

/* A file of this name that nobody knows of is not ours to write over. */
static void
test_strange_file (Fixture *self, gconstpointer unused)
{
  g_autofree char *strange = g_build_filename (self->hall->session, "programme.mp4", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (strange, "somebody's", -1, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  g_assert_true (g_file_get_contents (strange, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "somebody's");
  g_assert_cmpuint (count_pictures (self, "programme-2.mp4"), ==, SECONDS * 25);
}

/* A part of which nothing can be used is kept, and the rest is finished without it. */
static void
test_damaged_part (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;
  g_autofree char *junk = g_strnfill (200000, 'x');

  g_assert_true (g_file_set_contents (self->second, junk, -1, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  session = hall_load (self->hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_nonnull (strstr (session->message, "damaged"));
  g_assert_cmpuint (count_pictures (self, "programme.mp4"), ==, SECONDS / 2 * 25);
  g_assert_true (g_file_test (self->second, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (self->first, G_FILE_TEST_EXISTS));
  /* Looked at once, kept, and no work for the next start. */
  g_assert_cmpuint (recover (self), ==, 0);
}

/* Much more in a part than can be read of it: kept, with or without something that was used. */
static void
test_long_tail (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;
  RegiaScan scan;

  g_assert_true (regia_scan_path (self->second, &scan, NULL));
  g_assert_cmpint (truncate (self->first, (off_t)scan.total_bytes + (20 << 20)), ==, 0);
  g_assert_cmpint (truncate (self->second, (off_t)scan.header_bytes), ==, 0);
  g_assert_cmpint (truncate (self->second, 20 << 20), ==, 0);
  g_assert_cmpuint (recover (self), ==, 1);
  session = hall_load (self->hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_nonnull (strstr (session->message, "2 parts of the recording are damaged"));
  g_assert_cmpuint (count_pictures (self, "programme.mp4"), ==, SECONDS / 2 * 25);
  g_assert_true (g_file_test (self->first, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (self->second, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (recover (self), ==, 0);
}

static void
test_all_damaged (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;
  g_autofree char *junk = g_strnfill (200000, 'x');

  g_assert_true (g_file_set_contents (self->first, junk, -1, NULL));
  g_assert_true (g_file_set_contents (self->second, junk, -1, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  session = hall_load (self->hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_DAMAGED);
  g_assert_true (g_file_test (self->first, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (self->second, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (recover (self), ==, 0);
}

/* A sector in the middle is gone: the fragment is lost, the rest is there, the damaged part is kept beside
 * it. */
static void
test_lost_sector (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;
  g_autofree char *zeros = g_malloc0 (4096);
  RegiaScan scan;
  int fd = open (self->first, O_WRONLY);

  g_assert_true (regia_scan_path (self->first, &scan, NULL));
  g_assert_cmpint (pwrite (fd, zeros, 4096, (off_t)scan.header_bytes), ==, 4096);
  close (fd);
  g_assert_cmpuint (recover (self), ==, 1);
  session = hall_load (self->hall);
  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_nonnull (strstr (session->message, "damaged"));
  g_assert_true (g_file_test (self->first, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_pictures (self, "programme.mp4"), >=, (SECONDS - 2) * 25);
}

/* The making of a part was interrupted: nothing was in it, nothing is said of it. */
static void
test_stillborn (Fixture *self, gconstpointer unused)
{
  g_autofree char *third = g_build_filename (self->hall->session, "live/programme-0003.mp4", NULL);

  g_assert_true (g_file_set_contents (third, "", 0, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  hall_check_programme (self->hall, SECONDS);
}

/* A finishing that was killed left a file of which nobody knows: it goes, since it may be all the room there
 * is. */
static void
test_leftover (Fixture *self, gconstpointer unused)
{
  g_autofree char *leftover = g_build_filename (self->hall->session, "programme-7.mp4.part", NULL);

  g_assert_true (g_file_set_contents (leftover, "half a film", -1, NULL));
  g_assert_cmpuint (recover (self), ==, 1);
  g_assert_false (g_file_test (leftover, G_FILE_TEST_EXISTS));
  hall_check_programme (self->hall, SECONDS);
}

static void
cancel_cb (guint percent, gpointer user_data)
{
  if (percent > 0)
    g_cancellable_cancel (user_data);
}

/* One that fails takes its half away with it, and the next one ends well. */
static void
test_cancelled (Fixture *self, gconstpointer unused)
{
  g_autofree char *half = g_build_filename (self->hall->session, "programme.mp4.part", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  RegiaStore *store = regia_store_open (self->hall->recordings, HALL_SESSION, FALSE, 0, &error);

  g_assert_no_error (error);
  g_assert_null (regia_finish_run (store, cancel_cb, cancellable, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  regia_store_free (store);
  g_assert_false (g_file_test (half, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (recover (self), ==, 1);
  hall_check_programme (self->hall, SECONDS);
}

static void
record_to_the_end (Fixture *self)
{
  g_autoptr (Take) take = take_new (self->hall, regia_disk_real (), 0);
  g_autoptr (GError) error = NULL;

  regia_feed_log_end (self->hall->log);
  regia_recording_stop (take->recording, TRUE);
  error = take_end (take);
  g_assert_no_error (error);
}

/* Another show under the same name: the finished file stays, and another one joins it. */
static void
test_more (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;

  g_assert_cmpuint (recover (self), ==, 1);
  self->hall->epoch.realtime_ns += 3600 * REGIA_SECOND;
  hall_open_feed (self->hall, 2);
  hall_play_until (self->hall, SECONDS);
  record_to_the_end (self);
  session = hall_load (self->hall);
  g_assert_cmpuint (session->files->len, ==, 2);
  g_assert_cmpuint (count_pictures (self, "programme.mp4"), ==, SECONDS * 25);
  g_assert_cmpuint (count_pictures (self, "programme-2.mp4"), ==, SECONDS * 25);
}

/* The record of a finished session is lost, and a recorder goes on in it: the finished file is taken in
 * again, with all that can be told of it, and another one joins it. */
static void
test_more_without_record (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;

  g_assert_cmpuint (recover (self), ==, 1);
  g_assert_cmpint (unlink (self->record), ==, 0);
  hall_open_feed (self->hall, 2);
  hall_play_until (self->hall, SECONDS);
  record_to_the_end (self);
  session = hall_load (self->hall);
  g_assert_cmpuint (session->files->len, ==, 2);
  for (guint i = 0; i < 2; i++) {
    const RegiaSessionFile *file = g_ptr_array_index (session->files, i);

    g_assert_cmpstr (file->name, ==, i == 0 ? "programme.mp4" : "programme-2.mp4");
    g_assert_cmpuint (strlen (file->sha256), ==, 64);
    g_assert_cmpint (file->duration_ms, >=, SECONDS * 1000);
    g_assert_cmpuint (count_pictures (self, file->name), ==, SECONDS * 25);
  }
}

/* The wall clock was set back while the machine was off, and show time with it: what is in the finished file
 * seems to lie in the future, and does not keep anything from being recorded. */
static void
test_future (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaSession) session = NULL;

  g_assert_cmpuint (recover (self), ==, 1);
  /* Only the monotonic side moves: it is the same show. */
  self->hall->epoch.monotonic_ns += 900 * REGIA_SECOND;
  hall_open_feed (self->hall, 2);
  hall_play_until (self->hall, SECONDS);
  record_to_the_end (self);
  session = hall_load (self->hall);
  g_assert_cmpuint (session->files->len, ==, 2);
  g_assert_cmpuint (count_pictures (self, "programme.mp4"), ==, SECONDS * 25);
  g_assert_cmpuint (count_pictures (self, "programme-2.mp4"), ==, SECONDS * 25);
}

/* A recorder that starts again behind a finished session, with the same feed still in memory, records nothing
 * twice. */
static void
test_again (Fixture *self, gconstpointer unused)
{
  g_assert_cmpuint (recover (self), ==, 1);
  hall_open_feed (self->hall, 1);
  hall_play_until (self->hall, SECONDS);
  record_to_the_end (self);
  hall_check_programme (self->hall, SECONDS);
}

/* A later version of Regia recorded it: it is left as it is, to the byte, and whoever records goes elsewhere.
 */
static void
test_newer (Fixture *self, gconstpointer unused)
{
  static const char record[] = "{\"version\":1000,\"id\":\"" HALL_SESSION "\",\"state\":\"recording\"}";
  g_autofree char *instead = g_strconcat (self->hall->session, "-2", NULL);
  g_autofree char *before = NULL, *after = NULL, *text = NULL;
  gsize before_size, after_size;

  g_assert_true (g_file_set_contents (self->record, record, -1, NULL));
  g_assert_true (g_file_get_contents (self->second, &before, &before_size, NULL));
  g_assert_cmpuint (recover (self), ==, 0);
  hall_open_feed (self->hall, 1);
  hall_play_until (self->hall, SECONDS);
  record_to_the_end (self);
  g_assert_true (g_file_get_contents (self->record, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, record);
  g_assert_true (g_file_get_contents (self->second, &after, &after_size, NULL));
  g_assert_cmpmem (before, before_size, after, after_size);
  g_free (self->hall->session);
  self->hall->session = g_steal_pointer (&instead);
  hall_check_programme (self->hall, SECONDS);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  original = hall_new (SECONDS);
  hall_record_two_parts (original);
#define ADD(name, func) g_test_add ("/recorder/recovery/" name, Fixture, NULL, setup, func, teardown)
  ADD ("plain", test_plain);
  ADD ("thread", test_thread);
  ADD ("held", test_held);
  ADD ("probed", test_probed);
  ADD ("closed-part", test_closed_part);
  ADD ("lost-record", test_lost_record);
  ADD ("lost-record/private", test_lost_record_private);
  ADD ("newer", test_newer);
  ADD ("lost-record-with-file", test_lost_record_with_file);
  ADD ("strange-file", test_strange_file);
  ADD ("damaged-part", test_damaged_part);
  ADD ("long-tail", test_long_tail);
  ADD ("all-damaged", test_all_damaged);
  ADD ("lost-sector", test_lost_sector);
  ADD ("stillborn", test_stillborn);
  ADD ("leftover", test_leftover);
  ADD ("cancelled", test_cancelled);
  ADD ("more", test_more);
  ADD ("more-without-record", test_more_without_record);
  ADD ("future", test_future);
  ADD ("again", test_again);
  status = g_test_run ();
  hall_free (original);
  return status;
}
