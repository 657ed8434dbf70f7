/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether somebody is at the far end, and what a source makes of it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <gst/app/gstappsrc.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/engine/probe-private.h"
#include "../../src/engine/source-private.h"
#include "../wait.h"
#include "regia/engine/check.h"

static void
test_find (void)
{
  static const struct {
    const char *text, *host;
    guint16 port;
  } rows[] = {
      {"rtspsrc location=rtsp://10.0.0.7/stream1 user-id=\"\"", "10.0.0.7", 554},
      {"rtspsrc location=\"rtsp://admin:a@b@camera.example:8554/a?b=1&c=2\" latency=100", "camera.example",
       8554},
      {"rtspsrc location='rtsp://[fd00::7]:5540/x'", "fd00::7", 5540},
      {"rtspsrc location=rtsps://camera ! decodebin", "camera", 322},
      {"rtspsrc location=rtspt://camera! decodebin", "camera", 554},
      {"souphttpsrc location=https://camera/video.mjpg", "camera", 443},
      {"souphttpsrc location=http://camera:8080/video.mjpg", "camera", 8080},
      {"filesrc location=file:///a ! rtmp2src location=rtmp://camera/a/b", "camera", 1935},
      {"srtsrc uri=srt://camera:7001?mode=caller", NULL, 0},
      {"srtsrc uri=srt://:7001?mode=listener", NULL, 0},
      {"udpsrc uri=udp://239.1.1.1:5004", NULL, 0},
      {"v4l2src device=/dev/video0", NULL, 0},
      {"rtspsrc location=rtsp:///stream", NULL, 0},
      {"://", NULL, 0},
      {"", NULL, 0},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *host = NULL;
    guint16 port = 0;

    g_test_message ("%s", rows[i].text);
    g_assert_true (regia_probe_find (rows[i].text, &host, &port) == (rows[i].host != NULL));
    g_assert_cmpstr (host, ==, rows[i].host);
    g_assert_cmpuint (port, ==, rows[i].port);
  }
}

/* A far end: its port is taken, and refuses until it listens. */
typedef struct {
  int fd;
  char *text; /* of a source at it */
} FarEnd;

static int
bind_port (struct sockaddr_in *address)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
  socklen_t length = sizeof *address;

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), ==, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *)address, length), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)address, &length), ==, 0);
  return fd;
}

static void
far_end_init (FarEnd *self)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  int any = bind_port (&address);

  /* Bound by its number, or the kernel would forget it whenever it ceases to listen. */
  self->fd = bind_port (&address);
  close (any);
  self->text = g_strdup_printf ("rtspsrc location=rtsp://127.0.0.1:%u/stream protocols=tcp ! decodebin ! "
                                "videoconvert name=video",
                                ntohs (address.sin_port));
}

static void
far_end_clear (FarEnd *self)
{
  close (self->fd);
  g_free (self->text);
}

/* How many have connected since; all of them are let go. */
static guint
count_connections (FarEnd *self)
{
  guint count = 0;

  for (int fd; (fd = accept (self->fd, NULL, NULL)) >= 0; count++)
    close (fd);
  return count;
}

static void
test_answer (void)
{
  FarEnd far_end;
  g_autoptr (RegiaProbe) probe = NULL;
  gint64 now_ns = 1000 * REGIA_SECOND;
  guint connections = 0, answers = 0;

  far_end_init (&far_end);
  probe = regia_probe_new (far_end.text);
  g_assert_false (regia_probe_tick (probe, now_ns));
  WAIT_UNTIL (regia_probe_is_silent (probe));
  g_assert_false (regia_probe_tick (probe, now_ns));

  g_assert_cmpint (listen (far_end.fd, 8), ==, 0);
  now_ns += REGIA_SECOND;
  WAIT_UNTIL (regia_probe_tick (probe, now_ns));
  g_assert_false (regia_probe_is_silent (probe));
  WAIT_UNTIL ((connections += count_connections (&far_end)) > 0);
  /* for the rest of the second it does not ask */
  for (guint i = 0; i < 9; i++)
    g_assert_false (regia_probe_tick (probe, now_ns += REGIA_SECOND / 10));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  connections += count_connections (&far_end);
  g_assert_cmpuint (connections, ==, 1);
  /* who has answered before is no news */
  now_ns += REGIA_SECOND / 10;
  WAIT_UNTIL ((answers += regia_probe_tick (probe, now_ns), connections += count_connections (&far_end)) ==
              2);
  g_assert_cmpuint (answers, ==, 0);
  /* away, and back */
  shutdown (far_end.fd, SHUT_RDWR);
  now_ns += REGIA_SECOND;
  g_assert_false (regia_probe_tick (probe, now_ns));
  WAIT_UNTIL (regia_probe_is_silent (probe));
  g_assert_cmpint (listen (far_end.fd, 8), ==, 0);
  now_ns += REGIA_SECOND;
  WAIT_UNTIL (regia_probe_tick (probe, now_ns));
  far_end_clear (&far_end);
}

/* Nobody says anything at all: it is taken for nobody after a second, and asked again. */
static void
test_no_answer (void)
{
  FarEnd far_end;
  g_autoptr (RegiaProbe) probe = NULL;
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  gint64 now_ns = 1000 * REGIA_SECOND;
  int others[8];

  far_end_init (&far_end);
  g_assert_cmpint (getsockname (far_end.fd, (struct sockaddr *)&address, &length), ==, 0);
  g_assert_cmpint (listen (far_end.fd, 0), ==, 0);
  /* Its queue is full, and whoever else comes is not answered. */
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    others[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connect (others[i], (struct sockaddr *)&address, sizeof address) != 0)
      g_assert_cmpint (errno, ==, EINPROGRESS);
  }
  probe = regia_probe_new (far_end.text);
  g_assert_false (regia_probe_tick (probe, now_ns));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (regia_probe_is_silent (probe));
  g_assert_false (regia_probe_tick (probe, now_ns += REGIA_SECOND));
  g_assert_true (regia_probe_is_silent (probe));
  /* in the middle of asking */
  g_clear_pointer (&probe, regia_probe_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    close (others[i]);
  far_end_clear (&far_end);
}

/* A source whose clock is ours. */
typedef struct {
  FarEnd far_end;
  RegiaConfigSource config;
  RegiaSource *source;
  char *folder;
  gint64 now_ns;
  char *state; /* (owned) (nullable) */
  guint64 restarts, retry_in_ms;
} Hall;

static void
look (Hall *self)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) list = NULL, boxed = NULL, state = NULL;

  regia_source_tick (self->source, self->now_ns);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  regia_source_add_state (self->source, &REGIA_METER_NOTHING, &builder, self->now_ns);
  list = g_variant_ref_sink (g_variant_builder_end (&builder));
  boxed = g_variant_get_child_value (list, 0);
  state = g_variant_get_variant (boxed);
  g_clear_pointer (&self->state, g_free);
  g_assert_true (g_variant_lookup (state, "state", "s", &self->state));
  g_assert_true (g_variant_lookup (state, "restarts", "t", &self->restarts));
  g_assert_true (g_variant_lookup (state, "retry-in-ms", "t", &self->retry_in_ms));
}

/* The last start has come to nothing, and the next one lies ahead; or it is being made. */
static gboolean
is_waiting (Hall *self)
{
  look (self);
  return strcmp (self->state, "retrying") == 0 && self->retry_in_ms > 0;
}

static gboolean
is_starting (Hall *self)
{
  look (self);
  return self->retry_in_ms == 0;
}

/* @device: (nullable): what stands in the source's file, if not the far end */
static void
hall_init (Hall *self, const char *device)
{
  RegiaRunPlan *plan = regia_run_plan_new ();
  g_autofree char *text = NULL;

  *self = (Hall){.now_ns = regia_clock_monotonic_ns ()};
  far_end_init (&self->far_end);
  self->folder = g_dir_make_tmp ("regia-probe-XXXXXX", NULL);
  self->config = (RegiaConfigSource){.name = (char *)"camera", .video = TRUE};
  self->config.pipeline = g_build_filename (self->folder, "mine.pipeline", NULL);
  self->config.parameters = g_hash_table_new (g_str_hash, g_str_equal);
  text = g_strdup_printf ("# summary: a test's\n# needs: rtspsrc\n# clock: sender\n%s\n",
                          device ? device : self->far_end.text);
  g_assert_true (g_file_set_contents (self->config.pipeline, text, -1, NULL));
  plan->video_caps = g_strdup ("video/x-raw");
  plan->audio_caps = g_strdup ("audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved");
  plan->rate_num = 25;
  plan->rate_den = 1;
  plan->epoch.monotonic_ns = self->now_ns;
  g_ptr_array_add (plan->video_targets, gst_object_ref_sink (gst_element_factory_make ("appsrc", NULL)));
  self->source = regia_source_new (&self->config, plan);
}

static void
hall_clear (Hall *self)
{
  regia_source_stop (self->source);
  regia_source_wait_stopped (self->source, regia_clock_monotonic_ns () + 20 * REGIA_SECOND);
  regia_source_free (self->source);
  unlink (self->config.pipeline);
  rmdir (self->folder);
  g_hash_table_unref (self->config.parameters);
  g_free (self->config.pipeline);
  g_free (self->folder);
  g_free (self->state);
  far_end_clear (&self->far_end);
}

/* It is away for long, and the starts have gone apart. */
static void
wait_long_away (Hall *self)
{
  WAIT_UNTIL (is_waiting (self));
  while (self->retry_in_ms < 5000) {
    guint64 restarts = self->restarts;

    self->now_ns += (gint64)self->retry_in_ms * REGIA_MSECOND + REGIA_MSECOND;
    WAIT_UNTIL (is_waiting (self) && self->restarts > restarts);
  }
}

/* Whatever became of asking, after two seconds without an answer it is known that nobody is there. */
static void
let_it_ask (Hall *self)
{
  for (guint i = 0; i < 2; i++) {
    self->now_ns += REGIA_SECOND;
    look (self);
  }
}

static gboolean
is_started_anew (Hall *self, guint64 restarts)
{
  look (self);
  return self->restarts > restarts;
}

static gboolean
has_failed (Hall *self)
{
  count_connections (&self->far_end);
  return is_waiting (self);
}

/* One second after it listens it is started, although the next start lies further away. */
static void
test_back (void)
{
  Hall self;
  guint64 restarts;

  hall_init (&self, NULL);
  wait_long_away (&self);
  let_it_ask (&self);
  restarts = self.restarts;
  g_assert_cmpuint (self.retry_in_ms, >, 1500);
  g_assert_cmpint (listen (self.far_end.fd, 8), ==, 0);
  self.now_ns += REGIA_SECOND;
  WAIT_UNTIL (is_started_anew (&self, restarts));
  g_assert_cmpuint (self.restarts, ==, restarts + 1);
  hall_clear (&self);
}

/* It answers, and does not serve; then it does not answer, and answers again, and so on. */
static void
test_not_hammered (void)
{
  Hall self;
  guint64 restarts;

  hall_init (&self, NULL);
  wait_long_away (&self);
  let_it_ask (&self);
  restarts = self.restarts;
  g_assert_cmpint (listen (self.far_end.fd, 8), ==, 0);
  self.now_ns += REGIA_SECOND;
  WAIT_UNTIL (is_started_anew (&self, restarts));
  for (guint i = 1; i < 90; i++) {
    WAIT_UNTIL (has_failed (&self));
    if (i % 20 == 10)
      shutdown (self.far_end.fd, SHUT_RDWR);
    else if (i % 20 == 0)
      g_assert_cmpint (listen (self.far_end.fd, 8), ==, 0);
    self.now_ns += REGIA_SECOND / 10;
    for (guint j = 0; j < 10; j++) {
      look (&self);
      g_main_context_iteration (NULL, FALSE);
    }
  }
  WAIT_UNTIL (has_failed (&self));
  g_test_message ("%" G_GUINT64_FORMAT " starts in 9 s", self.restarts - restarts);
  /* at 0, and then 0.4, 0.8, 1.5, 3, 6 s from each other at the nearest */
  g_assert_cmpuint (self.restarts - restarts, <=, 5);
  hall_clear (&self);
}

/* The network is dead while a start is being made: that start is not waited for when it is there again. */
static void
test_back_during_start (void)
{
  Hall self;
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  guint64 restarts;
  int others[8], fd;

  hall_init (&self, NULL);
  wait_long_away (&self);
  let_it_ask (&self);
  g_assert_cmpint (getsockname (self.far_end.fd, (struct sockaddr *)&address, &length), ==, 0);
  g_assert_cmpint (listen (self.far_end.fd, 0), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    others[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect (others[i], (struct sockaddr *)&address, sizeof address);
  }
  self.now_ns += 10 * REGIA_SECOND;
  WAIT_UNTIL (is_starting (&self));
  restarts = self.restarts;
  self.now_ns += REGIA_SECOND;
  look (&self);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    close (others[i]);
  while ((fd = accept (self.far_end.fd, NULL, NULL)) >= 0)
    close (fd);
  g_assert_cmpint (listen (self.far_end.fd, 8), ==, 0);
  self.now_ns += REGIA_SECOND;
  WAIT_UNTIL (is_started_anew (&self, restarts));
  hall_clear (&self);
}

/* A device is nobody's to ask, and costs little to start: never more than two seconds pass. */
static void
test_device (void)
{
  Hall self;

  hall_init (&self, "filesrc location=/dev/regia-is-none ! y4mdec name=video");
  for (guint i = 0; i < 8; i++) {
    WAIT_UNTIL (is_waiting (&self));
    g_assert_cmpuint (self.retry_in_ms, <=, 2000);
    g_assert_cmpuint (self.restarts, ==, i);
    self.now_ns += 2 * REGIA_SECOND + REGIA_MSECOND;
    look (&self);
  }
  hall_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes GStreamer ready */
  g_test_add_func ("/engine/probe/find", test_find);
  g_test_add_func ("/engine/probe/answer", test_answer);
  g_test_add_func ("/engine/probe/no-answer", test_no_answer);
  g_test_add_func ("/engine/probe/back", test_back);
  g_test_add_func ("/engine/probe/device", test_device);
  g_test_add_func ("/engine/probe/not-hammered", test_not_hammered);
  g_test_add_func ("/engine/probe/back-during-start", test_back_during_start);
  return g_test_run ();
}
