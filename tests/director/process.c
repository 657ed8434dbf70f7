/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Supervision with real processes: the director's RegiaProcess starts this very program again (`child …`),
 * which then behaves as its instance says.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../part.h"
#include "../wait.h"
#include "liveness-private.h"
#include "process-private.h"
#include "regia/control/child.h"

/* The child's side */

static void
publish (RegiaChild *child, const char *said)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "generation", "t", regia_child_get_generation (child));
  g_variant_dict_insert (&dict, "said", "s", said);
  regia_child_set_state (child, g_variant_dict_end (&dict));
}

static gboolean
health_cb (char **ret_why, gpointer data)
{
  RegiaChild **child = data;

  static guint asked;
  const char *instance = regia_child_get_instance (*child);

  asked++;
  if (strcmp (instance, "once") == 0 && asked == 2)
    publish (*child, "complained");
  else if (strcmp (instance, "sick") != 0)
    return TRUE;
  *ret_why = g_strdup ("a worker does not tick");
  return FALSE;
}

/* Works for ever and gets to nothing else. */
static gboolean
spin_cb (gpointer data)
{
  for (volatile guint64 n = 0;; n++)
    ;
  return G_SOURCE_REMOVE;
}

/* Waits for what never comes, while others of its threads work. */
static gboolean
block_cb (gpointer data)
{
  pause ();
  return G_SOURCE_REMOVE;
}

static gpointer
work_thread (gpointer data)
{
  spin_cb (NULL);
  return NULL;
}

/* One that finishes takes as long as it likes; told to hurry it goes. */
static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  const char *instance = regia_child_get_instance (child);

  if (strcmp (instance, "finishing") == 0 && finish)
    publish (child, "finishing");
  else if (strcmp (instance, "stubborn") != 0)
    regia_child_stopped (child);
}

static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer data)
{
  const char *word = "";

  g_variant_lookup (part, "word", "&s", &word);
  publish (child, word);
  return strcmp (regia_child_get_instance (child), "slow") != 0;
}

static void
tell_cb (GVariant *status, gpointer data)
{
  static guint count = 0;
  g_autofree char *word = NULL;
  guint32 n = 0;

  g_variant_lookup (status, "n", "u", &n);
  word = g_strdup_printf ("told %u: %u", ++count, n);
  publish (*(RegiaChild **)data, word);
}

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  const char *instance = regia_child_get_instance (child);

  *(RegiaChild **)data = child;
  publish (child, "started");
  /* Once it has been seen to be well. */
  if (strcmp (instance, "spinning") == 0)
    g_timeout_add (300, spin_cb, NULL);
  if (strcmp (instance, "blocked") == 0) {
    g_timeout_add (300, block_cb, NULL);
    g_thread_unref (g_thread_new ("work", work_thread, NULL));
  }
  if (strcmp (instance, "failing") != 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the port is taken");
  return FALSE;
}

static const RegiaChildClass fake_class = {.kind = "fake",
                                           .size = sizeof (RegiaChild *),
                                           .start = start_cb,
                                           .apply = apply_cb,
                                           .tell = tell_cb,
                                           .stop = stop_cb,
                                           .health = health_cb};

/* The director's side */

typedef struct {
  RegiaProcess *process;
  guint64 version; /* of its part */
} Fixture;

static GVariant *
part_cb (RegiaProcess *process, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GVariant) part = g_variant_ref_sink (part_new (NULL, "/none", "1:2:b", 7));
  g_autofree char *word = g_strdup_printf ("word %" G_GUINT64_FORMAT, f->version);
  GVariantDict dict;

  g_variant_dict_init (&dict, part);
  g_variant_dict_insert (&dict, "version", "t", f->version);
  g_variant_dict_insert (&dict, "word", "s", word);
  return g_variant_dict_end (&dict);
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
}

static const RegiaProcessCallbacks callbacks = {.part = part_cb, .changed = changed_cb};

static void
set_up (Fixture *f, gconstpointer data)
{
  f->version = 1;
  f->process = regia_process_new ("fake", data, &callbacks, f);
  regia_process_start (f->process);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
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

static gboolean
says (Fixture *f, guint64 applied, const char *said)
{
  g_autoptr (GVariant) state = regia_process_get_published (f->process);
  guint64 version = 0;
  const char *word = "";

  g_variant_lookup (state, "applied", "t", &version);
  g_variant_lookup (state, "said", "&s", &word);
  return version == applied && g_str_equal (word, said);
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

static gboolean
runs_main_loop_cb (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for_ms (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, runs_main_loop_cb, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

/* Nothing is to be hoped of it: noticed within 2 s, plus what the machine does to all timers meanwhile. */
static void
test_stopped_process (Fixture *f, gconstpointer data)
{
  gint64 since_us;
  guint looks = 0;

  WAIT_UNTIL (reports (f));
  since_us = g_get_monotonic_time ();
  g_assert_cmpint (kill (get_pid (f), SIGSTOP), ==, 0);
  while (regia_process_get_restarts (f->process) == 0) {
    g_assert_cmpuint (looks++, <, 25);
    run_for_ms (100);
  }
  g_test_message ("noticed after %.2f s", (double)(g_get_monotonic_time () - since_us) / G_USEC_PER_SEC);
  WAIT_UNTIL (regia_process_get_restarts (f->process) == 1);
  WAIT_UNTIL (reports (f));
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "hung"));
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "does nothing"));
}

/* The director and it stood still together, as when the machine is suspended: it is asked before it is
 * judged. */
static void
test_came_back (Fixture *f, gconstpointer data)
{
  int pid;

  WAIT_UNTIL (reports (f));
  pid = get_pid (f);
  for (guint i = 0; i < 3; i++) {
    run_for_ms (300 * i); /* asked or not yet */
    g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
    g_usleep (3 * G_USEC_PER_SEC);
    g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
    run_for_ms (1500);
    g_assert_cmpint (get_pid (f), ==, pid);
    g_assert_cmpint (regia_process_get_state (f->process), ==, REGIA_PROCESS_RUNNING);
  }
}

/* It complains of what was while it stood still, once: that is over. */
static void
test_complained_once (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (reports (f));
  WAIT_UNTIL (says (f, 1, "complained"));
  run_for_ms (2000);
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 0);
  g_assert_true (reports (f));
}

static void
test_spinning (Fixture *f, gconstpointer data)
{
  gint64 since_us = g_get_monotonic_time ();

  WAIT_UNTIL_S (60, regia_process_get_restarts (f->process) == 1);
  /* Or has been for so long that it does not matter how much of the processor it was given. */
  g_assert_true (strstr (regia_process_get_last_exit (f->process), "busy as it is") != NULL ||
                 strstr (regia_process_get_last_exit (f->process), "for a long time") != NULL);
  /* Not sooner than it has had so much processor time. */
  g_assert_cmpint (g_get_monotonic_time () - since_us, >, 3 * G_USEC_PER_SEC);
}

static void
test_blocked (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL_S (60, regia_process_get_restarts (f->process) == 1);
  g_assert_true (strstr (regia_process_get_last_exit (f->process), "waits for something") != NULL ||
                 strstr (regia_process_get_last_exit (f->process), "for a long time") != NULL);
}

static void
burn (void)
{
  for (volatile guint64 n = 0;; n++)
    ;
}

/* Behind others that want all of the one processor that it may use, it answers late, and is left alone. */
static void
test_starved (Fixture *f, gconstpointer data)
{
  const struct sched_param none = {0};
  g_autofree char *tasks = NULL;
  g_autoptr (GDir) threads = NULL;
  const char *name;
  cpu_set_t first;
  int burners[3], pid;

  WAIT_UNTIL (reports (f));
  pid = get_pid (f);
  CPU_ZERO (&first);
  CPU_SET (0, &first);
  for (guint i = 0; i < G_N_ELEMENTS (burners); i++) {
    burners[i] = fork ();
    g_assert_cmpint (burners[i], >=, 0);
    if (burners[i] == 0) {
      sched_setaffinity (0, sizeof first, &first);
      prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      burn ();
    }
  }
  tasks = g_strdup_printf ("/proc/%d/task", pid);
  threads = g_dir_open (tasks, 0, NULL);
  while ((name = g_dir_read_name (threads)) != NULL) {
    sched_setaffinity (atoi (name), sizeof first, &first);
    g_assert_cmpint (sched_setscheduler (atoi (name), SCHED_IDLE, &none), ==, 0);
  }
  run_for_ms (8000);
  for (guint i = 0; i < G_N_ELEMENTS (burners); i++) {
    kill (burners[i], SIGKILL);
    waitpid (burners[i], NULL, 0);
  }
  g_assert_cmpint (get_pid (f), ==, pid);
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 0);
  WAIT_UNTIL (reports (f));
}

/* What is seen of it at each look, 250 ms apart, and what is made of that at last. */
static void
test_judgement (void)
{
  static const struct {
    RegiaLivenessSample each; /* is added at each look; the flags are as they are */
    guint look_ms, looks;     /* until it is said, or how many without a word */
    gboolean starting;
    const char *why;
  } rows[] = {
      {.look_ms = 250, .looks = 3, .why = "does nothing"},
      {.look_ms = 250, .looks = 32, .starting = TRUE, .why = "does nothing"},
      /* the director had no processor: each look counts as one */
      {.look_ms = 60000, .looks = 2, .why = "does nothing"},
      /* others work */
      {{.ran_ns = 200000000}, 250, 20, FALSE, "waits for something"},
      {{.ran_ns = 200000000, .active = TRUE}, 250, 20, FALSE, "waits for something"},
      {{.ran_ns = 1000000}, 250, 20, FALSE, "waits for something"},
      /* works itself: by its own time */
      {{.ran_ns = 250000000, .main_ran_ns = 250000000, .main_active = TRUE, .active = TRUE},
       250,
       12,
       FALSE,
       "busy"},
      {{.ran_ns = 50000000, .main_ran_ns = 50000000, .main_active = TRUE, .active = TRUE},
       250,
       60,
       FALSE,
       "busy"},
      /* starved, or its disk is: left alone for long */
      {{.ran_ns = 1000000, .main_ran_ns = 1000000}, 250, 120, FALSE, "long time"},
      {{.main_active = TRUE, .active = TRUE}, 250, 120, FALSE, "long time"},
      {{.active = TRUE}, 250, 120, FALSE, "long time"},
      {{.main_waited_ns = 1, .waited_ns = 1}, 250, 120, FALSE, "long time"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    RegiaLiveness liveness = {0};
    RegiaLivenessSample sample = rows[i].each;
    gint64 now_us = 1;

    g_test_message ("row %u", i);
    g_assert_null (regia_liveness_look (&liveness, &sample, now_us, rows[i].starting));
    for (guint look = 1; look <= rows[i].looks; look++) {
      const char *why;

      sample.ran_ns += rows[i].each.ran_ns;
      sample.main_ran_ns += rows[i].each.main_ran_ns;
      sample.waited_ns += rows[i].each.waited_ns;
      sample.main_waited_ns += rows[i].each.main_waited_ns;
      now_us += rows[i].look_ms * 1000;
      why = regia_liveness_look (&liveness, &sample, now_us, rows[i].starting);
      if (look < rows[i].looks)
        g_assert_null (why);
      else
        g_assert_nonnull (strstr (why != NULL ? why : "", rows[i].why));
    }
  }
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

/* The newest part is what counts in the end, whenever it changed; a new run begins with it. */
static void
test_apply (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (f->version, ==, 1);
  f->version = 2;
  regia_process_apply (f->process); /* before it listens */
  WAIT_UNTIL (says (f, 2, "word 2"));
  for (f->version = 3; f->version < 50; f->version++)
    regia_process_apply (f->process);
  regia_process_apply (f->process);
  WAIT_UNTIL (says (f, 50, "word 50"));
  g_assert_cmpint (kill (get_pid (f), SIGKILL), ==, 0);
  f->version = 51;
  WAIT_UNTIL (says (f, 51, "started"));
}

/* Who has not yet done what it was told says so: the version is that in effect. */
static void
test_apply_slow (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (says (f, 1, "started"));
  f->version = 2;
  regia_process_apply (f->process);
  WAIT_UNTIL (says (f, 1, "word 2"));
}

static void
tell (Fixture *f, const char *text)
{
  g_autoptr (GVariant) status = g_variant_ref_sink (g_variant_new_parsed (text));

  regia_process_tell (f->process, status);
}

/* What others are shown is sent when it is news, and at least every two seconds; the newest comes last. */
static void
test_tell (Fixture *f, gconstpointer data)
{
  gint64 told_us;

  WAIT_UNTIL (says (f, 1, "started"));
  tell (f,
        "{'n': <uint32 1>, 'wall': <'10:00'>, 'processes': <[<{'pid': <uint32 5>, 'cpu-ms': <uint32 1>}>]>}");
  told_us = g_get_monotonic_time ();
  WAIT_UNTIL (says (f, 1, "told 1: 1"));
  tell (f,
        "{'n': <uint32 1>, 'wall': <'10:01'>, 'processes': <[<{'pid': <uint32 5>, 'cpu-ms': <uint32 9>}>]>}");
  for (guint n = 2; n < 20; n++)
    tell (f, "{'n': <uint32 2>, 'processes': <[<{'pid': <uint32 5>}>]>}");
  /* The first of them, on its way, and then the last, which is no news: told once. */
  WAIT_UNTIL (says (f, 1, "told 2: 2"));
  tell (f, "{'n': <uint32 2>, 'processes': <[<{'pid': <uint32 6>}>]>}");
  WAIT_UNTIL (says (f, 1, "told 3: 2"));
  WAIT_UNTIL (
      (tell (f, "{'n': <uint32 2>, 'processes': <[<{'pid': <uint32 6>}>]>}"), says (f, 1, "told 4: 2")));
  g_assert_cmpint (g_get_monotonic_time () - told_us, >=, 2 * G_USEC_PER_SEC);
  g_assert_cmpint (kill (get_pid (f), SIGKILL), ==, 0);
  WAIT_UNTIL (says (f, 1, "started"));
  WAIT_UNTIL ((tell (f, "{'n': <uint32 2>}"), says (f, 1, "told 1: 2")));
}

/* Told to finish, and a moment later not to. */
static void
test_hurry (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (reports (f));
  regia_process_stop (f->process, TRUE, 0);
  WAIT_UNTIL (says (f, 1, "finishing"));
  regia_process_stop (f->process, FALSE, 5000);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_cmpstr (regia_process_get_last_exit (f->process), ==, "exit status 0");
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0)
    return regia_child_main (&fake_class, argc - 2, argv + 2);
  g_test_init (&argc, &argv, NULL);
  /* The warnings of the supervisor are what is tested, not a failure. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/director/process/killed", Fixture, "steady", set_up, test_killed, tear_down);
  g_test_add ("/director/process/sigstop", Fixture, "steady", set_up, test_stopped_process, tear_down);
  g_test_add ("/director/process/came-back", Fixture, "steady", set_up, test_came_back, tear_down);
  g_test_add ("/director/process/complained-once", Fixture, "once", set_up, test_complained_once, tear_down);
  g_test_add ("/director/process/spinning", Fixture, "spinning", set_up, test_spinning, tear_down);
  g_test_add ("/director/process/blocked", Fixture, "blocked", set_up, test_blocked, tear_down);
  g_test_add ("/director/process/starved", Fixture, "steady", set_up, test_starved, tear_down);
  g_test_add_func ("/director/process/judgement", test_judgement);
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
  g_test_add ("/director/process/apply", Fixture, "steady", set_up, test_apply, tear_down);
  g_test_add ("/director/process/tell", Fixture, "steady", set_up, test_tell, tear_down);
  g_test_add ("/director/process/apply-slow", Fixture, "slow", set_up, test_apply_slow, tear_down);
  g_test_add ("/director/process/hurry", Fixture, "finishing", set_up, test_hurry, tear_down);
  return g_test_run ();
}
