/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starts against a camera whose streams run already, as they do when its own recorder or a screen in the
 * foyer watches it: picture and sound appear at the same instant, in two threads, and neither may be lost.
 */
#include <gio/gio.h>
#include <string.h>

#include "../wait.h"
#include "regia/base/clock.h"
#include "regia/config/pipeline.h"
#include "run-fixture.h"

#include "../../src/engine/launch-private.h"

/* The sanitizers make all of it, the camera too, several times slower: there it is memory that is looked at.
 */
#ifdef __SANITIZE_ADDRESS__
enum { AT_ONCE = 2, STARTS = 8, STARTS_LONG = 8 };
#else
enum { AT_ONCE = 8, STARTS = 40, STARTS_LONG = 200 };
#endif
#define BOTH_WITHIN_NS                                                                                       \
  (20 * REGIA_SECOND) /* whether they come is the question, not how soon on a busy machine */

static guint16
free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

static GSubprocess *
start_camera (guint16 port)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("%u", port);
  GSubprocess *camera = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
      &error, CAMERA, "--port", text, "--size", "320x240", "--sound", "--running", NULL);
  char ready[6];

  g_assert_no_error (error);
  g_assert_true (g_input_stream_read_all (g_subprocess_get_stdout_pipe (camera), ready, sizeof ready, NULL,
                                          NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (ready, sizeof ready, "ready\n", 6);
  return camera;
}

static char *
text_of (guint16 port)
{
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr (GError) error = NULL;
  char *text;

  g_hash_table_insert (values, (char *)"location", g_strdup_printf ("rtsp://127.0.0.1:%u/camera", port));
  text = regia_launch_text ("capture", "rtsp", values, NULL, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
test_running_camera (void)
{
  const guint wanted = g_test_slow () ? STARTS_LONG : STARTS;
  guint16 port = free_port ();
  g_autoptr (GSubprocess) camera = start_camera (port);
  g_autofree char *text = text_of (port);
  guint without[REGIA_TIMELINE_BRANCHES] = {0, 0}, neither = 0;
  gint64 slowest_ns = 0;

  for (guint done = 0; done < wanted; done += AT_ONCE) {
    RunFixture fixtures[AT_ONCE];
    gint64 began_ns = regia_clock_monotonic_ns (), until_ns = began_ns + BOTH_WITHIN_NS;
    RegiaRunInfo info;

    for (guint i = 0; i < AT_ONCE; i++) {
      run_fixture_init (&fixtures[i], 25);
      fixtures[i].plan->sender_clock = TRUE;
      run_fixture_start (&fixtures[i], text);
    }
    for (guint i = 0; i < AT_ONCE; i++) {
      do {
        regia_run_get_info (fixtures[i].run, &info);
        g_usleep (10000);
      } while ((info.branches[0].data_ns == 0 || info.branches[1].data_ns == 0) && !info.ended &&
               regia_clock_monotonic_ns () < until_ns);
      for (guint branch = 0; branch < REGIA_TIMELINE_BRANCHES; branch++)
        without[branch] += info.branches[branch].data_ns == 0;
      neither += info.branches[0].data_ns == 0 && info.branches[1].data_ns == 0;
      slowest_ns = MAX (slowest_ns, MAX (info.branches[0].data_ns, info.branches[1].data_ns) - began_ns);
    }
    for (guint i = 0; i < AT_ONCE; i++)
      run_fixture_clear (&fixtures[i]);
  }
  g_test_message (
      "%u starts: %u without picture, %u without sound, %u without either; the slowest had both after %.1f s",
      wanted, without[0], without[1], neither, (double)slowest_ns / REGIA_SECOND);
  g_assert_cmpuint (without[0], ==, 0);
  g_assert_cmpuint (without[1], ==, 0);
  g_subprocess_force_exit (camera);
  g_subprocess_wait (camera, NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/starts/running-camera", test_running_camera);
  return g_test_run ();
}
