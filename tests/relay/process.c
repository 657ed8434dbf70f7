/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The relay as a process, under the director's own supervision (RegiaProcess), which starts this very program
 * again as `child relay …`.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../part.h"
#include "../wait.h"
#include "feeder.h"
#include "peer.h"
#include "process-private.h"
#include "regia/config/part.h"
#include "regia/relay/relay.h"

#define GOOD_KEY  "good-sEcReT-4711"
#define WRONG_KEY "wrong-sEcReT-4711"

typedef struct {
  char *folder;
  RegiaConfig *config;
  char *epoch_text;
  RegiaEpoch epoch;
  Feeder *feeder;
  Peer *peer;
  guint16 tls_port;
  RegiaProcess *process;
  guint64 run; /* that was handed the feed */
  char *log;   /* the process' standard error, in a file */
  int stderr;  /* the test's own */
} Fixture;

static Sample *sample;

static GVariant *
part_cb (RegiaProcess *process, gpointer data)
{
  Fixture *f = data;

  const char *instance = regia_process_get_instance (process);
  g_autofree char *key = g_str_equal (instance, "good")    ? g_strdup (GOOD_KEY)
                         : g_str_equal (instance, "wrong") ? g_strdup (WRONG_KEY)
                                                           : NULL;

  return part_new (regia_config_part (f->config, "relay", instance, key), f->folder, f->epoch_text, 1);
}

static void
changed_cb (RegiaProcess *process, gpointer data)
{
  Fixture *f = data;
  guint64 run = regia_process_get_run (process);

  if (run == 0 || run == f->run)
    return;
  f->run = run;
  regia_process_use_feed (process, feeder_hand (f->feeder, "relay", REGIA_FEED_PUBLIC));
}

static const RegiaProcessCallbacks callbacks = {.part = part_cb, .changed = changed_cb};

static void
make_config (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *event_text =
      g_strdup_printf ("[event]\nname=Test\n[source test]\npipeline=test\n[rendition test]\nsize=320x180\n"
                       "bitrate=1500k\n[audio it]\nsources=test\n"
                       "[relay good]\nurl=rtmp://127.0.0.1:%u/guarded\nkey_file=good.key\n"
                       "[relay wrong]\nurl=rtmp://127.0.0.1:%u/guarded\nkey_file=wrong.key\n"
                       "[relay token]\nurl=rtmp://127.0.0.1:%u/guarded/hall?token=" GOOD_KEY "\n"
                       "[relay wrong-token]\nurl=rtmp://127.0.0.1:%u/guarded/hall?token=" WRONG_KEY "\n"
                       "[relay silent]\nurl=srt://localhost:%u\n"
                       "[relay tls]\nurl=rtmps://localhost:%u/live\n",
                       f->peer->port, f->peer->port, f->peer->port, f->peer->port,
                       peer_free_port (G_SOCKET_TYPE_DATAGRAM), f->tls_port);

  f->config = regia_config_parse (event_text, strlen (event_text), "event.conf", f->folder, FALSE, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  int log;

  f->folder = g_dir_make_tmp ("regia-relay-XXXXXX", NULL);
  f->log = g_build_filename (f->folder, "stderr", NULL);
  regia_epoch_now (&f->epoch);
  f->epoch_text = regia_epoch_to_string (&f->epoch);
  f->feeder = feeder_new (sample, &f->epoch, 1);
  f->peer = peer_new_nginx (f->folder, peer_free_port (G_SOCKET_TYPE_STREAM));
  f->tls_port = peer_free_port (G_SOCKET_TYPE_STREAM);
  make_config (f);
  f->stderr = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
  log = g_open (f->log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  dup2 (log, STDERR_FILENO);
  close (log);
  f->process = regia_process_new ("relay", data, &callbacks, f);
  regia_process_start (f->process);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL;

  regia_process_free (f->process);
  dup2 (f->stderr, STDERR_FILENO);
  close (f->stderr);
  feeder_free (f->feeder);
  peer_free (f->peer);
  out = sample_run ("rm", "-rf", f->folder, NULL);
  g_free (f->epoch_text);
  g_free (f->folder);
  regia_config_unref (f->config);
  g_free (f->log);
}

static char *
state (Fixture *f)
{
  g_autoptr (GVariant) published = regia_process_get_published (f->process);
  char *name = NULL;

  g_variant_lookup (published, "state", "s", &name);
  return name;
}

static gboolean
is (Fixture *f, const char *expected)
{
  g_autofree char *now = state (f);

  return g_strcmp0 (now, expected) == 0;
}

static int
get_pid (Fixture *f)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (regia_process_to_variant (f->process));
  guint64 pid = 0;

  g_variant_lookup (dict, "pid", "t", &pid);
  return (int)pid;
}

static gboolean
holds_secret (const char *path)
{
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (path, &content, &length, &error);
  g_assert_no_error (error);
  return memmem (content, length, "sEcReT", 6) != NULL;
}

static void
check_secrets (Fixture *f)
{
  g_autofree char *arguments = g_strdup_printf ("/proc/%d/cmdline", get_pid (f));
  g_autofree char *environment = g_strdup_printf ("/proc/%d/environ", get_pid (f));
  g_autoptr (GVariant) published = regia_process_get_published (f->process);
  g_autofree char *words = g_variant_print (published, FALSE);

  g_assert_false (holds_secret (arguments));
  g_assert_false (holds_secret (environment));
  g_assert_false (holds_secret (f->log));
  g_assert_null (strstr (words, "sEcReT"));
}

static void
check_live (Fixture *f, gconstpointer data)
{
  gint64 began_us;
  int pid;

  WAIT_UNTIL (is (f, "live"));
  check_secrets (f);
  pid = get_pid (f);
  kill (pid, SIGKILL);
  WAIT_UNTIL (get_pid (f) != pid && get_pid (f) > 0 && is (f, "live"));
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 1);
  began_us = g_get_monotonic_time ();
  regia_process_stop (f->process, FALSE, 10000);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 2 * G_TIME_SPAN_SECOND);
  g_assert_cmpstr (regia_process_get_last_exit (f->process), ==, "exit status 0");
}

static void
check_frozen_stop (Fixture *f, gconstpointer data)
{
  gint64 began_us;

  WAIT_UNTIL (is (f, "live"));
  peer_signal (f->peer, SIGSTOP);
  WAIT_UNTIL (is (f, "stalled"));
  began_us = g_get_monotonic_time ();
  regia_process_stop (f->process, TRUE, 10000);
  WAIT_UNTIL (regia_process_get_state (f->process) == REGIA_PROCESS_STOPPED);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 2 * G_TIME_SPAN_SECOND);
  g_assert_cmpstr (regia_process_get_last_exit (f->process), ==, "exit status 0");
}

static void
check_rejected (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (is (f, "retrying"));
  check_secrets (f);
}

static void
check_unknown (Fixture *f, gconstpointer data)
{
  g_autofree char *log = NULL;

  WAIT_UNTIL (regia_process_get_last_exit (f->process) != NULL);
  g_file_get_contents (f->log, &log, NULL, NULL);
  g_assert_nonnull (strstr (log, "the process was told no configuration"));
}

static gboolean
says (Fixture *f, const char *words)
{
  g_autoptr (GVariant) published = regia_process_get_published (f->process);
  const char *error = "";

  g_variant_lookup (published, "last-error", "&s", &error);
  return strstr (error, words) != NULL;
}

/* SRT to where nobody is, by a name that is looked up inside. */
static void
check_silent (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (is (f, "retrying"));
  g_assert_cmpuint (regia_process_get_restarts (f->process), ==, 0);
}

/* As far as a certificate that it does not trust: certificates and all of TLS work inside. */
static void
check_tls (Fixture *f, gconstpointer data)
{
  g_autofree char *key = g_build_filename (f->folder, "tls.key", NULL);
  g_autofree char *certificate = g_build_filename (f->folder, "tls.crt", NULL);
  g_autofree char *where = g_strdup_printf ("127.0.0.1:%u", f->tls_port);
  g_autofree char *made =
      sample_run ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                  "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=DNS:localhost", "-batch", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) server =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "openssl", "s_server", "-quiet", "-accept",
                        where, "-key", key, "-cert", certificate, NULL);

  g_assert_no_error (error);
  WAIT_UNTIL (says (f, "certificate"));
  g_subprocess_force_exit (server);
}

int
main (int argc, char **argv)
{
  int result;

  if (argc >= 3 && g_str_equal (argv[1], "child"))
    return regia_child_main (&regia_relay_class, argc - 2, argv + 2);
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  sample = sample_new (1500);
  g_test_add ("/relay/process/live", Fixture, "good", set_up, check_live, tear_down);
  g_test_add ("/relay/process/frozen-stop", Fixture, "good", set_up, check_frozen_stop, tear_down);
  g_test_add ("/relay/process/rejected", Fixture, "wrong", set_up, check_rejected, tear_down);
  g_test_add ("/relay/process/token", Fixture, "token", set_up, check_live, tear_down);
  g_test_add ("/relay/process/token-rejected", Fixture, "wrong-token", set_up, check_rejected, tear_down);
  g_test_add ("/relay/process/unknown", Fixture, "nobody", set_up, check_unknown, tear_down);
  g_test_add ("/relay/process/silent", Fixture, "silent", set_up, check_silent, tear_down);
  g_test_add ("/relay/process/tls", Fixture, "tls", set_up, check_tls, tear_down);
  result = g_test_run ();
  sample_free (sample);
  return result;
}
