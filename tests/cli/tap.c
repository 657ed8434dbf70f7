/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `regia tap` as a person calls it, with a feed of real pictures and sound.
 */
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "control-private.h"
#include "feeder.h"
#include "regia/control/paths.h"

#define REGIA REGIA_BUILD_DIR "/src/regia"

typedef struct {
  char *state;
  Feeder *feeder;
  RegiaControl *control; /* the director's */
  GThread *director;
  GMainLoop *loop;
  guint taps;
  RegiaEpoch epoch;
} Fixture;

typedef struct {
  int status; /* exit status of the shell */
  char *out, *err;
} Result;

static Sample *sample;

static GVariant *
get_status_cb (gpointer user_data)
{
  return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

static void
stop_cb (gboolean quit, const char *who, RegiaControlStoppedFunc stopped, gpointer data, gpointer user_data)
{
  stopped (NULL, data);
}

static int
open_feed_cb (gpointer user_data, GError **error)
{
  Fixture *f = user_data;
  g_autofree char *name = g_strdup_printf ("tap %u", ++f->taps);

  return feeder_hand (f->feeder, name, REGIA_FEED_HOUSE);
}

static const RegiaControlMethods methods = {
    .get_status = get_status_cb, .stop = stop_cb, .open_feed = open_feed_cb};

static gpointer
director_thread (gpointer user_data)
{
  Fixture *f = user_data;

  g_main_loop_run (f->loop);
  g_clear_pointer (&f->control, regia_control_free);
  return NULL;
}

static void
direct (Fixture *f, const char *run)
{
  g_autofree char *path = g_build_filename (run, REGIA_CONTROL_SOCKET, NULL);
  g_autoptr (GError) error = NULL;
  RegiaControlListener *listener = regia_control_listener_new (path, &error);

  g_assert_no_error (error);
  f->control = regia_control_new (&methods, f);
  regia_control_open (f->control, listener);
  f->loop = g_main_loop_new (NULL, FALSE);
  f->director = g_thread_new ("director", director_thread, f);
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

static void
stop_directing (Fixture *f)
{
  if (f->director == NULL)
    return;
  g_idle_add (quit_cb, f->loop); /* the thread may not be in it yet */
  g_thread_join (g_steal_pointer (&f->director));
  g_clear_pointer (&f->loop, g_main_loop_unref);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *run = NULL;

  f->state = g_dir_make_tmp ("regia-tap-XXXXXX", NULL);
  run = g_build_filename (f->state, "run", NULL);
  g_assert_cmpint (g_mkdir_with_parents (run, 0700), ==, 0);
  regia_epoch_now (&f->epoch);
  f->feeder = feeder_new (sample, &f->epoch, 1);
  direct (f, run);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL;

  stop_directing (f);
  g_clear_pointer (&f->feeder, feeder_free);
  out = sample_run ("rm", "-rf", f->state, NULL);
  g_free (f->state);
}

static void
result_clear (Result *result)
{
  g_free (result->out);
  g_free (result->err);
}

/* Runs bash on a command in which $TAP stands for `regia tap --state FOLDER`. */
static Result
shell (Fixture *f, const char *command)
{
  g_autofree char *script =
      g_strdup_printf ("set -o pipefail; TAP='%s tap --state %s'; %s", REGIA, f->state, command);
  const char *const argv[] = {"bash", "-c", script, NULL};
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  Result result = {0};

  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &result.out, &result.err, &error);
  g_assert_no_error (error);
  result.status = g_subprocess_get_exit_status (process);
  g_test_message ("%s: %d\n%s%s", command, result.status, result.out, result.err);
  return result;
}

/* ffprobe and ffmpeg take it from a pipe, find nothing wrong, and when they have had enough it ends well. */
static void
check_format (Fixture *f, gconstpointer data)
{
  g_autofree char *probe = g_strdup_printf (
      "$TAP --format %s | ffprobe -v error -show_entries stream=codec_name -of csv=p=0 - | sort -u",
      (const char *)data);
  g_autofree char *decode =
      g_strdup_printf ("$TAP --format %s | ffmpeg -v error -xerror -i - -t 3 -f null -", (const char *)data);
  Result probed, decoded;

  feeder_wait (f->feeder, 2);
  probed = shell (f, probe);
  g_assert_cmpint (probed.status, ==, 0);
  g_assert_nonnull (strstr (probed.out, "aac"));
  g_assert_nonnull (strstr (probed.out, "h264"));
  decoded = shell (f, decode);
  g_assert_cmpint (decoded.status, ==, 0);
  g_assert_cmpstr (decoded.err, ==, "");
  result_clear (&probed);
  result_clear (&decoded);
}

static gpointer
end_feed (gpointer data)
{
  Fixture *f = data;

  feeder_wait (f->feeder, 60);
  feeder_end (f->feeder);
  return NULL;
}

/* The event ends, and so does the tap; one track alone can be had. */
static void
check_end (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->state, "tap.ts", NULL);
  g_autofree char *command = g_strdup_printf ("$TAP --track 'video/*' > %s", path);
  g_autoptr (GThread) thread = NULL;
  Result result;

  feeder_wait (f->feeder, 2);
  thread = g_thread_new ("end", end_feed, f);
  result = shell (f, command);
  g_thread_join (g_steal_pointer (&thread));
  g_assert_cmpint (result.status, ==, 0);
  g_assert_cmpstr (result.err, ==, "");
  g_assert_cmpuint (sample_count (path, "v:0"), ==, feeder_get_frames (f->feeder));
  g_assert_cmpuint (sample_count (path, "a:0"), ==, 0);
  result_clear (&result);
}

static void
check_refusals (Fixture *f, gconstpointer data)
{
  const struct {
    const char *command;
    int status;
    const char *words;
  } refusals[] = {
      {"$TAP --track video/none | cat", 64, "video/test, audio/it"},
      {"$TAP --format avi | cat", 64, "mpegts or matroska"},
      {"$TAP more | cat", 64, "takes no arguments"},
      {"$TAP --nonsense | cat", 64, "--help"},
      {"script -qec \"$TAP\" /dev/null", 64, "not text"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++) {
    Result result = shell (f, refusals[i].command);

    g_assert_cmpint (result.status, ==, refusals[i].status);
    g_assert_true (strstr (result.err, refusals[i].words) != NULL ||
                   strstr (result.out, refusals[i].words) != NULL);
    result_clear (&result);
  }
}

static void
check_nothing_runs (Fixture *f, gconstpointer data)
{
  gint64 began_us = g_get_monotonic_time ();
  Result result;

  stop_directing (f);
  g_clear_pointer (&f->feeder, feeder_free);
  result = shell (f, "$TAP | cat");
  g_assert_cmpint (result.status, ==, 75);
  g_assert_nonnull (strstr (result.err, "nothing runs here"));
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 5 * G_TIME_SPAN_SECOND);
  result_clear (&result);
}

int
main (int argc, char **argv)
{
  int result;

  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  sample = sample_new (800);
  g_test_add ("/cli/tap/mpegts", Fixture, "mpegts", set_up, check_format, tear_down);
  g_test_add ("/cli/tap/matroska", Fixture, "matroska", set_up, check_format, tear_down);
  g_test_add ("/cli/tap/end", Fixture, NULL, set_up, check_end, tear_down);
  g_test_add ("/cli/tap/refusals", Fixture, NULL, set_up, check_refusals, tear_down);
  g_test_add ("/cli/tap/nothing-runs", Fixture, NULL, set_up, check_nothing_runs, tear_down);
  result = g_test_run ();
  sample_free (sample);
  return result;
}
