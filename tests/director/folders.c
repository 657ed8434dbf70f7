/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The director and its folders: locks, control.sock at any depth, and a watch that finds a folder gone.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../wait.h"
#include "control-private.h"
#include "locks-private.h"
#include "regia/base/error.h"
#include "regia/control/client.h"
#include "watch-private.h"

typedef struct {
  char *state, *run, *recordings, *control_path, *event_path; /* (owned) */
  RegiaControl *control;
  RegiaLocks locks;
  RegiaWatch *watch;
  guint made;
} Fixture;

static GVariant *
get_status_cb (gpointer user_data)
{
  return g_variant_ref_sink (g_variant_new_parsed ("{'state': <%s>}", (const char *)user_data));
}

static void
stop_cb (gboolean quit, const char *who, RegiaControlStoppedFunc stopped, gpointer data, gpointer user_data)
{
  stopped (NULL, data);
}

static const RegiaControlMethods methods = {get_status_cb, stop_cb};

static void
made_cb (gpointer user_data)
{
  ((Fixture *)user_data)->made++;
}

/* A folder whose path has at least @length bytes. */
static char *
make_deep (gsize length)
{
  g_autoptr (GString) path = g_string_new (NULL);
  g_autofree char *top = g_dir_make_tmp ("regia-folders-XXXXXX", NULL);

  g_string_append (path, top);
  while (path->len < length)
    g_string_append (path, "/a-folder-below-a-folder");
  g_assert_cmpint (g_mkdir_with_parents (path->str, 0700), ==, 0);
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static void
remove_tree (const char *path)
{
  const char *const argv[] = {"rm", "-rf", path, NULL};

  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) event = g_bytes_new_static ("[event]\n", 8);
  RegiaPlaces places;
  RegiaControlListener *listener;

  f->state = make_deep (40);
  f->run = g_build_filename (f->state, "run", NULL);
  f->recordings = g_build_filename (f->state, "recordings", NULL);
  f->control_path = g_build_filename (f->run, "control.sock", NULL);
  f->event_path = g_build_filename (f->run, "event.conf", NULL);
  g_mkdir (f->run, 0700);
  g_mkdir (f->recordings, 0700);
  g_assert_true (regia_locks_take (&f->locks, f->run, TRUE, &error));
  g_assert_no_error (error);
  listener = regia_control_listener_new (f->control_path, &error);
  g_assert_no_error (error);
  f->control = regia_control_new (&methods, (gpointer) "on-air");
  regia_control_open (f->control, listener);
  places = (RegiaPlaces){f->state, f->run, f->recordings, f->event_path, event};
  f->watch = regia_watch_new (&places, f->control, &f->locks, made_cb, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  regia_watch_free (f->watch);
  regia_control_free (f->control);
  regia_locks_drop (&f->locks);
  remove_tree (f->state);
  g_free (f->state);
  g_free (f->run);
  g_free (f->recordings);
  g_free (f->control_path);
  g_free (f->event_path);
}

static gpointer
ask_thread (gpointer path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) status = regia_client_get_status (path, 5000, &error);
  char *state = NULL;

  if (status == NULL)
    return g_strconcat ("error: ", error->message, NULL);
  g_variant_lookup (status, "state", "s", &state);
  return state;
}

typedef struct {
  const char *path;
  char *answer;
  int done; /* atomic */
} Question;

static gpointer
question_thread (gpointer data)
{
  Question *question = data;

  question->answer = ask_thread ((gpointer)question->path);
  g_atomic_int_set (&question->done, 1);
  return NULL;
}

/* (transfer full): the client blocks, so it is on a thread of its own. */
static char *
ask (const char *path)
{
  Question question = {.path = path};
  GThread *thread = g_thread_new ("client", question_thread, &question);

  WAIT_UNTIL (g_atomic_int_get (&question.done));
  g_thread_join (thread);
  return question.answer;
}

/* Two folders that are alike for longer than an address: each answers for itself, and nothing is made where
 * the address would have been cut. */
static void
test_deep (void)
{
  g_autofree char *folder = make_deep (190), *one = g_build_filename (folder, "one", NULL),
                  *two = g_build_filename (folder, "two", NULL);
  g_autofree char *first = g_build_filename (one, "control.sock", NULL),
                  *second = g_build_filename (two, "control.sock", NULL);
  const char *const paths[2] = {first, second};
  static const char *const states[] = {"first", "second"};
  RegiaControl *controls[2];
  g_autofree char *cut = NULL, *other = g_build_filename (folder, "three", NULL), *nobody = NULL;

  g_mkdir (one, 0700);
  g_mkdir (two, 0700);
  g_mkdir (other, 0700);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    RegiaControlListener *listener = regia_control_listener_new (paths[i], &error);
    struct stat st;

    g_assert_no_error (error);
    controls[i] = regia_control_new (&methods, (gpointer)states[i]);
    regia_control_open (controls[i], listener);
    g_assert_cmpint (lstat (paths[i], &st), ==, 0);
    g_assert_true (S_ISSOCK (st.st_mode));
    g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  }
  cut = g_strndup (paths[0], 107);
  g_assert_false (g_file_test (cut, G_FILE_TEST_EXISTS) && !g_file_test (cut, G_FILE_TEST_IS_DIR));
  for (guint i = 0; i < 2; i++) {
    g_autofree char *answer = ask (paths[i]);
    g_assert_cmpstr (answer, ==, states[i]);
  }
  g_free (g_steal_pointer (&cut));
  cut = g_build_filename (other, "control.sock", NULL);
  nobody = ask (cut);
  g_assert_true (g_str_has_prefix (nobody, "error: nothing runs here"));
  for (guint i = 0; i < 2; i++) {
    regia_control_free (controls[i]);
    g_assert_false (g_file_test (paths[i], G_FILE_TEST_EXISTS));
  }
  remove_tree (folder);
}

/* Says what to do although the socket is gone. */
static void
test_silence (Fixture *f, gconstpointer data)
{
  g_autofree char *words = NULL, *pid = g_strdup_printf ("kill %d", getpid ());

  g_unlink (f->control_path);
  words = ask (f->control_path);
  g_assert_nonnull (strstr (words, "an event runs on this folder"));
  g_assert_nonnull (strstr (words, pid));
}

static char *
warnings_of (Fixture *f)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);

  regia_watch_warn (f->watch, warnings);
  g_ptr_array_add (warnings, NULL);
  return g_strjoinv ("\n", (char **)warnings->pdata);
}

static gboolean
tick_until_made (Fixture *f)
{
  regia_watch_tick (f->watch);
  return f->made > 0;
}

static void
test_made_anew (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = NULL, *text = NULL, *warnings = NULL, *before = warnings_of (f);
  RegiaLocks second = REGIA_LOCKS_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (before, ==, "");
  remove_tree (f->state);
  WAIT_UNTIL (tick_until_made (f));
  answer = ask (f->control_path);
  g_assert_cmpstr (answer, ==, "on-air");
  g_assert_true (g_file_get_contents (f->event_path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "[event]\n");
  warnings = warnings_of (f);
  g_assert_nonnull (strstr (warnings, "was removed or moved in mid-event"));
  /* Nobody else may take the folder that has the old one's place. */
  g_assert_false (regia_locks_take (&second, f->run, FALSE, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_STATE);
}

static gboolean
tick_until_change (Fixture *f, guint change)
{
  regia_watch_tick (f->watch);
  return regia_watch_get_change (f->watch) != change;
}

/* Removed, a file in its place, made anew: each is noticed, whatever number the new folder gets. */
static void
test_recordings (Fixture *f, gconstpointer data)
{
  guint change = regia_watch_get_change (f->watch);
  g_autofree char *warnings = NULL;

  g_assert_cmpint (regia_watch_get_recordings (f->watch), >=, 0);
  g_assert_cmpint (g_rmdir (f->recordings), ==, 0);
  g_assert_cmpint (g_mkdir (f->recordings, 0700), ==, 0);
  WAIT_UNTIL (tick_until_change (f, change));
  change = regia_watch_get_change (f->watch);
  g_assert_cmpint (regia_watch_get_recordings (f->watch), >=, 0);
  g_assert_cmpint (g_rmdir (f->recordings), ==, 0);
  g_assert_true (g_file_set_contents (f->recordings, "x", 1, NULL));
  WAIT_UNTIL (tick_until_change (f, change));
  g_assert_cmpint (regia_watch_get_recordings (f->watch), <, 0);
  warnings = warnings_of (f);
  g_assert_nonnull (strstr (warnings, "cannot be read"));
  change = regia_watch_get_change (f->watch);
  g_unlink (f->recordings);
  g_mkdir (f->recordings, 0700);
  WAIT_UNTIL (tick_until_change (f, change));
  g_assert_cmpint (regia_watch_get_recordings (f->watch), >=, 0);
}

static gpointer
let_go_thread (gpointer data)
{
  /* As long as a disk takes that hangs for a while. */
  g_usleep (1500000);
  close (GPOINTER_TO_INT (data));
  return NULL;
}

/* The lock of one that answers nobody is waited for; of one that answers, not; and what is no lock at all is
 * called by its name. */
static void
test_locks (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = make_deep (40), *path = g_build_filename (folder, "director.lock", NULL);
  RegiaLocks locks = REGIA_LOCKS_INIT;
  g_autoptr (GError) error = NULL, dir_error = NULL;
  gint64 since_us = g_get_monotonic_time ();
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  GThread *thread;

  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  thread = g_thread_new ("owner", let_go_thread, GINT_TO_POINTER (fd));
  g_assert_true (regia_locks_take (&locks, folder, TRUE, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - since_us, >=, 1400000);
  g_thread_join (thread);
  g_assert_true (regia_locks_are_of (&locks, folder));
  g_assert_false (regia_locks_are_of (&locks, f->run));
  regia_locks_drop (&locks);

  g_unlink (path);
  g_mkdir (path, 0700);
  g_assert_false (regia_locks_take (&locks, folder, TRUE, &dir_error));
  g_assert_error (dir_error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  remove_tree (folder);
}

/* Another event has another recordings folder. A look at the one before that is still on its way says nothing
 * any more. */
static void
test_move (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) event = g_bytes_new_static ("[event]\n", 8);
  g_autofree char *other = g_build_filename (f->state, "other", NULL);
  const RegiaPlaces places = {f->state, f->run, other, f->event_path, event};
  guint before = regia_watch_get_change (f->watch);
  struct stat expected, found;
  int errno_of_it, fd;

  g_mkdir (other, 0700);
  fd = regia_watch_open (other, &errno_of_it);
  g_assert_cmpint (fd, >=, 0);
  g_usleep (2100000); /* the next tick begins a look */
  regia_watch_tick (f->watch);
  regia_watch_move (f->watch, &places, fd, errno_of_it);
  g_assert_cmpuint (regia_watch_get_change (f->watch), ==, before + 1);
  /* The next change that it sees is one of the new folder. */
  g_rmdir (other);
  g_mkdir (other, 0700);
  while (regia_watch_get_change (f->watch) == before + 1) {
    regia_watch_tick (f->watch);
    g_main_context_iteration (NULL, FALSE);
    g_usleep (1000);
  }
  g_assert_cmpuint (regia_watch_get_change (f->watch), ==, before + 2);
  g_assert_cmpint (stat (other, &expected), ==, 0);
  g_assert_cmpint (fstat (regia_watch_get_recordings (f->watch), &found), ==, 0);
  g_assert_cmpuint (found.st_ino, ==, expected.st_ino);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The warnings of the watch are what is tested, not a failure. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/director/folders/deep", test_deep);
  g_test_add ("/director/folders/silence", Fixture, NULL, set_up, test_silence, tear_down);
  g_test_add ("/director/folders/made-anew", Fixture, NULL, set_up, test_made_anew, tear_down);
  g_test_add ("/director/folders/recordings", Fixture, NULL, set_up, test_recordings, tear_down);
  g_test_add ("/director/folders/move", Fixture, NULL, set_up, test_move, tear_down);
  g_test_add ("/director/folders/locks", Fixture, NULL, set_up, test_locks, tear_down);
  return g_test_run ();
}
