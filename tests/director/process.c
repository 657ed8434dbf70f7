/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Supervision with real processes: the director's RegiaProcess starts this very program again (`child …`),
 * which then behaves as its instance says.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../wait.h"
#include "process-private.h"
#include "regia/control/child.h"

/* The child's side */

static gboolean
sick_cb (char **ret_why, gpointer user_data)
{
  *ret_why = g_strdup ("a worker does not tick");
  return FALSE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer user_data)
{
  if (strcmp (regia_child_get_instance (child), "stubborn") != 0)
    regia_child_stopped (child);
}

static int
child_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaChild) child = regia_child_new (argc, argv, &error);
  GVariantDict dict;
  int status;

  if (child == NULL)
    return 70;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "generation", "t", regia_child_get_generation (child));
  regia_child_set_state (child, g_variant_dict_end (&dict));
  if (strcmp (regia_child_get_instance (child), "sick") == 0)
    regia_child_set_health (child, sick_cb, NULL);
  if (strcmp (regia_child_get_instance (child), "failing") == 0) {
    g_autoptr (GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "the port is taken");
    regia_child_failed (child, failure);
  }
  status = regia_child_run (child, stop_cb, NULL);
  return status;
}

/* The director's side */

typedef struct {
  RegiaProcess *process;
  const char *instance;
  guint timer;
} Fixture;

static char **
arguments_cb (RegiaProcess *process, gpointer user_data)
{
  Fixture *f = user_data;
  g_autofree char *instance = g_strdup_printf ("--instance=%s", f->instance);
  const char *arguments[] = {"child",
                             "fake",
                             "--control-fd=3",
                             "--event=/none",
                             "--run=/none",
                             "--recordings=/none",
                             "--session=one",
                             "--epoch=1:2:b",
                             "--generation=7",
                             instance,
                             NULL};

  return g_strdupv ((char **)arguments);
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
}

static gboolean
tick_cb (gpointer user_data)
{
  Fixture *f = user_data;

  regia_process_tick (f->process);
  return G_SOURCE_CONTINUE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->instance = data;
  f->process = regia_process_new ("fake", arguments_cb, changed_cb, f, NULL, -1);
  f->timer = g_timeout_add (200, tick_cb, f);
  regia_process_start (f->process);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_source_remove (f->timer);
  regia_process_free (f->process);
}

static gboolean
reports (Fixture *f)
{
  g_autoptr (GVariant) state = regia_process_get_published (f->process);
  guint64 generation = 0;

  return regia_process_get_state (f->process) == REGIA_PROCESS_RUNNING &&
         g_variant_lookup (state, "generation", "t", &generation) && generation == 7;
}

static int
get_pid (Fixture *f)
{
  g_autoptr (GVariant) description = g_variant_ref_sink (regia_process_to_variant (f->process));
  guint64 pid = 0;

  g_variant_lookup (description, "pid", "t", &pid);
  return (int)pid;
}

static void
test_killed (Fixture *f, gconstpointer data)
{
  for (guint round = 1; round <= 3; round++) {
    WAIT_UNTIL (reports (f));
    g_assert_cmpint (kill (get_pid (f), SIGKILL), ==, 0);
    WAIT_UNTIL (regia_process_get_restarts (f->process) == round);
    g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "signal 9"));
  }
  WAIT_UNTIL (reports (f));
}

static void
test_stopped_process (Fixture *f, gconstpointer data)
{
  gint64 since_us;

  WAIT_UNTIL (reports (f));
  since_us = g_get_monotonic_time ();
  g_assert_cmpint (kill (get_pid (f), SIGSTOP), ==, 0);
  WAIT_UNTIL (regia_process_get_restarts (f->process) == 1);
  WAIT_UNTIL (reports (f));
  g_assert_cmpint (g_get_monotonic_time () - since_us, <, 10 * G_USEC_PER_SEC);
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "hung"));
}

static void
test_sick (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (regia_process_get_restarts (f->process) == 1);
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "a worker does not tick"));
}

static void
test_failing (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (regia_process_get_restarts (f->process) == 1);
  g_assert_cmpstr (regia_process_get_last_exit (f->process), ==, "the port is taken");
}

static void
test_stop (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (reports (f));
  regia_process_stop (f->process, TRUE, 5000);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_cmpstr (regia_process_get_last_exit (f->process), ==, "exit status 0");
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 0);
}

static void
test_stubborn (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (reports (f));
  regia_process_stop (f->process, TRUE, 500);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "did not end in its time"));
}

/* Asked to stop with each tick, as the director does, it is not given more time by that. */
static void
test_stubborn_asked_again (Fixture *f, gconstpointer data)
{
  gint64 since_us;

  WAIT_UNTIL (reports (f));
  since_us = g_get_monotonic_time ();
  while (regia_process_get_state (f->process) != REGIA_PROCESS_STOPPED) {
    g_assert_cmpint (g_get_monotonic_time () - since_us, <, 4 * G_USEC_PER_SEC);
    regia_process_stop (f->process, TRUE, 1000);
    g_main_context_iteration (NULL, TRUE);
  }
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "did not end in its time"));
}

/* Replaced: another process, at once, and no fault of its own. */
static void
test_replaced (Fixture *f, gconstpointer data)
{
  int pid;

  WAIT_UNTIL (reports (f));
  pid = get_pid (f);
  regia_process_replace (f->process, 5000);
  WAIT_UNTIL (get_pid (f) != pid && reports (f));
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 0);
  regia_process_stop (f->process, TRUE, 5000);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
}

static void
test_replaced_stubborn (Fixture *f, gconstpointer data)
{
  int pid;

  WAIT_UNTIL (reports (f));
  pid = get_pid (f);
  regia_process_replace (f->process, 300);
  WAIT_UNTIL (get_pid (f) != pid && reports (f));
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 1);
}

/* A stop before the child has even reported. */
static void
test_stop_early (Fixture *f, gconstpointer data)
{
  regia_process_stop (f->process, TRUE, 5000);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 0);
}

/* One that has work to finish is started again for it alone, although the show is over. */
static void
test_finish_again (Fixture *f, gconstpointer data)
{
  int pid;

  WAIT_UNTIL (reports (f));
  pid = get_pid (f);
  regia_process_set_finish_tries (f->process, 1);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_RESTARTING);
  regia_process_stop (f->process, TRUE, 0);
  g_assert_cmpint (regia_process_get_state (f->process), ==, REGIA_PROCESS_STARTING);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_cmpstr (regia_process_get_last_exit (f->process), ==, "exit status 0");
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0)
    return child_main (argc - 2, argv + 2);
  g_test_init (&argc, &argv, NULL);
  /* The warnings of the supervisor are what is tested, not a failure. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/director/process/killed", Fixture, "steady", set_up, test_killed, tear_down);
  g_test_add ("/director/process/sigstop", Fixture, "steady", set_up, test_stopped_process, tear_down);
  g_test_add ("/director/process/sick", Fixture, "sick", set_up, test_sick, tear_down);
  g_test_add ("/director/process/failing", Fixture, "failing", set_up, test_failing, tear_down);
  g_test_add ("/director/process/stop", Fixture, "steady", set_up, test_stop, tear_down);
  g_test_add ("/director/process/stubborn", Fixture, "stubborn", set_up, test_stubborn, tear_down);
  g_test_add ("/director/process/stubborn-asked-again", Fixture, "stubborn", set_up,
              test_stubborn_asked_again, tear_down);
  g_test_add ("/director/process/replaced", Fixture, "steady", set_up, test_replaced, tear_down);
  g_test_add ("/director/process/replaced-stubborn", Fixture, "stubborn", set_up, test_replaced_stubborn,
              tear_down);
  g_test_add ("/director/process/finish-again", Fixture, "steady", set_up, test_finish_again, tear_down);
  g_test_add ("/director/process/stop-early", Fixture, "steady", set_up, test_stop_early, tear_down);
  return g_test_run ();
}
